"""The comparison as OpenMetrics, for monitors: the verdicts, the rules, each arm's values and what changed.

Base units in the names, `_info` for what is text. What is unavailable has no sample: it is never 0.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, get_args

from harness.documents.comparison import Comparison, Contrast, Decision, DeviceResult, Effect, RuleOutcome
from harness.quantity import QUANTITIES, Available
from reports.exports.export import Export
from reports.inert_text import inert

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

_MOST_LABEL_CHARACTERS: Final = 120
_Sample = tuple[str, Mapping[str, str], float]
"""Name of the metric, its labels, the value."""

_UNITS: Final = {
    "ns": ("seconds", 1e-9),
    "%": ("ratio", 0.01),
    "bytes": ("bytes", 1.0),
    "mJ": ("joules", 1e-3),
    "mW": ("watts", 1e-3),
    "dB": ("decibels", 1.0),
    "": ("", 1.0),
}
"""A stored unit → the base unit in the metric's name, and what one of it is in that."""

_BOUNDS: Final = {"": "", "_low": "The lower end of the interval: ", "_high": "The upper end of the interval: "}
_FRACTION: Final = "the candidate's value as a fraction of the baseline's."
_LESS: Final = "the candidate's value less the baseline's."


def _named(stem: str, unit: str) -> str:
    return f"{stem}_{unit}" if unit else stem


_METRICS: Final[dict[str, tuple[str, str]]] = {
    "bakeoff_run_info": ("", "The run that this is of."),
    "bakeoff_run_created_timestamp_seconds": ("seconds", "When the run was compared."),
    "bakeoff_run_quick": ("", "Whether the run was cut short on purpose, and is not for a decision."),
    "bakeoff_run_verdict": ("", "1 for the verdict on a candidate, 0 for the others."),
    "bakeoff_run_device_complete": ("", "Whether a device measured everything that it should."),
    "bakeoff_run_rule_outcome": ("", "1 for how a rule came out on a device, 0 for the others."),
    **{
        _named("bakeoff_run_value", unit): (unit, "What an arm takes or reaches on a device.")
        for unit, _ in _UNITS.values()
    },
    **{f"bakeoff_run_effect{bound}_ratio": ("ratio", words + _FRACTION) for bound, words in _BOUNDS.items()},
    **{
        _named(f"bakeoff_run_difference{bound}", unit): (unit, words + _LESS)
        for unit, _ in _UNITS.values()
        for bound, words in _BOUNDS.items()
    },
}
"""Every metric: name → its unit, and what it is."""


def _render(comparison: Comparison, run_folder: Path) -> bytes:
    from prometheus_client.openmetrics.exposition import generate_latest

    from reports.nightly.exposition import registry_of

    content: bytes = generate_latest(registry_of(_families(comparison)))  # type: ignore[no-untyped-call]
    return content


def _families(comparison: Comparison) -> list[Metric]:
    """Samples in order of their labels. Two that would be the same sample are one: the first."""
    from prometheus_client.metrics_core import GaugeMetricFamily, InfoMetricFamily

    found: dict[str, dict[tuple[str, ...], tuple[Mapping[str, str], float]]] = {}
    for name, labels, value in _samples(comparison):
        if math.isfinite(value):
            bounded = {label: inert(text)[:_MOST_LABEL_CHARACTERS] for label, text in labels.items()}
            found.setdefault(name, {}).setdefault(tuple(bounded.values()), (bounded, value))
    families: list[Metric] = []
    for name, (unit, words) in _METRICS.items():
        samples = sorted(found.get(name, {}).items())
        if not samples:
            continue
        names = list(samples[0][1][0])
        if name.endswith("_info"):
            info = InfoMetricFamily(name.removesuffix("_info"), words, labels=names)
            for values, _ in samples:
                info.add_metric(list(values), {})
            families.append(info)
        else:
            gauge = GaugeMetricFamily(name, words[0].upper() + words[1:], labels=names, unit=unit)
            for values, (_, value) in samples:
                gauge.add_metric(list(values), value)
            families.append(gauge)
    return families


def _samples(comparison: Comparison) -> Iterator[_Sample]:
    of = {"experiment": comparison.name}
    yield "bakeoff_run_info", {**of, "run": comparison.run_id, "version": comparison.bakeoff_version}, 1.0
    created = _moment(comparison.created_at)
    if created is not None:
        yield "bakeoff_run_created_timestamp_seconds", of, created
    yield "bakeoff_run_quick", of, float(comparison.quick)
    for verdict in comparison.verdicts:
        for decision in get_args(Decision):
            labels = {**of, "candidate": verdict.candidate, "decision": decision}
            yield "bakeoff_run_verdict", labels, float(verdict.decision == decision)
    for device in comparison.devices:
        yield from _of_device({**of, "device": device.shown_name}, device)


def _of_device(on: Mapping[str, str], device: DeviceResult) -> Iterator[_Sample]:
    yield "bakeoff_run_device_complete", on, float(device.status == "complete")
    for rule in device.rules:
        for outcome in get_args(RuleOutcome):
            labels = {
                **on,
                "candidate": rule.candidate,
                "quantity": rule.quantity,
                "rule": rule.rule,
                "outcome": outcome,
            }
            yield "bakeoff_run_rule_outcome", labels, float(rule.outcome == outcome)
    for arm in device.arms:
        for name, value in arm.values.items():
            if isinstance(value, Available) and value.unit in _UNITS:
                unit, factor = _UNITS[value.unit]
                labels = {**on, "arm": arm.arm, "quantity": name}
                yield _named("bakeoff_run_value", unit), labels, value.value * factor
    for contrast in device.contrasts:
        yield from _of_contrast(on, contrast)


def _of_contrast(on: Mapping[str, str], contrast: Contrast) -> Iterator[_Sample]:
    effect, quantity = contrast.effect, QUANTITIES.get(contrast.quantity)
    if not isinstance(effect, Effect) or quantity is None or quantity.unit not in _UNITS:
        return
    unit, factor = ("ratio", 1.0) if effect.scale == "ratio" else _UNITS[quantity.unit]
    values = {"": effect.estimate}
    if effect.interval is not None:
        values |= {"_low": effect.interval.low, "_high": effect.interval.high}
    labels = {**on, "candidate": contrast.candidate, "quantity": contrast.quantity}
    kind = "effect" if effect.scale == "ratio" else "difference"
    for bound, value in values.items():
        yield _named(f"bakeoff_run_{kind}{bound}", unit), labels, value * factor


def _moment(iso_8601: str) -> float | None:
    """Seconds since 1970; None where it cannot be told. A moment without a zone is of UTC."""
    try:
        parsed = datetime.fromisoformat(iso_8601)
    except ValueError:
        return None
    return (parsed if parsed.tzinfo is not None else parsed.replace(tzinfo=UTC)).timestamp()


EXPORT = Export("openmetrics", "OpenMetrics, for monitors", _render)
