"""Energy of one candidate against the baseline: long blocks of every arm once in each cycle, paired by cycle.

`first_look` says from which cycle on the run could have ended
(`harness.experiment.declaration.Experiment.energy_looks_after`); None where the number of cycles was fixed.

The table has one row per cycle and arm for one quantity: `cycle`, `value` (float64 in the quantity's unit, above idling
and so perhaps below zero; NaN where there is none), `resolution` (float64, the same unit: half of the range in which
the truth lies as far as the source goes) and `reason` (why there is none). It is made from energy blocks by whatever
knows the device's source.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from harness.analysis.evidence.energy_doubts import coarse_steps, doubts_on_cycles, drift_of_level
from harness.analysis.evidence.evidence import Level, Paired
from harness.documents.comparison import NoEffect
from harness.quantity import Available, Quantity, Unavailable
from harness.statistics.bootstrap import bca_intervals
from harness.statistics.confidence_sequence import estimate_sequentially, estimate_series_sequentially
from harness.statistics.estimate import estimate_mean, estimate_series_mean
from harness.statistics.paired import log_ratios
from harness.statistics.sign_flip import sign_flip_test
from harness.words.sentences import counted

if TYPE_CHECKING:
    import pandas as pd

    from harness.statistics.estimate import Floats

Doubtful = TypeVar("Doubtful", Level, Paired)

ENERGY_COLUMNS = ("device", "arm", "cycle", "quantity", "value", "resolution", "reason")
"""The columns of the energy table."""

_FEWEST = 3
"""With two cycles the t interval is 12.7 standard errors wide: it says nothing."""
_HIDDEN_SHARE = 0.05
"""Cycles at or below idling have no logarithm. Leaving out more of them than this leaves a selection: the cycles in
which the device's other doings happened to add to the arm's.
"""


_COARSEST_CYCLE = 0.25
"""How well a cycle must be known, as a fraction of the mean. Errors of steps and noise average out over cycles, but
what part of them is the same in every cycle (a gauge that always rounds down, steps in time with the blocks) is not
known: past this an eighth of them is 3 %.
"""
_COARSEST_MEAN = 0.03
"""What an own value is shown to: within 3 % of the truth, or not at all."""
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


def with_idle_doubt(found: Doubtful, quantity: Quantity, doubt: str | None) -> Doubtful:
    """The same, doubted where idle power is (`harness.analysis.evidence.idle_baseline`): of what is above idling."""
    if doubt is None or quantity.name != "energy_per_inference":
        return found
    return replace(found, doubt=found.doubt or doubt)


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
    coarse = _coarse(ordered) or _coarse_mean(ordered)
    if coarse is not None:
        return Level(Unavailable(reason=coarse), None)
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
        leeways=(*coarse_steps(logarithms, _log_resolution(ordered)), *drift_of_level(logarithms)),
    )


def energy_effect(
    baseline: pd.DataFrame,
    candidate: pd.DataFrame,
    seed: int,
    first_look: int | None = None,
    candidate_first: Mapping[int, bool] | None = None,
) -> Paired | NoEffect:
    """Candidate against baseline: the log-ratios of the cycles in which both have a value above zero.

    `candidate_first`: cycle → whether the candidate's block came before the baseline's; None: the order is not judged.

    A value of zero or less has no ratio: it is counted as left out, and where an arm has more than one in twenty there
    is no effect. Nor is there with fewer than three cycles.
    """
    for rows, who in ((baseline, "the baseline"), (candidate, "the candidate")):
        hidden = _hidden(rows, who)
        if hidden is not None:
            return NoEffect(reason=hidden)
    both = baseline.merge(candidate, on="cycle", suffixes=("_a", "_b")).sort_values("cycle")
    values = both[["value_a", "value_b"]].to_numpy(dtype=np.float64)
    has_both = np.isfinite(values).all(axis=1) & (values > 0).all(axis=1)
    usable = values[has_both]
    if len(usable) == 0:
        arms = (baseline, candidate)
        return NoEffect(reason=_why_missing(next((arm for arm in arms if not (arm["value"] > 0).any()), candidate)))
    for rows in (baseline, candidate):
        # The mean of a coarse source may be unknown to 3 % and the ratio known well enough: its interval holds the
        # scatter of the cycles. Logarithms of single cycles that are off by more than this are biased themselves.
        coarse = _coarse(rows)
        if coarse is not None:
            return NoEffect(reason=coarse)
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
    fixed = first_look is None
    order = None if candidate_first is None else np.array([candidate_first[one] for one in both["cycle"][has_both]])
    resolution = _log_resolution(baseline) + _log_resolution(candidate)
    found = doubts_on_cycles(differences, order, resolution, at_idling=not_positive, fixed=fixed)
    return Paired(
        estimate=estimate_mean(differences) if first_look is None else estimate_sequentially(differences, first_look),
        replicate="cycle",
        # Neither the bootstrap nor sign flips allow for a run that could have ended at any cycle.
        robust=bca_intervals(differences, seed) if fixed else None,
        sign_flip=sign_flip_test(differences, seed) if fixed else None,
        excluded=excluded,
        warnings=found.warnings,
        doubt=lost.doubt if lost is not None else None,
        leeways=tuple(found.leeways),
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


def _coarse(rows: pd.DataFrame) -> str | None:
    """Why the source is too coarse for single cycles of an arm."""
    values, resolution = _known(rows)
    if values.size == 0:
        return None
    share = resolution / values.mean() if values.mean() > 0 else np.inf
    if share <= _COARSEST_CYCLE:
        return None
    return (
        f"the source is too coarse: it tells a cycle's {values.mean():.3g} to within {resolution:.3g} only "
        f"({100 * share:.0f} %; more than {100 * _COARSEST_CYCLE:.0f} % does not average out). "
        "Raise measure.energy.block_s"
    )


def _coarse_mean(rows: pd.DataFrame) -> str | None:
    """Why the source is too coarse for an arm's own value, though not for its ratio to another.

    Errors of independent cycles leave 1/√n in their mean. The source's resolution bounds them; two standard deviations
    of the cycles bound what they came to (a source that is better than its steps promise has cycles that agree).
    """
    values, resolution = _known(rows)
    if values.size == 0:
        return None
    each = min(resolution, 2.0 * float(values.std(ddof=1))) if values.size >= _FEWEST else resolution
    share = each / np.sqrt(values.size) / values.mean()
    if share <= _COARSEST_MEAN:
        return None
    return (
        f"the source is too coarse: the mean of {counted(values.size, 'cycle')} is known to within "
        f"{100 * share:.1f} % only, and {100 * _COARSEST_MEAN:.0f} % is the most (a cycle's {values.mean():.3g} to "
        f"within {each:.3g}). Raise measure.energy.block_s or measure.energy.cycles"
    )


def _known(rows: pd.DataFrame) -> tuple[Floats, float]:
    """Values of the cycles that have one, those at idling among them, and their median resolution."""
    found = rows[np.isfinite(rows["value"])]
    values = found["value"].to_numpy(dtype=np.float64)
    return values, float(found["resolution"].median()) if values.size else 0.0


def _log_resolution(rows: pd.DataFrame) -> float:
    """How far off the logarithm of a cycle's value can be by what the source tells apart."""
    values, resolution = _known(rows)
    return math.log1p(resolution / float(values.mean())) if values.size and values.mean() > 0.0 else 0.0


def _why_missing(rows: pd.DataFrame) -> str:
    reasons = [str(reason) for reason in rows["reason"].dropna().unique()]
    return "; ".join(reasons) if reasons else "it was not measured"
