"""Which images a person should look at."""

from __future__ import annotations

import math

import pandas as pd

from harness.analysis.judging.worst_items import WorstItem, worst_items
from harness.analysis.tables.tables import QUALITY_COLUMNS


def quality(values: dict[str, dict[str, list[float]]]) -> pd.DataFrame:
    """quantity → arm → value per item."""
    return pd.DataFrame(
        [
            ("local", arm, f"i{number}", f"i{number}", quantity, value, None)
            for quantity, arms in values.items()
            for arm, column in arms.items()
            for number, value in enumerate(column)
        ],
        columns=list(QUALITY_COLUMNS),
    )


def test_the_largest_losses_come_first_and_ties_go_by_name() -> None:
    table = quality({"psnr": {"a": [30.0, 30.0, 30.0, 30.0], "b": [29.0, 31.0, 28.0, 29.0]}})
    assert worst_items(table, "local", "b", "a", count=3) == [
        WorstItem("i2", "psnr", 2.0),
        WorstItem("i0", "psnr", 1.0),
        WorstItem("i3", "psnr", 1.0),
    ]


def test_a_perceptual_metric_is_preferred_and_more_of_it_is_worse() -> None:
    table = quality(
        {
            "psnr_y": {"a": [30.0, 30.0], "b": [20.0, 30.0]},
            "lpips_alex": {"a": [0.1, 0.1], "b": [0.1, 0.3]},
        }
    )
    assert [one.item for one in worst_items(table, "local", "b", "a")] == ["i1", "i0"]
    assert worst_items(table, "local", "b", "a")[0].metric == "lpips_alex"


def test_a_metric_without_values_is_passed_over() -> None:
    table = quality(
        {"lpips_alex": {"a": [math.nan], "b": [math.nan]}, "psnr_y": {"a": [30.0], "b": [29.0]}},
    )
    assert worst_items(table, "local", "b", "a") == [WorstItem("i0", "psnr_y", 1.0)]


def test_identical_images_rank_by_what_was_lost() -> None:
    table = quality({"psnr": {"a": [math.inf, math.inf, 30.0, 30.0], "b": [math.inf, 40.0, 29.0, math.nan]}})
    ranked = worst_items(table, "local", "b", "a")
    assert [(one.item, one.loss) for one in ranked] == [("i1", math.inf), ("i2", 1.0), ("i0", 0.0)]


def test_nothing_to_look_at() -> None:
    assert worst_items(quality({}), "local", "b", "a") == []
    assert worst_items(quality({"psnr": {"a": [30.0], "b": [29.0]}}), "elsewhere", "b", "a") == []
