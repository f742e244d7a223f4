"""One declared rule on one device: met, broken, open or unavailable, with the sentence that says why.

A rule is *met* or *broken* only where its confidence says so; between lies *open*.

- `improve_by_at_least`: met when the 95 % interval lies wholly beyond the bound, broken when wholly short of it;
- `no_worse_than`: met when the one-sided 95 % bound is inside the margin (for scores the BCa bound too), broken when
  the one-sided bound of the other side is outside it;
- `at_most`, `at_least`: as the first, on the interval of the candidate's own value;
- `item_margin` with `worst_share`: met when the one-sided Clopper-Pearson upper bound is at most the share, broken when
  the lower bound is above it.

A doubt is a doubt: evidence that hides losses in what was left out never meets a rule; under a suspicion that the
experiment reads the items wrongly, or has too few of them, a rule is open whatever the numbers say; and what was found
about how it was measured leaves it open unless it would stand wherever that finding lets the truth lie.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeVar

from harness.analysis.judging.judge_outcome import as_gain, gain_of_margin
from harness.analysis.judging.withstand import as_gains, doubt_on_bounds
from harness.documents.comparison import NoEffect, OwnValue, RuleOutcome
from harness.experiment.declaration import FEWEST_ITEMS
from harness.quantity import Unavailable
from harness.statistics.multiplicity import holm
from harness.statistics.power import FEWEST, MOST, replicates_to_tell_from
from harness.statistics.tail import replicates_for_share, share_p
from harness.words.changes import (
    at_least_in_words,
    effect_in_words,
    limit_in_words,
    more_needed,
    percent_in_words,
    value_in_words,
)
from harness.words.rules import amount_in_words, margin_in_words
from harness.words.sentences import counted

if TYPE_CHECKING:
    from harness.analysis.evidence.evidence import Evidence, Level, Paired
    from harness.experiment.declaration import Amount, Rule
    from harness.quantity import Quantity
    from harness.statistics.estimate import Estimate
    from harness.tasks.nouns import Nouns

_ALPHA = 0.05
_ALONE: Final = {"devices": "on this device alone", "rules on groups": "were it the only rule on a group"}


@dataclass(frozen=True)
class RuleJudgement:
    """How a rule stands.

    `predicate` completes a sentence that begins with the quantity and `is`. `p_broken` is the p-value behind "broken":
    below 0.05 exactly where this device alone calls the rule broken. `needed` is how many replicates would settle an
    open rule, in all.
    """

    outcome: RuleOutcome
    predicate: str
    p_broken: float = 1.0
    needed: int | None = None
    effect_bound: float | None = None
    doubt: str | None = None
    """What keeps an open rule from being decided, where more of the same measurements would not."""
    own_value: OwnValue | None = None
    """What a rule on the candidate's own value holds against its limit; None of any other rule."""


@dataclass(frozen=True)
class _Bound:
    """A bound on a mean, in gains: met above, broken below."""

    outcome: RuleOutcome
    p_broken: float
    needed: int | None


def judge_rule(rule: Rule, quantity: Quantity, evidence: Evidence) -> RuleJudgement:
    """Judge every part of a rule: its bound, and for scores its tail. The worst part decides."""
    if rule.at_most is not None or rule.at_least is not None:
        judged = _judge_own_value(rule, quantity, evidence.candidate, evidence.nouns)
        judged = replace(judged, own_value=_own_value(rule, quantity, evidence.candidate))
    elif isinstance(evidence.effect, NoEffect):
        judged = RuleJudgement("unavailable", f"not known: {evidence.effect.reason}")
    else:
        judged = _judge_effect(rule, quantity, evidence.effect, evidence.baseline_value)
    if rule.item_margin is not None and rule.worst_share is not None:
        judged = _worst_of([judged, _judge_tail(rule, quantity, evidence)])
    return _with_few_told(judged, quantity, evidence)


