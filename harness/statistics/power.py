"""What a design can see: the minimum detectable effect, and how many replicates an answer needs."""

from __future__ import annotations

import math

from harness.statistics.estimate import Estimate

_POWER_Z = 0.8416212335729143  # 80 %
TWO_SIDED_Z = 1.959963984540054  # 5 %, both sides
ONE_SIDED_Z = 1.6448536269514722  # 5 %, one side

FEWEST = 5
"""Advice to measure fewer than this would rest on a spread that so few replicates do not show."""

MOST = 100_000
"""Above this many replicates "more" is no advice."""


def minimum_detectable(estimate: Estimate) -> float | None:
    """(t.975 + t.80)·s/√n: found 80 % of the time at 5 %. On the scale of the replicates; None for one replicate."""
    error = estimate.standard_error
    if error is None:
        return None
    from scipy.special import stdtrit

    freedom = estimate.degrees_of_freedom
    return float(stdtrit(freedom, 0.975) + stdtrit(freedom, 0.80)) * error


def replicates_needed(sd: float, distance: float, *, z: float = TWO_SIDED_Z) -> int | None:
    """((z + .84)·s/distance)² replicates tell a true mean from a bound that is `distance` away, 80 % of the time.

    For a ratio δ the distance is ln(1 + δ). None where it is more than `MOST`, a distance of 0 among them.
    """
    if distance == 0.0 or not math.isfinite(distance):
        return None
    needed = ((z + _POWER_Z) * sd / distance) ** 2
    return None if needed > MOST else max(2, math.ceil(needed))
