"""A soak in the order of the page: what is asked of each device, the answer as a mark, and the numbers in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from markupsafe import Markup

from harness.documents.soak_result import DriftFinding, Estimated, EstimatedOrNot, Series, SoakDevice, SoakResult
from harness.quantity import Available, Measured
from reports import format as fmt
from reports.charts.soak_course import soak_course

Kind = Literal["good", "bad", "open", "none"]

_STATUS_KINDS: dict[str, Kind] = {
    "complete": "good",
    "failed": "bad",
    "at work": "open",
    "stopped": "open",
    "unknown": "none",
}


@dataclass(frozen=True)
class SoakRow:
    """One question: its answer in a word or two, and what stands behind it."""

    label: str
    kind: Kind
    answer: str
    words: str


@dataclass(frozen=True)
class SoakFigure:
    """One chart."""

    chart: Markup
    caption: str


@dataclass(frozen=True)
class SoakSection:
    """All that is shown of one device."""

    result: SoakDevice
    status_kind: Kind
    headline: str
    headline_kind: Kind
    rows: list[SoakRow]
    progress: str
    restarts: str


def soak_section(soak: SoakResult, device: SoakDevice) -> SoakSection:
    """Arrange one device for reading."""
    rows = [
        _memory(device),
        _drift("Latency", device.latency),
        _drift("Slowest of 100", device.tail),
        _throttling(device),
        _temperature(device),
        _battery(device),
    ]
    kind, headline = _headline(device, rows)
    share = min(1.0, device.hours / soak.asked_hours)
    return SoakSection(
        result=device,
        status_kind=_STATUS_KINDS[device.status],
        headline=headline,
        headline_kind=kind,
        rows=rows,
        progress=(
            f"{hours(device.hours)} of {hours(soak.asked_hours)} ({fmt.percent(share, decimals=0)}), "
            f"{fmt.count(device.inferences, 'inference')}, {_rate(device.inferences_per_second)}"
        ),
        restarts=_restarts(device),
    )


def soak_figures(device: SoakDevice, prefix: str) -> list[SoakFigure]:
    """The charts of one device, where there are two points at least. `prefix` makes their identifiers unique."""
    wanted = (
        (("memory",), "Memory", "MB", 1e6, "Memory that the process held at the end of each window."),
        (
            ("latency_p50", "latency_p99"),
            "Latency",
            "milliseconds",
            1e6,
            "How long an inference took: half of them at most (solid), 99 of 100 at most (dashed).",
        ),
        (("temperature",), "Temperature", "°C", 1.0, "The zone that became hottest."),
        (
            ("reference",),
            "Fixed work",
            "milliseconds",
            1e6,
            "The same work each time: where it rises, the device is slower.",
        ),
        (("battery",), "Battery", "%", 1.0, "What the fuel gauge says."),
    )
    figures = []
    for names, title, unit, divisor, caption in wanted:
        lines = [line for name in names for line in device.courses if line.name == name and len(line.hours) > 1]
        if lines:
            chart = soak_course(
                lines, device.session_hours, title=title, unit=unit, divisor=divisor, prefix=f"{prefix}-{names[0]}"
            )
            figures.append(SoakFigure(chart, caption + _thinned(lines)))
    return figures


def hours(value: float) -> str:
    """A length: `18 s`, `12 min`, `3.4 hours`."""
    if value * 3600.0 < 7200.0:
        return fmt.seconds(value * 3600.0)
    return f"{fmt.number(value, 1)}{fmt.NO_BREAK_SPACE}hours"


def at(value: float) -> str:
    """A place in the soak, such as `at 3.40 h`."""
    return f"at {fmt.with_unit(fmt.number(value, 2 if value >= 0.1 else 4), 'h')}"


def _thinned(lines: list[Series]) -> str:
    if all(len(line.hours) == line.of_windows for line in lines):
        return ""
    return f" Of {lines[0].of_windows} windows, the lowest and the highest of each stretch."


def _headline(device: SoakDevice, rows: list[SoakRow]) -> tuple[Kind, str]:
    if device.windows == 0:
        return ("bad" if device.status == "failed" else "none"), "Nothing was measured yet"
    bad = [row for row in rows if row.kind == "bad"]
    if device.status == "failed":
        return "bad", "It failed while it ran"
    if bad:
        return "bad", "; ".join(f"{row.label.lower()}: {row.answer}" for row in bad).capitalize()
    judged = rows[:4]
    held = [row.answer for row in judged if row.kind == "good"]
    held += [f"{row.label.lower()} {row.answer}" for row in judged if row.answer == "faster"]
    slowed = [row.answer for row in judged if row.answer == "slowed by others"]
    held += slowed
    unknown = [row.label.lower() for row in judged if row.answer == "not yet known"]
    parts = [", ".join(held)] if held else []
    parts += [f"not yet known: {', '.join(unknown)}"] if unknown else []
    kind: Kind = "open" if unknown or slowed else "good" if held else "none"
    return kind, "; ".join(parts).capitalize() if parts else "Nothing could be judged"


def _memory(device: SoakDevice) -> SoakRow:
    found = device.memory
    kinds: dict[str, Kind] = {"yes": "bad", "no": "good", "not yet known": "open", "unavailable": "none"}
    answers = {"yes": "leak", "no": "no leak", "not yet known": "not yet known", "unavailable": "unavailable"}
    parts = [found.reason]
    if isinstance(found.per_1000_inferences, Estimated):
        parts.append(f"{_growth(found.per_1000_inferences)} per 1000 inferences")
    if isinstance(found.per_day, Estimated) and found.leak == "yes":
        parts.append(f"{_growth(found.per_day)} in 24 hours")
    if isinstance(found.first, Available):
        parts.append(f"{_value(found.first)} first, {_value(found.last)} now, {_value(found.highest)} at most")
    return SoakRow("Memory", kinds[found.leak], answers[found.leak], _sentence("; ".join(parts)))


def _drift(label: str, found: DriftFinding) -> SoakRow:
    kinds: dict[str, Kind] = {
        "slower": "bad",
        "faster": "open",
        "steady": "good",
        "not yet known": "open",
        "unavailable": "none",
    }
    parts = [found.reason]
    if isinstance(found.first_hour, Available) and isinstance(found.last_hour, Available):
        span = "hour" if "hour" in found.first_hour.source else "quarter"
        parts.insert(0, f"{_value(found.first_hour)} in the first {span}, {_value(found.last_hour)} in the last")
    return SoakRow(label, kinds[found.change], found.change, _sentence("; ".join(parts)))


def _throttling(device: SoakDevice) -> SoakRow:
    found = device.throttling
    answers: dict[str, tuple[Kind, str]] = {
        "yes": ("bad", "throttled"),
        "no": ("good", "not throttled"),
        "slowed by others": ("open", "slowed by others"),
        "not yet known": ("open", "not yet known"),
        "unavailable": ("none", "unavailable"),
    }
    kind, answer = answers[found.throttled]
    words = found.reason
    if isinstance(found.worst_slowdown, Available):
        words += f"; at worst {fmt.change(found.worst_slowdown.value, 'ratio', '')}"
    if found.first_at_hours is not None:
        words += f"; first {at(found.first_at_hours)}"
    if found.source is not None:
        words += f". By {found.source}"
    return SoakRow("Throttling", kind, answer, _sentence(words))


def _temperature(device: SoakDevice) -> SoakRow:
    found = device.temperature
    if not isinstance(found.highest, Available):
        return SoakRow("Temperature", "none", "unavailable", _sentence(_value(found.highest)))
    words = f"{_value(found.first)} first, {_value(found.last)} now (zone {found.zone})"
    return SoakRow("Temperature", "none", f"{_value(found.highest)} at most", _sentence(words))


def _battery(device: SoakDevice) -> SoakRow:
    found = device.battery
    if not isinstance(found.last, Available):
        return SoakRow("Battery", "none", "unavailable", _sentence(_value(found.last)))
    parts = [f"{_value(found.first)} first"]
    if isinstance(found.drain_per_hour, Estimated):
        drain = found.drain_per_hour
        parts.append(f"drains by {fmt.with_unit(fmt.number(drain.value, 1), '% an hour')}{_between(drain, 1.0, 1)}")
    else:
        parts.append(found.drain_per_hour.reason)
    parts += [f"says {' and '.join(found.statuses)}"] if found.statuses and not found.warnings else []
    parts += [warning[:1].lower() + warning[1:] for warning in found.warnings]
    return SoakRow(
        "Battery", "open" if found.warnings else "none", f"{_value(found.last)} now", _sentence("; ".join(parts))
    )


def _restarts(device: SoakDevice) -> str:
    counts = ((device.sessions - 1, "of the runner"), (device.boots - 1, "of the device"))
    parts = [f"{fmt.count(count, 'restart')} {whose}" for count, whose in counts if count > 0]
    return ", ".join(parts) or "no restart"


def _growth(slope: EstimatedOrNot) -> str:
    assert isinstance(slope, Estimated)
    scale, unit = next(
        (scale, unit)
        for scale, unit in ((1e6, "MB"), (1e3, "kB"), (1.0, "bytes"))
        if abs(slope.value) >= scale or scale == 1.0
    )
    decimals = 0 if scale == 1.0 else 2
    return f"{fmt.with_unit(fmt.signed(slope.value / scale, decimals), unit)}{_between(slope, scale, decimals)}"


def _between(slope: Estimated, scale: float, decimals: int) -> str:
    if slope.low is None or slope.high is None:
        return ""
    return f" (between {fmt.number(slope.low / scale, decimals)} and {fmt.number(slope.high / scale, decimals)})"


def _value(value: Measured) -> str:
    if isinstance(value, Available) and value.unit == "ns":
        return fmt.milliseconds(value.value)
    if isinstance(value, Available) and value.unit in {"%", "°C"}:
        return fmt.with_unit(fmt.number(value.value, 0 if value.unit == "%" else 1), value.unit)
    shown = fmt.measured(value)
    return shown.unavailable_because or shown.text


def _rate(value: Measured) -> str:
    if not isinstance(value, Available):
        return f"rate unavailable: {value.reason}"
    return f"{fmt.number(value.value, 1)} a second"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")