def _with_few_told(judged: RuleJudgement, quantity: Quantity, evidence: Evidence) -> RuleJudgement:
    """A rule on scores that few items decided, as the experiment allows, says so."""
    if quantity.measured_in != "quality" or judged.outcome not in ("met", "broken"):
        return judged
    effect, level = evidence.effect, evidence.candidate.estimate
    n = effect.estimate.n if not isinstance(effect, NoEffect) else level.n if level is not None else FEWEST_ITEMS
    replicate = effect.replicate if not isinstance(effect, NoEffect) else evidence.nouns.singular
    if n >= FEWEST_ITEMS:
        return judged
    return replace(judged, predicate=f"{judged.predicate}; it rests on only {counted(n, replicate)}")


_Key = TypeVar("_Key")


def hold_together(judgements: Mapping[_Key, RuleJudgement], what: str) -> dict[_Key, RuleJudgement]:
    """One rule on several devices, or rules on several groups of items: "broken on some of them" holds at 5 % over all
    (Holm); `what` they are, such as `devices`.

    What is broken alone, but not once all are allowed for, becomes open. With a single one nothing changes.
    """
    adjusted = dict(zip(judgements, holm([one.p_broken for one in judgements.values()]), strict=True))
    return {
        device: replace(
            judged,
            outcome="open",
            predicate=f"{judged.predicate} {_ALONE.get(what, 'alone')}, but with {len(judgements)} {what} that can be "
            f"chance (p = {adjusted[device]:.2f} after Holm)",
        )
        if judged.outcome == "broken" and adjusted[device] > _ALPHA
        else judged
        for device, judged in judgements.items()
    }


def _judge_effect(rule: Rule, quantity: Quantity, effect: Paired, baseline_value: float) -> RuleJudgement:
    gain = as_gain(quantity, effect.estimate)
    improve = rule.improve_by_at_least
    bound, effect_bound = _gain_bound(rule, quantity, baseline_value)
    asked = margin_in_words(_relative_amount(rule), quantity)
    weighed, weighed_bound = _weighed(rule, quantity, effect, bound)
    if isinstance(weighed, NoEffect):
        return RuleJudgement("unavailable", f"not known: {weighed.reason}")
    weighed_gain = as_gain(quantity, weighed.estimate)
    judged = _judge_bound(weighed_gain, weighed_bound, two_sided=improve is not None)
    words = _effect_words(quantity, effect.estimate)
    if effect.suspicion is not None:
        return RuleJudgement(
            "open", f"{words}; doubted: {effect.suspicion}", doubt=effect.suspicion, effect_bound=effect_bound
        )
    doubt = effect.doubt if judged.outcome == "met" else None
    level = 0.95 if improve is not None else 0.90
    leeways = as_gains(effect.leeways, turned=quantity.better == "lower")
    doubt = doubt or _doubt_on(judged.outcome, weighed_gain, level, leeways, weighed_bound)
    if (
        doubt is None
        and judged.outcome == "met"
        and improve is None
        and not _robust_agrees(quantity, weighed, weighed_bound)
    ):
        judged, still = replace(judged, outcome="open"), "the bootstrap does not confirm it"
    elif doubt is not None:
        judged, still = _Bound("open", 1.0, None), f"doubted: {doubt}"
    else:
        still = f"needs {more_needed(gain.n, judged.needed, effect.replicate)}"
    if doubt is not None:
        bound_words = (
            f"at least {asked} was asked" if improve is not None else f"at most {asked} {quantity.words[1]} was agreed"
        )
        predicate = f"{words}; {bound_words}"
    elif improve is not None:
        predicate = {
            "met": f"{words}; at least {asked} was asked",
            "broken": f"{words}, short of the {asked} that was asked",
            "open": f"{words}, so it may or may not reach the {asked} that was asked",
        }[judged.outcome]
    else:
        predicate = {
            "met": f"{_met_words(quantity, gain, words)}, within the agreed {asked}",
            "broken": f"{_broken_words(quantity, gain, bound, words)}, beyond the agreed {asked}",
            "open": f"{words}, so it may or may not be within the agreed {asked}",
        }[judged.outcome]
    if judged.outcome == "open":
        predicate += f"; {still}"
    return RuleJudgement(judged.outcome, predicate, judged.p_broken, judged.needed, effect_bound, doubt)


