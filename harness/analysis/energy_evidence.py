"""Energy of one candidate against the baseline: long blocks of every arm once in each cycle, paired by cycle.

`first_look` says from which cycle on the run could have ended
(`harness.experiment.declaration.Experiment.energy_looks_after`); None where the number of cycles was fixed.

The table has one row per cycle and arm for one quantity: `cycle`, `value` (float64 in the quantity's unit; NaN where
there is none) and `reason` (why there is none). It is made from energy blocks by whatever knows the device's source.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from harness.analysis.evidence import Level, Paired
from harness.analysis.wording import counted
from harness.comparison import NoEffect
from harness.quantity import Available, Quantity, Unavailable
from harness.statistics.bootstrap import bca_intervals
from harness.statistics.confidence_sequence import estimate_sequentially, estimate_series_sequentially
from harness.statistics.estimate import estimate_mean, estimate_series_mean
from harness.statistics.paired import log_ratios
from harness.statistics.sign_flip import sign_flip_test

if TYPE_CHECKING:
    import pandas as pd

ENERGY_COLUMNS = ("device", "arm", "cycle", "quantity", "value", "reason")
"""Of the energy table."""

_FEWEST = 3
"""With two cycles the t interval is 12.7 standard errors wide: it says nothing."""
ENOUGH_CYCLES = 6


def energy_level(quantity: Quantity, rows: pd.DataFrame, source: str, first_look: int | None = None) -> Level:
    """An arm's own energy or power: the geometric mean over cycles. `source` ends the value's source, such as
    `, power rails`.

    Its uncertainty allows for cycles that follow each other being alike.
    """
    ordered = rows.sort_values("cycle")
    values = ordered["value"].to_numpy(dtype=np.float64)
    values = values[np.isfinite(values) & (values > 0)]
    if values.size == 0:
        return Level(Unavailable(reason=_why_missing(rows)), None)
    what = f"geometric mean of {counted(values.size, 'cycle')}"
    logarithms = np.log(values)
    estimate = (
        estimate_series_mean(logarithms) if first_look is None else estimate_series_sequentially(logarithms, first_look)
    )
    value = Available(value=math.exp(estimate.mean), unit=quantity.unit, source=f"{what}{source}")
    return Level(value, estimate)


def energy_effect(
    baseline: pd.DataFrame, candidate: pd.DataFrame, seed: int, first_look: int | None = None
) -> Paired | NoEffect:
    """Candidate against baseline: the log-ratios of the cycles in which both have a value above zero.

    A value of zero or less is no measurement (the source resolves less than the arm takes above idle) and is counted
    as left out; with fewer than three cycles there is no effect.
    """
    both = baseline.merge(candidate, on="cycle", suffixes=("_a", "_b")).sort_values("cycle")
    values = both[["value_a", "value_b"]].to_numpy(dtype=np.float64)
    usable = values[np.isfinite(values).all(axis=1) & (values > 0).all(axis=1)]
    if len(usable) == 0:
        arms = (baseline, candidate)
        return NoEffect(reason=_why_missing(next((arm for arm in arms if not (arm["value"] > 0).any()), candidate)))
    if len(usable) < _FEWEST:
        return NoEffect(
            reason=f"only {counted(len(usable), 'cycle')} gave energy above zero in both arms; {_FEWEST} are the least"
        )
    differences = log_ratios(usable[:, 0], usable[:, 1])
    excluded = {}
    not_positive = int((np.isfinite(values).all(axis=1) & (values <= 0).any(axis=1)).sum())
    if not_positive:
        excluded["energy not above zero in one of the arms"] = not_positive
    missing = max(baseline["cycle"].nunique(), candidate["cycle"].nunique()) - len(usable) - not_positive
    if missing > 0:
        excluded["no value in one of the arms"] = missing
    warnings = []
    fixed = first_look is None
    if fixed and differences.size < ENOUGH_CYCLES:
        warnings.append(
            f"Only {counted(differences.size, 'cycle')} of energy blocks; {ENOUGH_CYCLES} or more make an interval to "
            "rely on."
        )
    if not_positive:
        warnings.append(
            f"In {counted(not_positive, 'cycle')} an arm took no more than the idling device: the source is too coarse "
            "for blocks this short. Raise measure.energy.block_s."
        )
    return Paired(
        estimate=estimate_mean(differences) if first_look is None else estimate_sequentially(differences, first_look),
        replicate="cycle",
        # Neither the bootstrap nor sign flips allow for a run that could have ended at any cycle.
        robust=bca_intervals(differences, seed) if fixed else None,
        sign_flip=sign_flip_test(differences, seed) if fixed else None,
        excluded=excluded,
        warnings=warnings,
    )


def _why_missing(rows: pd.DataFrame) -> str:
    reasons = [str(reason) for reason in rows["reason"].dropna().unique()]
    if reasons:
        return "; ".join(reasons)
    if rows.empty:
        return "it was not measured"
    return "no cycle gave energy above zero: the source is too coarse, or idling takes as much"
