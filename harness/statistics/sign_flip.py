"""The sign-flip test: were there no difference, each pair's difference could as well have had the other sign."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.statistics.estimate import Floats

_RESAMPLES = 9999
_BATCH = 500
"""Sign patterns held at once: with a thousand items all of them would take 700 MB. The p-value is the same."""
FEWEST = 6
"""With fewer differences even the most extreme pattern of signs has a p-value above 5 % (2/2⁵ = 0.0625)."""


@dataclass(frozen=True)
class SignFlipTest:
    """Two-sided p-value of a mean of zero. `exact` where all 2ⁿ sign patterns were counted."""

    p_value: float
    exact: bool

    @property
    def method(self) -> str:
        """In words."""
        return "sign flips, all patterns" if self.exact else f"sign flips, {_RESAMPLES} random patterns"


def sign_flip_test(differences: Floats, seed: int) -> SignFlipTest | None:
    """Two-sided sign-flip test of shape (n,); None for fewer than six differences, where it could find nothing.

    `scipy.stats.permutation_test(permutation_type="samples")`: exact up to 13 pairs, seeded Monte Carlo above.
    """
    if differences.size < FEWEST:
        return None
    exact = 2.0**differences.size <= _RESAMPLES
    if not differences.any():
        return SignFlipTest(1.0, exact)
    from scipy.stats import permutation_test

    result = permutation_test(
        (differences,),
        lambda flipped, axis: np.mean(flipped, axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=_RESAMPLES,
        batch=_BATCH,
        rng=np.random.default_rng(seed),
    )
    return SignFlipTest(min(float(result.pvalue), 1.0), exact)