def _doubt_on(
    outcome: RuleOutcome, gain: Estimate, level: float, leeways: list[tuple[str, float, float]], bound: float
) -> str | None:
    """What keeps a rule from being decided; of one that is open what more of the same measurements would not mend."""
    if outcome == "open":
        interval = gain.interval(level)
        width = math.inf if interval is None else (interval[1] - interval[0]) / 2.0
        return next((text for text, below, above in leeways if max(below, above) >= width), None)
    if outcome == "met":
        return doubt_on_bounds(gain, level, leeways, above=bound, below=math.inf)
    # What is broken is held against the other end of the one-sided bound.
    return doubt_on_bounds(gain, level, leeways, above=-math.inf, below=bound)


def _relative_amount(rule: Rule) -> Amount:
    amount = rule.improve_by_at_least or rule.no_worse_than
    if amount is None:
        msg = "not a rule against the baseline"
        raise ValueError(msg)
    return amount


def _weighed(rule: Rule, quantity: Quantity, effect: Paired, bound: float) -> tuple[Paired | NoEffect, float]:
    """What is held against which bound, as a gain. A share of the baseline's value is as uncertain as that value is:
    the candidate less so much of the baseline is held against nothing.
    """
    amount = _relative_amount(rule)
    if not amount.is_share(quantity):
        return effect, bound
    if effect.against_share is None:
        return NoEffect(reason="there are no scores to take a share of"), 0.0
    turn = -1.0 if quantity.better == "lower" else 1.0
    change = turn * amount.fraction() * (1.0 if rule.improve_by_at_least is not None else -1.0)
    return effect.against_share(1.0 + change), 0.0


def _gain_bound(rule: Rule, quantity: Quantity, baseline_value: float) -> tuple[float, float]:
    """The bound of a relative rule as a gain, and on the scale of the effect. Of a share of the baseline's value it is
    that share of the value that was measured.
    """
    amount = _relative_amount(rule)
    turn = -1.0 if quantity.better == "lower" else 1.0
    if quantity.scale == "difference":
        size = amount.fraction() * baseline_value if amount.is_share(quantity) else amount.difference_in(quantity.unit)
        bound = size * (1.0 if rule.improve_by_at_least is not None else -1.0)
        return bound, turn * bound
    fraction = amount.fraction()
    bound = gain_of_margin(quantity, -fraction if rule.improve_by_at_least is not None else fraction)
    return bound, math.exp(turn * bound)


def _judge_bound(gain: Estimate, bound: float, *, two_sided: bool) -> _Bound:
    error = gain.standard_error
    if error is None:
        return _Bound("open", 1.0, None)
    if error == 0.0:
        met = gain.mean >= bound - 1e-12 * max(1.0, abs(bound))
        return _Bound("met", 1.0, None) if met else _Bound("broken", 0.0, None)
    factor = 2.0 if two_sided else 1.0
    p_met, p_broken = gain.p_at_most(bound), gain.p_at_least(bound)
    p_met = min(1.0, factor * (1.0 if p_met is None else p_met))
    p_broken = min(1.0, factor * (1.0 if p_broken is None else p_broken))
    if p_met <= _ALPHA:
        return _Bound("met", p_broken, None)
    if p_broken <= _ALPHA:
        return _Bound("broken", p_broken, None)
    needed = replicates_to_tell_from(gain, gain.mean - bound, two_sided=two_sided)
    if needed is not None:
        needed = max(math.ceil(needed * gain.n / gain.effective_n), math.ceil(1.1 * gain.n), FEWEST)
    return _Bound("open", p_broken, needed if needed is not None and needed <= MOST else None)


def _robust_agrees(quantity: Quantity, effect: Paired, bound: float) -> bool:
    """Whether the one-sided BCa bound, where there is one, is inside the margin too; asked of scores only."""
    if quantity.measured_in != "quality" or effect.robust is None:
        return True
    low, high = effect.robust.level_90
    return (low if quantity.better == "higher" else -high) > bound


