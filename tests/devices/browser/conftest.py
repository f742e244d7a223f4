"""A bench of each runner with one arm of its own process, for web arms to stand beside."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.devices.runner_contract import models
from tests.devices.runner_contract.bench import RUNNERS, Bench


@pytest.fixture(params=["python", "native with sanitizers"])
def empty_bench(tmp_path: Path, request: pytest.FixtureRequest) -> Bench:
    """Each runner, and no arms."""
    return Bench(tmp_path, RUNNERS[request.param]())


@pytest.fixture
def bench(empty_bench: Bench) -> Bench:
    """One arm of onnxruntime, a small convolution; no items yet."""
    empty_bench.add_arm(models.conv_onnx(empty_bench.folder / "own.onnx"))
    return empty_bench
