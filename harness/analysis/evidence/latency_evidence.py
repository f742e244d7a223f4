"""Latency of one candidate against the baseline: paired blocks, each reduced to its median, its 90th percentile or its
mean. What single slow inferences do is in `harness.analysis.evidence.latency_tail`.

What is counted are launches (fresh processes of both arms, some pairs in each), or pairs where the processes stayed the
same. `first_look` says from when on the run could have ended (`harness.experiment.declaration.Measure.first_look`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from harness.analysis.evidence.block_findings import NOTABLE, find_course
from harness.analysis.evidence.evidence import Level, Paired
from harness.documents.comparison import NoEffect
from harness.experiment.launches import NEVER, FirstLook
from harness.quantity import Available, Quantity, Unavailable
from harness.statistics.bootstrap import bca_intervals
from harness.statistics.confidence_sequence import (
    SequentialEstimate,
    estimate_sequentially,
    estimate_series_sequentially,
)
from harness.statistics.diagnostics import (
    Trend,
    TwoLevels,
    find_dependence,
    find_position_effect,
    find_trend,
    find_two_levels,
)
from harness.statistics.estimate import Floats, estimate_mean, estimate_series_mean
from harness.statistics.launches import (
    Labels,
    estimate_launches,
    estimate_launches_sequentially,
    launch_means,
    launches_of,
    spreads,
)
from harness.statistics.paired import log_ratios
from harness.statistics.sign_flip import sign_flip_test
from harness.words.changes import effect_in_words, value_in_words
from harness.words.sentences import counted

if TYPE_CHECKING:
    import pandas as pd

ENOUGH_PAIRS = 20
_STATISTICS = {"p50_ns": "median", "p90_ns": "90th percentile", "mean_ns": "mean"}
"""The columns of a block's summary that quantities are measured as."""
_FEWEST_FOR_P90 = 10


def summarise_blocks(latency: pd.DataFrame) -> pd.DataFrame:
    """One row a block: device, arm, pair, position, session, launch, started_ns, p50_ns, p90_ns, mean_ns, inferences.

    Percentiles are numpy's linear ones, float64 nanoseconds. In time order. `launch` is −1 where there are none.
    """
    import pandas as pd

    keys = ["device", "arm", "pair", "position", "session", "launch", "block_started_ns"]
    rows = [
        (*key, float(np.median(values)), float(np.percentile(values, 90)), float(values.mean()), len(values))
        for key, values in ((key, group.to_numpy()) for key, group in latency.groupby(keys, sort=False)["latency_ns"])
    ]
    frame = pd.DataFrame(
        rows,
        columns=[
            "device",
            "arm",
            "pair",
            "position",
            "session",
            "launch",
            "started_ns",
            "p50_ns",
            "p90_ns",
            "mean_ns",
            "inferences",
        ],
    )
    return frame.sort_values(["device", "pair", "position"], ignore_index=True)


def latency_level(quantity: Quantity, blocks: pd.DataFrame, source: str, first_look: FirstLook = NEVER) -> Level:
    """An arm's own latency from its blocks (rows of `summarise_blocks` of one arm on one device): their geometric mean.

    Its uncertainty allows for blocks that follow each other being alike.
    """
    values = blocks[quantity.measured_as].to_numpy(dtype=np.float64)
    return level_of_blocks(quantity, values, launches_of(blocks["launch"], blocks["session"]), source, first_look)


def level_of_blocks(
    quantity: Quantity, values: Floats, launches: Labels | None, source: str, first_look: FirstLook
) -> Level:
    """As `latency_level`, from the blocks' own medians or percentiles in nanoseconds, in time order."""
    name = _STATISTICS[quantity.measured_as or quantity.name]
    if values.size == 0:
        return Level(Unavailable(reason="no whole pair of blocks was measured"), None)
    if not np.all(values > 0):
        return Level(Unavailable(reason="the device's clock is too coarse: some blocks took no time"), None)
    what = f"geometric mean of {counted(values.size, 'block ' + name)}"
    logarithms, first = np.log(values), first_look.pairs
    if launches is not None:
        logarithms, first = launch_means(logarithms, launches), first_look.launches
        what += f" in {counted(logarithms.size, 'launch')}"
    estimate = estimate_series_mean(logarithms) if first is None else estimate_series_sequentially(logarithms, first)
    value = Available(value=math.exp(estimate.mean), unit=quantity.unit, source=f"{what}{source}")
    return Level(value, estimate)


def effect_of_blocks(
    baseline: Floats, candidate: Floats, launches: Labels | None, first_look: FirstLook
) -> Paired | NoEffect:
    """Candidate against baseline from the medians or percentiles of paired blocks, in nanoseconds, in time order: the
    estimate alone.
    """
    if baseline.size == 0:
        return NoEffect(reason="no whole pair of blocks was measured")
    try:
        differences = log_ratios(baseline, candidate)
    except ValueError:
        return NoEffect(reason="the device's clock is too coarse: some blocks took no time")
    if launches is None:
        first = first_look.pairs
        pairs = estimate_mean(differences) if first is None else estimate_sequentially(differences, first)
        return Paired(pairs, "pair of blocks")
    first = first_look.launches
    if first is None:
        return Paired(estimate_launches(differences, launches), "launch")
    return Paired(estimate_launches_sequentially(differences, launches, first), "launch")


