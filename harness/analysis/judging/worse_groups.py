"""The groups of items on which a candidate is worse than the rules let the mean of all items be, for the verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.documents.comparison import Effect
from harness.quantity import QUANTITIES
from harness.words.sentences import counted, listed, named

if TYPE_CHECKING:
    from harness.documents.comparison import DeviceResult, GroupResult
    from harness.tasks.nouns import Nouns


@dataclass(frozen=True)
class WorseGroups:
    """What one device shows."""

    device: DeviceResult
    predicate: str
    """Such as `is worse on night (cosine similarity 0.02 lower on its 12 frames) and faces`."""
    reasons: list[tuple[DeviceResult, str]]
    """A sentence for each group and score."""


def worse_groups(candidate: str, devices: list[DeviceResult], nouns: Nouns) -> list[WorseGroups]:
    """Device by device, those that show any; the group whose loss is largest beside its margin comes first."""
    found = []
    for device in devices:
        worse = [one for one in device.groups if one.contrast.candidate == candidate and one.outcome == "worse"]
        if not worse:
            continue
        worse.sort(key=_how_far, reverse=True)
        first = worse[0]
        subject, change = QUANTITIES[first.contrast.quantity].subject, first.contrast.words.split(" (", 1)[0]
        others = [name for name in dict.fromkeys(one.group for one in worse) if name != first.group]
        where = f"{first.group} ({subject} {change} on its {counted(first.items, nouns.singular)})"
        names = listed([where, *others]) if len(others) <= 1 else f"{where} and on {named(others)}"
        is_all = any(_is_met(candidate, device, one) for one in worse)
        whole = f", which the mean over all {nouns.plural} hides" if is_all else ""
        found.append(WorseGroups(device, f"is worse on {names}{whole}", [(device, one.reason) for one in worse]))
    return found


def _how_far(one: GroupResult) -> float:
    effect = one.contrast.effect
    if not isinstance(effect, Effect):
        return 0.0
    neutral = 1.0 if effect.scale == "ratio" else 0.0
    return abs(effect.estimate - neutral) / max(abs(one.effect_bound - neutral), 1e-12)


def _is_met(candidate: str, device: DeviceResult, one: GroupResult) -> bool:
    """Whether every rule on the group's score is met over all items."""
    outcomes = [
        rule.outcome
        for rule in device.rules
        if (rule.candidate, rule.quantity, rule.group) == (candidate, one.contrast.quantity, None)
    ]
    return bool(outcomes) and set(outcomes) == {"met"}
