"""How a candidate fares in every declared group of items on one device, drawn group by group on one scale a score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from harness.documents.comparison import Comparison, DeviceResult, Effect, GroupOutcome, GroupResult, Outcome
from reports.charts.effect_scale import EffectScale, scale_over
from reports.charts.interval_bar import interval_bar


@dataclass(frozen=True)
class GroupRow:
    """One group by one score."""

    result: GroupResult
    bar: Markup | None
    """None where there is no effect."""


@dataclass(frozen=True)
class GroupTable:
    """All groups of one candidate by one score."""

    candidate: str
    quantity: str
    rows: list[GroupRow]


_TONES: Final[dict[GroupOutcome, Outcome]] = {
    "worse": "worse",
    "within": "not worse",
    "open": "inconclusive",
    "too few": "inconclusive",
    "doubted": "inconclusive",
    "unavailable": "unavailable",
}


def group_scales(comparison: Comparison) -> dict[str, EffectScale]:
    """Quantity → the scale that all groups of all devices share."""
    effects: dict[str, list[tuple[Effect, list[float]]]] = {}
    for device in comparison.devices:
        for one in device.groups:
            if isinstance(one.contrast.effect, Effect):
                effects.setdefault(one.contrast.quantity, []).append((one.contrast.effect, [one.effect_bound]))
    return {quantity: scale_over(found) for quantity, found in effects.items()}


def group_tables(device: DeviceResult, scales: dict[str, EffectScale]) -> list[GroupTable]:
    """One for each candidate and score, in the order of the comparison."""
    tables: dict[tuple[str, str], list[GroupRow]] = {}
    for one in device.groups:
        key = one.contrast.candidate, one.contrast.quantity
        tables.setdefault(key, []).append(GroupRow(one, _bar(one, scales)))
    return [GroupTable(candidate, quantity, rows) for (candidate, quantity), rows in tables.items()]


def _bar(one: GroupResult, scales: dict[str, EffectScale]) -> Markup | None:
    effect, quantity = one.contrast.effect, one.contrast.quantity
    if not isinstance(effect, Effect):
        return None
    return interval_bar(effect, quantity, _TONES[one.outcome], [one.effect_bound], scales[quantity])
