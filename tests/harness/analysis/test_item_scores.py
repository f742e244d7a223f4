"""Scores item by item, and the items that are drawn by chance."""

from __future__ import annotations

import math

import pandas as pd

from harness.analysis.item_scores import item_scores
from harness.analysis.judging.worst_items import ranked_items, sampled_items, worst_items


def table(before: list[float], after: list[float], quantity: str = "psnr_y") -> pd.DataFrame:
    rows = [
        {"device": "local", "arm": arm, "item": f"i{place:02}", "quantity": quantity, "value": value, "reason": None}
        for arm, values in (("a", before), ("b", after))
        for place, value in enumerate(values)
    ]
    return pd.DataFrame(rows)


def test_worse_is_counted_in_the_direction_of_the_score() -> None:
    told = [
        item_scores(table([30.0, 30.0, 30.0, 30.0], [29.0, 29.0, 29.0, 31.0], quantity), "b", "a", "image")[0].words
        for quantity in ("psnr_y", "lpips_alex")
    ]
    assert told == ["worse on 75 % of images (3 of 4)", "better on 75 % of images (3 of 4)"]


def test_all_none_and_the_same_have_words_of_their_own() -> None:
    assert item_scores(table([3.0, 3.0], [2.0, 2.0]), "b", "a", "clip")[0].words == "worse on all clips (2 of 2)"
    assert item_scores(table([math.inf, 3.0], [math.inf, 3.0]), "b", "a", "clip")[0].words == "the same on 2 clips"


def test_what_has_no_value_is_none_and_identical_is_infinite() -> None:
    found = item_scores(table([30.0, math.nan, math.inf], [29.0, 20.0, 40.0]), "b", "a", "image")[0]
    assert found.baseline == [30.0, None, math.inf]
    assert found.words == "worse on all images (2 of 2)"
    assert found.furthest == 1.0
    assert item_scores(table([math.nan], [math.nan]), "b", "a", "image") == []


def test_items_drawn_by_chance_are_none_of_the_worst_and_the_same_for_a_seed() -> None:
    quality = table([30.0] * 20, [30.0 - place for place in range(20)])
    worst = {one.item for one in worst_items(quality, "local", "b", "a")}
    drawn = [one.item for one in sampled_items(ranked_items(quality, "local", "b", "a"), seed=7)]
    assert len(drawn) == 3
    assert not worst & set(drawn)
    assert drawn == [one.item for one in sampled_items(ranked_items(quality, "local", "b", "a"), seed=7)]
    assert {
        tuple(one.item for one in sampled_items(ranked_items(quality, "local", "b", "a"), seed=seed))
        for seed in range(9)
    } != {tuple(drawn)}
    assert sampled_items(ranked_items(table([1.0], [2.0]), "local", "b", "a"), seed=7) == []
