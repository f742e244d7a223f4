"""A bench with two ONNX arms for every runner that keeps the contract."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.devices.runner_contract import models
from tests.devices.runner_contract.bench import RUNNERS, Bench


@pytest.fixture(params=sorted(RUNNERS))
def empty_bench(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    """No arms, no steps."""
    return Bench(tmp_path, RUNNERS[request.param]())


@pytest.fixture
def bench(empty_bench: Bench) -> Bench:
    """Two small convolutions and two items; no steps yet."""
    for seed in (0, 1):
        empty_bench.add_arm(models.conv_onnx(empty_bench.folder / f"conv{seed}.onnx", seed=seed))
    for seed, size in ((0, 8), (1, 16)):
        empty_bench.add_item(np.random.default_rng(seed).random((1, 1, size, size), dtype=np.float32))
    return empty_bench


def add_all_passes(bench: Bench, *, pairs: int) -> None:
    """Quality, memory, warm-up, latency: as the host plans them."""
    for item in bench.items:
        for arm in bench.arms:
            bench.quality(arm.id, item)
    for arm in bench.arms:
        bench.memory(arm.id, "i0")
    add_latency_pass(bench, pairs=pairs)


def add_latency_pass(bench: Bench, *, pairs: int) -> None:
    """Warm-up, then pairs whose order alternates."""
    arms = [arm.id for arm in bench.arms]
    bench.warm_up(arms, "i0")
    for pair in range(pairs):
        bench.pair(pair, arms if pair % 2 == 0 else arms[::-1], "i0")
