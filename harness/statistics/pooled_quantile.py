"""A quantile far out in the tail, of all inferences pooled over replicates: of one arm, and the ratio of two arms'.

A 99th percentile of a block of twenty is its slowest inference, so inferences of all blocks are pooled. They are no
replicates: neighbours resemble each other, and stalls come in bursts. The replicate stays the pair (or the launch), by
its *share of inferences beyond a bound*, which is a mean, and whose mean is known where the bound is the quantile:

- of one arm: the share beyond v is 1 − q where v is its quantile (Woodruff 1952, "Confidence intervals for medians and
  other position measures", JASA 47, whose interval this is);
- of two: if the candidate's quantile is θ times the baseline's, then of the candidate divided by θ as many inferences
  lie beyond the quantile of both together as of the baseline. The differences of these shares have a mean of 0.

The interval holds the values that a t-test of that mean does not reject (or, where the run could have ended at several
looks, the confidence sequence of a mean, at all looks together). No density is estimated and nothing is resampled.

Of two arms the bound itself is estimated. Where the tails differ in shape that weighs the arms' shares by
2/(1 + r) and 2r/(1 + r), r the ratio of their densities at the bound, here of the numbers of inferences around it
(`_AROUND`, two added to each). Both variances, weighed and plain, are computed, and the larger counts. To either one
event more in each arm is added, as in `harness.statistics.rare_events`.

Simulated for 30 pairs of blocks of 17 to 100 inferences (noise, exponential tails, stalls of 0.5 to 3 % alone or in
bursts, equal arms or not), 95 % intervals hold the truth 95 to 99 times in 100, where the BCa bootstrap over pairs
falls to 90. tests/harness/statistics/test_pooled_quantile.py prints it. The sequence is approximate, as shares of few
inferences are not Gaussian.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.statistics.estimate import Estimate, Floats
from harness.statistics.inverted import InvertedEstimate, invert
from harness.statistics.rare_events import estimate_rare, looks_from

_AROUND = (3.0, 1.0 / 3.0)
"""Times the share beyond the quantile: the pooled inferences between them tell the density there."""
_ADDED = 2.0


@dataclass(frozen=True)
class Pooled:
    """The inferences of one arm: logarithms of their times in descending order, the replicate that each is of, and how
    many each of the replicates has. Arrays of shape (n,), (n,) and (replicates,).
    """

    logarithms: Floats
    replicates: NDArray[np.intp]
    counts: Floats

    def upper(self, count: int) -> Pooled:
        """The slowest so many alone; the counts stay those of all."""
        return Pooled(self.logarithms[:count], self.replicates[:count], self.counts)

    def beyond(self, bound: float) -> Floats:
        """How many inferences of each replicate are beyond `bound`."""
        # Ascending for the search: the negatives of what descends.
        places = int(np.searchsorted(-self.logarithms, -bound, side="left"))
        return np.bincount(self.replicates[:places], minlength=self.counts.size).astype(np.float64)


def pool(blocks: Sequence[Floats], replicates: NDArray[np.intp]) -> Pooled:
    """From the times of each block, all > 0, and the replicate of each block, numbered from 0 in time order."""
    labels = np.repeat(replicates, [block.size for block in blocks])
    logarithms = np.log(np.concatenate(blocks))
    order = np.argsort(-logarithms, kind="stable")
    counts = np.bincount(labels, minlength=int(replicates.max()) + 1).astype(np.float64)
    return Pooled(logarithms[order], labels[order], counts)


def estimate_quantile(arm: Pooled, level: float, first_look: int | None, least: int) -> InvertedEstimate:
    """ln of the quantile at `level` of one arm. `first_look`: the replicate from which on the run could have ended;
    looks at fewer than `least` inferences are none.
    """
    one_more, looks = 1.0 / float(arm.counts.mean()), _looks(first_look, least, arm)
    by_chance = one_more * level * (1.0 - level)

    def test(value: float) -> Estimate:
        excess = one_more * (arm.beyond(value) - (1.0 - level) * arm.counts)
        return estimate_rare(excess, one_more**2, looks, series=True, least_variance=by_chance)

    return invert(float(np.quantile(arm.logarithms, level)), test, looked_at=looks is not None)


def estimate_quantile_ratio(
    baseline: Pooled, candidate: Pooled, level: float, first_look: int | None, least: int
) -> InvertedEstimate:
    """ln(candidate's quantile / baseline's), both pooled over the same replicates; otherwise as `estimate_quantile`."""
    value = float(np.quantile(candidate.logarithms, level) - np.quantile(baseline.logarithms, level))
    return invert(value, ratio_test(baseline, candidate, level, first_look, least), looked_at=first_look is not None)


def ratio_test(
    baseline: Pooled, candidate: Pooled, level: float, first_look: int | None, least: int
) -> Callable[[float], Estimate]:
    """Of ln(candidate's quantile / baseline's): of a value, what is 0 were it true."""
    contrast, looks = _Contrast(baseline, candidate, level), _looks(first_look, least, baseline, candidate)
    return lambda value: contrast.at(value, looks)


def _looks(first_look: int | None, least: int, *arms: Pooled) -> Floats | None:
    looks = looks_from(first_look, arms[0].counts.size)
    if looks is None:
        return None
    enough = np.all([np.cumsum(arm.counts) >= least for arm in arms], axis=0)
    return np.asarray(looks[enough[looks.astype(np.intp) - 1]], dtype=np.float64)


class _Contrast:
    """Two arms. At every look the bound is that of all inferences by now: of fewer it would be less certain."""

    def __init__(self, baseline: Pooled, candidate: Pooled, level: float) -> None:
        of_all = baseline.logarithms.size + candidate.logarithms.size
        # Places in descending order of both together, which at any ratio lie among the slowest of either.
        self._bound = of_all - 1 - math.floor((of_all - 1) * level)
        far, near = (math.floor(of_all * min(times * (1.0 - level), 1.0)) for times in _AROUND)
        self._near, self._far = max(near - 1, 0), min(far, of_all - 1)
        self._level = level
        self._baseline, self._candidate = (arm.upper(self._far + 1) for arm in (baseline, candidate))

    def at(self, value: float, looks: Floats | None) -> Estimate:
        """Share of the candidate beyond the common bound less that of the baseline, were exp(`value`) their ratio."""
        ours, theirs = self._baseline, self._candidate
        moved = Pooled(theirs.logarithms - value, theirs.replicates, theirs.counts)
        both = np.sort(np.concatenate([ours.logarithms, moved.logarithms]))[::-1]
        bound = float(both[self._bound])
        shares = [_shares(arm, bound) for arm in (ours, moved)]
        near, far = float(both[self._near]), float(both[self._far])
        around = [
            float(np.count_nonzero((arm.logarithms <= near) & (arm.logarithms > far))) + _ADDED for arm in (ours, moved)
        ]
        ratio = around[1] / around[0]
        unseen = [1.0 / float(arm.counts.mean()) for arm in (ours, moved)]
        (own, own_each), (other, other_each) = shares
        alike, weighed = (1.0, 1.0), (2.0 * ratio / (1.0 + ratio), 2.0 / (1.0 + ratio))
        found = [
            estimate_rare(
                other - own + of_theirs * other_each - of_ours * own_each,
                (of_ours * unseen[0]) ** 2 + (of_theirs * unseen[1]) ** 2,
                looks,
            )
            for of_ours, of_theirs in (alike, weighed)
        ]
        return max(found, key=lambda each: each.sd or 0.0)


def _shares(arm: Pooled, bound: float) -> tuple[float, Floats]:
    """The share beyond `bound`, and of each replicate how far its own number is from that share, by the mean number of
    inferences. The distances add up to 0.
    """
    beyond = arm.beyond(bound)
    share = float(beyond.sum() / arm.counts.sum())
    return share, (beyond - share * arm.counts) / float(arm.counts.mean())
