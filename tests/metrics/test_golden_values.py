"""Published values, image by image and table by table."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import skimage
from numpy.typing import NDArray
from skimage.metrics import structural_similarity

from metrics.image.bicubic import imresize, round_to_uint8
from metrics.image.luma import luma
from metrics.metric import MetricSettings
from metrics.registry import METRICS
from tests.metrics.pictures import SET5, open_lpips, read, set5, shared


# "Bicubic" columns of the tables that super-resolution papers print for Set5, to the printed digits.
@pytest.mark.parametrize(("scale", "psnr", "ssim"), [(2, 33.66, 0.9299), (3, 30.39, 0.8682), (4, 28.42, 0.8104)])
def test_bicubic_on_set5_gives_the_published_table(scale: int, psnr: float, ssim: float) -> None:
    settings = MetricSettings(scale=scale)
    scores: dict[str, list[float]] = {"psnr_y": [], "ssim_y": []}
    for name in SET5:
        high, _ = set5(name, scale)
        # The tables' way: luma is rounded, the small image is not, the enlarged one is.
        y = round_to_uint8(luma(high))
        enlarged = round_to_uint8(imresize(imresize(y.astype(np.float64), 1 / scale), scale))
        for metric, values in scores.items():
            values.append(METRICS[metric](settings).prepare(y).score(enlarged))
    assert round(np.mean(scores["psnr_y"]), 2) == psnr
    assert round(np.mean(scores["ssim_y"]), 4) == ssim


# One pair by variant of SSIM: butterfly ×4, bicubic, luma as in the table above.
_CANONICAL = 0.73689
_GAUSSIAN = {"gaussian_weights": True, "sigma": 1.5}


def test_ssim_is_the_canonical_variant() -> None:
    reference, output = butterfly()
    assert METRICS["ssim_y"](MetricSettings(scale=4)).prepare(reference).score(output) == pytest.approx(
        _CANONICAL, abs=1e-5
    )


@pytest.mark.parametrize(
    ("divisor", "keywords", "value"),
    [
        pytest.param(1, {**_GAUSSIAN, "data_range": 255}, 0.73647, id="sample covariance"),
        pytest.param(1, {"data_range": 255}, 0.75216, id="7×7 uniform window"),
        pytest.param(255, {**_GAUSSIAN, "use_sample_covariance": False, "data_range": 2}, 0.809, id="range of 2"),
        pytest.param(255, {"data_range": 255}, 0.99987, id="7×7 of 0..1 as 0..255"),
    ],
)
def test_ssim_is_none_of_the_variants_that_the_same_pair_is_published_with(
    divisor: int, keywords: dict[str, Any], value: float
) -> None:
    reference, output = butterfly()
    crop = (slice(4, -4), slice(4, -4))
    variant = structural_similarity(reference[crop] / divisor, output[crop] / divisor, **keywords)
    assert variant == pytest.approx(value, abs=1e-3 if value == 0.809 else 1e-5)
    assert abs(METRICS["ssim_y"](MetricSettings(scale=4)).prepare(reference).score(output) - variant) > 4e-4


def butterfly() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    high, _ = set5("butterfly", 4)
    y = round_to_uint8(luma(high))
    return y, round_to_uint8(imresize(imresize(y.astype(np.float64), 1 / 4), 4))


# scikit-image's own test (skimage/metrics, test_PSNR_vs_IPOL): camera with noise of σ 20 from seed 5; the value is
# that of the `imdiff` program of the Image Processing On Line article.
def test_psnr_of_the_noisy_camera_is_the_published_one() -> None:
    camera = skimage.data.camera()
    noise = np.random.RandomState(5).randn(*camera.shape)
    noisy = np.clip(camera + 20.0 * noise, 0, 255).astype(np.uint8)
    psnr = METRICS["psnr"](MetricSettings()).prepare(camera).score(noisy)
    assert psnr == pytest.approx(22.409353363576034, abs=1e-6)


# The authors' own example images and values.
@pytest.mark.parametrize(
    ("net", "first", "second"),
    [("alex", 0.721881, 0.137566), ("squeeze", 0.711048, 0.147902), ("vgg", 0.568613, 0.421664)],
)
def test_lpips_of_the_authors_examples(net: str, first: float, second: float) -> None:
    folder = shared("images", "lpips_examples")
    prepared = open_lpips(net).prepare(read(folder / "ex_ref.png"))
    assert prepared.score(read(folder / "ex_p0.png")) == pytest.approx(first, abs=1e-5)
    assert prepared.score(read(folder / "ex_p1.png")) == pytest.approx(second, abs=1e-5)


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("name", SET5)
def test_shrunken_set5_is_the_published_one_bit_for_bit(name: str, scale: int) -> None:
    high, low = set5(name, scale)
    np.testing.assert_array_equal(imresize(high, 1 / scale), low)
