"""One candidate against the baseline on one quantity, as the report shows it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.analysis.judging.item_tail import item_tail
from harness.analysis.judging.judge_outcome import Margins, as_gain, judge_outcome, replicates_to_tell
from harness.analysis.judging.withstand import as_gains, doubt_on_bounds
from harness.documents.comparison import Contrast, Effect, Interval, NoEffect, warned
from harness.statistics.delong import FEWEST as FEWEST_OF_A_CLASS
from harness.statistics.delong import METHOD as DELONG_METHOD
from harness.statistics.delong import AreaDifference
from harness.statistics.inverted import InvertedEstimate
from harness.statistics.paired_shares import MCNEMAR, PairedShares
from harness.statistics.paired_shares import METHOD as SHARES_METHOD
from harness.statistics.power import minimum_detectable
from harness.statistics.set_bootstrap import SetEstimate
from harness.statistics.sign_flip import FEWEST
from harness.words.changes import change_in_words, more_needed, outcome_in_words
from harness.words.sentences import counted

if TYPE_CHECKING:
    from harness.analysis.evidence.evidence import Evidence, Paired
    from harness.analysis.judging.judge_rule import RuleJudgement
    from harness.documents.comparison import ItemTail, Outcome
    from harness.quantity import Quantity
    from harness.statistics.estimate import Estimate

_T_METHOD = {
    "pair of blocks": "t on log-ratios of paired blocks",
    "launch": "t on launches' means of log-ratios of paired blocks",
    "process": "t on log-ratios of paired processes",
    "cycle": "t on log-ratios of paired energy blocks",
    "cycle of long blocks": "t on log-ratios of paired long blocks",
}
ANYTIME = "anytime-valid"
"""Begins the method of every interval that holds at all looks together."""
INVERTED = "inverted t test"
"""Begins the method of the interval of a quantile of pooled inferences, at a fixed number of replicates."""
_ANYTIME_METHODS = {
    "pair of blocks": "anytime-valid t-mixture on log-ratios of paired blocks",
    "launch": "anytime-valid t-mixture on launches' means of log-ratios of paired blocks",
    "cycle": "anytime-valid t-mixture on log-ratios of paired energy blocks",
    "cycle of long blocks": "anytime-valid t-mixture on log-ratios of paired long blocks",
}
_ANYTIME_P = "anytime-valid t-mixture, two-sided"
SET_METHOD = "expanded BCa bootstrap"
"""Begins the method of the interval of a value over a set."""
_SET_P = "expanded BCa bootstrap, two-sided"
_INVERTED_P = f"{INVERTED}, two-sided"
_BCA_METHOD = {
    "pair of blocks": "BCa bootstrap over pairs of blocks",
    "launch": "BCa bootstrap over launches",
    "process": "BCa bootstrap over processes",
    "cycle": "BCa bootstrap over cycles",
    "cycle of long blocks": "BCa bootstrap over cycles",
}


def make_contrast(
    candidate: str,
    quantity: Quantity,
    evidence: Evidence,
    allowed: Margins,
    judged: list[RuleJudgement],
    notes: list[str],
    item_margin: float | None,
) -> Contrast:
    """The contrast. `judged` are the judgements of the rules on this quantity; `notes` say what failed on the way;
    `item_margin` is the tightest declared margin of a single item, in the unit; where none is, what the rules let the
    mean lose is used.
    """
    effect = evidence.effect
    if isinstance(effect, NoEffect):
        return Contrast(
            candidate=candidate,
            quantity=quantity.name,
            baseline_value=evidence.baseline.value,
            candidate_value=evidence.candidate.value,
            effect=effect,
            outcome="unavailable",
            words=f"not known: {effect.reason}",
            warnings=warned("failure", notes),
        )
    gain = as_gain(quantity, effect.estimate)
    outcome = judge_outcome(gain, allowed)
    doubted = _doubted(quantity, effect, gain, outcome, allowed)
    if doubted is not None:
        outcome = "inconclusive"
    # More of what is doubted settles nothing.
    to_tell = replicates_to_tell(gain, allowed) if doubted is None else None
    needed = _needed(outcome == "inconclusive", gain.n, judged, to_tell)
    seen = item_tail(quantity, effect, allowed.agreed if item_margin is None else item_margin)
    interval = effect.estimate.interval(0.95)
    ends = None if interval is None else (_shown(quantity, interval[0]), _shown(quantity, interval[1]))
    return Contrast(
        candidate=candidate,
        quantity=quantity.name,
        baseline_value=evidence.baseline.value,
        candidate_value=evidence.candidate.value,
        effect=_effect(quantity, effect, needed, seen),
        outcome=outcome,
        words=f"{change_in_words(quantity, _shown(quantity, effect.estimate.mean), *(ends or ()))}; doubted: {doubted}"
        if doubted is not None
        else outcome_in_words(
            quantity,
            outcome,
            _shown(quantity, effect.estimate.mean),
            ends,
            limit=_limit(quantity, outcome, effect),
            needed=more_needed(gain.n, needed, effect.replicate),
        ),
        tail=seen,
        warnings=[
            *warned("failure", notes),
            *warned("evidence", effect.warnings),
            *warned("intervals disagree", _disagreements(effect), about=quantity.name),
        ],
    )


def _doubted(quantity: Quantity, effect: Paired, gain: Estimate, outcome: Outcome, allowed: Margins) -> str | None:
    """What keeps a contrast from being told: a suspicion always, a hidden loss where it would sound good, and a finding
    that could turn it.
    """
    hidden = effect.doubt if outcome in ("better", "equivalent", "not worse") else None
    leeways = as_gains(effect.leeways, turned=quantity.better == "lower")
    ends = {
        "better": (0.95, 0.0, math.inf),
        "worse": (0.95, -math.inf, 0.0),
        "equivalent": (0.90, -allowed.agreed, allowed.agreed),
        "not worse": (0.90, -allowed.agreed, math.inf),
    }.get(outcome)
    turning = None if ends is None else doubt_on_bounds(gain, ends[0], leeways, above=ends[1], below=ends[2])
    return effect.suspicion or hidden or turning


def _needed(inconclusive: bool, n: int, judged: list[RuleJudgement], to_tell: int | None) -> int | None:
    """For open rules what the slowest of them needs; else what ends an inconclusive contrast."""
    open_rules = [one.needed for one in judged if one.outcome == "open"]
    if any(needed is not None for needed in open_rules):
        return max(needed for needed in open_rules if needed is not None)
    return to_tell if inconclusive and not open_rules else None


def _effect(quantity: Quantity, effect: Paired, needed: int | None, seen: ItemTail | None) -> Effect:
    estimate = effect.estimate
    interval = None if estimate.exact else estimate.interval(0.95)
    detectable = None if estimate.exact else minimum_detectable(estimate)
    if detectable is not None and quantity.scale == "ratio":
        detectable = math.expm1(detectable)
    p_value, p_method = _p_value(effect)
    return Effect(
        scale=quantity.scale,
        estimate=_shown(quantity, estimate.mean),
        interval=None
        if interval is None
        else Interval(
            low=_shown(quantity, interval[0]),
            high=_shown(quantity, interval[1]),
            level=0.95,
            method=_method(effect),
        ),
        robust_interval=None
        if effect.robust is None
        else Interval(
            low=_shown(quantity, effect.robust.level_95[0]),
            high=_shown(quantity, effect.robust.level_95[1]),
            level=0.95,
            method=_BCA_METHOD.get(effect.replicate, f"BCa bootstrap over {effect.replicate}s"),
        ),
        p_value=p_value,
        p_method=p_method,
        n=estimate.n,
        replicate=effect.replicate,
        sd=estimate.sd,
        minimum_detectable=detectable,
        pairs_needed=needed,
        share_worse=None if seen is None else seen.worse / seen.items,
        share_worse_upper=None if seen is None else seen.upper,
        excluded=effect.excluded,
        spread_of_launches=effect.spread_of_launches,
    )


def _method(effect: Paired) -> str:
    """In words; what has no log-ratios are differences of items, or of scenes."""
    estimate = effect.estimate
    if effect.method is not None:
        return effect.method
    if isinstance(estimate, SetEstimate):
        drawn = f"{counted(estimate.drawn.size, 'resample')}, seed {estimate.seed}" if estimate.drawn.size else "exact"
        return f"{SET_METHOD} over {effect.replicate}s of the difference of two sets' values ({drawn})"
    if isinstance(estimate, AreaDifference):
        return f"{DELONG_METHOD} of two areas under ROC curves"
    if isinstance(estimate, PairedShares):
        return f"{SHARES_METHOD} of paired shares{_by_scenes_words(estimate)}"
    if estimate.is_anytime:
        return _ANYTIME_METHODS[effect.replicate]
    return _T_METHOD.get(effect.replicate, f"t on paired differences of {effect.replicate}s")


def _by_scenes_words(estimate: PairedShares) -> str:
    """Where items are not counted one by one."""
    changed = estimate.effective_n != estimate.n
    return f", over scenes: as of {estimate.effective_n:,.0f} items that stand each for itself" if changed else ""


def _p_value(effect: Paired) -> tuple[float | None, str | None]:
    """The p-value of no difference and its method, or why there is none. After looking on the way only one that allows
    for the looks is a p-value.
    """
    if effect.exact_p is not None:
        return effect.exact_p, f"{MCNEMAR}, two-sided"
    estimate, own = effect.estimate, _p_of_interval(effect)
    if own is not None:
        above, below = estimate.p_at_most(0.0), estimate.p_at_least(0.0)
        if above is None or below is None:
            return None, own.too_few
        return min(1.0, 2.0 * min(above, below)), own.method
    if effect.sign_flip is not None:
        return effect.sign_flip.p_value, effect.sign_flip.method
    return None, None if estimate.exact else f"fewer than {FEWEST} replicates: sign flips could find nothing"


@dataclass(frozen=True)
class _OwnP:
    """Words for a p-value of the interval's own kind, and for why there is none."""

    method: str
    too_few: str = "a single replicate"


