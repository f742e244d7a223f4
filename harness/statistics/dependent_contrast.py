"""A difference between parts of a series whose neighbours resemble each other, such as its last third less its first.

The values are a smooth course (a cubic in time), a jump where there is one, and an AR(1) about them. With the residuals
e = M·y of that course, R(φ) the correlations φ^|i−j|, and w the weights of the difference d = w·y:

- φ is the one whose expected lag-1 autocorrelation of residuals, tr₁(M·R·M)/tr(M·R·M), is the one seen (tr₁: of the
  diagonal beside the main one), so that the bias which a fitted course and few values give it is allowed for; 0.5/√n,
  half of its standard error, is added, since a φ that is too small by chance costs more than one too large gives back;
- the variance of d is σ²·w'Rw, and σ² = e'e/tr(M·R·M);
- the degrees of freedom of σ² are tr(M·R·M)²/tr((M·R·M)²) (Satterthwaite 1946).

Where the values wander over much of the series, w'Rw is large beside what their residuals show, and so is the interval:
such a series is too short to tell a change from none.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from harness.statistics.estimate import Floats

_DEGREE = 3
_CAUTION = 0.5
_STEP = 0.005
_ALIKE = np.arange(0.0, 0.995 + _STEP / 2.0, _STEP)
"""Values of φ that are looked at."""
_FAR = 5.0
"""A difference between neighbours that is so many robust standard deviations from the median one is a jump."""
_EQUAL = 1e-9
"""Residuals below this are rounding, on the logarithm of nanoseconds."""


@dataclass(frozen=True)
class DependentContrast:
    """A difference, its standard error, and the degrees of freedom of that; `memory` is −1/ln φ, in places."""

    difference: float
    standard_error: float
    degrees_of_freedom: float
    memory: float

    def half_width(self, level: float) -> float:
        """Of the two-sided t interval."""
        from scipy.special import stdtrit

        return float(stdtrit(self.degrees_of_freedom, (1.0 + level) / 2.0)) * self.standard_error


def contrast_of_series(values: Floats, places: Floats, weights: Floats) -> DependentContrast:
    """`values` of shape (n,), n ≥ 12, at whole-numbered `places` that rise (where one is missing, the next is further
    away), and `weights` that add up to 0.
    """
    n = values.size
    difference = float(np.dot(weights, values))
    known = _moments(tuple(places.tolist()), _jump(values))
    residuals = known.leave @ values
    square = float(np.dot(residuals, residuals))
    if square <= n * _EQUAL**2:
        return DependentContrast(difference, 0.0, float(known.freedoms[0]), 0.0)
    seen = float(np.dot(residuals[1:], residuals[:-1])) / square
    found = float(np.interp(seen, known.neighbours, _ALIKE)) + _CAUTION / math.sqrt(n)
    at = min(math.ceil(found / _STEP - 1e-9), _ALIKE.size - 1)
    alike = float(_ALIKE[at])
    variance = square / float(known.traces[at]) * float(weights @ _correlations(places, alike) @ weights)
    memory = -1.0 / math.log(alike) if alike > 0.0 else 0.0
    return DependentContrast(difference, math.sqrt(variance), float(known.freedoms[at]), memory)


@dataclass(frozen=True)
class _Moments:
    """What residuals of the course are expected to show, one value for each of `_ALIKE`."""

    leave: Floats
    """M, shape (n, n)."""
    neighbours: Floats
    """Lag-1 autocorrelation."""
    traces: Floats
    freedoms: Floats


@lru_cache(maxsize=16)
def _moments(places: tuple[float, ...], jump: int | None) -> _Moments:
    at = np.array(places)
    course = _course(at, jump)
    leave = np.eye(at.size) - course @ course.T
    rows = []
    for alike in _ALIKE:
        left = leave @ _correlations(at, float(alike)) @ leave
        trace = float(np.trace(left))
        rows.append((float(np.trace(left, offset=1)) / trace, trace, trace**2 / float(np.sum(left * left))))
    neighbours, traces, freedoms = np.array(rows).T
    return _Moments(leave, neighbours, traces, freedoms)


def _correlations(places: Floats, alike: float) -> Floats:
    return np.asarray(alike ** np.abs(np.subtract.outer(places, places)), dtype=np.float64)


def _jump(values: Floats) -> int | None:
    """The place before one, if there is one."""
    steps = np.diff(values)
    away = np.abs(steps - np.median(steps))
    largest = int(np.argmax(away))
    return largest if away[largest] > _FAR * 1.4826 * float(np.median(away)) else None


def _course(places: Floats, jump: int | None) -> Floats:
    """Orthonormal columns, shape (n, 4 or 5): powers of the time up to the cube, and a jump."""
    time = 2.0 * (places - places[0]) / (places[-1] - places[0]) - 1.0
    columns = [time**power for power in range(_DEGREE + 1)]
    if jump is not None:
        columns.append((np.arange(places.size) > jump).astype(np.float64))
    orthonormal, _ = np.linalg.qr(np.column_stack(columns))
    return np.asarray(orthonormal, dtype=np.float64)
