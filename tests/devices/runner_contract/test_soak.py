"""A soak: one process that infers on and on, window by window, through stops and kills."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence

import numpy as np
import pytest

from harness.documents.records import ArmFailed, ArmLoaded, Record, RunnerFinished, SoakWindow, StepSkipped
from tests.devices.runner_contract import models
from tests.devices.runner_contract.bench import Bench, kill_at_once, of_kind


@pytest.fixture
def soak_bench(empty_bench: Bench) -> Bench:
    empty_bench.add_arm(models.conv_onnx(empty_bench.folder / "conv.onnx"))
    empty_bench.add_item(np.zeros((1, 1, 8, 8), np.float32))
    return empty_bench


def assert_whole(records: Sequence[Record], *, duration_ms: float) -> list[SoakWindow]:
    """Windows are numbered through all sessions, and together last as long as asked for and not a window longer."""
    assert isinstance(records[-1], RunnerFinished)
    assert records[-1].reason == "complete"
    windows = of_kind(records, SoakWindow)
    assert [window.index for window in windows] == list(range(len(windows)))
    spans_ns = [window.ended_ns - window.started_ns for window in windows]
    assert sum(spans_ns[:-1]) < duration_ms * 1e6 <= sum(spans_ns)
    return windows


def test_windows_say_what_the_inferences_and_the_memory_were_like(soak_bench: Bench) -> None:
    bench = soak_bench
    bench.command_probe("pid", "echo", "{pid}")
    bench.soak_probes = ["pid"]
    bench.warm_up(["a0"], "i0")
    bench.soak("a0", "i0", duration_ms=200)
    bench.write_plan(reference_target_ns=1_000_000)

    records = bench.run()

    windows = assert_whole(records, duration_ms=200)
    loaded = of_kind(records, ArmLoaded)[-1]
    for earlier, later in zip([None, *windows], windows, strict=False):
        assert (later.step, later.arm) == (1, "a0")
        assert later.ended_ns - later.started_ns >= 50e6
        assert later.inferences > 0
        quantiles = [
            later.latency_min_ns,
            later.latency_p50_ns,
            later.latency_p90_ns,
            later.latency_p99_ns,
            later.latency_max_ns,
        ]
        assert quantiles == sorted(quantiles)
        # No inference is longer than its window, and the slower half of them takes no longer than that either.
        assert later.latency_min_ns > 0
        assert later.latency_max_ns <= later.ended_ns - later.started_ns
        assert later.latency_p50_ns * later.inferences / 2 * 0.98 <= later.ended_ns - later.started_ns
        assert later.rss_bytes is not None
        assert 1e6 < later.rss_bytes < 1e9
        assert later.rss_anon_bytes is None or 0 < later.rss_anon_bytes < later.rss_bytes
        assert later.pss_bytes is None or 0 < later.pss_bytes < 1e9
        assert len(later.reference_ns) == len(later.reference_cpu_ns) == 3
        assert later.cpu_ns is not None
        # One thread works; two ticks of 10 ms are allowed for where the kernel counts by ticks.
        assert 0 < later.cpu_ns <= later.ended_ns - later.started_ns + 20_000_000
        assert later.context.cpu_busy_ticks is not None
        assert [reading.text for reading in later.readings] == [f"{loaded.pid}\n"]
        assert later.context.monotonic_ns >= later.ended_ns
        if earlier is not None:
            assert later.started_ns - earlier.ended_ns >= sum(later.reference_ns)


def test_killed_and_stopped_it_goes_on_until_all_its_time_is_done(soak_bench: Bench) -> None:
    bench = soak_bench
    bench.soak("a0", "i0", duration_ms=600_000)
    bench.write_plan()
    process = bench.start()
    bench.wait_for(lambda records: len(of_kind(records, SoakWindow)) >= 2)
    kill_at_once(process)
    bench.assert_no_worker_left()
    process = bench.start()
    bench.wait_for(lambda records: of_kind(records, SoakWindow)[-1].session == 1)
    bench.stop_path.touch()
    assert process.wait(120) == 0
    assert bench.records()[-1].record == "runner_finished"
    bench.stop_path.unlink()
    # However long it took to stop it, there is something left to do.
    done_ns = sum(window.ended_ns - window.started_ns for window in of_kind(bench.records(), SoakWindow))
    duration_ms = done_ns // 1_000_000 + 300
    bench.steps.clear()
    bench.soak("a0", "i0", duration_ms=duration_ms)
    bench.write_plan()

    records = bench.run()

    windows = assert_whole(records, duration_ms=duration_ms)
    assert [record.reason for record in of_kind(records, RunnerFinished)] == ["stopped", "complete"]
    assert {window.session for window in windows} == {0, 1, 2}
    assert [window.reference_ns for window in windows] == [[]] * len(windows)
    assert len(bench.run()) == len(records)


def test_a_worker_that_dies_fails_its_arm(soak_bench: Bench) -> None:
    bench = soak_bench
    bench.soak("a0", "i0", duration_ms=600_000)
    bench.write_plan()
    process = bench.start()
    records = bench.wait_for(lambda records: bool(of_kind(records, SoakWindow)))
    os.kill(of_kind(records, ArmLoaded)[-1].pid, signal.SIGSEGV)

    assert process.wait(120) == 0
    records = bench.records()
    (failed,) = of_kind(records, ArmFailed)
    assert (failed.stage, failed.error) == ("soak", "signal 11 (SIGSEGV)")
    assert [skipped.step for skipped in of_kind(records, StepSkipped)] == [0]
    assert isinstance(records[-1], RunnerFinished)


def test_the_runner_itself_does_not_grow(soak_bench: Bench) -> None:
    bench = soak_bench
    if "sanitized" in bench.command[-1]:
        pytest.skip("AddressSanitizer keeps freed memory aside, which looks like growth")
    bench.soak("a0", "i0", duration_ms=2000, window_ms=20)
    bench.write_plan()

    windows = of_kind(bench.run(), SoakWindow)

    # Kept latencies would be at least 8 bytes each; what the allocators of a runtime do early on is left out.
    early, late = windows[len(windows) // 2], windows[-1]
    assert early.rss_anon_bytes is not None
    assert late.rss_anon_bytes is not None
    inferences = sum(window.inferences for window in windows[len(windows) // 2 :])
    assert late.rss_anon_bytes - early.rss_anon_bytes < max(4 * inferences, 65536)
