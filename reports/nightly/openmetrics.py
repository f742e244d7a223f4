"""Nights as OpenMetrics: the last one as it is, or many with their moments, for `promtool tsdb create-blocks-from`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from harness.documents.nightly import Nightly
from reports.nightly.exposition import registry_of
from reports.nightly.metric_families import metric_families
from reports.nightly.rendering import Rendering

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric


def past_nights(nights: Iterable[Nightly]) -> bytes:
    """Nights in any order, of one suite or of several, as one OpenMetrics text in which every sample has the moment at
    which its night ended. A night whose moment cannot be told is left out.
    """
    ordered = sorted(nights, key=lambda nightly: (nightly.suite, nightly.night, nightly.finished_at))
    return _written(metric_families(ordered, with_moments=True))


def _render(nightly: Nightly) -> bytes:
    return _written(metric_families([nightly], with_moments=False))


def _written(families: list[Metric]) -> bytes:
    from prometheus_client.openmetrics.exposition import generate_latest

    content: bytes = generate_latest(registry_of(families))  # type: ignore[no-untyped-call]
    return content


RENDERING = Rendering("openmetrics", "metrics.openmetrics", "OpenMetrics, for monitors", _render, for_programs=True)
