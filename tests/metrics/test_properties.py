"""What holds for every metric of pictures, whatever the pictures; those of networks are checked on one pair each."""

from __future__ import annotations

import itertools
import math
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from metrics.errors import MetricInputError
from metrics.image.lab import ciede2000
from metrics.image.luma import luma
from metrics.metric import Metric, MetricSettings
from metrics.registry import FACTS, METRICS, of_family
from tests.metrics.oracle_pictures import Case
from tests.metrics.pictures import open_metric

NETWORKS = ("lpips_alex", "lpips_squeeze", "dists")  # VGG's LPIPS is slow, and the same code
QUICK = tuple(name for name in of_family("image") if name in METRICS and not name.startswith(("lpips_", "dists")))
LARGE = {"ms_ssim"}
NOT_SYMMETRIC = {"ssimulacra2"}
"""It asks which edges the output has beyond the reference, and which it lost."""
PERFECT = {"psnr": math.inf, "psnr_y": math.inf, "ssimulacra2": 100.0, "close_pixels": 100.0}

few = settings(max_examples=4, deadline=None, derandomize=True)
seeds = st.integers(0, 2**16)


@cache
def opened(name: str) -> Metric:
    return open_metric(name, MetricSettings(scale=2, threads=1))


def picture(seed: int, name: str, color: bool = True) -> NDArray[np.uint8]:
    """Even at every scale, so that no border is repeated at one side alone."""
    sides = (176, 192) if name in LARGE else (48, 64)
    reference, _ = Case(sides[0] + 16 * (seed % 2), sides[1], color, "uint8", "blur").pair()
    turned = np.roll(reference, seed, axis=1)
    return np.ascontiguousarray(turned, dtype=np.uint8)


def with_noise(image: NDArray[np.uint8], amount: int, seed: int) -> NDArray[np.uint8]:
    """One noise field, more or less of it."""
    field = np.random.default_rng(seed).normal(0.0, 1.0, image.shape)
    return np.clip(np.rint(image + amount * field), 0, 255).astype(np.uint8)


def score(name: str, reference: NDArray[np.generic], output: NDArray[np.generic]) -> float:
    return opened(name).prepare(reference).score(output)


@pytest.mark.parametrize("name", QUICK + NETWORKS)
def test_identical_pictures_are_perfect(name: str) -> None:
    for color in (True, False):
        image = picture(3, name, color)
        perfect = PERFECT.get(name, 0.0 if FACTS[name].better == "lower" else 1.0)
        assert score(name, image, image.copy()) == pytest.approx(perfect, abs=1e-6)


@pytest.mark.parametrize("name", QUICK + NETWORKS)
def test_more_noise_is_never_better(name: str) -> None:
    image = picture(5, name)
    scores = [score(name, image, with_noise(image, amount, 1)) for amount in (2, 6, 18, 54)]
    turn = 1.0 if FACTS[name].better == "lower" else -1.0
    assert all(turn * later > turn * earlier for earlier, later in itertools.pairwise(scores)), scores
    lowest, highest = FACTS[name].range
    assert all(lowest is None or value >= lowest for value in scores)
    assert all(highest is None or value <= highest for value in scores)


@pytest.mark.parametrize("name", sorted({*QUICK, *NETWORKS} - NOT_SYMMETRIC))
def test_the_two_pictures_may_change_places(name: str) -> None:
    one = picture(7, name)
    other = with_noise(one, 12, 2)
    assert score(name, one, other) == pytest.approx(score(name, other, one), rel=1e-5, abs=1e-7)


@pytest.mark.parametrize("name", sorted(NOT_SYMMETRIC))
def test_the_two_pictures_may_not_change_places_where_the_metric_says_so(name: str) -> None:
    one = picture(7, name)
    other = with_noise(one, 12, 2)
    assert abs(score(name, one, other) - score(name, other, one)) > 0.01


@pytest.mark.parametrize("name", QUICK)
@given(seed=seeds)
@few
def test_flipping_both_changes_nothing(name: str, seed: int) -> None:
    reference = picture(seed % 50, name)
    output = with_noise(reference, 9, seed)
    straight = score(name, reference, output)
    for axis in (0, 1):
        flipped = [np.ascontiguousarray(np.flip(one, axis)) for one in (reference, output)]
        # SSIM is summed in single precision, and promises 1e-6.
        within = 1e-6 if name in ("ssim", "ssim_y") else 0.0
        assert score(name, *flipped) == pytest.approx(straight, rel=1e-9, abs=within)


@pytest.mark.parametrize("name", QUICK)
def test_a_score_does_not_depend_on_threads(name: str) -> None:
    reference = np.tile(picture(2, name), (3, 5, 1))
    output = with_noise(reference, 9, 4)
    scores = [METRICS[name](MetricSettings(threads=threads)).prepare(reference).score(output) for threads in (1, 3)]
    assert scores[0] == scores[1]


