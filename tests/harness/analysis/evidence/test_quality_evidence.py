"""Scores image by image: infinite PSNR, missing values, scenes, and the tail."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from harness.analysis.evidence.evidence import Paired
from harness.analysis.evidence.quality_evidence import quality_effect, quality_level
from harness.documents.comparison import NoEffect
from harness.quantity import QUANTITIES, Available, Unavailable

PSNR, LPIPS = QUANTITIES["psnr"], QUANTITIES["lpips_alex"]
INF, NAN = math.inf, math.nan


def rows(values: list[float], *, crops: int = 1, reason: str = "too small") -> pd.DataFrame:
    return pd.DataFrame(
        {
            "item": [f"i{number:02d}" for number in range(len(values))],
            "scene": [f"s{number // crops:02d}" for number in range(len(values))],
            "value": np.array(values, dtype=np.float64),
            "reason": [reason if math.isnan(value) else None for value in values],
        }
    )


def effect(before: list[float], after: list[float], *, crops: int = 1, quantity: str = "psnr") -> Paired:
    found = quality_effect(
        QUANTITIES[quantity], rows(before, crops=crops), rows(after, crops=crops), by_scene=crops > 1, seed=1
    )
    assert isinstance(found, Paired)
    return found


def test_the_mean_is_of_per_image_values() -> None:
    level = quality_level(PSNR, rows([20.0, 30.0, 40.0]))
    assert level.value == Available(value=30.0, unit="dB", source="mean of 3 images")


def test_identical_images_are_counted_and_left_out_of_the_mean() -> None:
    level = quality_level(PSNR, rows([20.0, INF, 40.0, INF]))
    assert level.value == Available(
        value=30.0, unit="dB", source="mean of 2 images, 2 identical to the reference left out"
    )


def test_nothing_but_identical_images_is_infinite_and_not_a_number() -> None:
    level = quality_level(PSNR, rows([INF, INF]))
    assert level.infinite
    assert level.value == Unavailable(reason="all 2 images are identical to their references, so the mean is infinite")


def test_missing_values_say_why() -> None:
    assert quality_level(PSNR, rows([NAN, NAN])).value == Unavailable(reason="too small")
    assert quality_level(PSNR, rows([30.0, NAN])).value == Available(
        value=30.0, unit="dB", source="mean of 1 image, 1 without a value left out"
    )


def test_differences_are_paired_by_image() -> None:
    found = effect([20.0, 30.0, 40.0, 25.0, 35.0], [20.1, 30.1, 40.1, 25.1, 35.1])
    assert found.estimate.mean == pytest.approx(0.1)
    assert found.estimate.sd == pytest.approx(0.0, abs=1e-9)
    assert (found.estimate.n, found.replicate, found.excluded) == (5, "image", {})


def test_identical_in_both_arms_is_no_difference() -> None:
    found = effect([INF, 30.0, 31.0, 32.0, 33.0], [INF, 30.5, 31.5, 32.5, 33.5])
    assert found.estimate.n == 5
    assert found.estimate.mean == pytest.approx(0.4)
    assert found.warnings == [
        "1 image identical to the reference in both arms: counted as no difference.",
        "Only 5 images: a mean over so few says little about others.",
    ]
    assert found.doubt is None


def test_the_same_model_twice_has_no_difference_at_all() -> None:
    values = [INF, 30.0, 31.0, 32.0, 33.0, 34.0]
    found = effect(values, values)
    assert found.estimate.interval(0.95) == (0.0, 0.0)
    assert found.sign_flip is not None
    assert found.sign_flip.p_value == 1.0


def test_identical_in_the_baseline_only_is_a_loss_that_no_mean_shows() -> None:
    found = effect([INF, 30.0, 31.0, 32.0, 33.0, 34.0], [40.0, 30.0, 31.0, 32.0, 33.0, 34.0])
    assert found.estimate.n == 5
    assert found.excluded == {"identical to the reference in the baseline only": 1}
    assert found.doubt == "1 image identical to the reference in the baseline only cannot be averaged"
    assert found.tail is not None
    counts = found.tail(0.5)
    assert counts is not None
    assert (counts.items_worse, counts.items) == (1, 6)


def test_identical_in_the_candidate_only_is_no_doubt() -> None:
    found = effect([40.0, 30.0, 31.0, 32.0, 33.0], [INF, 30.0, 31.0, 32.0, 33.0])
    assert found.excluded == {"identical to the reference in the candidate only": 1}
    assert found.doubt is None


def test_reasons_that_differ_in_every_item_are_counted_behind_the_first_three() -> None:
    without = rows([30.0, 31.0] + [NAN] * 40)
    without["reason"] = [None, None, *(f"file {number}" for number in range(40))]
    found = quality_effect(PSNR, rows([30.0 + number for number in range(42)]), without, by_scene=False, seed=1)
    assert isinstance(found, Paired)
    told = "40 images without a value for the candidate (file 0; file 1; file 2; 37 other reasons)."
    assert found.warnings[0] == told


def test_a_value_that_only_the_candidate_lacks_is_a_doubt_and_one_that_both_lack_is_not() -> None:
    missing = effect([30.0, 31.0, 32.0, 33.0], [30.0, 31.0, 32.0, NAN])
    assert missing.doubt == "1 image without a value for the candidate"
    assert missing.excluded == {"no value for the candidate": 1}
    assert missing.warnings[0] == "1 image without a value for the candidate (too small)."
    both = effect([30.0, 31.0, 32.0, NAN], [30.0, 31.0, 32.0, NAN])
    assert (both.doubt, both.excluded) == (None, {"no value for the baseline": 1})


def test_no_image_with_both_values_is_no_effect_with_its_reason() -> None:
    found = quality_effect(
        PSNR, rows([30.0, 31.0]), rows([NAN, NAN], reason="NaN in the output"), by_scene=False, seed=1
    )
    assert found == NoEffect(reason="NaN in the output")
    nothing = quality_effect(PSNR, rows([]), rows([]), by_scene=False, seed=1)
    assert nothing == NoEffect(reason="no image has a value in both arms")
    infinite = quality_effect(PSNR, rows([INF, INF]), rows([30.0, 31.0]), by_scene=False, seed=1)
    assert infinite == NoEffect(reason="identical to the reference in the baseline only (2)")


def test_crops_of_one_scene_are_one_replicate() -> None:
    found = effect([30.0] * 8, [30.1, 30.3, 30.0, 30.0, 29.0, 29.0, 30.0, 30.2], crops=2)
    assert (found.estimate.n, found.replicate) == (4, "scene")
    assert found.estimate.mean == pytest.approx((0.2 + 0.0 - 1.0 + 0.1) / 4)


def test_the_tail_of_scenes_bounds_the_tail_of_images_from_both_sides() -> None:
    found = effect([30.0] * 8, [29.0, 30.0, 29.0, 29.0, 30.0, 30.0, 30.0, 30.0], crops=2)
    assert found.tail is not None
    counts = found.tail(0.5)
    assert counts is not None
    assert (counts.items_worse, counts.items) == (3, 8)
    assert (counts.any_item.worse, counts.all_items.worse, counts.any_item.n) == (2, 1, 4)


def test_the_tail_knows_which_way_is_worse() -> None:
    found = effect([0.1] * 6, [0.1, 0.2, 0.3, 0.0, 0.1, 0.1], quantity="lpips_alex")
    assert found.tail is not None
    counts = found.tail(0.15)
    assert counts is not None
    assert counts.items_worse == 1
    on_the_margin = found.tail(0.2)
    assert on_the_margin is not None
    assert on_the_margin.items_worse == 0  # 0.3 − 0.1 is 0.2 but for rounding
