"""A runtime that leaks 1 KB of every 1000 inferences is found, by either runner; a cache that fills up is not called a
leak.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from harness.analysis.soak.memory import memory_finding
from harness.analysis.soak.windows import SoakRecords, read_soak_records
from harness.documents.soak_result import Estimated, MemoryFinding
from tests.devices.runner_contract import models
from tests.devices.runner_contract.bench import RUNNERS, Bench
from tests.devices.stub_onnxruntime import stub_onnxruntime

# Of these eight seconds a runner may be held up for five: what is left has windows enough, and fills the caches below.
WINDOW_MS, WINDOWS = 75.0, 108
STUB_PACKAGES = Path(__file__).with_name("stub_tflite_runtime")

# A piece of 1000 bytes as the allocator keeps it: with 8 bytes of its own, in steps of 16. Python's has a header of 33
# bytes besides, and a pointer of 8 in a list.
KEPT_BYTES = {"native": 1008, "python": 1056 + 8}
# A byte an inference: full within the first windows of a machine like a phone.
CACHE_BYTES = {"native": 1_000_000, "python": 100_000}


@dataclass(frozen=True)
class Soak:
    """A runner, and a soak of a few seconds with it."""

    runner: str
    run: Callable[[], SoakRecords]


@pytest.fixture(params=["native", "python"])
def soaked(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Soak:
    """Of a library, or a package, that takes a microsecond or less for an inference."""

    def run() -> SoakRecords:
        bench = Bench(tmp_path, RUNNERS[request.param]())
        if bench.is_native:
            model = models.conv_onnx(tmp_path / "conv.onnx")
            bench.add_arm(model, runtime_version="1.32.0", library=str(stub_onnxruntime()), threads=1)
        else:
            monkeypatch.setenv("PYTHONPATH", str(STUB_PACKAGES))
            model = tmp_path / "none.tflite"
            model.write_bytes(b"TFL3 of nothing")
            bench.add_arm(model, "tflite-runtime", runtime_version="2.14.0")
        item = bench.add_item(np.zeros((1, 4), np.float32))
        bench.warm_up(["a0"], item)
        bench.soak("a0", item, duration_ms=WINDOW_MS * WINDOWS, window_ms=WINDOW_MS)
        bench.write_plan(reference_target_ns=1_000_000)
        bench.run()
        return read_soak_records(bench.records_path)

    return Soak(request.param, run)


def test_a_kilobyte_of_every_thousand_inferences_is_found(soaked: Soak, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUB_KEEPS", "1000")
    records = soaked.run()

    found = memory_finding(records)

    print(f"{records.inferences.sum():.0f} inferences: {found.per_1000_inferences}")
    assert found.leak == "yes", found
    slope = found.per_1000_inferences
    assert isinstance(slope, Estimated)
    assert slope.low is not None
    assert slope.high is not None
    kept = KEPT_BYTES[soaked.runner]
    assert slope.low < kept < slope.high or slope.value == pytest.approx(kept, rel=0.02)


def test_a_cache_that_fills_up_is_not_called_a_leak(soaked: Soak, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUB_KEEPS", "1000")
    cache_bytes = CACHE_BYTES[soaked.runner]
    monkeypatch.setenv("STUB_KEEPS_AT_MOST", str(cache_bytes))
    records = soaked.run()

    found = memory_finding(records)

    print(f"{records.inferences.sum():.0f} inferences: {found.reason}")
    assert records.inferences.sum() > 4 * cache_bytes
    assert_none_is_seen(found)


def test_a_runtime_that_keeps_nothing_is_said_to(soaked: Soak) -> None:
    assert_none_is_seen(memory_finding(soaked.run()))


def assert_none_is_seen(found: MemoryFinding) -> None:
    """It takes 45 million inferences to exclude one in steps of 2 MiB; small steps would have shown in seconds."""
    assert found.leak != "yes", found
    if found.leak == "not yet known":
        assert found.steps[0].at_most < 256.0, found
