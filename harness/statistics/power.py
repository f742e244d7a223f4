"""What a design can see: the minimum detectable effect, and how many replicates an answer needs."""

from __future__ import annotations

import math

import numpy as np

from harness.statistics.confidence_sequence import critical_values
from harness.statistics.estimate import Estimate

_POWER_Z = 0.8416212335729143  # 80 %
TWO_SIDED_Z = 1.959963984540054  # 5 %, both sides
ONE_SIDED_Z = 1.6448536269514722  # 5 %, one side

FEWEST = 5
"""Advice to measure fewer than this would rest on a spread that so few replicates do not show."""

MOST = 100_000
"""Above this many replicates "more" is no advice."""


def minimum_detectable(estimate: Estimate) -> float | None:
    """(t.975 + t.80)·s/√n: found 80 % of the time at 5 %. On the scale of the replicates; None for one replicate.

    The interval of a sequential estimate has a larger factor in place of t.975; None where it bounds nothing yet.
    """
    error = estimate.standard_error
    if error is None:
        return None
    from scipy.special import stdtrit

    detectable = (estimate.critical_value(0.95) + float(stdtrit(estimate.degrees_of_freedom, 0.80))) * error
    return detectable if math.isfinite(detectable) else None


def replicates_to_tell_from(estimate: Estimate, distance: float, *, two_sided: bool = True) -> int | None:
    """How many replicates, in all, tell the mean from a bound that is `distance` away, by the kind of interval that the
    estimate has. None for a single replicate and where it is more than `MOST`.
    """
    if estimate.sd is None:
        return None
    if estimate.is_anytime:
        return _replicates_needed_sequentially(estimate.sd, distance, 0.95 if two_sided else 0.90)
    return replicates_needed(estimate.sd, distance, z=TWO_SIDED_Z if two_sided else ONE_SIDED_Z)


def _replicates_needed_sequentially(sd: float, distance: float, level: float) -> int | None:
    """The fewest n with (critical value at n + .84)·s/√n ≤ distance, as z + .84 for a fixed number."""
    if distance == 0.0 or not math.isfinite(distance):
        return None
    counts = np.unique(np.geomspace(2, MOST, 2000).astype(np.int64)).astype(np.float64)
    reached = (critical_values(counts, level) + _POWER_Z) * sd / np.sqrt(counts) <= abs(distance)
    return int(counts[int(np.argmax(reached))]) if reached.any() else None


def replicates_needed(sd: float, distance: float, *, z: float = TWO_SIDED_Z) -> int | None:
    """((z + .84)·s/distance)² replicates tell a true mean from a bound that is `distance` away, 80 % of the time.

    For a ratio δ the distance is ln(1 + δ). None where it is more than `MOST`, a distance of 0 among them.
    """
    if distance == 0.0 or not math.isfinite(distance):
        return None
    needed = ((z + _POWER_Z) * sd / distance) ** 2
    return None if needed > MOST else max(2, math.ceil(needed))
