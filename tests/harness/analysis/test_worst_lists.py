"""How far the list of the worst items is the same whatever score makes it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harness.analysis.worst_lists import worst_lists
from harness.documents.comparison import ItemScores, WorstItems
from reports.html import render_html
from tests.reports import sample_comparison as sample
from tests.reports.parsed_page import by_class, parse, seen_text

ITEMS = [f"i{place:02d}" for place in range(24)]


def scores(quantity: str, losses: list[float | None], candidate: str = "int8") -> ItemScores:
    """Items that lose so much, in the order of their names; None is a value that the candidate lacks."""
    turn = 1.0 if quantity.startswith("lpips") else -1.0
    return ItemScores(
        candidate=candidate,
        quantity=quantity,
        items=ITEMS[: len(losses)],
        baseline=[0.5] * len(losses),
        candidate_values=[None if loss is None else 0.5 + turn * loss for loss in losses],
        words="",
    )


def rising(count: int = 24) -> list[float]:
    return [0.01 * place for place in range(count)]


def test_a_list_that_every_score_gives_is_said_to_be_one() -> None:
    (found,) = worst_lists([scores("psnr", rising()), scores("ssim", rising()), scores("lpips_alex", rising())])
    assert found.quantity == "lpips_alex"  # the score that chooses the items to look at
    assert found.items == ITEMS[:15:-1]
    assert found.in_every == found.items
    assert (
        found.words
        == "the 8 worst by LPIPS (AlexNet) are the worst by every other score too (PSNR (RGB) and SSIM (RGB))"
    )


def test_those_on_which_scores_agree_are_counted_and_those_of_one_score_alone() -> None:
    swapped = rising()
    swapped[23], swapped[0], swapped[22], swapped[1] = 0.0, 0.9, 0.0, 0.8
    (found,) = worst_lists([scores("lpips_alex", rising()), scores("psnr", swapped)])
    assert sorted(found.in_every) == ITEMS[16:22]
    assert found.in_none == ["i23", "i22"]
    assert found.words.startswith("of the 8 worst by LPIPS (AlexNet) 6 are among the worst by every other score too")
    assert found.words.endswith("and 2 by no other")


def test_scores_that_have_nothing_to_do_with_each_other_agree_as_chance_does() -> None:
    random = np.random.default_rng(1)
    shares = []
    for _ in range(200):
        own = [scores(name, list(random.uniform(0.01, 1, 24))) for name in ("lpips_alex", "psnr")]
        (found,) = worst_lists(own)
        shares.append(len(found.in_every) / len(found.items))
    assert np.mean(shares) == pytest.approx(1 / 3, abs=0.04)


def test_a_missing_value_is_the_worst_and_a_gain_is_none_of_them() -> None:
    lost: list[float | None] = [None, 0.2, 0.1, *([-0.1] * 9)]
    (found,) = worst_lists([scores("lpips_alex", lost), scores("psnr", lost)])
    assert found.items == ["i00", "i01", "i02"]


@pytest.mark.parametrize("losses", [[0.1] * 5, [], [-0.1] * 24, [0.1, 0.1, *([-0.1] * 22)]])
def test_few_items_and_items_that_lose_nothing_make_no_list(losses: list[float]) -> None:
    assert worst_lists([scores("psnr", losses), scores("ssim", losses)]) == []


def test_one_score_alone_agrees_with_nobody() -> None:
    (found,) = worst_lists([scores("psnr", rising())])
    assert found.words == "the 8 worst are those by PSNR (RGB), the only score of single items"
    assert found.others == []


def test_it_stands_before_the_items_on_the_page(tmp_path: Path) -> None:
    comparison = sample.comparison(tmp_path, devices=["local"], images=2)
    worst = WorstItems(
        candidate=sample.INT8, quantity="psnr", items=["<b>"], others=["ssim"], in_every=[], in_none=[],
        words="of the 8 worst by PSNR (RGB) 5 are <b>",
    )  # fmt: skip
    device = comparison.devices[0].model_copy(update={"worst": [worst]})
    page = parse(render_html(comparison.model_copy(update={"devices": [device]}), tmp_path))
    (line,) = by_class(page, "agreement")
    assert seen_text(line) == "Of the 8 worst by PSNR (RGB) 5 are <b>."


def test_a_list_whose_losses_stand_apart_stays_and_one_of_near_losses_is_said_to_change() -> None:
    apart = [0.0] * 16 + [1.0 + place for place in range(8)]
    (found,) = worst_lists([scores("psnr", apart)])
    assert found.stays == [1.0] * 8
    assert found.stability == (
        "were every loss moved by what is too small to matter (0.05 dB, 1,000 drawings), all 8 would stay among the 8"
        " worst"
    )
    assert found.others == []
    near = [0.5 + 0.001 * place for place in range(24)]
    (found,) = worst_lists([scores("psnr", near)])
    assert max(found.stays) < 0.8
    assert min(found.stays) > 0.2
    assert "none would be sure to stay among the 8 worst: the others change places" in str(found.stability)
    # Three stand out, five are as good as the next.
    (found,) = worst_lists([scores("psnr", [*near[:21], 3.0, 4.0, 5.0])])
    assert [share == 1.0 for share in found.stays] == [True] * 3 + [False] * 5
    assert "3 would stay (in 95 % of them or more) among the 8 worst" in str(found.stability)
