"""Metrics written by Prometheus's own client, through a registry of theirs alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from prometheus_client.metrics_core import Metric


def registry_of(families: Sequence[Metric]) -> CollectorRegistry:
    """A registry that has these metrics and nothing of this process."""
    from prometheus_client import CollectorRegistry
    from prometheus_client.registry import Collector

    class _Given(Collector):
        def collect(self) -> Iterable[Metric]:
            return families

    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Given())
    return registry
