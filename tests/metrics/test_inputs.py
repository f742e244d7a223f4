"""What every metric refuses, and in which words."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from harness.quantity import QUANTITIES
from metrics.errors import MetricInputError
from metrics.metric import MetricSettings
from metrics.registry import METRICS, SET_METRICS
from tests.metrics.pictures import noisy_pair

OFFLINE = ("psnr", "psnr_y", "ssim", "ssim_y")


def test_every_quality_quantity_has_a_metric() -> None:
    quality = {name for name, quantity in QUANTITIES.items() if quantity.measured_in == "quality"}
    assert quality == METRICS.keys() | SET_METRICS.keys()


@pytest.mark.parametrize("name", OFFLINE)
def test_other_shapes_are_refused_by_naming_both(name: str) -> None:
    reference, _ = noisy_pair((40, 50, 3))
    prepared = METRICS[name](MetricSettings()).prepare(reference)
    with pytest.raises(MetricInputError, match=r"40 × 48 × 3 but the reference has 40 × 50 × 3: nothing is resized"):
        prepared.score(reference[:, :48])


@pytest.mark.parametrize("name", OFFLINE)
def test_other_dtypes_are_refused_by_naming_both(name: str) -> None:
    reference, _ = noisy_pair((40, 50, 3))
    prepared = METRICS[name](MetricSettings()).prepare(reference)
    with pytest.raises(MetricInputError, match="output is float64 but the reference is uint8"):
        prepared.score(reference.astype(np.float64))


@pytest.mark.parametrize("name", OFFLINE)
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_values_that_are_not_finite_are_counted_and_refused(name: str, value: float) -> None:
    reference = np.zeros((40, 50, 3))
    broken = reference.copy()
    broken[20, 20] = value
    prepared = METRICS[name](MetricSettings(data_range=1.0)).prepare(reference)
    with pytest.raises(MetricInputError, match="output has 3 values of 6000 that are NaN or infinite"):
        prepared.score(broken)
    with pytest.raises(MetricInputError, match="reference has 3 values"):
        METRICS[name](MetricSettings(data_range=1.0)).prepare(broken)


@pytest.mark.parametrize("name", OFFLINE)
@pytest.mark.parametrize(
    ("image", "words"),
    [
        (np.zeros((40, 50, 4), np.uint8), "drop an alpha channel"),
        (np.zeros((40, 50, 3), np.int32), "reference is int32"),
        (np.zeros((0, 50, 3), np.uint8), "no pixels"),
        (np.zeros((1, 40, 50, 3), np.uint8), r"1 × 40 × 50 × 3"),
    ],
)
def test_what_is_no_image_is_refused(name: str, image: Any, words: str) -> None:
    with pytest.raises(MetricInputError, match=words):
        METRICS[name](MetricSettings()).prepare(image)


@pytest.mark.parametrize("name", OFFLINE)
def test_a_data_range_that_cannot_be_that_of_bytes_is_refused(name: str) -> None:
    with pytest.raises(MetricInputError, match="data range is 255, but 1 is declared"):
        METRICS[name](MetricSettings(data_range=1.0)).prepare(np.zeros((40, 50, 3), np.uint8))


@pytest.mark.parametrize("name", OFFLINE)
@pytest.mark.parametrize("data_range", [0.0, -1.0, math.nan, math.inf])
def test_a_data_range_must_be_a_positive_number(name: str, data_range: float) -> None:
    with pytest.raises(MetricInputError, match="data_range must be a positive number"):
        METRICS[name](MetricSettings(data_range=data_range))


@pytest.mark.parametrize("name", OFFLINE)
def test_a_metric_says_how_it_is_computed(name: str) -> None:
    text = METRICS[name](MetricSettings(scale=3)).describe()
    assert name[:4].upper() in text
    assert ("luma without 3 px" in text) == name.endswith("_y")
