"""A mean that was looked at while it grew: an interval that holds at every look, and so at whatever look ended the run.

The evidence against a true mean μ₀ after n independent Gaussian replicates is the Bayes factor of the t statistic
t = √n(x̄ − μ₀)/s, ν = n − 1, with the right Haar prior on σ and N(0, c²) on the standardised effect (μ − μ₀)/σ:

    BF = K^(−1/2) · [(1 + t²/ν) / (1 + t²/(νK))]^((ν+1)/2),  K = 1 + n·c²

(Gönen, Johnson, Lu & Westfall 2005, "The Bayesian two-sample t test", with one sample; the sequential t-test of Lai
1976, "On confidence sequences", with a proper prior: Wang & Ramdas 2023, "Anytime-valid t-tests and confidence
sequences for Gaussian means with unknown variance", arXiv 2310.03722). If μ₀ is true it is a martingale that starts at
1, so it ever reaches 1/α with a probability of at most α (Ville's inequality): the μ₀ it never reached hold the truth
at every look together, whatever made the run end.

One side: half of the prior lies on each side of μ₀, so that with x̄ above it 2·BF − 1 is at most the evidence for a
mean above μ₀, which is a martingale too (a supermartingale for means below). Its inverse is the one-sided p-value.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from harness.statistics.estimate import Estimate, Floats, estimate_mean

PRIOR_SD = 1.5
"""c, the prior's standard deviation of the standardised effect: for few replicates, each a mean of several. With it the
interval is within 9 % of the narrowest that any c gives, at every number of replicates between 5 and 30 (it is 5.7·s/√n
at 5, 4.8 at 6, 3.9 at 10, 3.5 at 30).
"""


class Look(NamedTuple):
    """Mean, standard deviation and (effective) number of the replicates at one look."""

    mean: float
    sd: float
    n: float


@dataclass(frozen=True)
class SequentialEstimate(Estimate):
    """An estimate whose interval and p-values hold though the run was looked at after every replicate and could have
    ended at any of them.

    `looks` are all looks that could have ended it, the last one among them. The interval is what the intervals of all
    looks have in common, and a p-value the smallest of all looks: what was once decided stays decided.
    """

    looks: tuple[Look, ...] = ()

    @property
    def is_anytime(self) -> bool:
        """Always."""
        return True

    def negated(self) -> SequentialEstimate:
        """The same estimate with its sign turned."""
        return replace(self, mean=-self.mean, looks=tuple(Look(-look.mean, look.sd, look.n) for look in self.looks))

    @cached_property
    def _looks(self) -> tuple[Floats, Floats, Floats]:
        means, sds, counts = np.array(self.looks, dtype=np.float64).reshape(-1, 3).T
        return means, sds / np.sqrt(counts), counts

    def interval(self, level: float) -> tuple[float, float] | None:
        """Two-sided, valid at all looks together; None while the replicates are too few to bound the mean (below 4
        for 95 %).

        Each end alone is a one-sided bound at (1 + level)/2.
        """
        if not self.looks:
            return None
        means, errors, counts = self._looks
        critical = critical_values(counts, level)
        finite = np.isfinite(critical)
        half_widths = np.where(finite, np.where(finite, critical, 0.0) * errors, np.inf)
        low, high = float(np.max(means - half_widths)), float(np.min(means + half_widths))
        return (low, high) if math.isfinite(low) and math.isfinite(high) else None

    def p_at_most(self, bound: float) -> float | None:
        """One-sided anytime-valid p-value of the hypothesis that the true mean is ≤ `bound`."""
        if not self.looks:
            return None
        means, errors, counts = self._looks
        distances = means - bound
        with np.errstate(divide="ignore", invalid="ignore"):
            squares = np.where(distances > 0.0, (distances / errors) ** 2, 0.0)
        log_evidence = float(log_bayes_factors(squares, counts).max())
        return 1.0 / (2.0 * math.exp(min(log_evidence, 700.0)) - 1.0) if log_evidence > 0.0 else 1.0

    def critical_value(self, level: float) -> float:
        """Half-width of the last look's interval in standard errors; ∞ where it bounds nothing."""
        return float(critical_values(np.array([self.looks[-1].n if self.looks else self.effective_n]), level)[0])


