"""Scores that point in opposite directions, one better and another worse: an outcome of its own, since neither says
which of them to believe.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.documents.comparison import Effect, ScoreDisagreement
from harness.quantity import QUANTITIES
from harness.words.sentences import clause, listed, sentence

if TYPE_CHECKING:
    from harness.documents.comparison import Contrast, DeviceResult
    from harness.tasks.nouns import Nouns

_SCORES = ("quality", "votes")


def who_disagrees(found: ScoreDisagreement) -> str:
    """`the metrics`; `people and metrics` where people voted."""
    asked = any(QUANTITIES[name].measured_in == "votes" for name in [*found.better, *found.worse])
    return "people and metrics" if asked else "the metrics"


def disagreements_of(candidate: str, devices: list[DeviceResult], nouns: Nouns) -> list[ScoreDisagreement]:
    """One for each device on which scores point in opposite directions, each beyond chance, at least one of them beyond
    the negligible.
    """
    found = []
    for device in devices:
        scores = [
            one
            for one in device.contrasts
            if one.candidate == candidate and QUANTITIES[one.quantity].measured_in in _SCORES
        ]
        up = [one for one in scores if _gain_direction(one) > 0]
        down = [one for one in scores if _gain_direction(one) < 0]
        if up and down and any(one.outcome in ("better", "worse") for one in up + down):
            found.append(_disagreement(device, up, down, nouns, several=len(devices) > 1))
    return found


def _disagreement(
    device: DeviceResult, up: list[Contrast], down: list[Contrast], nouns: Nouns, *, several: bool
) -> ScoreDisagreement:
    outcomes = {
        one.quantity: [
            result.outcome
            for result in device.rules
            if (result.candidate, result.quantity, result.group) == (one.candidate, one.quantity, None)
        ]
        for one in up + down
    }
    unruled = [QUANTITIES[one.quantity].subject for one in down if not outcomes[one.quantity]]
    is_allowed = all(outcomes[one.quantity] and set(outcomes[one.quantity]) == {"met"} for one in down)
    is_broken = any("broken" in each for each in outcomes.values())
    made = ScoreDisagreement(
        device=device.device,
        better=[one.quantity for one in up],
        worse=[one.quantity for one in down],
        is_clear=any(one.outcome == "better" for one in up) and any(one.outcome == "worse" for one in down),
        state="allowed" if is_allowed else "broken" if is_broken else "open",
        words="",
    )
    text = f"{who_disagrees(made)} disagree: better by {_list_changes(up)}; worse by {_list_changes(down)}"
    if is_allowed:
        text += ", as the rules allow"
    elif is_broken:
        text += f". Look at the {nouns.plural}"
    else:
        text += f". Look at the {nouns.plural} before you decide"
        text += f"; a rule on {listed(unruled)} would settle it" if unruled else ""
    words = sentence(f"on {device.shown_name}, {clause(text)}" if several else text)
    return made.model_copy(update={"words": words})


def _gain_direction(contrast: Contrast) -> int:
    """+1 where the 95 % interval says better, −1 where it says worse, 0 where it does not say."""
    effect = contrast.effect
    if not isinstance(effect, Effect):
        return 0
    neutral = 1.0 if effect.scale == "ratio" else 0.0
    low, high = (effect.interval.low, effect.interval.high) if effect.interval else (neutral, neutral)
    upward = QUANTITIES[contrast.quantity].better == "higher"
    if low > neutral:
        return 1 if upward else -1
    if high < neutral:
        return -1 if upward else 1
    return 0


def _list_changes(contrasts: list[Contrast]) -> str:
    return listed([f"{QUANTITIES[one.quantity].subject} ({one.words.split(' (', 1)[0]})" for one in contrasts])
