"""Deployed models as metrics of Prometheus, live: what is unavailable has no sample, and an old window is none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Final, get_args

from harness.documents.monitored import LastWindow, Monitored, MonitorState
from reports.inert_text import inert

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from prometheus_client.metrics_core import Metric

MOST_LABEL_CHARACTERS: Final = 120

_GAUGES: Final[tuple[tuple[str, str, str, Callable[[LastWindow], float | None]], ...]] = (
    ("last_window_timestamp_seconds", "seconds", "When the last window came home.", lambda last: last.ended_at),
    (
        "inferences_per_second",
        "",
        "Inferences in a second of the last window.",
        lambda last: last.inferences_per_second,
    ),
    ("resident_memory_bytes", "bytes", "Resident size of the worker.", lambda last: last.resident_bytes),
    ("anonymous_memory_bytes", "bytes", "Anonymous part of the resident size.", lambda last: last.anonymous_bytes),
    (
        "proportional_memory_bytes",
        "bytes",
        "Proportional share of memory (PSS).",
        lambda last: last.proportional_bytes,
    ),
    ("temperature_celsius", "celsius", "Temperature of the hottest zone.", lambda last: last.temperature_c),
    (
        "battery_ratio",
        "ratio",
        "What the fuel gauge says; 1 is full.",
        lambda last: None if last.battery_percent is None else last.battery_percent / 100.0,
    ),
    (
        "fixed_work_seconds",
        "seconds",
        "CPU time of a fixed piece of work: where it rises, the device is slower.",
        lambda last: last.fixed_work_s,
    ),
)
"""Metrics of the last window: name after `bakeoff_monitor_`, unit, what it is, and its value."""

_COUNTERS: Final[tuple[tuple[str, str, str, Callable[[Monitored], float]], ...]] = (
    ("windows", "", "Windows that came home.", lambda each: each.windows),
    ("inferences", "", "Inferences in them.", lambda each: each.inferences),
    ("measured_seconds", "seconds", "How long those windows lasted.", lambda each: each.measured_s),
    ("cpu_seconds", "seconds", "CPU time of the worker in those windows.", lambda each: each.cpu_s),
    ("failures", "", "Rounds that ended before their time.", lambda each: each.failures),
)


def monitor_families(monitored: Sequence[Monitored]) -> list[Metric]:
    """Every metric of these models, in a fixed order."""
    from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric

    names = ["experiment", "device", "arm"]
    rows = [([_label(each.experiment), _label(each.device), _label(each.arm)], each) for each in monitored]
    info = InfoMetricFamily(
        "bakeoff_monitor", "The deployed model that is watched.", labels=[*names, "model", "model_sha256", "runtime"]
    )
    state = GaugeMetricFamily(
        "bakeoff_monitor_state",
        "1 for what the monitor does on the device now, 0 for the rest.",
        labels=[*names, "state"],
    )
    up = GaugeMetricFamily("bakeoff_monitor_up", "Whether windows come home from the device.", labels=names)
    # The last window's, as a summary: a quantile is no label of a gauge.
    latency = Metric(
        "bakeoff_monitor_latency_seconds",
        "Latency of the last window: half of the inferences took at most what 0.5 says; 0 and 1 are the extremes.",
        "summary",
        "seconds",
    )
    for labels, each in rows:
        info.add_metric([*labels, _label(each.model_file), each.model_sha256[:64], _label(each.runtime)], {})
        for known in get_args(MonitorState):
            state.add_metric([*labels, known], float(each.state == known))
        up.add_metric(labels, float(each.last is not None))
        if each.last is not None:
            for quantile, seconds in each.last.latency_s.items():
                named = {**dict(zip(names, labels, strict=True)), "quantile": quantile}
                latency.add_sample("bakeoff_monitor_latency_seconds", named, seconds)
    families: list[Metric] = [info, state, up, latency]
    for name, unit, words, value_of in _GAUGES:
        gauge = GaugeMetricFamily(f"bakeoff_monitor_{name}", words, labels=names, unit=unit)
        for labels, each in rows:
            value = None if each.last is None else value_of(each.last)
            if value is not None:
                gauge.add_metric(labels, value)
        families.append(gauge)
    for name, unit, words, count_of in _COUNTERS:
        counter = CounterMetricFamily(f"bakeoff_monitor_{name}", words, labels=names, unit=unit)
        for labels, each in rows:
            counter.add_metric(labels, float(count_of(each)))
        families.append(counter)
    return families


def live_registry(look: Callable[[], Sequence[Monitored]]) -> CollectorRegistry:
    """A registry whose metrics are what `look()` gives at each scrape."""
    from prometheus_client import CollectorRegistry
    from prometheus_client.registry import Collector

    class _Live(Collector):
        def collect(self) -> Iterable[Metric]:
            return monitor_families(look())

    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Live())
    return registry


def _label(text: str) -> str:
    return inert(text)[:MOST_LABEL_CHARACTERS]
