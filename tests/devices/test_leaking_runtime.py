"""A runtime that leaks 1 KB of every 1000 inferences is found; a cache that fills up is not called a leak."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harness.analysis.soak_memory import memory_finding
from harness.analysis.soak_windows import SoakRecords, read_soak_records
from harness.soak_result import Estimated
from tests.devices.runner_contract import models
from tests.devices.runner_contract.bench import RUNNERS, Bench
from tests.devices.stub_onnxruntime import stub_onnxruntime

WINDOW_MS, WINDOWS = 150.0, 48


def soaked(folder: Path) -> SoakRecords:
    """A few seconds of a library that takes less than a microsecond for an inference."""
    bench = Bench(folder, RUNNERS["native"]())
    bench.add_arm(
        models.conv_onnx(folder / "conv.onnx"), runtime_version="1.32.0", library=str(stub_onnxruntime()), threads=1
    )
    item = bench.add_item(np.zeros((1, 4), np.float32))
    bench.warm_up(["a0"], item)
    bench.soak("a0", item, duration_ms=WINDOW_MS * WINDOWS, window_ms=WINDOW_MS)
    bench.write_plan(reference_target_ns=1_000_000)
    bench.run()
    return read_soak_records(bench.records_path)


def test_a_kilobyte_of_every_thousand_inferences_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUB_KEEPS", "1000")
    records = soaked(tmp_path)

    found = memory_finding(records)

    print(f"{records.inferences.sum():.0f} inferences: {found.per_1000_inferences}")
    assert found.leak == "yes", found
    slope = found.per_1000_inferences
    assert isinstance(slope, Estimated)
    assert slope.low is not None
    assert slope.high is not None
    # 1000 bytes, and the allocator's 8 bytes a piece in steps of 16.
    assert slope.low < 1008 < slope.high or slope.value == pytest.approx(1008, rel=0.02)


def test_a_cache_that_fills_up_is_not_called_a_leak(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUB_KEEPS", "1000")
    monkeypatch.setenv("STUB_KEEPS_AT_MOST", "1000000")  # a million inferences: the first window or the first few
    records = soaked(tmp_path)

    found = memory_finding(records)

    print(f"{records.inferences.sum():.0f} inferences: {found.reason}")
    assert records.inferences.sum() > 4e6
    assert found.leak == "no", found


def test_a_runtime_that_keeps_nothing_is_said_to(tmp_path: Path) -> None:
    found = memory_finding(soaked(tmp_path))
    assert found.leak == "no", found
