"""P-values of many tests at once, adjusted so that a share of what is told, and not each test, may be false."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def adjusted_p_values(p_values: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
    """The adjusted p-values of Benjamini & Hochberg (1995), in the order of `p_values`; float64 of the same length.

    With the m p-values in ascending order, that of rank i is the smallest of p_j · m / j over all j ≥ i, at most 1. Of
    those that are at most q, a share of q is expected to be false where the tests are independent or positively
    dependent. The same as `scipy.stats.false_discovery_control`, without the second in which scipy.stats is imported.
    """
    values = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(values)
    scaled = values[order] * (values.size / np.arange(1, values.size + 1))
    adjusted = np.empty_like(scaled)
    adjusted[order] = np.minimum.accumulate(scaled[::-1])[::-1]
    return np.clip(adjusted, 0.0, 1.0)