def _met_words(quantity: Quantity, gain: Estimate, words: str) -> str:
    """`at worst 0.06 dB lower`; plain `31 % faster (…)` where even the worst is an improvement."""
    narrow = gain.interval(0.90)
    if narrow is None or gain.standard_error == 0.0 or narrow[0] >= 0.0:
        return words
    limit = limit_in_words(quantity, _loss(quantity, narrow[0]))
    return f"at worst {limit} {quantity.words[1]}"


def _broken_words(quantity: Quantity, gain: Estimate, bound: float, words: str) -> str:
    """`at least 2.1 % slower`, the bound that broke the rule: the 95 % interval may reach back into the margin.

    Plain words where the bound is not a loss (a margin below zero has none), or the value is exact.
    """
    narrow = gain.interval(0.90)
    if narrow is None or gain.standard_error == 0.0 or narrow[1] >= 0.0:
        return words
    least, agreed = (_loss(quantity, end) for end in (narrow[1], bound))
    if least <= agreed:  # a share of the baseline's value is judged by another interval
        return words
    return at_least_in_words(quantity, least, beyond=agreed)


def _loss(quantity: Quantity, gain: float) -> float:
    """A gain as a loss that people see: a fraction, or in the unit."""
    if quantity.scale == "difference":
        return -gain
    return math.expm1(-gain) if quantity.better == "lower" else -math.expm1(gain)


def _effect_words(quantity: Quantity, estimate: Estimate) -> str:
    ends = estimate.interval(0.95)
    if quantity.scale == "difference":
        return effect_in_words(quantity, estimate.mean, *(ends or ()))
    return effect_in_words(quantity, math.exp(estimate.mean), *(math.exp(end) for end in ends or ()))


def _judge_own_value(rule: Rule, quantity: Quantity, level: Level, nouns: Nouns) -> RuleJudgement:
    amount = rule.at_most or rule.at_least
    if amount is None:
        msg = "not a rule on the candidate's own value"
        raise ValueError(msg)
    if level.infinite and rule.at_least is not None:
        questioned = level.suspicion or level.doubt
        if questioned is not None:
            words = f"infinite, as far as there are values; doubted: {questioned}"
            return RuleJudgement("open", words, doubt=questioned)
        return RuleJudgement(
            "met", f"infinite: every {nouns.singular} is identical; at least {amount_in_words(amount)} was asked"
        )
    if isinstance(level.value, Unavailable) or level.estimate is None:
        reason = level.value.reason if isinstance(level.value, Unavailable) else "there is no value"
        return RuleJudgement("unavailable", f"not known: {reason}")
    bound = amount.in_unit(quantity.unit)
    if quantity.scale == "ratio":
        bound = math.log(bound) if bound > 0.0 else -math.inf
    upward = rule.at_least is not None
    gain = level.estimate if upward else level.estimate.negated()
    signed_bound = bound if upward else -bound
    judged = _judge_bound(gain, signed_bound, two_sided=True)
    ends = _own_interval(quantity, level.estimate)
    words = value_in_words(quantity, level.value.value)
    if ends is not None:
        low, high = ends
        words += f" (between {value_in_words(quantity, low)} and {value_in_words(quantity, high)})"
    if level.suspicion is not None:
        return RuleJudgement("open", f"{words}; doubted: {level.suspicion}", doubt=level.suspicion)
    doubt = level.doubt if judged.outcome == "met" else None
    leeways = as_gains(level.leeways, turned=not upward)
    doubt = doubt or _doubt_on(judged.outcome, gain, 0.95, leeways, signed_bound)
    side, wrong_side = ("at least", "below") if upward else ("at most", "above")
    if doubt is not None:
        predicate = f"{words}; {side} {amount_in_words(amount)} was asked; doubted: {doubt}"
        return RuleJudgement("open", predicate, doubt=doubt)
    predicate = {
        "met": f"{words}; {side} {amount_in_words(amount)} was asked",
        "broken": f"{words}, {wrong_side} the agreed {amount_in_words(amount)}",
        "open": f"{words}, so it may or may not be {side} {amount_in_words(amount)}",
    }[judged.outcome]
    return RuleJudgement(judged.outcome, predicate, judged.p_broken, judged.needed)


