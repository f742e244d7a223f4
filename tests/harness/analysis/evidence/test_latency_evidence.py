"""What is said of paired blocks beside their ratio: each trouble is named, a clean run is quiet."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from harness.analysis.evidence.evidence import Paired
from harness.analysis.evidence.latency_evidence import latency_effect, latency_level
from harness.documents.comparison import NoEffect
from harness.experiment.launches import NEVER, FirstLook
from harness.quantity import QUANTITIES, Available, Unavailable

P50, P90 = QUANTITIES["latency_p50"], QUANTITIES["latency_p90"]
NAMES = {"baseline": "fp32", "candidate": "int8"}


def blocks(p50_ms: np.ndarray, first: np.ndarray, inferences: int = 25) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "pair": np.arange(p50_ms.size),
            "session": 0,
            "launch": -1,
            "position": np.where(first, 0, 1),
            "p50_ns": p50_ms * 1e6,
            "p90_ns": p50_ms * 1.1e6,
            "inferences": inferences,
        }
    )


def effect(
    ln_ratio: np.ndarray, level_ms: np.ndarray | None = None, candidate_first: np.ndarray | None = None
) -> Paired:
    n = ln_ratio.size
    first = np.random.default_rng(1).random(n) < 0.5 if candidate_first is None else candidate_first
    level = np.full(n, 10.0) * np.exp(np.random.default_rng(2).normal(0, 0.005, n)) if level_ms is None else level_ms
    found = latency_effect(P50, blocks(level, ~first), blocks(level * np.exp(ln_ratio), first), NAMES, 1)
    assert isinstance(found, Paired)
    return found


def noise(n: int = 30, seed: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.01, n)


def test_a_clean_run_is_quiet() -> None:
    found = effect(np.log(0.7) + noise())
    assert found.warnings == []
    assert np.exp(found.estimate.mean) == pytest.approx(0.7, rel=0.01)


@pytest.mark.parametrize(
    ("ln_ratio", "words"),
    [
        (noise(12), "Only 12 pairs of blocks; 20 or more"),
        (noise() + np.linspace(0, 0.08, 30), "moved along the run (the candidate ended"),
        (
            noise() / 4 + 0.02 * np.sin(np.arange(30) / 2),
            "The ratio of a pair resembles that of the pair before it (autocorrelation 0.8)",
        ),
        (noise() + np.where(np.arange(30) % 7 < 2, 0.3, 0.0), "The ratio jumps between two levels ("),
        (np.full(30, -0.25), "Every pair gave exactly the same ratio"),
    ],
)
def test_trouble_in_the_pairs_is_named(ln_ratio: np.ndarray, words: str) -> None:
    level = np.full(ln_ratio.size, 8.0) if np.ptp(ln_ratio) == 0.0 else None
    assert [text for text in effect(ln_ratio, level).warnings if words in text]


def test_who_goes_first_is_named_where_it_matters() -> None:
    first = np.random.default_rng(5).permutation([True] * 15 + [False] * 15)
    found = effect(noise() + np.where(first, 0.04, 0.0), candidate_first=first)
    assert [
        text
        for text in found.warnings
        if re.search(r"first in a pair matters \(the candidate is [345]\.?\d* % slower", text)
    ]
    always = effect(noise(), candidate_first=np.full(30, False))
    assert (
        "The candidate went second in every pair, so its place and its speed cannot be told apart." in always.warnings
    )


def test_a_device_that_changes_its_speed_is_named() -> None:
    jumping = 10.0 * np.where(np.arange(30) < 12, 1.0, 1.3) * np.exp(noise(seed=9) / 3)
    found = effect(noise(), jumping)
    assert [
        text for text in found.warnings if re.match(r"fp32 ran at two speeds, about (9\.9|10\.0)\d ms and 1[23]", text)
    ]
    drifting = 10.0 * np.exp(np.linspace(0, 0.15, 30) + noise(seed=9) / 3)
    found = effect(noise(), drifting)
    assert [text for text in found.warnings if re.match(r"fp32 ended 1[567]\.?\d* % slower than it began", text)]


def test_a_ninetieth_percentile_of_few_inferences_is_named() -> None:
    first = np.arange(30) % 2 == 0
    found = latency_effect(
        P90, blocks(np.full(30, 10.0) * np.exp(noise()), first, 6), blocks(np.full(30, 9.0), ~first, 6), NAMES, 1
    )
    assert isinstance(found, Paired)
    assert found.warnings == [
        "Blocks hold only 6 inferences, so their 90th percentile is close to their slowest. Raise measure.block_ms."
    ]


@pytest.mark.parametrize("first_look", [NEVER, FirstLook(10, None)], ids=["fixed", "sequential"])
def test_an_arms_own_value_lies_in_its_interval_and_is_its_middle(first_look: FirstLook) -> None:
    for seed in range(20):  # others' work slows a third of the blocks by half: the median is far below the mean
        random = np.random.default_rng(seed)
        busy = 10.0 * np.where(random.random(30) < 0.35, 1.5, 1.0) * np.exp(random.normal(0, 0.003, 30))
        level = latency_level(P50, blocks(busy, np.full(30, True)), "", first_look)
        assert isinstance(level.value, Available)
        assert level.estimate is not None
        assert level.value.value == pytest.approx(np.exp(np.log(busy * 1e6).mean()))
        low, high = np.exp(level.estimate.interval(0.95) or (0.0, 0.0))
        assert low <= level.value.value <= high


def test_candidate_divided_by_baseline_is_the_change() -> None:
    first = np.arange(30) % 2 == 0
    ours = blocks(10.0 * np.exp(np.random.default_rng(1).standard_exponential(30)), first)
    theirs = blocks(9.0 * np.exp(np.random.default_rng(2).standard_exponential(30)), ~first)
    found = latency_effect(P50, ours, theirs, NAMES, 1)
    assert isinstance(found, Paired)
    baseline, candidate = (latency_level(P50, each, "").value for each in (ours, theirs))
    assert isinstance(baseline, Available)
    assert isinstance(candidate, Available)
    assert candidate.value / baseline.value == pytest.approx(np.exp(found.estimate.mean))


def test_no_pairs_and_no_time_are_no_effect() -> None:
    none = blocks(np.array([]), np.array([], dtype=bool))
    assert latency_effect(P50, none, none, NAMES, 1) == NoEffect(reason="no whole pair of blocks was measured")
    assert latency_level(P50, none, "").value == Unavailable(reason="no whole pair of blocks was measured")
    stopped = blocks(np.zeros(3), np.array([True, False, True]))
    coarse = "the device's clock is too coarse: some blocks took no time"
    assert latency_effect(P50, stopped, stopped, NAMES, 1) == NoEffect(reason=coarse)
    assert latency_level(P50, stopped, "").value == Unavailable(reason=coarse)
