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

from harness.analysis.evidence.evidence import Level, Paired
from harness.analysis.evidence.latency_doubts import doubts_on_effect, doubts_on_level
from harness.documents.comparison import NoEffect
from harness.experiment.launches import NEVER, FirstLook
from harness.quantity import Available, Quantity, Unavailable
from harness.statistics.bootstrap import bca_intervals
from harness.statistics.confidence_sequence import (
    SequentialEstimate,
    estimate_sequentially,
    estimate_series_sequentially,
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


def latency_level(
    quantity: Quantity,
    blocks: pd.DataFrame,
    source: str,
    first_look: FirstLook = NEVER,
    arm: str = "the arm",
    clock_step_ns: float = 0.0,
) -> Level:
    """An arm's own latency from its blocks (rows of `summarise_blocks` of one arm on one device): their geometric mean.

    Its uncertainty allows for blocks that follow each other being alike; what is doubted beyond that comes with it.
    """
    values = blocks[quantity.measured_as].to_numpy(dtype=np.float64)
    level = level_of_blocks(quantity, values, launches_of(blocks["launch"], blocks["session"]), source, first_look)
    if level.estimate is None:
        return level
    return replace(level, leeways=tuple(doubts_on_level(quantity, values, arm, clock_step_ns)[1]))


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
    clock_step_ns: float = 0.0,
) -> Paired | NoEffect:
    """Candidate against baseline over the pairs of blocks both have. `names`: `baseline`, `candidate` → arm's name;
    `clock_step_ns`: what the device's clock can tell apart (`harness.statistics.clock_step`).
    """
    both = baseline.merge(candidate, on=["pair", "session", "launch"], suffixes=("_a", "_b")).sort_values("pair")
    ours, theirs = (both[f"{quantity.measured_as}_{side}"].to_numpy(dtype=np.float64) for side in ("a", "b"))
    launches = launches_of(both["launch"], both["session"])
    effect = effect_of_blocks(ours, theirs, launches, first_look)
    if isinstance(effect, NoEffect):
        return effect
    differences = log_ratios(ours, theirs)
    candidate_first = (both["position_b"] < both["position_a"]).to_numpy()
    medians = tuple(both[f"p50_ns_{side}"].to_numpy(dtype=np.float64) for side in ("a", "b"))
    found = doubts_on_effect(
        quantity, (ours, theirs), (medians[0], medians[1]), candidate_first, names, clock_step_ns, launches
    )
    warnings: list[str] = []
    if quantity.name == "latency_p50":  # what is wrong with the pairs is said once, not for every percentile
        if first_look == NEVER and differences.size < ENOUGH_PAIRS:
            warnings.append(
                f"Only {counted(differences.size, 'pair')} of blocks; {ENOUGH_PAIRS} or more make an interval to rely "
                "on."
            )
        warnings += found.warnings
        for values, role in ((ours, "baseline"), (theirs, "candidate")):
            warnings += doubts_on_level(quantity, values, names[role])[0]
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
        leeways=tuple(found.leeways),
    )
