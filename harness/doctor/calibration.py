"""From the records of a calibration to how precisely a device measures."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

import numpy as np

from devices.readings.unavailable import NotThere
from harness.documents.profile import Calibration, Detectable
from harness.experiment.declaration import GateBounds, Measure
from harness.experiment.launches import PAIRS_A_LAUNCH, launch_sizes
from harness.statistics.confidence_sequence import SequentialEstimate
from harness.statistics.diagnostics import find_trend, find_two_levels
from harness.statistics.estimate import Floats, estimate_mean
from harness.statistics.launches import Spreads, estimate_launches, launches_of, spreads
from harness.statistics.paired import log_ratios
from harness.statistics.power import minimum_detectable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.documents.records import LatencyBlock

MINUTES: Final = (1.0, 5.0, 20.0)
_FAR: Final = 3.5
_MAD_TO_SD: Final = 1.4826
"""The factor for a normal distribution, 1/Φ⁻¹(3/4)."""
_FEWEST: Final = 3
_NOTABLE: Final = 0.02
_DEFAULT_PAIRS: Final = Measure().pairs
_BUSY_CORES: Final = GateBounds().others_busy_cores or math.inf


@dataclass(frozen=True)
class CalibrationFacts:
    """What the records do not say of themselves."""

    made_at: datetime
    model: str
    runtime: str
    runner: str
    block_ms: float


def judge_calibration(pairs: Sequence[Sequence[LatencyBlock]], facts: CalibrationFacts) -> Calibration | NotThere:
    """`pairs`: of each whole pair its two blocks, in time order; the arms `a0` and `a1` are one model.

    The statistics of the two builds are those of a run with a fixed number of pairs: log-ratios of block medians and a
    t interval on the mean of their launches. What can be seen, from the standard deviations between and within
    launches, is that of a sequential run, since runs are where they say nothing else. For other lengths the number of
    pairs is the time by the seconds that a pair took here, its share of starting processes included, without what was
    waited. Nothing is said of what equal builds that were called different contradict, nor of longer runs after a
    drift, since s/√n supposes that pairs stay as they were.
    """
    if len(pairs) < _FEWEST:
        return NotThere(f"only {len(pairs)} pairs of blocks were measured, which bound nothing")
    ordered = [sorted(pair, key=lambda block: block.arm) for pair in pairs]
    medians = np.array([[float(np.median(block.latency_ns)) for block in pair] for pair in ordered])
    if not np.all(medians > 0):
        return NotThere("the device's clock is too coarse: some blocks took no time")
    differences = log_ratios(medians[:, 0], medians[:, 1])
    launches = launches_of(
        [-1 if pair[0].launch is None else pair[0].launch for pair in ordered], [pair[0].session for pair in ordered]
    )
    estimate = estimate_mean(differences) if launches is None else estimate_launches(differences, launches)
    found = None if launches is None else spreads(differences, launches)
    noise = found or Spreads(0.0, estimate.sd or 0.0)
    low, high = estimate.interval(0.95) or (0.0, 0.0)
    blocks = [block for pair in pairs for block in sorted(pair, key=lambda block: block.started_ns)]
    seconds = (blocks[-1].ended_ns - blocks[0].started_ns) / 1e9
    waited = sum(block.gate.waited_ns for block in blocks[1:] if block.gate is not None) / 1e9
    speeds = np.log(np.array([float(np.median(block.latency_ns)) for block in blocks]))
    trend, levels = find_trend(speeds), find_two_levels(speeds, least_gap=_NOTABLE)
    warnings, others = [], _others(blocks)
    if others is not None and others > _BUSY_CORES:
        warnings.append(
            f"Others kept {others:.1f} cores busy meanwhile: the device is more precise than this when it is idle."
        )
    if noise.of_means(1) == 0.0:
        warnings.append("Every pair gave the same ratio, which real timings do not; is the device's clock too coarse?")
    if levels is not None:
        warnings.append(
            f"The device ran at two speeds, {100 * math.expm1(levels.high - levels.low):.0f} % apart: its clock or its "
            "cores changed."
        )
    drift = math.expm1(trend.total) if trend is not None else None
    differ = not low <= 0.0 <= high
    pair_seconds = max(seconds - waited, 1e-3) / len(pairs)

    def seen_in(minutes: float) -> Detectable:
        seen = detectable_in(minutes, noise, pair_seconds, by_launch=found is not None)
        reason = None
        if differ:
            reason = "the two equal builds were called different"
        elif drift is not None and abs(drift) > _NOTABLE and seen.pairs > len(pairs):
            reason = f"the device drifted by {100 * abs(drift):.0f} %, and may be another one in a longer run"
        return seen if reason is None else Detectable(minutes=minutes, pairs=seen.pairs, fraction=None, reason=reason)

    return Calibration(
        made_at=facts.made_at,
        model=facts.model,
        runtime=facts.runtime,
        runner=facts.runner,
        pairs=len(pairs),
        seconds=seconds,
        waited_seconds=waited,
        block_ms=facts.block_ms,
        latency_ns=float(np.median(medians)),
        pair_sd=noise.within,
        launches=None if launches is None else len(np.unique(launches)),
        launch_sd=found.between if found is not None else None,
        difference=math.expm1(estimate.mean),
        interval_half_width=math.expm1((high - low) / 2.0),
        called_different=differ,
        drift=drift,
        outlier_pairs=_count_far(differences),
        others_busy_cores=others,
        reference_spread=_reference_spread(blocks),
        detectable=[seen_in(minutes) for minutes in MINUTES],
        default_run=seen_in((_DEFAULT_PAIRS + 0.5) * pair_seconds / 60.0),
        seen_by="sequential",
        warnings=warnings,
    )


def detectable_in(minutes: float, noise: Spreads, pair_seconds: float, *, by_launch: bool = False) -> Detectable:
    """The smallest change of latency that so many minutes of pairs show 80 % of the time at 5 %, in a run that is
    looked at after every launch, or every pair.

    expm1((c + t.80)·s/√n), c the half-width of the sequential interval in standard errors
    (`harness.statistics.confidence_sequence.critical_values`), for n = 60·minutes/pair_seconds pairs; in launches for
    as many of them as these pairs make, each of the usual size.
    """
    pairs = int(60.0 * minutes / pair_seconds)
    n, sd = (
        (len(launch_sizes(pairs, None)) if pairs else 0, noise.of_means(PAIRS_A_LAUNCH))
        if by_launch
        else (
            pairs,
            noise.within,
        )
    )
    if n < 2:
        return Detectable(minutes=minutes, pairs=pairs, fraction=None)
    least = minimum_detectable(SequentialEstimate(0.0, sd, n, float(n)))
    return Detectable(minutes=minutes, pairs=pairs, fraction=math.expm1(least) if least is not None else None)


def _count_far(differences: Floats) -> int:
    centred = np.abs(differences - np.median(differences))
    sd = _MAD_TO_SD * float(np.median(centred))
    return int((centred > _FAR * sd).sum()) if sd > 0.0 else 0


def _others(blocks: Sequence[LatencyBlock]) -> float | None:
    values = [block.gate.values.get("others_busy_cores") for block in blocks if block.gate is not None]
    numbers = [float(value) for value in values if isinstance(value, (int, float))]
    return float(np.median(numbers)) if numbers else None


def _reference_spread(blocks: Sequence[LatencyBlock]) -> float | None:
    works = np.array([float(np.median(block.reference_ns)) for block in blocks if block.reference_ns])
    if works.size < _FEWEST or float(np.median(works)) <= 0.0:
        return None
    low, high = np.percentile(works, [10, 90])
    return float((high - low) / np.median(works))
