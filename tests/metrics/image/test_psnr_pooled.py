"""PSNR of a whole set: by its definition, and against the mean of per-image values."""

from __future__ import annotations

import math

import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio

from metrics.errors import MetricInputError
from metrics.metric import MetricSettings
from metrics.registry import METRICS, SET_METRICS
from tests.metrics.pictures import noisy_pair

POOLED = SET_METRICS["psnr_pooled"]


def contributions(pairs: list[tuple[np.ndarray, np.ndarray]], data_range: float = 255.0) -> np.ndarray:
    metric = POOLED.open(MetricSettings(data_range=data_range))
    return np.stack([metric.prepare(reference).contribution(output) for reference, output in pairs])


def test_the_set_is_scored_as_one_long_image() -> None:
    pairs = [noisy_pair(shape, seed=seed, amount=5 + 9 * seed) for seed, shape in enumerate([(9, 7, 3), (30, 20, 3)])]
    references, outputs = (np.concatenate([one[side].ravel() for one in pairs]) for side in (0, 1))
    expected = peak_signal_noise_ratio(references, outputs, data_range=255)
    assert POOLED.value(contributions(pairs)) == pytest.approx(expected, abs=1e-10)


def test_one_image_is_its_own_psnr_and_two_of_one_size_are_never_better_than_their_mean() -> None:
    pairs = [noisy_pair((16, 16, 3), seed=seed, amount=amount) for seed, amount in enumerate([4, 40])]
    own = [METRICS["psnr"](MetricSettings()).prepare(reference).score(output) for reference, output in pairs]
    assert [POOLED.value(contributions([pair])) for pair in pairs] == pytest.approx(own, abs=1e-10)
    assert POOLED.value(contributions(pairs)) < np.mean(own) - 1.0


def test_a_single_error_makes_a_set_finite_that_was_identical_otherwise() -> None:
    image, _ = noisy_pair((8, 8, 3))
    other = image.copy()
    other[0, 0, 0] ^= 1
    assert POOLED.value(contributions([(image, image.copy())])) == math.inf
    assert POOLED.value(contributions([(image, image.copy()), (image, other)])) == pytest.approx(
        10 * math.log10(255**2 * 2 * image.size)
    )


def test_the_data_range_is_the_declared_one() -> None:
    reference, output = noisy_pair((12, 12, 3))
    as_floats = [(reference / 255.0, output / 255.0)]
    assert POOLED.value(contributions(as_floats, data_range=1.0)) == pytest.approx(
        POOLED.value(contributions([(reference, output)])), abs=1e-9
    )


def test_another_shape_and_what_is_not_finite_are_refused() -> None:
    reference, output = noisy_pair((12, 12, 3))
    prepared = POOLED.open(MetricSettings()).prepare(reference)
    with pytest.raises(MetricInputError):
        prepared.contribution(output[:-1])
    floats = POOLED.open(MetricSettings(data_range=1.0)).prepare(reference / 255.0)
    with pytest.raises(MetricInputError):
        floats.contribution(np.full(reference.shape, np.nan))
