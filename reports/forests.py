"""Why: every rule over all devices as a forest plot, its effects and its margin on one scale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from harness.documents.comparison import Comparison, Contrast, DeviceResult, Effect, Outcome, OwnValue, RuleResult
from harness.quantity import Available
from reports.charts.effect_scale import EffectScale
from reports.charts.interval_bar import bar_axis, interval_bar
from reports.charts.value_bar import ValueScale, in_words, value_axis, value_bar, value_scale
from reports.comparison_parts import RuleRow, rules_by_candidate
from reports.first_screen import State, contrast_on, state_of, two_values

_LARGEST: Final = 1e100
"""What is larger is no measurement, and has no place in a drawing."""


@dataclass(frozen=True)
class ForestRow:
    """One device's line of a forest plot."""

    device: DeviceResult
    result: RuleResult | None
    state: State
    contrast: Contrast | None
    bar: Markup | None
    """An effect against its margin; of a rule on the build's own value that value against its limit."""
    own_limit: str | None
    """The limit of such a rule, with its unit; None of any other."""
    values: str | None
    """Baseline and candidate, such as `41.23 → 28.45 ms`."""


@dataclass(frozen=True)
class Forest:
    """One rule over all devices."""

    quantity: str
    rule: str
    rows: list[ForestRow]
    axis: Markup | None
    """None where no device has anything to draw."""
    is_of_own_value: bool
    """Drawn in the quantity's unit against a limit, and not as a change."""


@dataclass(frozen=True)
class CandidateForests:
    """All rules of one candidate."""

    candidate: str
    forests: list[Forest]


def forests(comparison: Comparison, scales: dict[str, EffectScale]) -> list[CandidateForests]:
    """One forest a rule, candidate by candidate. `scales`: quantity → its scale, for those that have an effect."""
    return [
        CandidateForests(
            group.candidate,
            [_forest(group.candidate, row, scales) for row in group.rows],
        )
        for group in rules_by_candidate(comparison)
    ]


def _forest(candidate: str, row: RuleRow, scales: dict[str, EffectScale]) -> Forest:
    """A rule on the build's own value is drawn in the quantity's unit, any other as an effect."""
    own = [one for _, result in row.results if (one := _own_value(result)) is not None]
    if own:
        baselines = [
            value for device, _ in row.results if (value := _baseline(device, candidate, row.quantity)) is not None
        ]
        scale = value_scale(row.quantity, own, baselines)
        rows = [_own_row(device, candidate, row.quantity, result, scale) for device, result in row.results]
        axis: Markup | None = value_axis(row.quantity, scale, [one.limit for one in own])
    else:
        rows = [_row(device, candidate, row.quantity, result, scales) for device, result in row.results]
        axis = bar_axis(row.quantity, scales[row.quantity]) if row.quantity in scales else None
    return Forest(row.quantity, row.rule, rows, axis, is_of_own_value=bool(own))


_TONES: dict[State, Outcome] = {
    "met": "better",
    "broken": "worse",
    "not enough data": "inconclusive",
    "doubted": "inconclusive",
    "unavailable": "unavailable",
    "not judged": "unavailable",
}
"""A bar has the colour of the rule beside it, not of the change alone."""


def _row(
    device: DeviceResult, candidate: str, quantity: str, result: RuleResult | None, scales: dict[str, EffectScale]
) -> ForestRow:
    contrast = contrast_on(device, candidate, quantity)
    bar = None
    if contrast is not None and isinstance(contrast.effect, Effect):
        bounds = [] if result is None or result.effect_bound is None else [result.effect_bound]
        bar = interval_bar(contrast.effect, quantity, _TONES[state_of(result)], bounds, scales[quantity])
    values = None if contrast is None else two_values(contrast)
    return ForestRow(device, result, state_of(result), contrast, bar, None, values)


def _own_value(result: RuleResult | None) -> OwnValue | None:
    """What can be drawn."""
    own = None if result is None else result.own_value
    ends = () if own is None else (own.value, own.limit, own.low or 0.0, own.high or 0.0)
    return own if all(abs(end) < _LARGEST for end in ends) else None


def _own_row(
    device: DeviceResult, candidate: str, quantity: str, result: RuleResult | None, scale: ValueScale
) -> ForestRow:
    contrast = contrast_on(device, candidate, quantity)
    bar, limit = None, None
    own = _own_value(result)
    if own is not None:
        bar = value_bar(own, quantity, _TONES[state_of(result)], scale, _baseline(device, candidate, quantity))
        limit = in_words(own.limit, quantity)
    values = None if contrast is None else two_values(contrast)
    return ForestRow(device, result, state_of(result), contrast, bar, limit, values)


def _baseline(device: DeviceResult, candidate: str, quantity: str) -> float | None:
    contrast = contrast_on(device, candidate, quantity)
    value = None if contrast is None else contrast.baseline_value
    return value.value if isinstance(value, Available) and abs(value.value) < _LARGEST else None