@pytest.mark.parametrize("name", QUICK)
@pytest.mark.parametrize(
    ("reference", "data_range", "words"),
    [
        (np.full((200, 200, 3), 0.5), 255.0, "lies in 0..1, but a data range of 255"),
        (np.full((200, 200, 3), 128.0), 1.0, "reaches 128, but a data range of 1"),
        (np.full((200, 200, 3), 7, np.uint16), 255.0, "whose data range is 65535"),
        (np.full((200, 200, 3), 7, np.uint8), 1.0, "whose data range is 255"),
    ],
)
def test_a_range_that_is_not_the_pictures_is_refused(
    name: str, reference: NDArray[np.generic], data_range: float, words: str
) -> None:
    with pytest.raises(MetricInputError, match=words):
        METRICS[name](MetricSettings(data_range=data_range)).prepare(reference)


@pytest.mark.parametrize(
    ("name", "words"), [("ms_ssim", "161 × 161"), ("ssimulacra2", "8 × 8"), ("gradient_error", "3 × 3"), ("ssim", "11")]
)
def test_what_is_too_small_is_refused_with_what_is_large_enough(name: str, words: str) -> None:
    smallest = int(words.split(" ", maxsplit=1)[0])
    prepared = opened(name).prepare(np.zeros((smallest, smallest, 3), np.uint8))
    assert prepared.score(np.zeros((smallest, smallest, 3), np.uint8)) is not None
    for shape in ((smallest - 1, smallest, 3), (smallest, smallest - 1)):
        with pytest.raises(MetricInputError, match=words):
            opened(name).prepare(np.zeros(shape, np.uint8))


# Sharma, Wu and Dalal 2005, table 1: pairs that wrong implementations get wrong, and their differences.
@pytest.mark.parametrize(
    ("one", "other", "difference"),
    [
        ((50.0, 2.6772, -79.7751), (50.0, 0.0, -82.7485), 2.0425),
        ((50.0, 3.1571, -77.2803), (50.0, 0.0, -82.7485), 2.8615),
        ((50.0, -1.3802, -84.2814), (50.0, 0.0, -82.7485), 1.0),
        ((50.0, 0.0, 0.0), (50.0, -1.0, 2.0), 2.3669),
        ((50.0, 2.49, -0.001), (50.0, -2.49, 0.0009), 7.1792),
        ((50.0, 2.49, -0.001), (50.0, -2.49, 0.0011), 7.2195),
        ((50.0, -0.001, 2.49), (50.0, 0.0009, -2.49), 4.8045),
        ((50.0, 2.5, 0.0), (50.0, 0.0, -2.5), 4.3065),
        ((50.0, 2.5, 0.0), (73.0, 25.0, -18.0), 27.1492),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
        ((63.0109, -31.0961, -5.8663), (62.8187, -29.7946, -4.0864), 1.2630),
        ((22.7233, 20.0904, -46.694), (23.0331, 14.973, -42.5619), 2.0373),
        ((2.0776, 0.0795, -1.135), (0.9033, -0.0636, -0.5514), 0.9082),
    ],
)
def test_color_differences_are_the_published_ones(
    one: tuple[float, float, float], other: tuple[float, float, float], difference: float
) -> None:
    colors = [tuple(np.array(part) for part in color) for color in (one, other)]
    assert float(ciede2000(*colors)) == pytest.approx(difference, abs=5e-5)
    assert float(ciede2000(*reversed(colors))) == pytest.approx(difference, abs=5e-5)


def test_a_fault_in_color_alone_is_seen_by_those_that_see_color() -> None:
    reference = picture(1, "delta_e_2000") // 2 + 60
    shifted = reference.astype(np.int64)
    shifted[..., 0] += 26
    shifted[..., 1] -= 13  # of luma, 65.481 · 26 is about 128.553 · 13
    output = np.clip(shifted, 0, 255).astype(np.uint8)
    assert float(np.abs(luma(output) - luma(reference)).mean()) < 0.5
    assert score("psnr_y", reference, output) > 45.0
    assert score("delta_e_2000", reference, output) > 5.0
    assert score("flip", reference, output) > 0.1


@pytest.mark.parametrize("name", ["flip", "delta_e_2000"])
def test_the_error_map_is_what_the_score_is_the_mean_of(name: str) -> None:
    reference = picture(1, name)
    output = reference.copy()
    output[30:38, 20:28] = 255 - output[30:38, 20:28]
    prepared = opened(name).prepare(reference)
    errors = prepared.error_map(output)
    assert errors.shape == reference.shape[:2]
    assert float(errors.mean()) == pytest.approx(prepared.score(output), rel=1e-12)
    worst = np.unravel_index(int(errors.argmax()), errors.shape)
    assert 28 <= worst[0] < 40
    assert 18 <= worst[1] < 30