def latency_effect(
    quantity: Quantity,
    baseline: pd.DataFrame,
    candidate: pd.DataFrame,
    names: Mapping[str, str],
    seed: int,
    first_look: FirstLook = NEVER,
) -> Paired | NoEffect:
    """Candidate against baseline over the pairs of blocks both have. `names`: `baseline`, `candidate` → arm's name."""
    both = baseline.merge(candidate, on=["pair", "session", "launch"], suffixes=("_a", "_b")).sort_values("pair")
    ours, theirs = (both[f"{quantity.measured_as}_{side}"].to_numpy(dtype=np.float64) for side in ("a", "b"))
    launches = launches_of(both["launch"], both["session"])
    effect = effect_of_blocks(ours, theirs, launches, first_look)
    if isinstance(effect, NoEffect):
        return effect
    differences = log_ratios(ours, theirs)
    candidate_first = (both["position_b"] < both["position_a"]).to_numpy()
    warnings: list[str] = []
    if quantity.name == "latency_p50":  # what is wrong with the pairs is said once, not for every percentile
        if first_look == NEVER and differences.size < ENOUGH_PAIRS:
            warnings.append(
                f"Only {counted(differences.size, 'pair')} of blocks; {ENOUGH_PAIRS} or more make an interval to rely "
                "on."
            )
        warnings += _caution_differences(quantity, differences, candidate_first) + _caution_order(candidate_first)
        for side, role in (("a", "baseline"), ("b", "candidate")):
            warnings += _caution_speed(quantity, both[f"p50_ns_{side}"].to_numpy(dtype=np.float64), names[role])
    elif quantity.name == "latency_p90":
        fewest = int(min(both["inferences_a"].min(), both["inferences_b"].min()))
        if fewest < _FEWEST_FOR_P90:
            warnings.append(
                f"Blocks hold only {counted(fewest, 'inference')}, so their 90th percentile is close to their "
                "slowest. Raise measure.block_ms."
            )
    # Neither the bootstrap nor sign flips allow for a run that could have ended on the way.
    fixed = not isinstance(effect.estimate, SequentialEstimate)
    replicates = differences if launches is None else launch_means(differences, launches)
    of_launches = None if launches is None else spreads(differences, launches)
    return replace(
        effect,
        spread_of_launches=of_launches.between if of_launches is not None else None,
        robust=bca_intervals(replicates, seed) if fixed else None,
        sign_flip=sign_flip_test(replicates, seed) if fixed else None,
        warnings=warnings,
    )


def _caution_differences(quantity: Quantity, differences: Floats, candidate_first: np.ndarray) -> list[str]:
    warnings: list[str] = []
    n = differences.size
    if n > 1 and float(np.ptp(differences)) == 0.0:
        warnings.append("Every pair gave exactly the same ratio, which real timings do not; is the clock too coarse?")
    trend, dependence = find_trend(differences), find_dependence(differences)
    if trend is not None and abs(trend.total) >= NOTABLE / 2:
        warnings.append(
            "The difference between the arms moved along the run (the candidate ended "
            f"{_aside(effect_in_words(quantity, math.exp(trend.total)))} against the baseline than it began): the "
            "device was not in a steady state. Let it cool or warm up longer, and run again."
        )
    elif dependence is not None:  # a trend makes neighbours alike too, and says more
        warnings.append(
            "The ratio of a pair resembles that of the pair before it (autocorrelation "
            f"{dependence.autocorrelation:.1f}): something slower than a pair disturbs one arm more than the other, "
            "and the interval is narrower than it should be. Look at the blocks over time, and run again."
        )
    position = find_position_effect(differences, candidate_first)
    if position is not None:
        warnings.append(
            "Which arm goes first in a pair matters (the candidate is "
            f"{effect_in_words(quantity, math.exp(position.difference))} when it goes first). The random order evens "
            "it out over the run; a longer measure.settle_ms would take it away."
        )
    levels = find_two_levels(differences, least_gap=NOTABLE)
    if levels is not None:
        warnings.append(
            "The ratio jumps between two levels "
            f"({effect_in_words(quantity, math.exp(levels.low))} and "
            f"{effect_in_words(quantity, math.exp(levels.high))}): the mean describes neither. "
            "Look at the blocks over time."
        )
    return warnings


def _caution_order(candidate_first: np.ndarray) -> list[str]:
    n, first = candidate_first.size, int(candidate_first.sum())
    if n >= 4 and first in (0, n):
        where = "first" if first else "second"
        return [f"The candidate went {where} in every pair, so its place and its speed cannot be told apart."]
    return []


def _caution_speed(quantity: Quantity, medians: Floats, arm: str) -> list[str]:
    match find_course(medians):
        case TwoLevels(low=low, high=high):
            fast, slow = (value_in_words(quantity, math.exp(level)) for level in (low, high))
            return [f"{arm} ran at two speeds, about {fast} and {slow}: the device changed its clock or its cores."]
        case Trend(total=total):
            return [
                f"{arm} ended {_aside(effect_in_words(quantity, math.exp(total)))} than it began: the device drifted. "
                "The paired blocks allow for it; the arm's own time is less certain."
            ]
        case None:
            return []


def _aside(words: str) -> str:
    """Words of a change in the middle of a sentence: what stands behind a comma in them ends with one."""
    return f"{words}," if "," in words else words
