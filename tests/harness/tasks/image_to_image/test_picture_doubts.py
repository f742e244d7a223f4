"""Mistakes that both arms share: none shows in the difference of the arms, and each must be named."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, shift

from harness.analysis.compare import compare
from harness.documents.comparison import Comparison
from harness.models.tensor_info import TensorInfo
from harness.tasks.image_to_image.codec import Codec
from harness.tasks.image_to_image.floor_values import floor_of
from harness.tasks.image_to_image.picture_doubts import picture_doubts
from harness.tasks.image_to_image.plausibility import (
    PairLooks,
    Plausibility,
    is_tried,
    item_floor,
    look_at_output,
    pair_look,
)
from harness.tasks.looks import Doubts, Seen
from metrics.image.bicubic import imresize
from tests.harness.simulated_records import make_manifest, make_quality, write_run
from tests.harness.warning_texts import texts

COUNT = 6
ITEMS = [f"image{number:02d}" for number in range(COUNT)]
ARMS = ["fp32", "int8"]
_INFO = TensorInfo(name="x", dtype="float32", shape=[1, 3, None, None])
CODEC = Codec(
    input=_INFO, output=_INFO, input_layout="NCHW", output_layout="NCHW", channels=3, luma="studio",
    input_range=(0.0, 1.0), output_range=(0.0, 1.0),
)  # fmt: skip

LEVELS = CODEC.model_copy(update={"output_range": (0.0, 255.0)})

Picture = NDArray[np.uint8]


def reference(number: int) -> Picture:
    """Coloured blobs of several sizes with hard edges: something for a bicubic to lose, different in every picture."""
    random = np.random.default_rng(number)
    base = sum(gaussian_filter(random.normal(0, 1, (64, 64, 3)), (size, size, 0)) * size * 60 for size in (1, 3, 8))
    blocks = np.kron(random.integers(-60, 60, (8, 8, 3)), np.ones((8, 8, 1)))
    tint = random.integers(60, 190, 3)
    return np.clip(np.asarray(base) + blocks + tint, 0, 255).astype(np.uint8)


REFERENCES = [reference(number) for number in range(COUNT)]
INPUTS = [np.asarray(imresize(each, 0.5), dtype=np.uint8) for each in REFERENCES]


def good(number: int, seed: int = 0) -> NDArray[np.float32]:
    """What a sound model puts out: the reference with a little noise, as (1, 3, height, width) in 0..1."""
    noise = np.random.default_rng([seed, number]).normal(0, 4, REFERENCES[number].shape)
    return tensor_of(REFERENCES[number] + noise)


def tensor_of(levels: NDArray[np.float64] | Picture) -> NDArray[np.float32]:
    return (np.asarray(levels, np.float64)[None].transpose(0, 3, 1, 2) / 255.0).astype(np.float32)


def levels_of(tensor: NDArray[np.float32]) -> NDArray[np.float64]:
    return tensor[0].transpose(1, 2, 0).astype(np.float64) * 255.0


def seen(change=lambda number, tensor: tensor, *, arms=("fp32", "int8"), codec=CODEC, references=None) -> Plausibility:  # type: ignore[no-untyped-def]
    """A run in which `change` is done to every output of `arms`."""
    references = references or REFERENCES
    floor, looks, pairs = [], {("local", arm): [] for arm in ARMS}, PairLooks()
    for number, item in enumerate(ITEMS):
        tried = is_tried(number, len(ITEMS))
        pairs.add(item, pair_look(INPUTS[number], references[number]))
        floor.append(item_floor(item, INPUTS[number], references[number], 2, ["psnr_y"], try_offset=tried))
        for seed, arm in enumerate(ARMS):
            tensor = good(number, seed)
            if arm in arms:
                tensor = change(number, tensor)
            looks["local", arm].append(
                look_at_output(item, codec, tensor, INPUTS[number], references[number], try_others=tried)
            )
    return Plausibility(floor, looks, pairs.mispaired())


def doubts(found: Plausibility, *, below_db: float = 3.0) -> Doubts:
    return picture_doubts(found, "local", ARMS, below_db=below_db)


def compared(tmp_path: Path, found: Plausibility) -> Comparison:
    """A whole comparison of scores that by themselves would ship, beside what was seen of the outputs."""
    rules = (
        {"quantity": "psnr_y", "no_worse_than": "0.1 dB"},
        {"quantity": "psnr", "at_least": "20 dB"},
    )
    manifest = make_manifest(rules=rules, items=24, pairs=4, memory_repeats=1)
    facts = write_run(tmp_path, manifest, inferences=4)
    seen = Seen(floor_of(found.floor), {device: picture_doubts(found, device, ARMS, below_db=4.0) for device in facts})
    return compare(manifest, facts, make_quality(manifest), seen=seen)


def half_a_pixel(number: int, tensor: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(shift(tensor, (0, 0, 0.5, 0.5), order=3, mode="nearest"), dtype=np.float32)


def linear_light(number: int, tensor: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(np.clip(tensor, 0, 1) ** 2.2, dtype=np.float32)


def test_sound_outputs_are_not_doubted(tmp_path: Path) -> None:
    assert doubts(seen()).all() == []
    comparison = compared(tmp_path, seen())
    assert comparison.verdicts[0].decision == "ship"
    assert comparison.floor is not None
    assert set(comparison.floor.values) == {"psnr", "psnr_y"}


@pytest.mark.parametrize(
    ("change", "codec", "words"),
    [
        (lambda _, tensor: tensor, LEVELS, "black and white as 0 and 1)"),
        (lambda _, tensor: tensor * 2 - 1, CODEC, "black and white as -1 and 1)"),
        (lambda _, tensor: tensor[:, ::-1], CODEC, "channel order"),
        (lambda _, tensor: tensor[:, :, ::-1, ::-1], CODEC, "turned by 180°"),
        (lambda _, tensor: tensor.transpose(0, 1, 3, 2)[:, :, :, ::-1], CODEC, "a picture on its other side"),
        (linear_light, CODEC, "gamma"),
        (half_a_pixel, CODEC, "0.5 pixels too far down and 0.5 too far right"),
    ],
    ids=["0..255", "-1..1", "bgr", "turned", "on its side", "gamma", "half a pixel"],
)  # fmt: skip
def test_a_mistake_that_both_arms_share_is_named(change, codec, words):
    found = doubts(seen(change, codec=codec))
    assert any(words in text for text in found.suspicions["fp32"]), found
    assert any(words in text for text in found.suspicions["int8"] + found.doubts.get("int8", [])), found


def test_what_is_suspected_opens_every_rule_on_quality(tmp_path: Path) -> None:
    words = "black and white as 0 and 1)"
    comparison = compared(tmp_path, seen(codec=LEVELS))
    assert comparison.verdicts[0].decision == "undecided"
    for rule in comparison.devices[0].rules:
        assert rule.outcome == "open"
        assert "; doubted: " in rule.reason
        assert words in rule.reason
    assert any(words in text for text in texts(comparison.devices[0].warnings))


def test_shuffled_references_are_no_pairs(tmp_path: Path) -> None:
    moved = [REFERENCES[(number + 5) % COUNT] for number in range(COUNT)]
    found = seen(references=moved)
    texts = doubts(found).pairs
    assert "the pairs do not match on 6 of 6 images" in texts[0]
    assert "plain bicubic of the inputs reaches only" in texts[1]
    assert compared(tmp_path, found).verdicts[0].decision == "undecided"


def test_two_pairs_that_were_swapped_are_named() -> None:
    swapped = list(REFERENCES)
    swapped[3], swapped[5] = swapped[5], swapped[3]
    (text,) = doubts(seen(references=swapped)).pairs
    assert text.startswith("the pairs do not match on 2 of 6 images (image03 and image05)")


def not_a_number(number: int, tensor: NDArray[np.float32]) -> NDArray[np.float32]:
    changed = tensor.copy()
    if number == 5:
        changed[0, 1, 5, 5] = np.nan
    return changed


def shares(number: int, tensor: NDArray[np.float32]) -> NDArray[np.float32]:
    powers = np.exp(3.0 * tensor)
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), dtype=np.float32)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (not_a_number, "not finite (NaN or infinite) on 1 of 6 images (image05)"),
        (lambda n, tensor: tensor * 0 if n == 4 else tensor, "nothing but black on 1 of 6 images (image04)"),
        (lambda n, tensor: tensor * 0 + 0.3 if n == 4 else tensor, "a single colour on 1 of 6 images (image04)"),
        (lambda n, tensor: (tensor - 0.4) * 99 if n < 2 else tensor, "black or white on 2 of 6 images"),
        (shares, "channels that sum to one"),
    ],
    ids=["not a number", "black", "constant", "clipped", "softmax"],
)  # fmt: skip
@pytest.mark.parametrize("arms", [("fp32",), ("fp32", "int8")])
def test_outputs_that_are_no_pictures_are_named(change, words, arms):
    told = doubts(seen(change, arms=arms)).all()
    for arm in ARMS:
        assert any(text.startswith(arm) and words in text for text in told) == (arm in arms), told


@pytest.mark.parametrize("arm", ARMS)
def test_outputs_that_are_no_pictures_meet_no_rule(tmp_path, arm):
    comparison = compared(tmp_path, seen(not_a_number, arms=(arm,)))
    assert comparison.verdicts[0].decision == "undecided"
    assert all(rule.outcome == "open" for rule in comparison.devices[0].rules if rule.quantity == "psnr_y")


def test_a_reference_of_one_colour_makes_such_an_output_right() -> None:
    plain = [np.full((64, 64, 3), 0, np.uint8), *REFERENCES[1:]]
    found = seen(lambda number, tensor: tensor * 0 if number == 0 else tensor, references=plain)
    assert found.looks["local", "fp32"][0].faults == ()


def test_a_candidate_alone_that_is_worse_than_no_model_may_break_a_rule_and_meets_none() -> None:
    def blurred(number: int, tensor: NDArray[np.float32]) -> NDArray[np.float32]:
        return tensor_of(gaussian_filter(levels_of(tensor), (4, 4, 0)))

    told = doubts(seen(blurred, arms=("int8",)))
    assert told.suspicions == {}
    assert "below plain bicubic" in told.doubts["int8"][0]
    assert doubts(seen(blurred, arms=("int8",)), below_db=40.0).all() == []


def test_inputs_that_lie_half_a_pixel_aside_are_no_fault_of_the_arms() -> None:
    """Every second pixel of the reference, as many make their inputs: bicubic and the arms are off alike."""
    floor, looks = [], {("local", arm): [] for arm in ARMS}
    for number, item in enumerate(ITEMS[:6]):
        small = np.ascontiguousarray(REFERENCES[number][::2, ::2])
        floor.append(item_floor(item, small, REFERENCES[number], 2, [], try_offset=True))
        for arm in ARMS:
            doubled = tensor_of(small.repeat(2, 0).repeat(2, 1))
            looks["local", arm].append(look_at_output(item, CODEC, doubled, small, REFERENCES[number], try_others=True))
    assert doubts(Plausibility(floor, looks, {})).all() == []


def test_a_low_floor_is_no_doubt_where_the_arms_come_close_to_the_references() -> None:
    """Dark pictures made light: inputs far from their references, and only of such pairs can outputs be near."""
    found = seen()
    dark = [replace(each, psnr_db=9.0) for each in found.floor]
    assert doubts(replace(found, floor=dark)).all() == []
    low = {key: [replace(look, psnr_db=11.0) for look in looks] for key, looks in found.looks.items()}
    (text,) = doubts(replace(found, floor=dark, looks=low)).pairs
    assert "plain bicubic of the inputs reaches only 9.0 dB" in text
