"""SSIM against scikit-image's Gaussian variant, on images that make rounding visible."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from skimage.metrics import structural_similarity

from metrics.errors import MetricInputError
from metrics.image.luma import luma
from metrics.image.ssim import Ssim
from metrics.metric import MetricSettings
from tests.metrics.pictures import SET5, noisy_pair, set5


def scikit_image(reference: NDArray[np.generic], output: NDArray[np.generic], data_range: float = 255) -> float:
    return float(
        structural_similarity(
            reference,
            output,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
            channel_axis=-1 if reference.ndim == 3 else None,
            data_range=data_range,
        )
    )


def ssim(reference: NDArray[np.generic], output: NDArray[np.generic], data_range: float = 255) -> float:
    return Ssim(MetricSettings(data_range=data_range)).prepare(reference).score(output)


@settings(max_examples=40)
@given(
    st.integers(11, 150),
    st.integers(11, 300),
    st.booleans(),
    st.sampled_from([np.uint8, np.float64]),
    st.integers(0, 1000),
)
def test_ssim_equals_scikit_image(height: int, width: int, colour: bool, dtype: type, seed: int) -> None:
    pair = noisy_pair((height, width, 3) if colour else (height, width), seed)
    reference, output = (image.astype(dtype) for image in pair)
    assert ssim(reference, output) == pytest.approx(scikit_image(reference, output), abs=1e-6)


@pytest.mark.parametrize("name", SET5)
def test_ssim_of_photographs_equals_scikit_image(name: str) -> None:
    high, _ = set5(name, 2)
    output = np.clip(high + np.random.default_rng(1).normal(0, 12, high.shape), 0, 255).astype(np.uint8)
    assert ssim(high, output) == pytest.approx(scikit_image(high, output), abs=1e-6)


@pytest.mark.parametrize(("first", "second"), [(0, 255), (255, 255), (0, 0), (255, 205)])
def test_flat_images_do_not_suffer_from_cancellation(first: int, second: int) -> None:
    reference = np.full((200, 400, 3), first, np.uint8)
    output = np.full((200, 400, 3), second, np.uint8)
    output[::2, ::2] ^= 1
    assert ssim(reference, output) == pytest.approx(scikit_image(reference, output), abs=1e-6)


def test_floats_with_their_declared_range_equal_scikit_image() -> None:
    reference, output = (image / 255.0 for image in noisy_pair((70, 80, 3)))
    assert ssim(reference, output, 1.0) == pytest.approx(scikit_image(reference, output, 1.0), abs=1e-6)


def test_identical_images_score_one() -> None:
    image, _ = noisy_pair((300, 300, 3))
    assert ssim(image, image.copy()) == pytest.approx(1.0, abs=1e-12)


def test_a_prepared_reference_serves_every_arm() -> None:
    reference, first = noisy_pair((300, 500, 3), amount=10)
    _, second = noisy_pair((300, 500, 3), amount=60)
    prepared = Ssim(MetricSettings()).prepare(reference)
    once = [prepared.score(first), prepared.score(second)]
    assert [prepared.score(first), prepared.score(second)] == once
    assert once[0] > once[1]


def test_the_number_of_threads_does_not_change_the_value() -> None:
    reference, output = noisy_pair((400, 600, 3))
    scores = {Ssim(MetricSettings(threads=threads)).prepare(reference).score(output) for threads in (1, 2, 5)}
    assert len(scores) == 1


def test_ssim_y_is_the_ssim_of_cropped_luma() -> None:
    from metrics.registry import METRICS

    reference, output = noisy_pair((60, 70, 3))
    crop = (slice(3, -3), slice(3, -3))
    expected = scikit_image(luma(reference)[crop], luma(output)[crop])
    assert METRICS["ssim_y"](MetricSettings(scale=3)).prepare(reference).score(output) == pytest.approx(
        expected, abs=1e-6
    )


def test_an_image_smaller_than_the_window_is_refused() -> None:
    with pytest.raises(MetricInputError, match=r"10 × 50 pixels: SSIM needs at least 11 × 11"):
        Ssim(MetricSettings()).prepare(np.zeros((10, 50), np.uint8))


def test_an_image_smaller_than_the_window_after_cropping_is_refused() -> None:
    from metrics.registry import METRICS

    with pytest.raises(MetricInputError, match=r"10 × 10 pixels: SSIM needs at least 11 × 11"):
        METRICS["ssim_y"](MetricSettings(scale=4)).prepare(np.zeros((18, 18, 3), np.uint8))


@pytest.mark.parametrize("amount", [0.5, 5.0, 30.0])
@pytest.mark.parametrize("spread", [0, 1])
def test_flat_fields_of_both_extremes_do_not_suffer_from_cancellation(amount: float, spread: int) -> None:
    """Around a mean of neither, float32 would be wrong by 10⁻⁵."""
    generator = np.random.default_rng(1)
    fields = np.kron(generator.integers(0, 2, (9, 17, 3)) * 255, np.ones((31, 31, 1), np.int64))
    reference = np.clip(fields + generator.integers(-spread, spread + 1, fields.shape), 0, 255).astype(np.uint8)
    noisy = np.clip(reference + generator.normal(0, amount, reference.shape), 0, 255).astype(np.uint8)
    for output in (noisy, 255 - reference, np.full_like(reference, 128)):
        assert ssim(reference, output) == pytest.approx(scikit_image(reference, output), abs=1e-6)


@pytest.mark.parametrize(("dtype", "data_range"), [(np.uint16, 65535.0), (np.float32, 1.0), (np.float64, 1.0)])
def test_pictures_of_more_than_8_bits_equal_scikit_image(dtype: type, data_range: float) -> None:
    shared = data_range / 255.0
    reference, output = (image.astype(np.float64) for image in noisy_pair((90, 4096, 3), amount=20))
    pair = [
        np.rint(one * shared).astype(dtype) if dtype == np.uint16 else (one * shared).astype(dtype)
        for one in (reference, output)
    ]
    expected = scikit_image(*(one.astype(np.float64) for one in pair), data_range=data_range)
    assert ssim(*pair, data_range) == pytest.approx(expected, abs=1e-6)
