"""The mean of a share of rare events over replicates, such as inferences that stall, with an interval that does not
vanish where none was seen.

Thirty pairs without a single stall scatter by nothing, and still do not prove that there are none. So the squares about
the mean count what was not seen as well: one event more in each arm (as Agresti & Coull 1998 add events to a share),
which for 600 inferences without any leaves ±0.5 points.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from harness.statistics.confidence_sequence import Look, SequentialEstimate
from harness.statistics.estimate import Estimate, Floats, estimate_mean, estimate_series_mean
from harness.statistics.inverted import InvertedEstimate, invert

_MOST_ALIKE = 0.99
_ROUNDING = 1e-12


def estimate_rare(
    values: Floats,
    unseen_squares: float,
    looks_after: Floats | None,
    *,
    series: bool = False,
    least_variance: float = 0.0,
) -> Estimate:
    """Mean of shares, or of differences of shares, of shape (n,), n ≥ 1, in time order.

    `unseen_squares` is the sum of squares of what one event more in each arm changes in one replicate. `looks_after`
    are the numbers of replicates after which the run could have ended, without the last, n; None for a fixed number.
    `series`: neighbours resemble each other, as those of an arm's own values do. `least_variance`: that of one
    replicate if the share were what it is tested for, which counts where the values scatter by less.
    """
    plain = estimate_mean(values)
    if plain.sd is None:
        return plain if looks_after is None else SequentialEstimate(plain.mean, None, 1, 1.0)
    sd = math.sqrt(max(plain.sd**2, least_variance) + unseen_squares / (plain.n - 1))
    if looks_after is None:
        return replace(plain, sd=sd, effective_n=estimate_series_mean(values).effective_n if series else float(plain.n))
    counts = np.concatenate([looks_after[looks_after > 1], [plain.n]]).astype(np.float64)
    means, squares, effective = _prefixes(values - plain.mean, counts, series=series)
    sds = np.sqrt(np.maximum(squares / (counts - 1.0), least_variance) + unseen_squares / (counts - 1.0))
    looks = tuple(map(Look, (plain.mean + means).tolist(), sds.tolist(), effective.tolist()))
    found = SequentialEstimate(plain.mean, sd, plain.n, float(effective[-1]), looks=looks)
    # Where earlier looks exclude what the mean has become, the last alone speaks.
    inside = found.interval(0.90)
    return found if inside is None or inside[0] <= plain.mean <= inside[1] else replace(found, looks=looks[-1:])


def estimate_own_share(shares: Floats, one_more: float, whole: float, looks_after: Floats | None) -> InvertedEstimate:
    """An arm's own share of rare events, `shares` of shape (n,) in time order, whose neighbours resemble each other, in
    parts of `whole` (1 or 100). `one_more` is what an event more changes in a replicate.

    A value is tested with the variance that chance alone gives such a share, where the shares scatter by less: without
    any event seen, 600 inferences leave 0.8 % possible (Clopper & Pearson's bound for them is 0.6 %).
    """

    def test(value: float) -> Estimate:
        by_chance = one_more * value * (whole - value) / whole
        return estimate_rare(shares - value, one_more**2, looks_after, series=True, least_variance=by_chance)

    return invert(float(shares.mean()), test, looked_at=looks_after is not None)


def looks_from(first_look: int | None, n: int) -> Floats | None:
    """After every replicate from `first_look` on, of n."""
    return None if first_look is None else np.arange(max(first_look, 2), n, dtype=np.float64)


def _prefixes(centred: Floats, counts: Floats, *, series: bool) -> tuple[Floats, Floats, Floats]:
    """After so many of the centred values: mean, sum of squares about it, and effective number. Where neighbours are
    alike, with the correction of `harness.statistics.confidence_sequence.estimate_series_sequentially`.
    """
    at = counts.astype(np.intp) - 1
    sums = np.cumsum(centred)
    means = sums[at] / counts
    of_all = np.cumsum(centred**2)[at]
    squares = of_all - counts * means**2
    squares = np.where(squares > _ROUNDING * of_all, squares, 0.0)
    if not series:
        return means, squares, counts
    neighbours = np.concatenate([[0.0], np.cumsum(centred[1:] * centred[:-1])])
    products = neighbours[at] - means * (2.0 * sums[at] - centred[0] - centred[at]) + (counts - 1.0) * means**2
    with np.errstate(divide="ignore", invalid="ignore"):
        alike = np.where(squares > 0.0, products / squares, 0.0)
    alike = np.clip(alike + (1.0 + 3.0 * alike) / counts, 0.0, _MOST_ALIKE)
    return means, squares, np.maximum(counts * (1.0 - alike) / (1.0 + alike), np.minimum(counts, 2.0))
