"""Cube roots are those of NumPy's exact one, for what metrics of colour take them of."""

import numpy as np
import pytest

from metrics.image.cube_root import cube_root


@pytest.mark.parametrize("shape", [(), (1,), (7, 5), (4, 3, 3)])
def test_a_root_has_the_shape_of_its_values(shape: tuple[int, ...]) -> None:
    values = np.full(shape, 27.0)
    assert cube_root(values).shape == shape
    np.testing.assert_allclose(cube_root(values), np.full(shape, 3.0), rtol=1e-14)


def test_roots_are_exact_over_the_range_of_light_and_of_nothing_there_is_none() -> None:
    values = np.concatenate([np.linspace(1e-3, 1.1, 100_001), np.geomspace(1e-12, 1e3, 10_001)])
    np.testing.assert_allclose(cube_root(values), np.cbrt(values), rtol=1e-14)
    assert cube_root(np.zeros((2, 2))) == pytest.approx(0.0, abs=1e-100)


def test_values_that_do_not_lie_in_a_row_keep_their_places() -> None:
    values = np.random.default_rng(0).random((9, 8, 3)).transpose(2, 0, 1)[:, ::2, 1:]
    before = values.copy()
    np.testing.assert_allclose(cube_root(values), np.cbrt(values), rtol=1e-14)
    np.testing.assert_array_equal(values, before)
