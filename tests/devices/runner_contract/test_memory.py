"""Memory steps: a fresh process each, alone on the machine, with sizes that follow the model's."""

from __future__ import annotations

import numpy as np
import pytest

from harness.documents.records import ArmLoaded, MemoryMeasured
from tests.devices.runner_contract import models
from tests.devices.runner_contract.bench import Bench, of_kind

WEIGHT_BYTES = 50_000_000


@pytest.fixture
def records_of_tiny_and_heavy(empty_bench: Bench) -> tuple[list[MemoryMeasured], list[ArmLoaded]]:
    bench = empty_bench
    bench.add_arm(models.conv_onnx(bench.folder / "tiny.onnx"))
    bench.add_arm(models.heavy_onnx(bench.folder / "heavy.onnx", WEIGHT_BYTES))
    item = bench.add_item(np.zeros((1, 1, 8, 8), np.float32))
    bench.quality("a0", item)
    for repeat in (0, 1):
        for arm in ("a0", "a1"):
            bench.memory(arm, item, repeat=repeat, inferences=4)
    bench.write_plan()
    records = bench.run()
    return of_kind(records, MemoryMeasured), of_kind(records, ArmLoaded)


def test_fifty_megabytes_of_weights_show_as_such_and_each_step_has_a_process_of_its_own(
    records_of_tiny_and_heavy: tuple[list[MemoryMeasured], list[ArmLoaded]],
) -> None:
    measured, loaded = records_of_tiny_and_heavy

    assert [(record.arm, record.repeat) for record in measured] == [("a0", 0), ("a1", 0), ("a0", 1), ("a1", 1)]
    assert len({record.pid for record in loaded}) == 5
    for tiny, heavy in (measured[:2], measured[2:]):
        for record in (tiny, heavy):
            assert record.notes == []
            assert record.inferences == 4
            assert record.load_ns > 0
            assert record.first_inference_ns > 0
            sizes = (
                record.before_load_rss_bytes,
                record.load_peak_rss_bytes,
                record.run_peak_rss_bytes,
                record.pss_bytes,
                record.steady_rss_bytes,
            )
            assert None not in sizes
            # An interpreter with numpy and a runtime is tens of megabytes, not kilobytes and not gigabytes.
            assert all(10e6 < size < 1e9 for size in sizes if size is not None)
        assert heavy.load_peak_rss_bytes - tiny.load_peak_rss_bytes >= WEIGHT_BYTES  # type: ignore[operator]
        assert heavy.run_peak_rss_bytes - tiny.run_peak_rss_bytes >= 0.9 * WEIGHT_BYTES  # type: ignore[operator]
        assert heavy.steady_rss_bytes - tiny.steady_rss_bytes >= 0.9 * WEIGHT_BYTES  # type: ignore[operator]
        # Of the runtime's own pages each process has the less, the more others have them open at that moment.
        assert heavy.pss_bytes - tiny.pss_bytes >= 0.6 * WEIGHT_BYTES  # type: ignore[operator]
        # No model is open yet: both arms start from the same size, give or take the allocator's mood.
        assert abs(heavy.before_load_rss_bytes - tiny.before_load_rss_bytes) < 5e6  # type: ignore[operator]
