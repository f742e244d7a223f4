"""Exact for whole numbers, however they lie in memory."""

import numpy as np
import pytest

from metrics.image.squared_error import squared_error


@pytest.mark.parametrize("shape", [(1, 1), (7, 5), (300, 299), (64, 48, 3), (211, 307, 3)])
def test_of_uint8_it_is_the_exact_whole_number(shape):
    generator = np.random.default_rng(sum(shape))
    for step in (1, 2):
        one, other = (
            generator.integers(0, 256, (shape[0] * step, *shape[1:]), dtype=np.uint8)[::step] for _ in range(2)
        )
        difference = one.astype(np.int64) - other.astype(np.int64)
        assert squared_error(one, other) == int((difference * difference).sum())


def test_the_largest_error_of_a_large_picture_is_exact():
    black = np.zeros((4000, 3000, 3), np.uint8)
    assert squared_error(black, black + 255) == 255**2 * black.size
    assert squared_error(black, black) == 0.0


def test_floats_are_summed_as_float64():
    one = np.float32([[0.1, 0.2]])
    assert squared_error(one, np.zeros_like(one)) == pytest.approx(
        float(np.float32(0.1)) ** 2 + float(np.float32(0.2)) ** 2
    )
