"""The latencies of one arm on one device, summarised for drawing."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from harness.analysis.evidence.block_findings import find_course, find_stalls, outlying_blocks
from harness.documents.comparison import Course, LatencyDistribution, Stall
from harness.statistics.diagnostics import Trend, TwoLevels

if TYPE_CHECKING:
    import pandas as pd

    from harness.statistics.estimate import Floats

_LEVELS = [round(0.01 * step, 2) for step in range(1, 100)]


def latency_distribution(arm: str, latency: pd.DataFrame, blocks: pd.DataFrame) -> LatencyDistribution | None:
    """Quantiles of all counted inferences, the block medians and what stands out among them; None without any.

    `latency`, `blocks`: rows of this arm on this device, of the latency table and of `summarise_blocks`.
    """
    if blocks.empty:
        return None
    values = latency["latency_ns"].to_numpy(dtype=np.float64)
    ordered = blocks.sort_values("pair")
    medians = ordered["p50_ns"].to_numpy(dtype=np.float64)
    of_blocks = {pair: group.to_numpy(dtype=np.float64) for pair, group in latency.groupby("pair")["latency_ns"]}
    stalls = find_stalls([of_blocks[pair] for pair in ordered["pair"]])
    return LatencyDistribution(
        arm=arm,
        inferences=int(values.size),
        quantile_levels=_LEVELS,
        quantiles_ns=[float(number) for number in np.quantile(values, _LEVELS)],
        block_medians_ns=[float(number) for number in medians],
        block_started_s=[float(number) for number in ordered["started_s"]],
        minimum_ns=float(values.min()),
        maximum_ns=float(values.max()),
        outlying_blocks=outlying_blocks(medians),
        stalls=[Stall(block=place, slowest_ns=slowest) for place, slowest in stalls.slowest_ns.items()]
        if stalls is not None
        else [],
        course=_course(medians),
    )


def _course(medians: Floats) -> Course | None:
    match find_course(medians):
        case TwoLevels(low=low, high=high):
            return Course(kind="two speeds", levels_ns=(math.exp(low), math.exp(high)))
        case Trend(total=total):
            middle = float(np.log(medians).mean())
            return Course(kind="drift", levels_ns=(math.exp(middle - total / 2), math.exp(middle + total / 2)))
        case None:
            return None
