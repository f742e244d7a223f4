"""Memory, load time, first inference and frames of pages (fresh processes paired by repeat), and the size of the model
file (exact).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import numpy as np

from harness.analysis.evidence.evidence import Leeway, Level, Paired
from harness.documents.comparison import NoEffect
from harness.quantity import Available, Quantity, Unavailable
from harness.statistics.bootstrap import bca_intervals
from harness.statistics.estimate import Estimate, Floats, estimate_mean
from harness.statistics.paired import log_ratios
from harness.statistics.sign_flip import sign_flip_test
from harness.words.sentences import counted

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

_FEWEST = 3


def process_level(quantity: Quantity, rows: pd.DataFrame, source: str) -> Level:
    """Mean over fresh processes of one arm on one device, of ratio quantities the geometric one; `rows`: those of the
    table for the quantity.
    """
    values = rows["value"].to_numpy(dtype=np.float64)
    values = values[_is_value(values, quantity.scale)]
    if values.size == 0:
        return Level(Unavailable(reason=_why_missing(rows)), None)
    is_ratio = quantity.scale == "ratio"
    what = f"{'geometric ' if is_ratio else ''}mean of {counted(values.size, 'fresh process')}"
    estimate = estimate_mean(np.log(values) if is_ratio else values)
    mean = math.exp(estimate.mean) if is_ratio else estimate.mean
    value = Available(value=mean, unit=quantity.unit, source=f"{what}{source}")
    return Level(value, estimate, leeways=_too_few(values.size))


def process_effect(
    baseline: pd.DataFrame, candidate: pd.DataFrame, seed: int, scale: Literal["ratio", "difference"] = "ratio"
) -> Paired | NoEffect:
    """Candidate against baseline on that scale, fresh processes paired by repeat."""
    both = baseline.merge(candidate, on="repeat", suffixes=("_a", "_b")).sort_values("repeat")
    ours, theirs = (both[name].to_numpy(dtype=np.float64) for name in ("value_a", "value_b"))
    usable = _is_value(ours, scale) & _is_value(theirs, scale)
    if not usable.any():
        has_values = _is_value(baseline["value"].to_numpy(dtype=np.float64), scale).any()
        return NoEffect(reason=_why_missing(candidate if has_values else baseline))
    ours, theirs = ours[usable], theirs[usable]
    differences = log_ratios(ours, theirs) if scale == "ratio" else theirs - ours
    warnings = []
    if differences.size < _FEWEST:
        warnings.append(f"Only {counted(differences.size, 'fresh process')} of each arm.")
    lost = max(baseline["repeat"].nunique(), candidate["repeat"].nunique()) - differences.size
    return Paired(
        estimate=estimate_mean(differences),
        replicate="process",
        robust=bca_intervals(differences, seed),
        sign_flip=sign_flip_test(differences, seed),
        excluded={"no value in one of the arms": lost} if lost else {},
        warnings=warnings,
        leeways=_too_few(differences.size),
    )


def _is_value(values: Floats, scale: Literal["ratio", "difference"]) -> NDArray[np.bool_]:
    return np.isfinite(values) & ((values > 0) | (scale == "difference"))


def _too_few(processes: int) -> tuple[Leeway, ...]:
    """Two processes that agree to the byte show that a third one may not: nothing is decided by them."""
    if processes >= _FEWEST:
        return ()
    return (Leeway(f"only {counted(processes, 'fresh process')} of each arm", math.inf, math.inf),)


def size_level(quantity: Quantity, model_bytes: int) -> Level:
    """The model file's size: exact."""
    if model_bytes <= 0:
        return Level(Unavailable(reason="the model file is empty"), None)
    value = Available(value=float(model_bytes), unit=quantity.unit, source="size of the file")
    return Level(value, Estimate(math.log(model_bytes), None, 1, 1.0, exact=True))


def size_effect(baseline_bytes: int, candidate_bytes: int) -> Paired | NoEffect:
    """Ratio of the files' sizes: exact, so it has no interval."""
    if baseline_bytes <= 0 or candidate_bytes <= 0:
        return NoEffect(reason="a model file is empty")
    ratio = math.log(candidate_bytes / baseline_bytes)
    return Paired(estimate=Estimate(ratio, None, 1, 1.0, exact=True), replicate="file")


def _why_missing(rows: pd.DataFrame) -> str:
    reasons = [str(reason) for reason in rows["reason"].dropna().unique()]
    if reasons:
        return "; ".join(reasons)
    return "it was not measured" if rows.empty else "the device reports 0 for it"