def critical_values(n: Floats, level: float) -> Floats:
    """Half-widths of the two-sided interval, in standard errors, after each of `n` > 1 replicates; ∞ where too few.

    From BF = 1/α + 1/2, α = 1 − level, so that each end is a one-sided bound at α/2 (2·BF − 1 = 2/α):
    t² = ν(A − 1)/(1 − A/K) with A = (√K·BF)^(2/n), where A < K.
    """
    freedom, spread = n - 1.0, 1.0 + n * PRIOR_SD**2
    allowed = (np.sqrt(spread) * (1.0 / (1.0 - level) + 0.5)) ** (2.0 / n)
    with np.errstate(divide="ignore", invalid="ignore"):
        squares = freedom * (allowed - 1.0) / (1.0 - allowed / spread)
    return np.asarray(np.sqrt(np.where((allowed < spread) & (freedom > 0.0), squares, np.inf)), dtype=np.float64)


def log_bayes_factors(t_squares: Floats, n: Floats) -> Floats:
    """ln BF of each t² after n replicates; t² may be ∞."""
    freedom, spread = n - 1.0, 1.0 + n * PRIOR_SD**2
    with np.errstate(divide="ignore", invalid="ignore"):
        scaled = t_squares / freedom
        gain = np.where(np.isinf(scaled), np.log(spread), np.log1p(scaled) - np.log1p(scaled / spread))
    gain = np.where(freedom > 0.0, gain, 0.0)
    return np.asarray(n / 2.0 * gain - 0.5 * np.log(spread), dtype=np.float64)


def estimate_sequentially(values: Floats, first_look: int) -> SequentialEstimate:
    """Mean of independent replicates of shape (n,) in time order, looked at after each from `first_look` ≥ 2 on.

    With fewer than `first_look` the only look is at what there is. Raises ValueError where there are none.
    """
    plain = estimate_mean(values)
    counts, means, squares, _ = _running(values - plain.mean)
    return _estimate(plain, first_look, means, squares, counts)


def estimate_series_sequentially(values: Floats, first_look: int) -> SequentialEstimate:
    """As `estimate_sequentially`, for replicates whose neighbours resemble each other: an arm's own level.

    Each look counts the effective number n·(1 − r)/(1 + r), as `harness.statistics.estimate.estimate_series_mean`, with
    the lag-1 autocorrelation r freed of its bias of about −(1 + 3r)/n (Kendall 1954; Marriott & Pope 1954): at ten
    replicates, where the looking begins, that bias would hide most of it.
    """
    plain = estimate_mean(values)
    counts, means, squares, products = _running(values - plain.mean)
    with np.errstate(divide="ignore", invalid="ignore"):
        alike = np.where(squares > 0.0, products / squares, 0.0)
    alike = np.clip(alike + (1.0 + 3.0 * alike) / counts, 0.0, 0.99)
    effective = np.maximum(counts * (1.0 - alike) / (1.0 + alike), np.minimum(counts, 2.0))
    return _estimate(replace(plain, effective_n=float(effective[-1])), first_look, means, squares, effective)


def _running(centred: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """After each of the values, which are centred (a small spread is lost beside a large mean): how many, their mean,
    and the sums of squares and of products of neighbours about that mean.
    """
    counts = np.arange(1, centred.size + 1, dtype=np.float64)
    sums = np.cumsum(centred)
    means = sums / counts
    squares = np.maximum(np.cumsum(centred**2) - counts * means**2, 0.0)
    neighbours = np.concatenate([[0.0], np.cumsum(centred[1:] * centred[:-1])])
    products = neighbours - means * (2.0 * sums - centred[0] - centred) + (counts - 1.0) * means**2
    return counts, means, squares, products


def _estimate(
    plain: Estimate, first_look: int, means: Floats, squares: Floats, effective: Floats
) -> SequentialEstimate:
    if plain.sd is None:
        return SequentialEstimate(plain.mean, None, plain.n, plain.effective_n)
    last = Look(plain.mean, plain.sd, plain.effective_n)
    earlier = slice(max(first_look, 2) - 1, means.size - 1)
    sds = np.sqrt(squares[earlier] / np.arange(means.size)[earlier])
    looks = map(Look, (plain.mean + means[earlier]).tolist(), sds.tolist(), effective[earlier].tolist())
    return of_looks(plain, [*looks, last])


def of_looks(plain: Estimate, looks: Sequence[Look]) -> SequentialEstimate:
    """The estimate that these looks make, the last of which is `plain`.

    Where earlier looks exclude what the mean has become, the replicates had no one mean (the device changed on the
    way), and only the last look, the widest in what it allows, still speaks for all of them.
    """
    estimate = SequentialEstimate(plain.mean, plain.sd, plain.n, plain.effective_n, looks=tuple(looks))
    inside = estimate.interval(0.90)
    if inside is not None and not inside[0] <= plain.mean <= inside[1]:
        return replace(estimate, looks=(looks[-1],))
    return estimate
