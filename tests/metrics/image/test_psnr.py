"""PSNR, on all channels and on luma."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.metrics import peak_signal_noise_ratio

from metrics.errors import MetricInputError
from metrics.image.luma import luma
from metrics.metric import MetricSettings
from metrics.registry import METRICS
from tests.metrics.pictures import noisy_pair


def score(name: str, reference: np.ndarray, output: np.ndarray, options: MetricSettings | None = None) -> float:
    return METRICS[name](options or MetricSettings()).prepare(reference).score(output)


def test_identical_images_have_infinite_psnr() -> None:
    image, _ = noisy_pair((20, 30, 3))
    assert score("psnr", image, image.copy()) == math.inf
    assert score("psnr_y", image, image.copy()) == math.inf


def test_one_level_everywhere_is_48_decibels() -> None:
    dark = np.zeros((8, 8, 3), np.uint8)
    assert score("psnr", dark, dark + 1) == pytest.approx(20 * math.log10(255), abs=1e-12)


@settings(max_examples=40)
@given(st.integers(1, 40), st.integers(1, 40), st.booleans(), st.integers(0, 1000))
def test_psnr_equals_scikit_image(height: int, width: int, colour: bool, seed: int) -> None:
    reference, output = noisy_pair((height, width, 3) if colour else (height, width), seed)
    if (reference == output).all():
        output[0, 0] ^= 1
    expected = peak_signal_noise_ratio(reference, output, data_range=255)
    assert score("psnr", reference, output) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_floats_with_their_declared_range_score_like_bytes(dtype: type) -> None:
    reference, output = noisy_pair((40, 30, 3))
    unit = MetricSettings(scale=2, data_range=1.0)
    for name in ("psnr", "psnr_y", "ssim", "ssim_y"):
        of_bytes = score(name, reference, output, MetricSettings(scale=2))
        floats = ((image / 255.0).astype(dtype) for image in (reference, output))
        assert score(name, *floats, unit) == pytest.approx(of_bytes, abs=1e-5), name


def test_luma_goes_from_16_to_235() -> None:
    ends = np.array([[[0, 0, 0], [255, 255, 255]]], np.uint8)
    np.testing.assert_allclose(luma(ends), [[16.0, 235.0]], atol=1e-12)


def test_psnr_y_ignores_the_border_and_nothing_else() -> None:
    reference, _ = noisy_pair((20, 20, 3))
    at_border, inside = reference.copy(), reference.copy()
    at_border[2, :] ^= 0xFF
    inside[3, 10] ^= 0xFF
    assert score("psnr_y", reference, at_border, MetricSettings(scale=3)) == math.inf
    assert math.isfinite(score("psnr_y", reference, inside, MetricSettings(scale=3)))


def test_a_fault_of_chroma_shows_in_rgb_and_hides_in_luma() -> None:
    reference = np.full((32, 32, 3), 128, np.uint8)
    faulty = reference.copy()
    faulty[..., 0] -= 51  # 65.481·51 ≈ 24.966·134 − …: red and blue are traded at about equal luma
    faulty[..., 2] += 127
    faulty[..., 1] += 1
    assert score("psnr", reference, faulty) < 12
    assert score("psnr_y", reference, faulty) > 45


def test_luma_needs_something_inside_the_border() -> None:
    image, _ = noisy_pair((8, 30, 3))
    with pytest.raises(MetricInputError, match=r"8 × 30.*4 pixels"):
        METRICS["psnr_y"](MetricSettings(scale=4)).prepare(image)
