"""The tail: which share of items is worse by more than a margin, with exact binomial (Clopper-Pearson) bounds."""

from __future__ import annotations

import math
from dataclasses import dataclass

from harness.statistics.power import MOST


@dataclass(frozen=True)
class Tail:
    """`worse` of `n` replicates are worse than the margin; `lower`, `upper`: one-sided 95 % bounds on the share."""

    worse: int
    n: int
    lower: float
    upper: float

    @property
    def share(self) -> float:
        """The share that was seen."""
        return self.worse / self.n


def clopper_pearson_upper(count: int, n: int, confidence: float = 0.95) -> float:
    """One-sided upper bound on a share, the beta quantile B(confidence; k + 1, n − k). 0 of 119 gives 0.0249."""
    if count >= n:
        return 1.0
    from scipy.special import betaincinv

    return float(betaincinv(count + 1, n - count, confidence))


def clopper_pearson_lower(count: int, n: int, confidence: float = 0.95) -> float:
    """One-sided lower bound on a share, the beta quantile B(1 − confidence; k, n − k + 1)."""
    if count <= 0:
        return 0.0
    from scipy.special import betaincinv

    return float(betaincinv(count, n - count + 1, 1.0 - confidence))


def tail(worse: int, n: int) -> Tail:
    """The tail of `worse` in `n` ≥ 1 independent replicates."""
    if not 0 <= worse <= n or n == 0:
        msg = f"{worse} of {n} is no share"
        raise ValueError(msg)
    return Tail(worse, n, clopper_pearson_lower(worse, n), clopper_pearson_upper(worse, n))


def share_p(seen: Tail, share: float) -> float:
    """One-sided exact binomial p-value that the true share is at most `share`: P(K ≥ worse); below 0.05 it is more."""
    if seen.worse == 0:
        return 1.0
    if not 0.0 < share < 1.0:
        return 0.0 if share <= 0.0 else 1.0
    from scipy.special import betainc

    return float(betainc(seen.worse, seen.n - seen.worse + 1, share))


def replicates_for_share(seen: Tail, share: float) -> int | None:
    """How many replicates prove a share of at most `share`, should they go on as those that were seen.

    For none seen it is ln .05/ln(1 − share): 149 for 2 %. None where the share seen is not below it, or it takes more
    than `MOST`.
    """
    if not 0.0 < share < 1.0:
        return None
    if seen.worse == 0:
        needed = math.ceil(math.log(0.05) / math.log1p(-share))
        return None if needed > MOST else needed
    if seen.share >= share:
        return None
    low, high = seen.n, MOST
    if clopper_pearson_upper(round(seen.share * high), high) > share:
        return None
    while low < high:
        middle = (low + high) // 2
        if clopper_pearson_upper(math.ceil(seen.share * middle), middle) <= share:
            high = middle
        else:
            low = middle + 1
    return high
