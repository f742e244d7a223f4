"""The share of frames that a page drops: a fresh tab a repeat, compared as a difference."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from harness.analysis.evidence.evidence import Level, Paired
from harness.analysis.evidence.process_evidence import too_few, why_missing
from harness.documents.comparison import NoEffect
from harness.quantity import Available, Quantity, Unavailable
from harness.statistics.bootstrap import bca_intervals
from harness.statistics.estimate import estimate_mean
from harness.statistics.sign_flip import sign_flip_test
from harness.words.sentences import counted

if TYPE_CHECKING:
    import pandas as pd


def share_level(quantity: Quantity, rows: pd.DataFrame, source: str) -> Level:
    """Mean over fresh tabs of one arm on one device; `rows`: the page table's for the quantity."""
    values = rows["value"].to_numpy(dtype=np.float64)
    values = values[np.isfinite(values)]
    if values.size == 0:
        return Level(Unavailable(reason=why_missing(rows)), None)
    estimate = estimate_mean(values)
    what = f"mean of {counted(values.size, 'fresh tab')}"
    value = Available(value=estimate.mean, unit=quantity.unit, source=f"{what}{source}")
    return Level(value, estimate, leeways=too_few(values.size))


def share_difference(baseline: pd.DataFrame, candidate: pd.DataFrame, seed: int) -> Paired | NoEffect:
    """Candidate less baseline, fresh tabs paired by repeat."""
    both = baseline.merge(candidate, on="repeat", suffixes=("_a", "_b")).sort_values("repeat")
    usable = both[np.isfinite(both["value_a"]) & np.isfinite(both["value_b"])]
    if usable.empty:
        return NoEffect(reason=why_missing(baseline if not np.isfinite(baseline["value"]).any() else candidate))
    differences = usable["value_b"].to_numpy(dtype=np.float64) - usable["value_a"].to_numpy(dtype=np.float64)
    lost = max(baseline["repeat"].nunique(), candidate["repeat"].nunique()) - differences.size
    return Paired(
        estimate=estimate_mean(differences),
        replicate="process",
        robust=bca_intervals(differences, seed),
        sign_flip=sign_flip_test(differences, seed),
        excluded={"no value in one of the arms": lost} if lost else {},
        leeways=too_few(differences.size),
    )
