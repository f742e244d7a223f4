"""What a soak of days shows, on a device whose truth is known."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.signal import lfilter

from harness.analysis.soak.analyze import analyze_soak
from harness.analysis.soak.battery import battery_finding
from harness.analysis.soak.courses import MOST_POINTS, draw_courses, thinned
from harness.analysis.soak.drift import drift_finding
from harness.analysis.soak.gaps import count_boots, find_gaps
from harness.analysis.soak.heat import temperature_finding
from harness.analysis.soak.memory import memory_finding
from harness.analysis.soak.throttling import throttling_finding
from harness.analysis.soak.windows import SoakRecords, read_soak_records
from harness.commands.recompute_soak import write_soak
from harness.documents.records import Record, RunnerStarted, SoakWindow
from harness.documents.soak_result import Estimated, SoakResult
from harness.quantity import Available, Unavailable
from tests.harness.experiments import experiments
from tests.rig.simulated import Battery, Noise, Thermal, Truth
from tests.rig.soaked import simulated_records, soaked_folder, write_records

HOT = Thermal(throttles_at_celsius=35.0, slower_per_kelvin=0.03, capacity_j_per_k=400.0)
"""Under 3 W it settles at 49 °C, within the hour, at 0.58 of its speed."""


@pytest.fixture
def soaked(tmp_path: Path):
    def make(truth: Truth | None = None, **options) -> SoakRecords:
        return folded(tmp_path, simulated_records(truth or Truth(), **options))

    return make


def folded(folder: Path, records: list[Record]) -> SoakRecords:
    return read_soak_records(write_records(folder / "records.jsonl", records))


# --- memory -----------------------------------------------------------------------------------------------------------


def test_a_byte_an_inference_is_found_over_a_day(soaked) -> None:
    found = memory_finding(soaked(Truth(leak_bytes_per_inference=1.024), hours=24))
    assert found.leak == "yes"
    slope = found.per_1000_inferences
    assert isinstance(slope, Estimated)
    assert slope.value == pytest.approx(1024, rel=0.01)
    day = found.per_day
    assert isinstance(day, Estimated)
    assert day.value == pytest.approx(1.024 * 86_400 / 0.01, rel=0.02)  # at 10 ms an inference


@pytest.mark.parametrize("ends_at", [0.0, 5e6])
def test_memory_that_stays_or_comes_to_stay_is_no_leak(soaked, ends_at: float) -> None:
    truth = Truth(leak_bytes_per_inference=20.0, leak_ends_at_bytes=ends_at)
    found = memory_finding(soaked(truth, hours=140, window_s=600.0))
    assert found.leak == "no", found.reason
    assert found.reason.endswith(", in steps of up to 2 MiB too")
    found = memory_finding(soaked(truth, hours=24))
    assert found.leak == "not yet known"
    assert "unless it comes in steps larger than 64 KiB; in steps of 2 MiB up to 1 400 bytes" in found.reason
    assert [(each.step_bytes, each.at_most < 256.0) for each in found.steps] == [
        (4096.0, True),
        (65_536.0, True),
        (1_048_576.0, False),
        (2_097_152.0, False),
    ]


def test_after_minutes_it_is_not_known_yet(soaked) -> None:
    found = memory_finding(soaked(Truth(leak_bytes_per_inference=1.0), hours=0.2))
    assert found.leak == "not yet known"
    assert isinstance(found.per_1000_inferences, Unavailable)


def test_a_device_that_reports_no_sizes_is_said_to(tmp_path: Path) -> None:
    nothing = {"rss_bytes": None, "rss_anon_bytes": None, "pss_bytes": None}
    found = memory_finding(folded(tmp_path, changed(simulated_records(Truth(), hours=2), lambda _: nothing)))
    assert found.leak == "unavailable"
    assert isinstance(found.first, Unavailable)


def test_where_the_kernel_has_no_rss_anon_the_next_best_is_followed_and_named(tmp_path: Path) -> None:
    records = changed(simulated_records(Truth(), hours=2), lambda _: {"rss_anon_bytes": None})
    found = memory_finding(folded(tmp_path, records))
    assert found.source is not None
    assert found.source.startswith("PSS")


# --- latency and throttling -------------------------------------------------------------------------------------------


def test_latency_that_stays_is_steady_and_that_drifts_is_slower(soaked) -> None:
    assert drift_finding(soaked(hours=12), "latency_p50_ns").change == "steady"
    assert drift_finding(soaked(hours=12), "latency_p99_ns").change == "steady"
    found = drift_finding(soaked(Truth(noise=Noise(drift_per_hour=0.02)), hours=12), "latency_p50_ns")
    assert found.change == "slower"
    ratio = found.late_over_early
    assert isinstance(ratio, Estimated)
    assert ratio.low is not None
    assert ratio.high is not None
    assert ratio.low < math.exp(0.02 * 8) < ratio.high  # thirds whose middles are eight hours apart


def test_what_slowed_down_within_the_first_hours_is_slower_and_not_steady(soaked) -> None:
    slowly = Thermal(throttles_at_celsius=44.0, capacity_j_per_k=400.0)
    found = drift_finding(soaked(Truth(thermal=slowly), hours=40, window_s=300.0), "latency_p50_ns")
    assert found.change == "slower"
    assert "+17." in found.reason


def test_windows_that_wander_are_not_called_drift(tmp_path: Path) -> None:
    """A level that changes from hour to hour, by 4 %, and comes back: a walk of windows is no replicate."""
    wrong, simulated = 0, simulated_records(Truth(), hours=24, window_s=300.0)
    for seed in range(40):
        level = np.repeat(np.exp(np.random.default_rng(seed).normal(0, 0.04, 24)), 12)
        records = changed(
            simulated,
            lambda window, level=level: {"latency_p50_ns": int(1e7 * level[window.index])},
        )
        wrong += drift_finding(folded(tmp_path, records), "latency_p50_ns").change in {"slower", "faster"}
    print(f"called drift: {wrong} of 40")
    assert wrong <= 6


@pytest.mark.parametrize("memory_h", [0.0, 0.5, 1.0, 2.0, 5.0])
def test_a_level_that_wanders_for_half_a_day_is_rarely_called_drift(memory_h: float) -> None:
    """By 3 %, with a memory from minutes to hours; windows of five minutes with a noise of 1 % of their own."""
    windows, soaks = 144, experiments(300)
    alike = math.exp(-1 / (12 * memory_h)) if memory_h else 0.0
    called = {"slower": 0, "faster": 0, "steady": 0, "not yet known": 0}
    for seed in range(soaks):
        source = np.random.default_rng([22, seed])
        shocks = source.normal(0, 0.03 * math.sqrt(1 - alike**2), 11 * windows)
        level = lfilter([1.0], [1.0, -alike], shocks)[10 * windows :] + source.normal(0, 0.01, windows)
        took = [SimpleNamespace(latency_p50_ns=float(each)) for each in 1e7 * np.exp(level)]
        wandering = SimpleNamespace(windows=took, hours=np.arange(1, windows + 1) / 12.0)
        called[drift_finding(wandering, "latency_p50_ns").change] += 1
    print(f"memory of {memory_h:g} h: {called}")
    assert called["slower"] + called["faster"] <= (0.06 if memory_h <= 2.0 else 0.12) * soaks
    assert called["steady"] >= 0.9 * soaks or memory_h > 0.0


def test_a_first_hour_is_not_held_against_a_level_that_wanders() -> None:
    """By 4 %, with a memory of two hours, over three days: hours are far apart without any change."""
    windows, memory = 864, math.exp(-1 / 24)
    early = 0
    for seed in range(200):
        shocks = np.random.default_rng([21, seed]).normal(0, 0.04 * math.sqrt(1 - memory**2), 2 * windows)
        level = lfilter([1.0], [1.0, -memory], shocks)[windows:]
        took = [SimpleNamespace(latency_p50_ns=float(each)) for each in 1e7 * np.exp(level)]
        wandering = SimpleNamespace(windows=took, hours=np.arange(1, windows + 1) / 12.0)
        early += "it changed early" in drift_finding(wandering, "latency_p50_ns").reason
    print(f"called changed since the first hour: {early} of 200")
    assert early <= 0.05 * 200


def test_throttling_shows_in_the_fixed_work_and_without_it_in_the_clocks(soaked) -> None:
    hot = throttling_finding(soaked(Truth(thermal=HOT), hours=8))
    assert hot.throttled == "yes"
    assert isinstance(hot.worst_slowdown, Available)
    assert hot.worst_slowdown.value == pytest.approx(1 / 0.58, rel=0.05)
    assert hot.first_at_hours is not None
    assert hot.first_at_hours < 1.0
    by_clocks = throttling_finding(soaked(Truth(thermal=HOT), hours=8, reference_ns=0))
    assert by_clocks.throttled == "yes"
    assert by_clocks.source is not None
    assert "clocks" in by_clocks.source


def test_a_cool_device_is_not_called_throttled_also_with_bursts_of_others(soaked) -> None:
    for seed in range(6):
        noise = Noise(burst_share=0.02, burst_s=20.0)
        found = throttling_finding(soaked(Truth(noise=noise), hours=3, seed=seed))
        assert found.throttled == "no", (seed, found.reason)


def test_others_that_take_the_core_are_told_from_heat(soaked) -> None:
    busy = Truth(others_busy_cores=lambda at_s: 1.5 if 3600 < at_s < 3 * 3600 else 0.05, taken_by_others=0.3)
    cool = throttling_finding(soaked(busy, hours=4))
    assert cool.throttled == "slowed by others"
    assert cool.reason.endswith("its CPU time stayed, so heat did not")
    hot = throttling_finding(soaked(replace(busy, thermal=HOT), hours=8))
    assert hot.throttled == "yes"
    assert "while other programs were quiet; another 2" in hot.reason


def test_a_device_that_tells_nothing_of_its_speed_is_said_to(tmp_path: Path) -> None:
    records = changed(
        simulated_records(Truth(), hours=1, reference_ns=0),
        lambda window: {"context": window.context.model_copy(update={"cpu_frequency_khz": None})},
    )
    found = throttling_finding(folded(tmp_path, records))
    assert found.throttled == "unavailable"
    assert found.reason == "neither fixed work nor clocks were recorded"


# --- temperature and battery ------------------------------------------------------------------------------------------


def test_the_temperature_settles_where_physics_says(soaked) -> None:
    found = temperature_finding(soaked(hours=4))
    assert found.zone == "skin"
    assert isinstance(found.last, Available)
    assert found.last.value == pytest.approx(25 + 3.0 * 8.0, abs=0.5)


def test_zones_that_say_what_cannot_be_are_no_temperature(tmp_path: Path) -> None:
    records = changed(
        simulated_records(Truth(), hours=1),
        lambda window: {
            "context": window.context.model_copy(update={"temperature_celsius": {"off": -273.0, "x": 0.0}})
        },
    )
    assert temperature_finding(folded(tmp_path, records)).zone is None


def test_a_gauge_that_has_hardly_moved_tells_no_drain(soaked) -> None:
    found = battery_finding(soaked(Truth(battery=Battery(capacity_uah=40e6)), hours=0.3, battery=True))
    assert isinstance(found.last, Available)
    assert isinstance(found.drain_per_hour, Unavailable)
    assert "changed less than twice" in found.drain_per_hour.reason


def test_the_battery_drains_as_fast_as_it_is_drawn(soaked) -> None:
    battery = Battery(level=0.95)
    found = battery_finding(soaked(Truth(battery=battery), hours=3, battery=True))
    drain = found.drain_per_hour
    assert isinstance(drain, Estimated)
    assert drain.low is not None
    assert drain.high is not None
    assert drain.low < 100 * 3.0 / 4.15 / 4.0 < drain.high  # 3 W of 4 Ah at about 4.15 V
    assert found.statuses == ["discharging"]


def test_a_battery_that_says_it_charges_while_its_level_falls_is_contradicted(soaked) -> None:
    found = battery_finding(soaked(Truth(battery=Battery(level=0.95, says="Charging")), hours=3, battery=True))
    assert found.warnings == ["The battery says charging all along, while its level falls."]


# --- interruptions ----------------------------------------------------------------------------------------------------


def changed(records: list[Record], change) -> list[Record]:
    """Every window with some fields changed."""
    return [
        record.model_copy(update=change(record)) if isinstance(record, SoakWindow) else record for record in records
    ]


def gone_on(*, hours: float, boot_id: str, monotonic_s: float, wall: str) -> list[Record]:
    """A soak whose second session begins elsewhere in time."""
    records = simulated_records(Truth(), hours=2 * hours)
    windows = [record for record in records if isinstance(record, SoakWindow)]
    first = [record for record in records[:-1] if not isinstance(record, SoakWindow)] + windows[: len(windows) // 2]
    started = next(record for record in records if isinstance(record, RunnerStarted))
    last = first[-1].monotonic_ns
    shift = last + round(monotonic_s * 1e9)
    context = started.context.model_copy(update={"boot_id": boot_id})
    second = [
        started.model_copy(update={"session": 1, "monotonic_ns": max(0, shift), "wall_time": wall, "context": context})
    ]
    return [*first, *second, *(each.model_copy(update={"session": 1}) for each in windows[len(windows) // 2 :])]


def test_a_restart_of_the_device_is_named_with_its_length(tmp_path: Path) -> None:
    # The first session begins at 22:15:00 and soaks for an hour and a few seconds.
    records = gone_on(hours=1, boot_id="another", monotonic_s=-3000, wall="2023-11-14T23:45:00Z")
    found = folded(tmp_path, records)
    (gap,) = find_gaps(found, 60.0)
    assert gap.what == "device restarted"
    assert gap.at_hours == pytest.approx(1.0)
    assert gap.lasted_seconds == pytest.approx(1800, abs=60)
    assert count_boots(found) == 2
    memory = memory_finding(found)
    assert memory.leak == "not yet known"


def test_a_restart_of_the_runner_and_a_clock_that_was_set_are_told_apart(tmp_path: Path) -> None:
    boot = Truth().boot_id
    records = gone_on(hours=1, boot_id=boot, monotonic_s=30, wall="2023-11-15T02:15:00Z")
    gaps = find_gaps(folded(tmp_path, records), 60.0)
    assert [gap.what for gap in gaps] == ["clock set", "runner restarted"]
    assert gaps[0].lasted_seconds == pytest.approx(3 * 3600, abs=120)
    assert gaps[1].lasted_seconds == pytest.approx(30)


def test_a_device_that_slept_is_told_though_its_clock_stood_still(tmp_path: Path) -> None:
    records = simulated_records(Truth(sleeps=((3600.0, 5400.0),)), hours=2)
    (gap,) = find_gaps(folded(tmp_path, records), 60.0)
    assert (gap.what, gap.lasted_seconds) == ("slept", 5400.0)
    assert gap.at_hours == pytest.approx(1.0, abs=0.05)
    assert gap.words == "The device slept for 90 min: nothing ran, and its clocks stood still."


def test_pauses_long_windows_and_lost_sensors_are_named(tmp_path: Path) -> None:
    late_ns = 600 * 10**9
    records = changed(
        simulated_records(Truth(battery=Battery(sensor_lost_at_s=5000.0)), hours=2, battery=True),
        lambda window: {
            "started_ns": window.started_ns + late_ns * (window.index >= 40),
            "ended_ns": window.ended_ns + late_ns * (window.index >= 40) + 400 * 10**9 * (window.index == 119),
        },
    )
    gaps = find_gaps(folded(tmp_path, records), 60.0)
    assert [gap.what for gap in gaps] == ["pause", "sensor lost", "long window"]
    assert gaps[0].lasted_seconds == pytest.approx(600, abs=1)
    assert gaps[1].words.startswith("Probe battery was read no longer")


# --- the whole --------------------------------------------------------------------------------------------------------


def test_three_days_stay_small_and_their_charts_keep_what_sticks_out(tmp_path: Path) -> None:
    records = changed(
        simulated_records(Truth(leak_bytes_per_inference=1.0, thermal=HOT), battery=True),
        lambda window: {"latency_p99_ns": 10**9} if window.index == 3333 else {},
    )
    folder = soaked_folder(tmp_path, records)
    path = folder.device(folder.read_manifest().devices[0]).records
    print(f"72 h: {path.stat().st_size / 1e6:.2f} MB")
    assert path.stat().st_size < 5_500_000

    result = analyze_soak(folder)
    write_soak(folder, result)

    (device,) = result.devices
    assert (device.status, device.windows, device.hours) == ("complete", 4320, pytest.approx(72.0))
    assert (device.memory.leak, device.throttling.throttled) == ("yes", "yes")
    assert all(len(course.hours) <= MOST_POINTS for course in device.courses)
    assert max(next(c for c in device.courses if c.name == "latency_p99").values) == 1e9
    assert SoakResult.model_validate_json(folder.result.read_bytes()) == result
    assert folder.report.stat().st_size < 300_000


def test_thinning_keeps_the_lowest_and_the_highest_of_each_stretch() -> None:
    values = np.random.default_rng(1).random(5000)
    values[[17, 4321]] = -5.0, 9.0
    kept = thinned(values)
    assert kept.size <= MOST_POINTS
    assert {17, 4321} <= set(kept.tolist())
    assert (np.diff(kept) > 0).all()
    assert thinned(values[:600]).tolist() == list(range(600))


@pytest.mark.parametrize("kept", [0, 1, 2, 3, 5, 8, 20, 30])
def test_a_soak_that_has_hardly_begun_says_what_it_does_not_know(tmp_path: Path, kept: int) -> None:
    records = simulated_records(Truth(), hours=1, battery=True)[:kept]
    folder = soaked_folder(tmp_path, records)
    (device,) = analyze_soak(folder).devices
    write_soak(folder, analyze_soak(folder))
    assert device.memory.leak in {"not yet known", "unavailable"}
    assert device.windows == max(0, kept - 2)  # the runner's start and the end of warm-up come before
    json.loads(folder.result.read_text())
    draw_courses(read_soak_records(folder.device(folder.read_manifest().devices[0]).records))
