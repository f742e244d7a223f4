"""Nights as metrics of Prometheus, by the field's rules: base units in the names, `_info` for what is text, a moment
instead of an age, and labels that can only have as many values as a suite has parts (no run, no commit, no date).

What is unavailable has no sample: it is never 0.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, get_args

from harness.documents.comparison import Decision
from harness.documents.nightly import (
    ChangeKind,
    Confirmation,
    DeviceStatus,
    DeviceTonight,
    Job,
    JobStatus,
    Nightly,
    NightOutcome,
    SeriesTonight,
)
from harness.quantity import Available
from reports.inert_text import inert
from reports.nightly import night_parts as parts

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

MOST_LABEL_CHARACTERS: Final = 120

_Labels = Mapping[str, str]
_Sample = tuple[str, _Labels, float]
"""Name of the metric, its labels, the value."""

_EFFECT_OF: Final = "of the candidate, as a fraction of the pinned baseline's, both measured in the same night"
_DIFFERENCE_OF: Final = "of the candidate less the pinned baseline's, both measured in the same night"

METRICS: Final[dict[str, tuple[str, str]]] = {
    "bakeoff_nightly_info": ("", "The suite's last night: who measured it, and with which bakeoff."),
    "bakeoff_nightly_last_run_timestamp_seconds": ("seconds", "When the suite's last night ended, however it did."),
    "bakeoff_nightly_last_success_timestamp_seconds": (
        "seconds",
        "When the suite's last night ended that measured anything.",
    ),
    "bakeoff_nightly_duration_seconds": ("seconds", "How long the last night took."),
    "bakeoff_nightly_budget_seconds": ("seconds", "How long a night may take."),
    "bakeoff_nightly_outcome": ("", "1 for how the last night came out, 0 for what it did not."),
    "bakeoff_nightly_regressions": ("", "Confirmed regressions that the last night was the first to tell of."),
    "bakeoff_nightly_changes": ("", "Changes that the last night was the first to tell of."),
    "bakeoff_nightly_jobs": ("", "Jobs of the last night by how they ended."),
    "bakeoff_nightly_series": ("", "Series of the last night by whether they have a result."),
    "bakeoff_nightly_missed_nights": ("", "Nights of the last thirty that the suite has nothing of."),
    "bakeoff_history_kept": ("", "Whether the last night is in the history."),
    "bakeoff_history_waiting_runs": ("", "Runs that wait to be imported into the history."),
    "bakeoff_job_status": ("", "1 for how the last job of an experiment on a device ended, 0 for what it did not."),
    "bakeoff_job_verdict": ("", "1 for the verdict of an experiment on a device, 0 for the others."),
    "bakeoff_job_duration_seconds": ("seconds", "How long an experiment took on a device."),
    "bakeoff_device_info": ("", "What people call the device."),
    "bakeoff_device_up": ("", "Whether the device was there in the last night."),
    "bakeoff_device_quarantined": ("", "Whether the device is left out for failing again and again."),
    "bakeoff_device_consecutive_failures": ("", "How often in a row the device has failed."),
    "bakeoff_device_battery_ratio": ("ratio", "What the fuel gauge said in the last night; 1 is full."),
    "bakeoff_device_temperature_celsius": ("celsius", "Temperature of the device in the last night."),
    "bakeoff_effect_ratio": ("ratio", f"The value {_EFFECT_OF}; 1 is no change."),
    "bakeoff_effect_low_ratio": ("ratio", "The lower end of the effect's interval."),
    "bakeoff_effect_high_ratio": ("ratio", "The upper end of the effect's interval."),
    "bakeoff_effect_level_ratio": ("ratio", "Where the effect lay since its last confirmed change."),
    **{
        f"bakeoff_effect_difference{bound}{suffix}": (unit, words)
        for unit, suffix in (("", ""), ("ratio", "_ratio"), ("decibels", "_decibels"))
        for bound, words in (
            ("", f"The value {_DIFFERENCE_OF}; 0 is no change."),
            ("_low", "The lower end of the difference's interval."),
            ("_high", "The upper end of the difference's interval."),
            ("_level", "Where the difference lay since its last confirmed change."),
        )
    },
}
"""Every metric of nights: name → its unit, and what it is."""

_DIFFERENCES: Final = {"dB": ("_decibels", 1.0), "%": ("_ratio", 0.01), "": ("", 1.0)}
"""A stored unit of differences → how the metric's name ends, and what one of them is in the metric's unit."""


def metric_families(nights: Sequence[Nightly], *, with_moments: bool) -> list[Metric]:
    """Of one night as it is now; or of many, each sample with the moment of its night (`with_moments`).

    Samples of a family stand in order of their labels and then of time, as OpenMetrics demands. Two that would be the
    same sample are one: the first.
    """
    from prometheus_client.metrics_core import GaugeMetricFamily, InfoMetricFamily

    found: dict[str, dict[tuple[tuple[str, ...], float | None], tuple[_Labels, float]]] = {}
    for nightly in nights:
        at = _moment(nightly.finished_at) if with_moments else None
        if with_moments and at is None:
            continue
        for name, labels, value in _samples(nightly):
            bounded = {label: _label(text) for label, text in labels.items()}
            found.setdefault(name, {}).setdefault((tuple(bounded.values()), at), (bounded, value))
    families: list[Metric] = []
    for name, (unit, words) in METRICS.items():
        samples = sorted(found.get(name, {}).items(), key=lambda each: (each[0][0], each[0][1] or 0.0))
        if not samples:
            continue
        names = list(samples[0][1][0])
        if name.endswith("_info"):
            info = InfoMetricFamily(name.removesuffix("_info"), words, labels=names)
            for (values, at), _ in samples:
                info.add_metric(list(values), {}, timestamp=at)
            families.append(info)
        else:
            gauge = GaugeMetricFamily(name, words, labels=names, unit=unit)
            for (values, at), (_, value) in samples:
                gauge.add_metric(list(values), value, timestamp=at)
            families.append(gauge)
    return families


def _samples(nightly: Nightly) -> Iterator[_Sample]:
    suite = {"suite": nightly.suite}
    yield "bakeoff_nightly_info", {**suite, "host": nightly.host, "version": nightly.bakeoff_version}, 1.0
    finished, success = _moment(nightly.finished_at), _moment(nightly.last_success_at)
    if nightly.outcome != "not measured":
        success = finished
    if finished is not None:
        yield "bakeoff_nightly_last_run_timestamp_seconds", suite, finished
    if success is not None:
        yield "bakeoff_nightly_last_success_timestamp_seconds", suite, success
    yield "bakeoff_nightly_duration_seconds", suite, nightly.spent_minutes * 60.0
    yield "bakeoff_nightly_budget_seconds", suite, nightly.budget_minutes * 60.0
    for outcome in get_args(NightOutcome):
        yield "bakeoff_nightly_outcome", {**suite, "outcome": outcome}, float(nightly.outcome == outcome)
    new = parts.new_changes(nightly) + parts.refuted_changes(nightly)
    yield "bakeoff_nightly_regressions", suite, float(len(parts.new_regressions(nightly)))
    for kind in get_args(ChangeKind):
        for confirmation in get_args(Confirmation):
            amount = sum((each.kind, each.confirmation) == (kind, confirmation) for each in new)
            yield "bakeoff_nightly_changes", {**suite, "kind": kind, "confirmation": confirmation}, float(amount)
    for status in get_args(JobStatus):
        amount = sum(job.status == status for job in nightly.jobs)
        yield "bakeoff_nightly_jobs", {**suite, "status": status}, float(amount)
    measured = sum(_tonight(each, nightly.night) is not None for each in nightly.series)
    yield "bakeoff_nightly_series", {**suite, "state": "measured"}, float(measured)
    yield "bakeoff_nightly_series", {**suite, "state": "unavailable"}, float(len(nightly.series) - measured)
    yield "bakeoff_nightly_missed_nights", suite, float(len(nightly.missed_nights))
    yield "bakeoff_history_kept", suite, float(nightly.history.kept)
    yield "bakeoff_history_waiting_runs", suite, float(nightly.history.waiting)
    for job in nightly.jobs:
        yield from _job(suite, job)
    for device in nightly.devices:
        yield from _device(suite, device)
    for series in nightly.series:
        yield from _series(suite, series, nightly.night)


def _job(suite: _Labels, job: Job) -> Iterator[_Sample]:
    labels = {**suite, "experiment": job.experiment, "device": job.device}
    for status in get_args(JobStatus):
        yield "bakeoff_job_status", {**labels, "status": status}, float(job.status == status)
    if job.decision is not None:
        for decision in get_args(Decision):
            yield "bakeoff_job_verdict", {**labels, "decision": decision}, float(job.decision == decision)
    if job.attempts > 0:
        yield "bakeoff_job_duration_seconds", labels, job.minutes * 60.0


def _device(suite: _Labels, device: DeviceTonight) -> Iterator[_Sample]:
    labels = {**suite, "device": device.device}
    battery, temperature = device.battery_percent, device.temperature_c
    answered = isinstance(battery, Available) or isinstance(temperature, Available)
    there: dict[DeviceStatus, bool] = {"missing": False, "quarantined": answered}
    yield "bakeoff_device_info", {**labels, "name": device.shown_name}, 1.0
    yield "bakeoff_device_up", labels, float(there.get(device.status, True))
    yield "bakeoff_device_quarantined", labels, float(device.status == "quarantined")
    yield "bakeoff_device_consecutive_failures", labels, float(device.failures_in_a_row)
    if isinstance(battery, Available) and math.isfinite(battery.value):
        yield "bakeoff_device_battery_ratio", labels, battery.value / 100.0
    if isinstance(temperature, Available) and math.isfinite(temperature.value):
        yield "bakeoff_device_temperature_celsius", labels, temperature.value


def _series(suite: _Labels, series: SeriesTonight, night: str) -> Iterator[_Sample]:
    labels = {**suite, **series.name.model_dump()}
    if series.scale == "ratio":
        prefix, suffix, factor = "bakeoff_effect", "_ratio", 1.0
    elif series.unit in _DIFFERENCES:
        (suffix, factor), prefix = _DIFFERENCES[series.unit], "bakeoff_effect_difference"
    else:
        return
    point = _tonight(series, night)
    values = {"_level": series.baseline_effect}
    if point is not None:
        values |= {"": point[0], "_low": point[1], "_high": point[2]}
    for bound, value in values.items():
        if value is not None and math.isfinite(value):
            yield f"{prefix}{bound}{suffix}", labels, value * factor


def _tonight(series: SeriesTonight, night: str) -> tuple[float, float | None, float | None] | None:
    point = series.points[-1] if series.points else None
    if point is None or point.night != night or series.unavailable is not None:
        return None
    return point.effect, point.low, point.high


def _moment(iso_8601: str | None) -> float | None:
    """Seconds since 1970; None where it cannot be told. A moment without a zone is of UTC."""
    if iso_8601 is None:
        return None
    try:
        parsed = datetime.fromisoformat(iso_8601)
    except ValueError:
        return None
    return (parsed if parsed.tzinfo is not None else parsed.replace(tzinfo=UTC)).timestamp()


def _label(text: str) -> str:
    return inert(text)[:MOST_LABEL_CHARACTERS]
