"""The night in Prometheus's text format 0.0.4: what the node exporter's textfile collector and a Pushgateway read.

Neither of them takes OpenMetrics' own types, nor moments beside the samples.
"""

from __future__ import annotations

from harness.documents.nightly import Nightly
from reports.nightly.exposition import registry_of
from reports.nightly.metric_families import metric_families
from reports.nightly.rendering import Rendering


def _render(nightly: Nightly) -> bytes:
    from prometheus_client.exposition import generate_latest

    return generate_latest(registry_of(metric_families([nightly], with_moments=False)))


RENDERING = Rendering(
    "prometheus", "metrics.prom", "text for the node exporter or a Pushgateway", _render, for_programs=True
)
