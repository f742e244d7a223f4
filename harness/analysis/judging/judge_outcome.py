"""The outcome of one contrast: better, worse, equivalent, not worse, or inconclusive.

Everything is judged as a *gain*: the estimate turned so that more is better, in log-ratios for ratio quantities and in
the unit for scores.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.statistics.equivalence import is_equivalent
from harness.statistics.power import FEWEST, replicates_to_tell_from

if TYPE_CHECKING:
    from harness.documents.comparison import Outcome
    from harness.experiment.declaration import Amount, Rule
    from harness.quantity import Quantity
    from harness.statistics.estimate import Estimate


@dataclass(frozen=True)
class Margins:
    """Margins of one quantity as gains (log-ratio or unit), both > 0.

    `negligible`: a difference within it is too small to matter. `agreed`: what the rules allow the candidate to lose,
    the default where no rule says.
    """

    negligible: float
    agreed: float


def margins(quantity: Quantity, rules: list[Rule], baseline_value: float = 0.0) -> Margins:
    """From the quantity's own row and the rules on the quantity; the tightest counts.

    An improvement that a rule asks for is never negligible, be it ever so small. `baseline_value` is for scores in per
    cent, of which a rule may give a share.
    """
    default = math.log1p(quantity.negligible) if quantity.scale == "ratio" else quantity.negligible
    own = [rule for rule in rules if rule.quantity == quantity.name]
    losses = [
        -_gain(quantity, rule.no_worse_than, baseline_value, worse=True)
        for rule in own
        if rule.no_worse_than is not None
    ]
    gains = [
        _gain(quantity, rule.improve_by_at_least, baseline_value)
        for rule in own
        if rule.improve_by_at_least is not None
    ]
    agreed = min(losses, default=default)
    return Margins(min(default, agreed, *gains), agreed)


def _gain(quantity: Quantity, amount: Amount, baseline_value: float, *, worse: bool = False) -> float:
    sign = -1.0 if worse else 1.0
    if quantity.scale == "difference":
        if amount.is_share(quantity):
            return sign * amount.fraction() * baseline_value
        return sign * amount.difference_in(quantity.unit)
    return gain_of_margin(quantity, -sign * amount.fraction())


def gain_of_margin(quantity: Quantity, fraction: float) -> float:
    """The gain, in log-ratios, of a candidate that is worse by `fraction` (better where it is negative): −ln(1 + δ),
    or ln(1 − δ) if higher is better.
    """
    return -math.log1p(fraction) if quantity.better == "lower" else math.log1p(-min(fraction, 1.0 - 1e-12))


def as_gain(quantity: Quantity, estimate: Estimate) -> Estimate:
    """Candidate − baseline turned so that more is better."""
    return estimate.negated() if quantity.better == "lower" else estimate


def judge_outcome(gain: Estimate, allowed: Margins) -> Outcome:
    """What is known of a candidate.

    1. equivalent: the 90 % interval lies inside the negligible margin (TOST at 5 %), even if it excludes no
       difference at all: a difference that is certain and too small to matter is not an improvement;
    2. better, worse: the 95 % interval excludes no difference;
    3. equivalent: the 90 % interval lies inside the agreed margin;
    4. not worse: the one-sided 95 % bound lies inside the agreed margin;
    5. inconclusive otherwise, and always with a single replicate.
    """
    wide, narrow = gain.interval(0.95), gain.interval(0.90)
    if wide is None or narrow is None:
        return "inconclusive"
    if is_equivalent(gain, allowed.negligible):
        return "equivalent"
    if wide[0] > 0.0:
        return "better"
    if wide[1] < 0.0:
        return "worse"
    if is_equivalent(gain, allowed.agreed):
        return "equivalent"
    return "not worse" if narrow[0] > -allowed.agreed else "inconclusive"


def replicates_to_tell(gain: Estimate, allowed: Margins) -> int | None:
    """Replicates, in all, that would end an inconclusive contrast: by telling it from no difference, or as not worse,
    whichever is sooner. None where neither is in reach.
    """
    if gain.sd is None:
        return None
    ways = [
        replicates_to_tell_from(gain, gain.mean),
        replicates_to_tell_from(gain, gain.mean + allowed.agreed, two_sided=False)
        if gain.mean > -allowed.agreed
        else None,
    ]
    possible = [way for way in ways if way is not None]
    return max(min(possible), math.ceil(1.1 * gain.n), FEWEST) if possible else None
