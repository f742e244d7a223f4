"""A defect that is planted in the outputs is found by the part of the report that is there for it, and the verdict's
sentence does not hide it; sound outputs are not doubted.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import correlate1d, gaussian_filter

from harness.documents.comparison import Comparison
from tests.harness.analysis.planted_run import AS_GOOD, Levels, Plant, planted_run
from tests.harness.warning_texts import texts

ITEMS = 12
_GREEN_RED = np.array([128.553, -65.481, 0.0]) / np.hypot(128.553, 65.481)
"""A change of colour that MATLAB's luma does not see."""


def as_it_is(_: int, picture: Levels) -> Levels:
    return picture


def on(places: tuple[int, ...], plant: Plant) -> Plant:
    return lambda number, picture: plant(number, picture) if number in places else picture


def noisy(levels: float) -> Plant:
    return lambda number, picture: picture + np.random.default_rng([9, number]).normal(0, levels, picture.shape)


def one_corner(number: int, picture: Levels) -> Levels:
    changed = picture.copy()
    side = min(picture.shape[:2]) // 8
    changed[:side, :side] += np.random.default_rng([9, number]).normal(0, 14, (side, side, 3))
    return changed


def colourless(_: int, picture: Levels) -> Levels:
    return np.repeat(picture.mean(axis=2, keepdims=True), 3, axis=2)


def half_a_pixel(_: int, picture: Levels) -> Levels:
    for axis in (0, 1):  # cubic, halfway between the pixel above and this one
        picture = np.asarray(correlate1d(picture, np.array([-1, 9, 9, -1]) / 16, axis=axis, mode="nearest"))
    return picture


def bgr(_: int, picture: Levels) -> Levels:
    return picture[..., ::-1]


def minus_one_to_one(_: int, picture: Levels) -> Levels:
    return 2.0 * picture - 255.0


def limited(_: int, picture: Levels) -> Levels:
    return 16.0 + picture * 219.0 / 255.0


def stretched(_: int, picture: Levels) -> Levels:
    return (picture - 16.0) * 255.0 / 219.0


def power(exponent: float) -> Plant:
    return lambda _, picture: 255.0 * (np.clip(picture, 0, 255) / 255.0) ** exponent


def not_finite(number: int, picture: Levels) -> Levels:
    return np.full_like(picture, np.nan) if number == 3 else picture


def said(comparison: Comparison) -> str:
    return comparison.verdicts[0].sentence


IN_BOTH = {
    "half a pixel": (half_a_pixel, "0.5 pixels too far down and 0.5 too far right"),
    "blue first": (bgr, "another channel order (blue first"),
    "-1 to 1": (minus_one_to_one, "black and white as -1 and 1"),
    "limited range": (limited, "a limited range (black and white of the output are 16 and 235"),
    "stretched range": (stretched, "a range that was stretched"),
    "linear light": (power(2.2), "another gamma"),
    "a slight gamma": (power(1.2), "another gamma (the output raised to the power of 0.83)"),
    "one corner": (one_corner, "is off in the upper left corner, on 12 of the 12 images"),
    "no colour": (colourless, "hardly any colour"),
    "one not finite": (not_finite, "not finite"),
}


@pytest.mark.parametrize("defect", IN_BOTH)
def test_what_is_wrong_with_both_arms_alike_keeps_every_rule_open_and_is_named(tmp_path: Path, defect: str) -> None:
    plant, words = IN_BOTH[defect]
    comparison = planted_run(tmp_path, plant, plant, items=ITEMS)
    assert comparison.verdicts[0].decision == "undecided"
    (rule,) = comparison.devices[0].rules
    assert rule.outcome == "open"
    assert words in (rule.doubted or "")
    assert words in said(comparison) or words in " ".join(comparison.verdicts[0].reasons)
    assert any(words in text for text in texts(comparison.devices[0].warnings))


IN_THE_CANDIDATE = {name: IN_BOTH[name] for name in ("half a pixel", "blue first", "stretched range", "linear light")}


@pytest.mark.parametrize("defect", IN_THE_CANDIDATE)
def test_what_is_wrong_with_the_candidate_s_pictures_alone_is_not_taken_for_a_bad_model(
    tmp_path: Path, defect: str
) -> None:
    plant, words = IN_THE_CANDIDATE[defect]
    comparison = planted_run(tmp_path, plant, items=ITEMS)
    assert comparison.verdicts[0].decision == "undecided"
    assert words in said(comparison)
    assert "fp32 looks like" not in said(comparison)


def test_a_loss_in_one_group_is_named_where_the_mean_is_within_what_was_agreed(tmp_path: Path) -> None:
    comparison = planted_run(
        tmp_path,
        on(tuple(range(6)), noisy(1.9)),
        items=48,
        groups={"night": range(6), "day": range(6, 48)},
    )
    assert comparison.devices[0].rules[0].outcome == "met"
    assert {one.group: one.outcome for one in comparison.devices[0].groups} == {"night": "worse", "day": "within"}
    assert comparison.verdicts[0].decision == "ship"
    assert "But it is worse on night (PSNR (Y)" in said(comparison)
    assert comparison.verdicts[0].reservations


ON_NIGHT = {"quantity": "psnr_y", "group": "night", "no_worse_than": "0.5 dB"}


