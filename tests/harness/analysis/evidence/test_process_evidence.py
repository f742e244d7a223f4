"""Fresh processes paired by repeat, and the exact size of a file."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from harness.analysis.evidence.evidence import Paired
from harness.analysis.evidence.process_evidence import process_effect, process_level, size_effect, size_level
from harness.documents.comparison import NoEffect
from harness.quantity import QUANTITIES, Available, Unavailable

PEAK, SIZE = QUANTITIES["run_peak_memory"], QUANTITIES["model_size"]


def rows(values: list[float], reason: str = "VmHWM cannot be reset") -> pd.DataFrame:
    return pd.DataFrame(
        {
            "repeat": range(len(values)),
            "value": np.array(values, dtype=np.float64),
            "reason": [reason if math.isnan(value) else None for value in values],
        }
    )


def test_processes_are_paired_by_repeat() -> None:
    effect = process_effect(rows([80e6, 82e6, 81e6]), rows([40e6, 41e6, 40.5e6]), seed=1)
    assert isinstance(effect, Paired)
    assert math.exp(effect.estimate.mean) == pytest.approx(0.5)
    assert (effect.estimate.n, effect.replicate, effect.excluded, effect.warnings) == (3, "process", {}, [])


def test_a_repeat_without_a_value_in_one_arm_is_left_out_and_counted() -> None:
    effect = process_effect(rows([80e6, 82e6, math.nan]), rows([40e6, 41e6, 40e6]), seed=1)
    assert isinstance(effect, Paired)
    assert effect.excluded == {"no value in one of the arms": 1}
    assert effect.warnings == ["Only 2 fresh processes of each arm."]


def test_what_no_process_reports_is_unavailable_with_the_reason() -> None:
    nothing = rows([math.nan, math.nan])
    assert process_level(PEAK, nothing, "").value == Unavailable(reason="VmHWM cannot be reset")
    assert process_effect(nothing, rows([1.0, 2.0]), seed=1) == NoEffect(reason="VmHWM cannot be reset")
    assert process_effect(rows([1.0, 2.0]), rows([]), seed=1) == NoEffect(reason="it was not measured")
    assert process_level(PEAK, rows([0.0]), "").value == Unavailable(reason="the device reports 0 for it")


def test_the_level_is_the_geometric_mean() -> None:
    value = process_level(PEAK, rows([80e6, 90e6, 81e6]), ", python runner").value
    assert isinstance(value, Available)
    assert value.value == pytest.approx((80e6 * 90e6 * 81e6) ** (1 / 3))
    assert (value.unit, value.source) == ("bytes", "geometric mean of 3 fresh processes, python runner")


def test_candidate_divided_by_baseline_is_the_change() -> None:
    # As on a machine whose disk was busy in one of the repeats: the medians differ by 140 %, the pairs by 58 %.
    ours, theirs = rows([15.7e6, 36.0e6, 15.0e6]), rows([37.7e6, 14.0e6, 38.9e6])
    effect = process_effect(ours, theirs, seed=1)
    assert isinstance(effect, Paired)
    baseline, candidate = (process_level(PEAK, each, "").value for each in (ours, theirs))
    assert isinstance(baseline, Available)
    assert isinstance(candidate, Available)
    assert candidate.value / baseline.value == pytest.approx(math.exp(effect.estimate.mean))


def test_the_size_of_a_file_is_exact() -> None:
    effect = size_effect(4_000_000, 1_000_000)
    assert isinstance(effect, Paired)
    assert effect.estimate.exact
    assert math.exp(effect.estimate.mean) == pytest.approx(0.25)
    assert size_level(SIZE, 1_000_000).value == Available(value=1e6, unit="bytes", source="size of the file")
    assert size_level(SIZE, 0).value == Unavailable(reason="the model file is empty")
    assert size_effect(4_000_000, 0) == NoEffect(reason="a model file is empty")


def test_of_a_share_nothing_is_a_value_and_is_compared_as_a_difference() -> None:
    dropped = QUANTITIES["frames_dropped"]
    effect = process_effect(rows([0.0, 0.0, 3.0]), rows([10.0, 12.0, 5.0]), seed=1, scale=dropped.scale)
    assert isinstance(effect, Paired)
    assert (effect.estimate.mean, effect.estimate.n) == (pytest.approx(8.0), 3)
    value = process_level(dropped, rows([0.0, 3.0, math.nan], "no frame was drawn"), "").value
    assert value == Available(value=1.5, unit="%", source="mean of 2 fresh processes")


def test_of_two_shares_that_are_missing_no_difference_is_claimed() -> None:
    missing = rows([math.nan, math.nan], "no frame was drawn")
    scale = QUANTITIES["frames_dropped"].scale
    for baseline, candidate in ((missing, missing), (missing, rows([0.0, 0.0])), (rows([0.0, 0.0]), missing)):
        assert process_effect(baseline, candidate, seed=1, scale=scale) == NoEffect(reason="no frame was drawn")
    few = process_effect(rows([0.0, 0.0]), rows([0.0, 0.0]), seed=1, scale=scale)
    assert isinstance(few, Paired)
    assert few.leeways  # two alike decide nothing
