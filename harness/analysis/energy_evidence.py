"""Energy of one candidate against the baseline: long blocks of every arm once in each cycle, paired by cycle.

`first_look` says from which cycle on the run could have ended
(`harness.experiment.declaration.Experiment.energy_looks_after`); None where the number of cycles was fixed.

The table has one row per cycle and arm for one quantity: `cycle`, `value` (float64 in the quantity's unit, above idling
and so perhaps below zero; NaN where there is none) and `reason` (why there is none). It is made from energy blocks by
whatever knows the device's source.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
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
_HIDDEN_SHARE = 0.05
"""Cycles at or below idling have no logarithm. Leaving out more of them than this leaves a selection: the cycles in
which the device's other doings happened to add to the arm's.
"""


_MUCH_LOST = 0.25
"""Where more of the planned cycles than this have no value, what took it (a sensor that fell silent late, a cable) may
as well have to do with heat or with the work itself.
"""


@dataclass(frozen=True)
class LostCycles:
    """Cycles in which an arm has no value."""

    count: int
    of: int
    """Cycles that were begun."""
    words: str
    """`3 of 6 cycles gave no value (first cycle 4: the charge counter was lost)`."""

    @property
    def doubt(self) -> str | None:
        """Why a rule cannot be called met."""
        return self.words if self.count > _MUCH_LOST * self.of else None


def lost_cycles(*arms: pd.DataFrame) -> LostCycles | None:
    """Of the cycles of these arms' rows, all of one quantity, those in which one of them has no value."""
    known = [set(rows.loc[np.isfinite(rows["value"]), "cycle"]) for rows in arms]
    begun = set().union(*(rows["cycle"] for rows in arms))
    lost = begun - set.intersection(*known)
    if not lost:
        return None
    first = min(lost)
    reasons = [reason for rows in arms for reason in rows.loc[rows["cycle"] == first, "reason"].dropna()]
    why = reasons[0] if reasons else "not every arm was measured in it"
    of = counted(len(begun), "cycle")
    return LostCycles(len(lost), len(begun), f"{len(lost)} of {of} gave no value (first cycle {first + 1}: {why})")


def energy_level(quantity: Quantity, rows: pd.DataFrame, source: str, first_look: int | None = None) -> Level:
    """An arm's own energy or power: the geometric mean over cycles. `source` ends the value's source, such as
    `, power rails`.

    Its uncertainty allows for cycles that follow each other being alike.
    """
    ordered = rows.sort_values("cycle")
    hidden = _hidden(ordered, "it")
    if hidden is not None:
        return Level(Unavailable(reason=hidden), None)
    values = ordered["value"].to_numpy(dtype=np.float64)
    values = values[np.isfinite(values)]
    at_idling = int((values <= 0).sum())
    values = values[values > 0]
    if values.size == 0:
        return Level(Unavailable(reason=_why_missing(rows)), None)
    what = f"geometric mean of {counted(values.size, 'cycle')}"
    what += f", {at_idling} at idling left out" if at_idling else ""
    logarithms = np.log(values)
    estimate = (
        estimate_series_mean(logarithms) if first_look is None else estimate_series_sequentially(logarithms, first_look)
    )
    lost = lost_cycles(ordered)
    return Level(
        Available(value=math.exp(estimate.mean), unit=quantity.unit, source=f"{what}{source}"),
        estimate,
        doubt=lost.doubt if lost is not None else None,
    )


def energy_effect(
    baseline: pd.DataFrame, candidate: pd.DataFrame, seed: int, first_look: int | None = None
) -> Paired | NoEffect:
    """Candidate against baseline: the log-ratios of the cycles in which both have a value above zero.

    A value of zero or less has no ratio: it is counted as left out, and where an arm has more than one in twenty there
    is no effect. Nor is there with fewer than three cycles.
    """
    for rows, who in ((baseline, "the baseline"), (candidate, "the candidate")):
        hidden = _hidden(rows, who)
        if hidden is not None:
            return NoEffect(reason=hidden)
    both = baseline.merge(candidate, on="cycle", suffixes=("_a", "_b")).sort_values("cycle")
    values = both[["value_a", "value_b"]].to_numpy(dtype=np.float64)
    usable = values[np.isfinite(values).all(axis=1) & (values > 0).all(axis=1)]
    if len(usable) == 0:
        arms = (baseline, candidate)
        return NoEffect(reason=_why_missing(next((arm for arm in arms if not (arm["value"] > 0).any()), candidate)))
    lost = lost_cycles(baseline, candidate)
    if len(usable) < _FEWEST:
        few = f"only {counted(len(usable), 'cycle')} gave energy above zero in both arms; {_FEWEST} are the least"
        return NoEffect(reason=few if lost is None else f"{few}; {lost.words}")
    differences = log_ratios(usable[:, 0], usable[:, 1])
    excluded = {}
    not_positive = int((np.isfinite(values).all(axis=1) & (values <= 0).any(axis=1)).sum())
    if not_positive:
        excluded["energy not above zero in one of the arms"] = not_positive
    if lost is not None:
        excluded["no value in one of the arms"] = lost.count
    warnings = []
    fixed = first_look is None
    if fixed and differences.size < ENOUGH_CYCLES:
        warnings.append(
            f"Only {counted(differences.size, 'cycle')} of energy blocks; {ENOUGH_CYCLES} or more make an interval to "
            "rely on."
        )
    if not_positive:
        warnings.append(
            f"In {counted(not_positive, 'cycle')} an arm took no more than the idling device, so they are left out: "
            "the source is too coarse for blocks this short, or other programs come and go. Raise "
            "measure.energy.block_s."
        )
    return Paired(
        estimate=estimate_mean(differences) if first_look is None else estimate_sequentially(differences, first_look),
        replicate="cycle",
        # Neither the bootstrap nor sign flips allow for a run that could have ended at any cycle.
        robust=bca_intervals(differences, seed) if fixed else None,
        sign_flip=sign_flip_test(differences, seed) if fixed else None,
        excluded=excluded,
        warnings=warnings,
        doubt=lost.doubt if lost is not None else None,
    )


def _hidden(rows: pd.DataFrame, who: str) -> str | None:
    """Why an arm whose energy is not above idling in too many cycles has none; None where it has."""
    values = rows["value"].to_numpy(dtype=np.float64)
    values = values[np.isfinite(values)]
    below = int((values <= 0).sum())
    if below <= _HIDDEN_SHARE * values.size:
        return None
    return (
        f"in {below} of {counted(values.size, 'cycle')} {who} took no more than the idling device (raise "
        "measure.energy.block_s, or keep other programs still)"
    )


def _why_missing(rows: pd.DataFrame) -> str:
    reasons = [str(reason) for reason in rows["reason"].dropna().unique()]
    return "; ".join(reasons) if reasons else "it was not measured"
