"""Minimal filtering against convolutions as they stand."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from metrics.lpips.lpips_networks import Conv
from metrics.lpips.onnx_graph import OnnxGraph, convolve
from metrics.lpips.onnx_session import OnnxSession
from metrics.lpips.winograd import OUTPUTS, transforms


@pytest.mark.parametrize("kernel", [2, 3, 4, 5])
def test_the_transforms_filter(kernel: int) -> None:
    generator = np.random.default_rng(kernel)
    taps, values = generator.normal(size=kernel), generator.normal(size=OUTPUTS + kernel - 1)
    results, of_taps, of_values = transforms(kernel)
    expected = [float(taps @ values[place : place + kernel]) for place in range(OUTPUTS)]
    np.testing.assert_allclose(results @ ((of_taps @ taps) * (of_values @ values)), expected, atol=1e-13)


@pytest.mark.parametrize(("kernel", "padding"), [(3, 1), (5, 2)])
@pytest.mark.parametrize(("height", "width"), [(3, 3), (4, 8), (13, 30), (31, 5)])
def test_it_is_the_convolution(kernel: int, padding: int, height: int, width: int) -> None:
    generator = np.random.default_rng(height)
    trunk = {
        "c.weight": generator.normal(0.0, 0.2, (5, 7, kernel, kernel)).astype(np.float32),
        "c.bias": generator.normal(0.0, 0.2, 5).astype(np.float32),
    }
    values = generator.normal(size=(1, 7, height, width)).astype(np.float32)

    def convolved(minimal: bool) -> NDArray[np.float32]:
        graph = OnnxGraph()
        conv = Conv("c", 7, 5, kernel, padding=padding, minimal=minimal)
        graph.node("Identity", [convolve(graph, conv, "x", trunk)], output="y")
        model = graph.model("m", {"x": [1, 7, None, None]}, {"y": [1, 5, None, None]})
        return OnnxSession(model.SerializeToString(), 1).run(["y"], {"x": values})[0]

    found, expected = convolved(True), convolved(False)
    assert found.shape == expected.shape == (1, 5, height, width)
    assert np.count_nonzero(expected) > 0
    np.testing.assert_allclose(found, expected, atol=1e-4)
