"""The share of close pixels, counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from metrics.errors import MetricInputError
from metrics.metric import MetricSettings
from metrics.registry import METRICS
from tests.metrics.pictures import noisy_pair


def score(reference: np.ndarray, output: np.ndarray, data_range: float = 255.0) -> float:
    return METRICS["close_pixels"](MetricSettings(data_range=data_range)).prepare(reference).score(output)


def test_a_pixel_is_close_where_its_worst_channel_is_off_by_eight_levels_and_no_longer_by_nine() -> None:
    reference = np.full((2, 5, 3), 100, np.uint8)
    output = reference.copy()
    output[0, 0] = (108, 92, 100)
    output[0, 1] = (109, 100, 100)
    output[1, 4] = (100, 100, 91)
    assert score(reference, output) == 80.0
    assert score(reference, reference.copy()) == 100.0


@pytest.mark.parametrize("shape", [(17, 23, 3), (17, 23)])
def test_pixels_are_counted_one_by_one(shape: tuple[int, ...]) -> None:
    reference, output = noisy_pair(shape, amount=12)
    pairs = list(zip(reference.reshape(17 * 23, -1).tolist(), output.reshape(17 * 23, -1).tolist(), strict=True))
    close = sum(all(abs(a - b) <= 8 for a, b in zip(first, second, strict=True)) for first, second in pairs)
    assert 0 < close < len(pairs)
    assert score(reference, output) == pytest.approx(100.0 * close / len(pairs))


def test_floats_are_counted_as_their_bytes() -> None:
    reference, output = noisy_pair((20, 20, 3), amount=12)
    assert score(reference / 255.0, output / 255.0, data_range=1.0) == score(reference, output)


def test_another_shape_is_refused() -> None:
    reference, output = noisy_pair((8, 8, 3))
    with pytest.raises(MetricInputError):
        score(reference, output[1:])
