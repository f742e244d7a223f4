"""Does a series lie elsewhere since its last k values? A t-test of their mean against that of all before them, for
several k at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

from harness.statistics.estimate import Floats
from harness.statistics.moderated_variance import VariancePrior
from harness.statistics.serial_correlation import SerialCorrelation

FEWEST_BEFORE: Final = 3
"""Fewer values before a change are no level."""


@dataclass(frozen=True)
class TailShifts:
    """One entry for each k that was tested, shape (m,)."""

    lengths: NDArray[np.int64]
    """The k: how many values are after the change."""
    before: Floats
    after: Floats
    standard_errors: Floats
    """The standard errors of after − before."""
    degrees: Floats
    p_values: Floats
    """Two-sided, of each k by itself."""
    deviations: Floats
    """The standard deviation of a single value of factor 1."""


def tail_shifts(
    values: Floats,
    factors: Floats,
    lengths: Sequence[int],
    prior: VariancePrior,
    serial: SerialCorrelation,
    least_deviation: float,
    doubt_of_before: float = 1.0,
    fewest_before: int = FEWEST_BEFORE,
) -> TailShifts:
    """Values of shape (n,) in order, and how many times the usual variance each has. `lengths` that leave fewer than
    `fewest_before` values before are left out. The spread is that of the values before, moderated by the prior, at
    least `least_deviation`, and means of values that are alike know less (`serial`). The mean before has
    `doubt_of_before` times that variance.
    """
    ks = np.array([k for k in lengths if 1 <= k <= values.size - fewest_before], dtype=np.int64)
    counts_before = values.size - ks
    centre = float(values[0])
    shifted, weights = values - centre, 1.0 / factors
    sums_w, sums_x = np.cumsum(weights), np.cumsum(weights * shifted)
    squares = np.cumsum(weights * shifted**2)
    last = counts_before - 1
    w_before, x_before = sums_w[last], sums_x[last]
    w_after, x_after = sums_w[-1] - w_before, sums_x[-1] - x_before
    before, after = x_before / w_before, x_after / w_after
    m = counts_before.astype(np.float64)
    inflation_before, inflation_after = serial.inflation(m), serial.inflation(ks.astype(np.float64))
    # Neighbours that are alike hide a part of their spread.
    free = np.where(m > 1.0, np.maximum(m - inflation_before, 0.5 * (m - 1.0)), 1.0)
    sample = np.maximum(squares[last] - x_before * before, 0.0) / free
    alike = (serial.share * serial.memory) ** 2
    sample_degrees = (m - 1.0) * (1.0 - alike) / (1.0 + alike)
    degrees = prior.degrees + sample_degrees
    variances = (prior.degrees * prior.variance + sample_degrees * sample) / degrees
    variances = np.maximum(variances, least_deviation**2)
    errors = np.sqrt(variances * (doubt_of_before * inflation_before / w_before + inflation_after / w_after))
    p_values = np.minimum(1.0, 2.0 * stdtr(degrees, -np.abs(after - before) / errors))
    return TailShifts(ks, before + centre, after + centre, errors, degrees, p_values, np.sqrt(variances))
