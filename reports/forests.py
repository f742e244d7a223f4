"""Why: every rule over all devices as a forest plot, its effects and its margin on one scale."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from harness.documents.comparison import Comparison, Contrast, DeviceResult, Effect, Outcome, RuleResult
from reports.charts.effect_scale import EffectScale
from reports.charts.interval_bar import bar_axis, interval_bar
from reports.comparison_parts import rules_by_candidate
from reports.first_screen import State, contrast_on, state_of, two_values


@dataclass(frozen=True)
class ForestRow:
    """One device's line of a forest plot."""

    device: DeviceResult
    result: RuleResult | None
    state: State
    contrast: Contrast | None
    bar: Markup | None
    values: str | None
    """Baseline and candidate, such as `41.23 → 28.45 ms`."""


@dataclass(frozen=True)
class Forest:
    """One rule over all devices."""

    quantity: str
    rule: str
    rows: list[ForestRow]
    axis: Markup | None
    """None where no device has an effect."""


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
            [
                Forest(
                    row.quantity,
                    row.rule,
                    [_row(device, group.candidate, row.quantity, result, scales) for device, result in row.results],
                    bar_axis(row.quantity, scales[row.quantity]) if row.quantity in scales else None,
                )
                for row in group.rows
            ],
        )
        for group in rules_by_candidate(comparison)
    ]


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
    return ForestRow(device, result, state_of(result), contrast, bar, values)