def test_a_rule_on_a_group_holds_back_what_the_mean_of_all_lets_pass(tmp_path: Path) -> None:
    comparison = planted_run(
        tmp_path,
        on(tuple(range(8)), noisy(2.0)),
        items=64,
        rules=(AS_GOOD, ON_NIGHT),
        groups={"night": range(8), "day": range(8, 64)},
    )
    whole, night = comparison.devices[0].rules
    assert (whole.outcome, whole.group) == ("met", None)
    assert (night.outcome, night.group) == ("broken", "night")
    assert night.rule == "at most 0.5 dB lower on night"
    assert night.reason.startswith("On night (8 images) PSNR (Y) is ")
    assert comparison.verdicts[0].decision == "hold"
    assert "Do not ship int8: on night (8 images) PSNR (Y) is " in said(comparison)
    assert "PSNR (Y): at most 0.5 dB lower on night" in comparison.rules
    assert "for all rules on groups and devices together (Holm" in " ".join(comparison.method)


def test_a_rule_on_a_group_is_met_by_a_sound_candidate_and_open_where_the_group_is_small(tmp_path: Path) -> None:
    comparison = planted_run(
        tmp_path,
        items=48,
        rules=(AS_GOOD, ON_NIGHT, {**ON_NIGHT, "group": "faces"}),
        groups={"night": range(12), "faces": range(4)},
    )
    assert [one.outcome for one in comparison.devices[0].rules] == ["met", "met", "open"]
    assert "4 images" in comparison.devices[0].rules[2].reason
    assert comparison.verdicts[0].decision == "undecided"


def test_a_loss_elsewhere_breaks_no_rule_on_a_group(tmp_path: Path) -> None:
    comparison = planted_run(
        tmp_path,
        on(tuple(range(8)), noisy(2.5)),
        items=48,
        rules=({**ON_NIGHT, "group": "day"},),
        groups={"night": range(8), "day": range(8, 48)},
    )
    assert comparison.devices[0].rules[0].outcome == "met"
    assert {one.group: one.outcome for one in comparison.devices[0].groups}["night"] == "worse"
    assert "But it is worse on night" in said(comparison)


def test_three_ruined_images_of_a_hundred_are_named(tmp_path: Path) -> None:
    comparison = planted_run(tmp_path, on((7, 50, 81), noisy(5.0)), items=100, metrics=("psnr", "psnr_y"))
    (tail,) = [one.tail for one in comparison.devices[0].contrasts if one.quantity == "psnr_y"]
    assert tail is not None
    assert sorted(tail.disasters) == ["image07", "image50", "image81"]
    assert "on 3 of 100 images" in said(comparison)
    assert all(name in said(comparison) for name in tail.disasters)


def test_chroma_that_a_rule_on_luma_does_not_see_is_named(tmp_path: Path) -> None:
    def colours(number: int, picture: Levels) -> Levels:
        return picture + 3.0 * _GREEN_RED * (1 if number % 2 else -1)

    comparison = planted_run(tmp_path, colours, items=ITEMS)
    assert comparison.devices[0].rules[0].outcome == "met"
    assert comparison.verdicts[0].decision == "ship"
    assert "But PSNR (RGB) is" in said(comparison)
    assert "no rule asks about it" in said(comparison)


LARGE = (500, 700)
"""Height and width of pictures of which other readings look at a grid of pixels and at the middle only."""


@pytest.mark.parametrize("defect", ["half a pixel", "blue first", "limited range", "one corner"])
def test_what_is_wrong_with_large_pictures_is_named_too(tmp_path: Path, defect: str) -> None:
    plant, words = IN_BOTH[defect]
    comparison = planted_run(tmp_path, plant, plant, items=6, size=LARGE, metrics=("psnr_y",))
    assert comparison.verdicts[0].decision == "undecided"
    assert words.replace("12 of the 12", "6 of the 6") in (comparison.devices[0].rules[0].doubted or "")
    assert words.split(" (")[0].replace("12 of the 12", "6 of the 6") in said(comparison)


def test_chroma_of_large_pictures_that_no_rule_asks_about_is_named(tmp_path: Path) -> None:
    comparison = planted_run(
        tmp_path, lambda _, picture: picture + 3.0 * _GREEN_RED, items=6, size=LARGE, metrics=("psnr", "psnr_y")
    )
    assert comparison.verdicts[0].decision == "ship"
    assert "But PSNR (RGB) is" in said(comparison)


def test_a_damaged_corner_of_the_candidate_breaks_the_rule_and_its_place_is_told(tmp_path: Path) -> None:
    rule = {"quantity": "psnr_y", "no_worse_than": "0.2 dB"}
    comparison = planted_run(tmp_path, one_corner, items=ITEMS, rules=[rule])
    assert comparison.verdicts[0].decision == "hold"
    told = texts(comparison.devices[0].warnings)
    assert any("int8 is off in the upper left corner" in text.lower() for text in told)
    assert not any("fp32 is off" in text.lower() for text in told)


SOUND = {
    "as they are": as_it_is,
    "blurred": lambda _, picture: np.asarray(gaussian_filter(picture, (0.5, 0.5, 0))),
    "noisy": noisy(4.0),
    "a little bright": lambda _, picture: picture + 2.0,
    "a little flat": lambda _, picture: (picture - 128.0) * 0.98 + 128.0,
    "padded with zeros": lambda _, picture: np.asarray(gaussian_filter(picture, (0.4, 0.4, 0), mode="constant")),
    "in coarse levels": lambda _, picture: np.round(picture / 8.0) * 8.0,
}  # fmt: skip


@pytest.mark.parametrize("model", SOUND)
def test_weak_but_sound_models_are_not_doubted(tmp_path: Path, model: str) -> None:
    comparison = planted_run(tmp_path, SOUND[model], SOUND[model], items=ITEMS)
    assert [text for text in texts(comparison.devices[0].warnings) if "fp32" in text or "int8" in text] == []
    assert comparison.verdicts[0].decision == "ship"
    assert comparison.verdicts[0].reservations == []
