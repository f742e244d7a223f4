"""Memory and power over their passes: each value at the moment it was measured, and a reason where there is none."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest

from harness.analysis.compare import compare
from harness.analysis.conditions.arm_courses import arm_courses
from harness.analysis.passes.device_data import DeviceData
from harness.analysis.tables.device_records import DeviceRecords
from harness.analysis.tables.energy_table import DeviceEnergy
from harness.analysis.tables.tables import make_tables
from harness.documents.comparison import DeviceResult
from tests.harness.analysis.evidence.test_sustained_evidence import block
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


def of_energy(*, fails: bool = False) -> DeviceData:
    """Three cycles of 10 s blocks, the baseline before the candidate; the meter has no value of the second cycle."""
    manifest = make_manifest(memory_repeats=0)
    measure = manifest.experiment.measure
    energy = measure.energy.model_copy(update={"cycles": 3})
    experiment = manifest.experiment.model_copy(update={"measure": measure.model_copy(update={"energy": energy})})
    blocks = [block(cycle, arm) for cycle in range(3) for arm in ("a0", "a1")]
    rows = [
        {
            "device": "local",
            "arm": name,
            "cycle": cycle,
            "quantity": "average_power",
            "value": math.nan if fails or cycle == 1 else level + cycle,
            "resolution": 1.0,
            "reason": "the meter has a gap" if fails or cycle == 1 else None,
        }
        for cycle in range(3)
        for name, level in (("fp32", 4000.0), ("int8", 3000.0))
    ]
    records = DeviceRecords(energy=blocks)
    tables = make_tables(manifest, {"local": records})
    return DeviceData(
        manifest=manifest.model_copy(update={"experiment": experiment}),
        records=records,
        survey_text=None,
        latency=tables.latency,
        memory=tables.memory,
        telemetry=tables.telemetry,
        scores=make_quality(manifest),
        energy=DeviceEnergy(", rails", rows),
    )


def test_power_is_drawn_where_the_meter_has_it_at_the_moment_of_the_block() -> None:
    baseline, candidate = arm_courses(of_energy())
    assert (baseline.arm, baseline.quantity) == ("fp32", "average_power")
    assert baseline.values == [4000.0, 4002.0]
    assert baseline.at_s == [0.0, 2000.0]
    assert candidate.values == [3000.0, 3002.0]
    assert baseline.source == "long blocks of the energy pass, rails"


def test_a_meter_that_said_nothing_is_the_reason() -> None:
    assert {one.unavailable for one in arm_courses(of_energy(fails=True))} == {"the meter has a gap"}