def _p_of_interval(effect: Paired) -> _OwnP | None:
    """For estimates whose replicates' signs cannot be flipped; None for the others."""
    estimate = effect.estimate
    if effect.replicate == "voter":  # voters and items are clusters
        return _OwnP(f"{effect.method}, two-sided", "a single voter")
    if isinstance(estimate, SetEstimate):
        return _OwnP(_SET_P, "too few to draw from")
    if isinstance(estimate, AreaDifference):
        return _OwnP(f"{DELONG_METHOD}, two-sided", f"fewer than {FEWEST_OF_A_CLASS} items of a class")
    if isinstance(estimate, PairedShares):
        return _OwnP(f"{SHARES_METHOD}, two-sided")
    if estimate.is_anytime:
        return _OwnP(_ANYTIME_P)
    return _OwnP(_INVERTED_P) if isinstance(estimate, InvertedEstimate) else None


def _shown(quantity: Quantity, number: float) -> float:
    """A mean of log-ratios as a ratio; a difference as it is. Rounding of equal values leaves exactly 1 or 0."""
    return math.exp(number) if quantity.scale == "ratio" else number + 0.0


def _limit(quantity: Quantity, outcome: str, effect: Paired) -> float | None:
    """The largest difference (equivalent) or loss (not worse) that the 90 % interval leaves open, as people see it."""
    narrow = effect.estimate.interval(0.90)
    if narrow is None or outcome not in ("equivalent", "not worse"):
        return None
    shown = [_shown(quantity, end) - (1.0 if quantity.scale == "ratio" else 0.0) for end in narrow]
    if outcome == "equivalent":
        return max(abs(end) for end in shown)
    return max(shown[1] if quantity.better == "lower" else -shown[0], 0.0)


def _disagreements(effect: Paired) -> list[str]:
    """Where the bootstrap twin says something else than the t interval."""
    t, robust = effect.estimate.interval(0.95), effect.robust
    if t is None or robust is None or t[0] == t[1]:
        return []
    excludes = [ends[0] > 0.0 or ends[1] < 0.0 for ends in (t, robust.level_95)]
    moved = max(abs(t[0] - robust.level_95[0]), abs(t[1] - robust.level_95[1])) / (t[1] - t[0])
    if excludes[0] == excludes[1] and moved <= 0.25:
        return []
    return [
        "the t interval and its bootstrap twin disagree; the differences are far from a bell curve, or the result is "
        "on the edge. More replicates settle it."
    ]
