"""A candidate in every declared group of items: fine on the whole, it may be worse on night scenes.

A group is *worse* where the mean loss over its items is larger than what the rules let the mean over all items lose
(where no rule says, than what is negligible), by a one-sided test that allows for skewed differences, at 5 % over all
groups, scores and devices of the candidate together (Holm): whoever looks at twenty groups finds one that is worse by
chance. It is *within* where the one-sided 95 % bound, and that of the bootstrap, lie inside; that asks for no
correction.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.analysis.judging.contrast import make_contrast
from harness.analysis.judging.judge_outcome import as_gain
from harness.analysis.judging.withstand import as_gains, doubt_on_bounds
from harness.documents.comparison import GroupResult, NoEffect
from harness.statistics.multiplicity import holm
from harness.statistics.skewed_mean import p_at_least
from harness.words.changes import limit_in_words, stated
from harness.words.sentences import counted, sentence

if TYPE_CHECKING:
    from harness.analysis.evidence.evidence import Evidence
    from harness.analysis.judging.judge_outcome import Margins
    from harness.documents.comparison import Contrast, GroupOutcome
    from harness.quantity import Quantity

_ALPHA = 0.05


@dataclass(frozen=True)
class GroupEvidence:
    """What is known of one candidate by one score in one group on one device."""

    device: str
    candidate: str
    group: str
    items: int
    quantity: Quantity
    evidence: Evidence
    allowed: Margins
    is_agreed: bool
    """Whether a rule gives the margin, and not the quantity's own row."""
    item_margin: float | None
    """The tightest declared margin of a single item, in the unit."""
    least: int
    """Fewer replicates than this decide nothing."""


def judge_groups(found: Sequence[GroupEvidence]) -> list[GroupResult]:
    """All of one candidate's, judged together, in their order."""
    tested = [_p_worse(one) for one in found]
    places = [place for place, p_value in enumerate(tested) if p_value is not None]
    adjusted = dict(zip(places, holm([p for p in tested if p is not None]), strict=True))
    return [_result(one, tested[place], adjusted.get(place), len(places)) for place, one in enumerate(found)]


def _p_worse(one: GroupEvidence) -> float | None:
    """One-sided p-value of a loss of at most the margin; None where nothing is tested."""
    effect = one.evidence.effect
    if isinstance(effect, NoEffect) or effect.suspicion is not None or effect.estimate.n < one.least:
        return None
    gain = as_gain(one.quantity, effect.estimate)
    is_turned = one.quantity.better == "lower"
    # A group is small, and twenty are looked at: far out in the tail t is wrong for what is skewed.
    p_value = p_at_least(gain, -effect.skewness if is_turned else effect.skewness, -one.allowed.agreed)
    leeways = as_gains(effect.leeways, turned=is_turned)
    if p_value is None or doubt_on_bounds(gain, 0.90, leeways, above=-math.inf, below=-one.allowed.agreed) is not None:
        return 1.0
    return p_value


def _result(one: GroupEvidence, alone: float | None, adjusted: float | None, tests: int) -> GroupResult:
    contrast = make_contrast(one.candidate, one.quantity, one.evidence, one.allowed, [], [], one.item_margin)
    outcome = _outcome(one, adjusted)
    size = -one.allowed.agreed * (1.0 if one.quantity.better == "higher" else -1.0)
    return GroupResult(
        group=one.group,
        items=one.items,
        contrast=contrast,
        outcome=outcome,
        p_value=adjusted,
        effect_bound=math.exp(size) if one.quantity.scale == "ratio" else size,
        reason=_reason(one, contrast, outcome, alone, adjusted, tests),
    )


def _outcome(one: GroupEvidence, adjusted: float | None) -> GroupOutcome:
    effect = one.evidence.effect
    if isinstance(effect, NoEffect):
        return "unavailable"
    if effect.estimate.n < one.least:
        return "too few"
    if effect.suspicion is not None:
        return "doubted"
    if adjusted is not None and adjusted <= _ALPHA:
        return "worse"
    bounds = [as_gain(one.quantity, effect.estimate).interval(0.90)]
    if effect.robust is not None:
        low, high = effect.robust.level_90
        bounds.append((low, high) if one.quantity.better == "higher" else (-high, -low))
    if any(ends is None or ends[0] <= -one.allowed.agreed for ends in bounds):
        return "open"
    return "within" if effect.doubt is None else "doubted"


def _reason(
    one: GroupEvidence,
    contrast: Contrast,
    outcome: GroupOutcome,
    alone: float | None,
    adjusted: float | None,
    tests: int,
) -> str:
    effect = one.evidence.effect
    if outcome == "too few" and not isinstance(effect, NoEffect):
        return (
            f"Only {counted(effect.estimate.n, effect.replicate)} of {one.group}, where {one.least} are the least that"
            " decide (measure.min_items)."
        )
    limit = limit_in_words(one.quantity, _as_seen(one))
    margin = f"{limit} that the rules let the mean lose" if one.is_agreed else f"{limit} that is too little to matter"
    could_be_chance = alone is not None and adjusted is not None and alone <= _ALPHA
    more = {
        "worse": f", beyond the {margin}",
        "within": f", within the {margin}",
        "open": f", beyond the {margin} were it the only group; with {tests} of them that can be chance (p ="
        f" {adjusted:.2f} after Holm)"
        if could_be_chance
        else f", which may or may not be within the {margin}",
    }.get(outcome, "")
    words = stated(one.quantity, contrast.words.removeprefix("cannot tell yet: "))
    return sentence(f"on {one.group} ({counted(one.items, one.evidence.nouns.singular)}) {words}{more}")


def _as_seen(one: GroupEvidence) -> float:
    """The margin as a loss: a fraction, or in the unit."""
    if one.quantity.scale == "difference":
        return one.allowed.agreed
    return math.expm1(one.allowed.agreed) if one.quantity.better == "lower" else -math.expm1(-one.allowed.agreed)
