"""Memory and power over their passes: each value at the moment it was measured, and a reason where there is none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.analysis.compare import compare
from harness.documents.comparison import DeviceResult
from tests.harness.simulated_records import (
    TWO_ARMS,
    SimulatedDevice,
    make_manifest,
    make_quality,
    write_run,
)

LOCAL = SimulatedDevice("local")


def run(folder: Path, device: SimulatedDevice = LOCAL, memory_repeats: int = 5) -> DeviceResult:
    manifest = make_manifest(memory_repeats=memory_repeats)
    return compare(manifest, write_run(folder, manifest, TWO_ARMS, (device,)), make_quality(manifest)).devices[0]


def test_each_fresh_process_is_a_point_of_its_arm(tmp_path: Path) -> None:
    courses = run(tmp_path).courses
    assert [(one.arm, one.quantity, len(one.values)) for one in courses] == [
        ("fp32", "run_peak_memory", 5),
        ("int8", "run_peak_memory", 5),
    ]
    for one, megabytes in zip(courses, (80.0, 60.0), strict=True):
        assert one.values == pytest.approx([megabytes * 1e6] * 5, rel=0.1)
        assert one.at_s == sorted(one.at_s)
        assert one.at_s[0] >= 0.0
        assert one.source.startswith("fresh processes of the memory pass, ")


def test_memory_that_a_device_does_not_report_says_why(tmp_path: Path) -> None:
    courses = run(tmp_path, replace(LOCAL, reports_memory=False)).courses
    assert [one.values for one in courses] == [[], []]
    assert all(one.unavailable for one in courses)


def test_what_nobody_asked_for_has_no_course(tmp_path: Path) -> None:
    assert run(tmp_path, memory_repeats=0).courses == []


def test_throttling_is_a_stretch_on_the_time_axis_of_the_blocks(tmp_path: Path) -> None:
    result = run(tmp_path, replace(LOCAL, throttles_to=1.25))
    begun = sorted(at for one in result.latency for at in one.block_started_s)
    assert result.slow_stretch is not None
    assert begun[len(begun) // 2 - 3] <= result.slow_stretch.from_s < result.slow_stretch.to_s <= begun[-1]
    assert result.slow_stretch.factor == pytest.approx(1.25, rel=0.05)
    assert result.slow_stretch.cause == "unknown"
    assert run(tmp_path / "steady").slow_stretch is None
