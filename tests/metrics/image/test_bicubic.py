"""Bicubic resizing where the answer is known without MATLAB."""

from __future__ import annotations

import numpy as np
import pytest

from metrics.image.bicubic import imresize, round_to_uint8


@pytest.mark.parametrize("scale", [0.25, 1 / 3, 0.5, 0.7, 1.0, 1.5, 2, 3, 4])
def test_a_flat_image_stays_flat_and_lengths_are_rounded_up(scale: float) -> None:
    resized = imresize(np.full((13, 22, 3), 77, np.uint8), scale)
    assert resized.shape == (int(np.ceil(13 * scale)), int(np.ceil(22 * scale)), 3)
    assert (resized == 77).all()


def test_a_ramp_is_enlarged_to_a_ramp_away_from_the_border() -> None:
    ramp = np.tile(np.arange(40.0), (5, 1))
    enlarged = imresize(ramp, 2)
    np.testing.assert_allclose(enlarged[:, 8:-8], np.tile((np.arange(80) - 0.5) / 2, (10, 1))[:, 8:-8], atol=1e-12)


def test_scale_one_changes_nothing() -> None:
    image = np.random.default_rng(0).integers(0, 256, (9, 12, 3), dtype=np.uint8)
    np.testing.assert_array_equal(imresize(image, 1.0), image)


def test_floats_are_neither_rounded_nor_clipped() -> None:
    edge = np.repeat([0.0, 1.0], 8)[None].repeat(8, axis=0)
    enlarged = imresize(edge, 4)
    assert enlarged.dtype == np.float64
    assert enlarged.min() < 0
    assert enlarged.max() > 1


def test_halves_are_rounded_up_as_matlab_does() -> None:
    np.testing.assert_array_equal(round_to_uint8(np.array([-3.0, 0.5, 1.5, 2.5, 300.0])), [0, 1, 2, 3, 255])


@pytest.mark.parametrize(
    ("image", "scale", "words"),
    [
        (np.zeros((4, 4), np.int16), 2.0, "int16"),
        (np.zeros(4, np.uint8), 2.0, "shape"),
        (np.zeros((4, 4), np.uint8), 0.0, "scale must be a positive number"),
    ],
)
def test_what_cannot_be_resized_is_refused(image: np.ndarray, scale: float, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        imresize(image, scale)