def _own_interval(quantity: Quantity, estimate: Estimate) -> tuple[float, float] | None:
    """95 % of the candidate's own value in its unit; None where it is exact, or one replicate is all there is."""
    ends = estimate.interval(0.95)
    if ends is None or not ends[0] < ends[1]:
        return None
    low, high = (math.exp(end) if quantity.scale == "ratio" else end for end in ends)
    if quantity.unit == "%":  # a share, of which a t interval knows nothing
        low, high = max(low, 0.0), min(high, 100.0)
    return low, high


def _own_value(rule: Rule, quantity: Quantity, level: Level) -> OwnValue | None:
    amount = rule.at_most or rule.at_least
    if amount is None or isinstance(level.value, Unavailable) or level.estimate is None:
        return None
    if not math.isfinite(level.value.value):
        return None
    ends = _own_interval(quantity, level.estimate)
    low, high = ends if ends is not None and all(map(math.isfinite, ends)) else (None, None)
    return OwnValue(value=level.value.value, low=low, high=high, limit=amount.in_unit(quantity.unit))


def _judge_tail(rule: Rule, quantity: Quantity, evidence: Evidence) -> RuleJudgement:
    noun = evidence.nouns.singular
    if isinstance(evidence.effect, NoEffect) or evidence.effect.tail is None:
        reason = (
            evidence.effect.reason if isinstance(evidence.effect, NoEffect) else f"it has no {evidence.nouns.plural}"
        )
        return RuleJudgement("unavailable", f"not known {noun} by {noun}: {reason}")
    if rule.item_margin is None or rule.worst_share is None:
        msg = "not a rule on the tail"
        raise ValueError(msg)
    share = rule.worst_share.fraction()
    seen = evidence.effect.tail(rule.item_margin.difference_in(quantity.unit))
    if seen is None:
        return RuleJudgement("unavailable", f"not known {noun} by {noun}: no {noun} has a value in both arms")
    margin, agreed = amount_in_words(rule.item_margin), amount_in_words(rule.worst_share)
    fact = f"worse by more than {margin} on {seen.items_worse} of {counted(seen.items, noun)}"
    suspicion = evidence.effect.suspicion
    if suspicion is not None:
        return RuleJudgement("open", f"{fact}; doubted: {suspicion}", doubt=suspicion)
    if seen.any_item.upper <= share:
        upper = percent_in_words(seen.any_item.upper)
        return RuleJudgement("met", f"{fact}, which proves a share of at most {upper} (agreed: {agreed})")
    if seen.all_items.lower > share:
        return RuleJudgement("broken", f"{fact}, more than the agreed {agreed}", share_p(seen.all_items, share))
    needed = replicates_for_share(seen.any_item, share)
    what = noun if seen.any_item.n == seen.items else "scene"
    proof = f"{fact}, which proves only a share of at most {percent_in_words(seen.any_item.upper)} (agreed: {agreed})"
    if needed is not None:
        proof += f"; needs {counted(needed, what)} in all" + (" without one such" if seen.items_worse == 0 else "")
    return RuleJudgement("open", proof, share_p(seen.all_items, share), needed)


def _worst_of(parts: list[RuleJudgement]) -> RuleJudgement:
    """The first part that is broken, unavailable or open decides; predicates are joined."""
    rank: list[RuleOutcome] = ["broken", "unavailable", "open", "met"]
    worst = min(parts, key=lambda part: rank.index(part.outcome))
    needed = [part.needed for part in parts if part.needed is not None]
    return RuleJudgement(
        worst.outcome,
        "; and it is ".join(part.predicate for part in parts),
        min(part.p_broken for part in parts),
        max(needed, default=None),
        parts[0].effect_bound,
        worst.doubt,
        parts[0].own_value,
    )
