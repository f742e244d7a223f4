"""Does a series climb or fall slowly? The slope of a straight line over its last weeks, and whether a ramp or a step
tells its course better.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import stdtr

from harness.statistics.estimate import Floats
from harness.statistics.moderated_variance import VariancePrior
from harness.statistics.serial_correlation import SerialCorrelation

FEWEST_VALUES: Final = 21
SHORTEST_RAMP: Final = 10
"""What took fewer values than this is a step."""
_LIKELY: Final = 0.9


@dataclass(frozen=True)
class Slope:
    """A straight line over the last values."""

    length: int
    change: float
    """From its begin to its end."""
    standard_error: float
    p_value: float
    """Two-sided, of this length by itself."""


def slopes(
    values: Floats,
    factors: Floats,
    lengths: Sequence[int],
    prior: VariancePrior,
    serial: SerialCorrelation,
    least_deviation: float,
) -> list[Slope]:
    """Values of shape (n,) at equal distances, and how many times the usual variance each has. One slope for each
    length that n reaches and that is at least `FEWEST_VALUES`.
    """
    taken = [length for length in lengths if FEWEST_VALUES <= length <= values.size]
    if not taken:
        return []
    # All sums over the last so many values at once, from the end of the series on.
    y, weights = (values - values[-1])[::-1], 1.0 / factors[::-1]
    time = -np.arange(values.size, dtype=np.float64)
    products = np.stack([weights, weights * time, weights * time**2, weights * y, weights * time * y, weights * y**2])
    last = np.array(taken) - 1
    w, wt, wtt, wy, wty, wyy = np.cumsum(products, axis=1)[:, last]
    n = last + 1.0
    time_squares = wtt - wt**2 / w
    slope = (wty - wt * wy / w) / time_squares
    rest = np.maximum(wyy - wy**2 / w - slope**2 * time_squares, 0.0)
    inflation = serial.inflation(n)
    alike = (serial.share * serial.memory) ** 2
    degrees = (n - 2.0) * (1.0 - alike) / (1.0 + alike)
    sample = rest / np.maximum(n - 1.0 - inflation, 0.5 * n)
    variances = (prior.degrees * prior.variance + degrees * sample) / (prior.degrees + degrees)
    errors = np.sqrt(np.maximum(variances, least_deviation**2) * inflation / time_squares)
    p_values = np.minimum(1.0, 2.0 * stdtr(prior.degrees + degrees, -np.abs(slope) / errors))
    return [
        Slope(length, float(slope[i]) * (length - 1), float(errors[i]) * (length - 1), float(p_values[i]))
        for i, length in enumerate(taken)
    ]


@dataclass(frozen=True)
class Course:
    """How a series changed, once."""

    is_drift: bool
    begin: int
    """Index of the first value after the step, or of the first on the ramp."""
    earliest: int
    latest: int
    """Between them it began with a probability of at least 90 %."""
    before: float
    after: float
    """The end of a ramp."""


def course_of(values: Floats, factors: Floats, variance: float, likelier: Floats, longest_drift: int) -> Course:
    """The step or ramp that fits values of shape (n,), n ≥ 2, with one value's variance, best. `likelier` says of each
    place how many times likelier than others a step is there before anything is measured.
    """
    weights = 1.0 / factors
    places = np.arange(values.size)
    steps = (places >= places[1:, np.newaxis]).astype(np.float64)
    step_explained = _explained(steps, values, weights)
    # A fit is as good as its likelihood and what was likely before.
    logs = step_explained / (2.0 * variance) + np.log(likelier[1:])
    shares = np.exp(logs - logs.max())
    shares /= shares.sum()
    best = int(np.argmax(shares))
    order = np.argsort(-shares)
    kept = order[: int(np.searchsorted(np.cumsum(shares[order]), _LIKELY)) + 1]
    step = best + 1
    course = Course(
        False,
        step,
        int(kept.min()) + 1,
        int(kept.max()) + 1,
        float(weights[:step] @ values[:step] / weights[:step].sum()),
        float(weights[step:] @ values[step:] / weights[step:].sum()),
    )
    begins = np.arange(max(2, values.size - longest_drift), values.size - SHORTEST_RAMP + 1)
    if values.size < FEWEST_VALUES or begins.size == 0 or likelier[step] > 1.0:
        return course
    ramps = np.maximum(places - begins[:, np.newaxis] + 1.0, 0.0)
    ramp_explained = _explained(ramps, values, weights)
    at = int(np.argmax(ramp_explained))
    # A ramp has to be clearly better: a step is what people look for first.
    if ramp_explained[at] - step_explained[best] < 2.0 * variance:
        return course
    ramp = ramps[at]
    centre = float(weights @ ramp / weights.sum())
    mean = float(weights @ values / weights.sum())
    slope = float(weights @ ((ramp - centre) * (values - mean)) / (weights @ (ramp - centre) ** 2))
    near = begins[ramp_explained >= ramp_explained[at] - 3.0 * variance]
    return Course(
        True,
        int(begins[at]),
        int(near.min()),
        int(near.max()),
        mean - slope * centre,
        mean + slope * (float(ramp[-1]) - centre),
    )


def _explained(basis: Floats, values: Floats, weights: Floats) -> Floats:
    """What a constant and one regressor take from the sum of squares beyond the constant, for each row of the basis."""
    total = float(weights.sum())
    centred = basis - (basis @ weights / total)[:, np.newaxis]
    y = values - float(weights @ values) / total
    return np.asarray((centred @ (weights * y)) ** 2 / np.maximum((centred**2) @ weights, 1e-300))
