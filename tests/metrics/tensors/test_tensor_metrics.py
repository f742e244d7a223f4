"""Metrics of tensors against their definitions, and what they refuse."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy.spatial.distance import cosine

from metrics.errors import MetricInputError
from metrics.metric import MetricSettings
from metrics.registry import METRICS

NAMES = ("max_abs_error", "cosine_similarity", "snr")


def score(name: str, reference: Any, output: Any) -> float:
    return METRICS[name](MetricSettings()).prepare(reference).score(output)


def of(*values: float) -> dict[str, np.ndarray]:
    return {"": np.array(values)}


def test_the_largest_error_is_of_the_worst_value_of_the_worst_output() -> None:
    assert score("max_abs_error", of(1.0, 2.0, 3.0), of(1.5, 2.0, 2.25)) == 0.75
    both = {"a": np.array([1.0, 2.0]), "b": np.array([[5.0]])}
    assert score("max_abs_error", both, {"a": np.array([1.0, 2.5]), "b": np.array([[3.0]])}) == 2.0


def test_snr_is_the_reference_s_energy_over_the_error_s() -> None:
    # 3² + 4² = 25 over 0.5² = 0.25: a factor of 100 is 20 dB.
    assert score("snr", of(3.0, 4.0), of(3.0, 4.5)) == pytest.approx(20.0, abs=1e-12)
    two = {"a": np.array([3.0, 4.0]), "b": np.array([10.0])}
    assert score("snr", two, {"a": np.array([3.0, 4.5]), "b": np.array([11.0])}) == pytest.approx(20.0, abs=1e-12)
    assert score("snr", two, {"a": np.array([3.0, 4.0]), "b": np.array([20.0])}) == pytest.approx(0.0, abs=1e-12)


def test_cosine_similarity_is_that_of_scipy_whatever_the_shape_and_the_size() -> None:
    source = np.random.default_rng(0)
    x, y = source.normal(size=(2, 4, 5))
    expected = 1.0 - cosine(x.ravel(), y.ravel())
    for factor in (1.0, 1e-200, 1e200):
        assert score("cosine_similarity", {"": x}, {"": factor * y}) == pytest.approx(expected, abs=1e-12)
    assert score("cosine_similarity", of(1.0, 0.0), of(0.0, 1.0)) == 0.0
    assert score("cosine_similarity", of(1.0, 2.0), of(-2.0, -4.0)) == pytest.approx(-1.0, abs=1e-12)


@pytest.mark.parametrize(("name", "best"), [("max_abs_error", 0.0), ("cosine_similarity", 1.0), ("snr", math.inf)])
@pytest.mark.parametrize("dtype", ["float32", "float16", "int8", "uint8", "bool", "int64"])
def test_an_identical_output_has_the_best_score(name: str, best: float, dtype: str) -> None:
    tensor = {"y": np.array([[1, 0], [1, 1]]).astype(dtype)}
    assert score(name, tensor, tensor) == pytest.approx(best, abs=1e-12)


def test_unsigned_integers_do_not_wrap() -> None:
    assert score("max_abs_error", {"": np.array([200], np.uint8)}, {"": np.array([201], np.uint8)}) == 1.0
    assert score("max_abs_error", {"": np.array([201], np.uint8)}, {"": np.array([200], np.uint8)}) == 1.0


@pytest.mark.parametrize("name", NAMES)
def test_other_shapes_are_refused_by_naming_both_though_numpy_would_broadcast(name: str) -> None:
    with pytest.raises(MetricInputError, match=r"output 'y' has shape 1 × 3 but the reference has 2 × 3"):
        score(name, {"y": np.ones((2, 3))}, {"y": np.ones((1, 3))})


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("odd", [math.nan, math.inf])
def test_values_that_are_not_finite_are_counted_and_refused(name: str, odd: float) -> None:
    with pytest.raises(MetricInputError, match="output has 1 values of 2 that are NaN or infinite"):
        score(name, of(1.0, 2.0), of(1.0, odd))
    with pytest.raises(MetricInputError, match="reference has 1 values of 2"):
        score(name, of(1.0, odd), of(1.0, 2.0))


@pytest.mark.parametrize("name", NAMES)
def test_outputs_are_found_by_name_and_an_only_one_without(name: str) -> None:
    score(name, {"": np.ones(2)}, {"whatever": np.ones(2)})
    with pytest.raises(MetricInputError, match="there is no output 'y'; there are 'a', 'b'"):
        score(name, {"y": np.ones(2)}, {"a": np.ones(2), "b": np.ones(2)})
    with pytest.raises(MetricInputError, match="there is no output; there are 'a', 'b'"):
        score(name, {"": np.ones(2)}, {"a": np.ones(2), "b": np.ones(2)})


@pytest.mark.parametrize("name", NAMES)
def test_a_reference_without_values_is_refused(name: str) -> None:
    for empty in ({}, {"y": np.ones((0, 3))}):
        with pytest.raises(MetricInputError, match=r"holds no tensor|has no values"):
            METRICS[name](MetricSettings()).prepare(empty)


def test_what_is_all_zeros_has_neither_signal_nor_direction() -> None:
    for name in ("snr", "cosine_similarity"):
        with pytest.raises(MetricInputError, match="all zeros"):
            METRICS[name](MetricSettings()).prepare(of(0.0, 0.0))
    with pytest.raises(MetricInputError, match="all zeros"):
        score("cosine_similarity", of(1.0, 0.0), of(0.0, 0.0))
    assert score("snr", of(1.0, 0.0), of(0.0, 0.0)) == 0.0


@pytest.mark.parametrize("name", NAMES)
def test_a_metric_says_how_it_is_computed(name: str) -> None:
    assert "outputs" in METRICS[name](MetricSettings()).describe() or name == "max_abs_error"
