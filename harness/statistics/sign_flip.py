"""The sign-flip test: were there no difference, each pair's difference could as well have had the other sign."""

from __future__ import annotations

from collections.abc import Iterator
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

    Exact up to 13 pairs, seeded Monte Carlo above, where the pattern that was found counts as one more (Phipson & Smyth
    2010). The same as `scipy.stats.permutation_test(permutation_type="samples")` from the same seed, without the
    seconds in which scipy.stats is imported.
    """
    if differences.size < FEWEST:
        return None
    exact = 2**differences.size <= _RESAMPLES
    if not differences.any():
        return SignFlipTest(1.0, exact)
    observed = float(differences.mean())
    # Added up pair by pair, as scipy does: the last digits decide which means are equal.
    column = differences[:, np.newaxis]
    flipped = (np.multiply(signs.T, column, order="C") for signs in _patterns(differences.size, exact, seed))
    means = np.concatenate([each.mean(axis=0) for each in flipped])
    one_more = 0 if exact else 1
    slack = abs(observed) * 100 * float(np.finfo(np.float64).eps)
    below, above = int(np.sum(means <= observed + slack)), int(np.sum(means >= observed - slack))
    return SignFlipTest(min(2.0 * (min(below, above) + one_more) / (means.size + one_more), 1.0), exact)


def _patterns(n: int, exact: bool, seed: int) -> Iterator[Floats]:
    """Signs of shape (patterns, n), in batches."""
    if exact:
        turned = np.arange(2**n)[:, np.newaxis] >> np.arange(n) & 1
        yield np.asarray(1.0 - 2.0 * turned, dtype=np.float64)
        return
    source = np.random.default_rng(seed)
    both = np.tile(np.array([1.0, -1.0]), (_BATCH, n, 1))
    for begin in range(0, _RESAMPLES, _BATCH):
        yield source.permuted(both, axis=-1)[: _RESAMPLES - begin, :, 0]
