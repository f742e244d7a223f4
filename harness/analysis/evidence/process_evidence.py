"""Memory, load time and first inference (fresh processes paired by repeat), and the size of the model file (exact)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from harness.analysis.evidence.evidence import Leeway, Level, Paired
from harness.documents.comparison import NoEffect
from harness.quantity import Available, Quantity, Unavailable
from harness.statistics.bootstrap import bca_intervals
from harness.statistics.estimate import Estimate, estimate_mean
from harness.statistics.paired import log_ratios
from harness.statistics.sign_flip import sign_flip_test
from harness.words.sentences import counted

if TYPE_CHECKING:
    import pandas as pd

_FEWEST = 3


def process_level(quantity: Quantity, rows: pd.DataFrame, source: str) -> Level:
    """Geometric mean over fresh processes of one arm on one device; `rows`: the memory table's for the quantity."""
    values = rows["value"].to_numpy(dtype=np.float64)
    values = values[np.isfinite(values) & (values > 0)]
    if values.size == 0:
        return Level(Unavailable(reason=why_missing(rows)), None)
    what = f"geometric mean of {counted(values.size, 'fresh process')}"
    estimate = estimate_mean(np.log(values))
    value = Available(value=math.exp(estimate.mean), unit=quantity.unit, source=f"{what}{source}")
    return Level(value, estimate, leeways=too_few(values.size))


def process_effect(baseline: pd.DataFrame, candidate: pd.DataFrame, seed: int) -> Paired | NoEffect:
    """Candidate against baseline, fresh processes paired by repeat."""
    both = baseline.merge(candidate, on="repeat", suffixes=("_a", "_b")).sort_values("repeat")
    usable = both[(both["value_a"] > 0) & (both["value_b"] > 0)]
    if usable.empty:
        return NoEffect(reason=why_missing(baseline if not (baseline["value"] > 0).any() else candidate))
    differences = log_ratios(usable["value_a"].to_numpy(), usable["value_b"].to_numpy())
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
        leeways=too_few(differences.size),
    )


def too_few(processes: int) -> tuple[Leeway, ...]:
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


def why_missing(rows: pd.DataFrame) -> str:
    """Why the rows of a quantity have no value, in words."""
    reasons = [str(reason) for reason in rows["reason"].dropna().unique()]
    if reasons:
        return "; ".join(reasons)
    return "it was not measured" if rows.empty else "the device reports 0 for it"
