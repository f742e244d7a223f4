"""What many series know of each other's spread: a prior for variances, so that few nights are not taken at their word.

Smyth 2004 (limma): sample variances of d degrees of freedom follow s0²·F(d, d0) where the true ones scatter about s0²
as a scaled inverse χ² with d0 degrees of freedom. The moderated variance (d0·s0² + d·s²)/(d0 + d) has d0 + d of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import digamma, polygamma

from harness.statistics.estimate import Floats

MOST_DEGREES: Final = 60.0
"""No prior counts for more, however much alike the variances look."""
FEWEST_DEGREES: Final = 3.0


@dataclass(frozen=True)
class VariancePrior:
    """A variance, in the square of the values' unit, and for how many degrees of freedom it counts."""

    variance: float
    degrees: float


def fit_prior(variances: Floats, degrees: Floats) -> VariancePrior:
    """The prior of sample variances above 0, of shape (n,), n ≥ 2, each of so many degrees of freedom: by the moments
    of their logarithms.
    """
    half = degrees / 2.0
    logs = np.log(variances) - digamma(half) + np.log(half)
    centre = float(np.median(logs))
    scatter = float(np.mean((logs - logs.mean()) ** 2) * logs.size / (logs.size - 1) - np.mean(polygamma(1, half)))
    if scatter <= 0.0:
        return VariancePrior(float(np.exp(centre)), MOST_DEGREES)
    prior_degrees = min(MOST_DEGREES, max(FEWEST_DEGREES, 2.0 * _trigamma_inverse(scatter)))
    half_prior = prior_degrees / 2.0
    return VariancePrior(float(np.exp(centre + digamma(half_prior) - np.log(half_prior))), prior_degrees)


def _trigamma_inverse(value: float) -> float:
    """By Newton's steps on 1/trigamma, which is nearly a straight line (Smyth 2004, appendix)."""
    at = 0.5 + 1.0 / value
    for _ in range(50):
        trigamma = float(polygamma(1, at))
        step = trigamma * (1.0 - trigamma / value) / float(polygamma(2, at))
        at += step
        if -step / at < 1e-8:
            break
    return at
