"""The difference of two areas under ROC curves on the same items: DeLong's interval.

DeLong, DeLong & Clarke-Pearson (1988, "Comparing the areas under two or more correlated receiver operating
characteristic curves: a nonparametric approach", Biometrics 44): the variance of the difference is that of its
structural components, of which each anomalous item has one (the share of normal items below it) and each normal item
one. Near an area of 1 few of them vary, and where both arms rank every pair alike none does: an error of 0.15 of an
item of the rarer class is added (in squares), and the interval is a t interval with one degree of freedom fewer than
the rarer class has items. Of rules that a true difference at the margin should meet 5 times in 100 it then meets at
most 8 (6 to 200 items of a class, areas of .76 to .96, correlations of .5 to .99), and without the addition up to 10:
tests/harness/statistics/test_delong.py.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.statistics.estimate import Estimate, Floats

METHOD = "DeLong's interval"
"""Begins the method of the interval of a difference of two areas."""
_ADDED_ITEMS = 0.15
FEWEST = 3
"""The fewest items of either class; with fewer no variance is estimated."""


@dataclass(frozen=True)
class AreaDifference(Estimate):
    """A difference of areas times `unit`; `n` counts all items, `rarer` those of the class that has fewer."""

    rarer: int = 0

    @property
    def degrees_of_freedom(self) -> float:
        """Of the t distribution."""
        return max(self.rarer - 1.0, 1.0)

    def negated(self) -> AreaDifference:
        """The same estimate with its sign turned."""
        return AreaDifference(-self.mean, self.sd, self.n, self.effective_n, rarer=self.rarer)


def estimate_area_difference(
    before: Floats, after: Floats, labels: NDArray[np.bool_], *, share: float = 1.0, unit: float = 100.0
) -> AreaDifference:
    """AUROC of `after` less `share` times that of `before`, scores of the same items, shape (n,); `labels` says which
    are anomalous. Raises ValueError where all are of one class. No variance with fewer than three of a class.
    """
    anomalous, normal = int(labels.sum()), int((~labels).sum())
    if not anomalous or not normal:
        msg = "all items are of one class"
        raise ValueError(msg)
    first, second = _components(before, labels), _components(after, labels)
    difference = float(second[0].mean() - share * first[0].mean())
    rarer, n = min(anomalous, normal), anomalous + normal
    if rarer < FEWEST:
        return AreaDifference(unit * difference, None, n, float(n), rarer=rarer)
    variance = sum(float((two - share * one).var(ddof=1)) / one.size for one, two in zip(first, second, strict=True))
    error = math.hypot(math.sqrt(variance), _ADDED_ITEMS / rarer)
    return AreaDifference(unit * difference, unit * error * math.sqrt(n), n, float(n), rarer=rarer)


def _components(scores: Floats, labels: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """For each anomalous item the share of normal ones below it, and for each normal one that of anomalous ones above;
    equal scores count half.
    """
    anomalous, normal = scores[labels], scores[~labels]
    return _share_below(anomalous, normal), 1.0 - _share_below(normal, anomalous)


def _share_below(these: Floats, others: Floats) -> Floats:
    ranked = np.sort(others)
    below, upto = np.searchsorted(ranked, these, side="left"), np.searchsorted(ranked, these, side="right")
    return np.asarray((below + upto) / (2.0 * ranked.size), dtype=np.float64)
