"""What happened around single blocks is told with counts and names; a clean run is quiet."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from harness.analysis.compare import compare
from harness.analysis.conditions.block_conditions import block_warnings
from harness.analysis.conditions.load_of_others import cores_of_others
from harness.analysis.evidence.latency_distribution import latency_distribution
from harness.documents.comparison import Comparison, LatencyDistribution
from harness.documents.records import GateOutcome, LatencyBlock
from tests.harness.simulated_records import (
    TWO_ARMS,
    SimulatedDevice,
    make_manifest,
    make_quality,
    simulate_records,
    write_run,
)
from tests.harness.warning_texts import texts

LOCAL = SimulatedDevice("local")
NAMES = {"a0": "fp32", "a1": "int8"}


def run(folder: Path, device: SimulatedDevice) -> Comparison:
    manifest = make_manifest()
    return compare(manifest, write_run(folder, manifest, TWO_ARMS, (device,)), make_quality(manifest))


def blocks(device: SimulatedDevice = LOCAL, seed: int = 1) -> list[LatencyBlock]:
    records = simulate_records(make_manifest(), TWO_ARMS, device, np.random.default_rng(seed))
    return [record for record in records if isinstance(record, LatencyBlock)]


def slowed(block: LatencyBlock, factor: float, inferences: slice = slice(None)) -> LatencyBlock:
    times = np.array(block.latency_ns)
    times[inferences] = times[inferences] * factor
    return block.model_copy(update={"latency_ns": times.tolist()})


def test_clean_runs_are_quiet() -> None:
    loud = [seed for seed in range(60) if block_warnings(blocks(seed=seed), NAMES)]
    print(f"{len(loud)} of 60 clean runs warn")
    assert len(loud) <= 2


def test_gates_that_did_not_hold_are_named_and_the_verdict_says_so(tmp_path: Path) -> None:
    device = replace(LOCAL, gate_failed_before=((2, 0), (5, 1), (9, 0)))
    comparison = run(tmp_path, device)
    words = "he temperature gate did not hold before 3 of 60 blocks"
    assert f"T{words}, and they were measured in spite of it." in texts(comparison.devices[0].warnings)
    assert comparison.devices[0].rules[0].reason.endswith(f"; t{words}.")
    assert any(f"t{words}" in reason for reason in comparison.verdicts[0].reasons)


def test_throttling_and_the_load_of_others_reach_the_warnings(tmp_path: Path) -> None:
    busy = tuple((pair, 0) for pair in range(8))
    warnings = texts(run(tmp_path, replace(LOCAL, throttles_to=1.25, others_busy=busy)).devices[0].warnings)
    assert [text for text in warnings if text.startswith("The device slowed down: a fixed work took up to 2")]
    assert [
        text for text in warnings if text.startswith("Others kept more than half a core busy during 8 of 60 blocks")
    ]


def test_a_load_that_is_the_same_all_along_is_not_blamed_for_heat(tmp_path: Path) -> None:
    always = tuple((pair, position) for pair in range(30) for position in range(2))
    warnings = texts(run(tmp_path, replace(LOCAL, throttles_to=1.4, others_busy=always)).devices[0].warnings)
    assert [text for text in warnings if text.startswith("The device slowed down: a fixed work took up to ")]
    assert not [text for text in warnings if "slowed by other programs" in text]


def test_a_block_that_stands_out_is_named_and_still_counted() -> None:
    found = blocks()
    at = next(place for place, block in enumerate(found) if block.pair == 11 and block.arm == "a1")
    found[at] = slowed(found[at], 1.6)
    warnings = block_warnings(found, NAMES)
    assert len(warnings) == 1
    assert warnings[0].startswith("1 block of int8 stood out from its neighbours, such as in pair 12 (")
    assert warnings[0].endswith("they are counted like all others.")


def test_inferences_that_stall_are_counted() -> None:
    found = blocks()
    at = next(place for place, block in enumerate(found) if block.pair == 4 and block.arm == "a0")
    found[at] = slowed(found[at], 4.0, slice(3, 5))
    (warning,) = block_warnings(found, NAMES)
    assert warning.startswith("2 of 600 inferences of fp32 took more than 1.5 times as long as their neighbours (the")
    assert warning.endswith("ms, in pair 5).")


def distribution_of(found: list[LatencyBlock], arm: str) -> LatencyDistribution:
    """As the page gets it."""
    own = [block for block in found if block.arm == arm]
    latency = pd.DataFrame(
        [(block.pair, latency_ns) for block in own for latency_ns in block.latency_ns], columns=["pair", "latency_ns"]
    )
    rows = [(block.pair, float(np.median(block.latency_ns)), block.started_ns / 1e9) for block in own]
    drawn = latency_distribution(NAMES[arm], latency, pd.DataFrame(rows, columns=["pair", "p50_ns", "started_s"]))
    assert drawn is not None
    return drawn


def test_what_the_warnings_name_is_what_the_chart_marks() -> None:
    found = blocks()
    at = {block.pair: place for place, block in enumerate(found) if block.arm == "a1"}
    found[at[11]] = slowed(found[at[11]], 1.6)
    found[at[4]] = slowed(found[at[4]], 4.0, slice(3, 5))
    drawn = distribution_of(found, "a1")
    assert drawn.outlying_blocks == [11]
    assert [(stall.block, stall.slowest_ns) for stall in drawn.stalls] == [(4, max(found[at[4]].latency_ns))]
    assert drawn.course is None
    clean = distribution_of(found, "a0")
    assert (clean.outlying_blocks, clean.stalls, clean.course) == ([], [], None)


def test_two_speeds_and_a_drift_are_drawn_where_they_are() -> None:
    jumping = [slowed(block, 1.2 if block.pair % 5 > 2 else 1.0) for block in blocks()]
    plain, course = distribution_of(blocks(), "a0"), distribution_of(jumping, "a0").course
    assert course is not None
    assert course.kind == "two speeds"
    level = float(np.median(plain.block_medians_ns))
    assert course.levels_ns == pytest.approx((level, 1.2 * level), rel=0.02)
    drifting = distribution_of([slowed(block, 1.0 + 0.01 * block.pair) for block in blocks()], "a0").course
    assert drifting is not None
    assert drifting.kind == "drift"
    assert drifting.levels_ns == pytest.approx((level, 1.3 * level), rel=0.03)


def test_what_a_device_does_not_say_is_no_load() -> None:
    block = blocks()[0]
    known = cores_of_others(block)
    assert known is not None
    assert known < 0.1
    assert cores_of_others(block.model_copy(update={"cpu_ns": None})) is None
    silent = block.before.model_copy(update={"cpu_busy_ticks": None})
    assert cores_of_others(block.model_copy(update={"before": silent})) is None
    wrapped = block.before.model_copy(update={"cpu_busy_ticks": 10**9})
    assert cores_of_others(block.model_copy(update={"before": wrapped})) is None


def crowded(block: LatencyBlock, cores: float) -> LatencyBlock:
    """Others kept so many cores busy during the block."""
    assert block.before.cpu_busy_ticks is not None
    assert block.cpu_ns is not None
    spent_s = cores * (block.after.monotonic_ns - block.before.monotonic_ns) / 1e9 + block.cpu_ns / 1e9
    after = block.after.model_copy(update={"cpu_busy_ticks": block.before.cpu_busy_ticks + round(100 * spent_s)})
    return block.model_copy(update={"after": after})


def slow_work(block: LatencyBlock, factor: float, cpu_factor: float | None) -> LatencyBlock:
    """`cpu_factor` None: CPU times were not recorded."""
    took = [round(factor * each) for each in block.reference_ns]
    cpu = [round(cpu_factor * each) for each in block.reference_ns] if cpu_factor is not None else []
    return block.model_copy(update={"reference_ns": took, "reference_cpu_ns": cpu})


@pytest.mark.parametrize("cpu_factor", [None, 1.0, 1.3])
def test_what_was_slow_while_others_were_busy_is_not_called_throttling(cpu_factor: float | None) -> None:
    base = None if cpu_factor is None else 1.0
    found = [
        crowded(slow_work(block, 1.3, cpu_factor), 1.5) if block.pair % 20 > 8 else slow_work(block, 1.0, base)
        for block in blocks()
    ]
    warnings = block_warnings(found, NAMES)
    assert not [text for text in warnings if text.startswith("The device ")]
    (told,) = (text for text in warnings if text.startswith("A fixed work took up to 3"))
    cause = "slowed by other programs, not by heat." if cpu_factor == 1.0 else "heat cannot be told from them."
    assert f"while other programs kept up to 1.5 cores busy: {cause}" in told


@pytest.mark.parametrize("cpu_factor", [None, 1.4])
@pytest.mark.parametrize("cores", [0.2, 0.32])
def test_a_small_load_that_is_the_same_all_along_hides_no_heat(cores: float, cpu_factor: float | None) -> None:
    base = None if cpu_factor is None else 1.0
    found = [
        crowded(slow_work(block, 1.4, cpu_factor) if block.pair > 14 else slow_work(block, 1.0, base), cores)
        for block in blocks()
    ]
    (told,) = block_warnings(found, NAMES)
    assert told.startswith("The device slowed down: a fixed work took up to 4")


def test_others_who_came_early_and_stayed_are_not_taken_for_heat() -> None:
    found = [crowded(slow_work(block, 1.3, None), 1.5) if block.pair > 4 else block for block in blocks()]
    warnings = block_warnings(found, NAMES)
    assert not [text for text in warnings if text.startswith("The device ")]
    assert [text for text in warnings if "busy: heat cannot be told from them. Measure on" in text]


def test_only_the_others_of_the_slow_stretch_are_named_with_it() -> None:
    slow = [crowded(slow_work(block, 1.3, None), 0.8) if block.pair > 19 else block for block in blocks()]
    found = [crowded(block, 3.0) if block.pair == 2 else block for block in slow]
    (told,) = (text for text in block_warnings(found, NAMES) if text.startswith("A fixed work took up to 3"))
    assert "while other programs kept up to 0.8 cores busy" in told


def test_heat_between_the_visits_of_others_is_throttling() -> None:
    found = [slow_work(block, 1.3 if block.pair > 14 else 1.0, None) for block in blocks()]
    found = [crowded(slow_work(block, 1.5, None), 1.5) if block.pair % 5 == 0 else block for block in found]
    assert [text for text in block_warnings(found, NAMES) if text.startswith("The device slowed down")]


def test_a_core_that_was_taken_unseen_is_no_throttling() -> None:
    """The kernel does not count others here, and CPU time stays."""
    found = [slow_work(block, 1.3 if block.pair > 14 else 1.0, 1.0) for block in blocks()]
    (told,) = block_warnings(found, NAMES)
    assert "while other programs took the core: slowed by other programs, not by heat." in told


def heated(block: LatencyBlock, clock: float, celsius: float) -> LatencyBlock:
    """The clocks so many times as high, the zone so much hotter."""
    found = block.after
    changes = {
        "cpu_frequency_khz": [round(clock * each) for each in found.cpu_frequency_khz or []],
        "temperature_celsius": {zone: each + celsius for zone, each in found.temperature_celsius.items()},
    }
    return block.model_copy(update={"after": found.model_copy(update=changes)})


@pytest.mark.parametrize(
    ("clock", "celsius", "sign"),
    [(0.7, 0.0, "while its clocks were 30 % lower"), (1.0, 12.0, "while it was 12 °C hotter"), (0.99, 2.0, None)],
)
def test_it_is_called_throttling_where_a_clock_or_a_temperature_agrees(
    clock: float, celsius: float, sign: str | None
) -> None:
    found = [heated(slow_work(block, 1.3, None), clock, celsius) if block.pair > 14 else block for block in blocks()]
    (told,) = block_warnings(found, NAMES)
    if sign is None:
        assert told.startswith("The device slowed down: a fixed work took up to 3")
        assert "No clock and no temperature tells of heat" in told
    else:
        assert told.startswith("The device throttled: a fixed work took up to 3")
        assert sign in told


def test_a_thermal_status_is_a_sign_of_heat() -> None:
    found = [slow_work(block, 1.3, None) if block.pair > 14 else block for block in blocks()]
    gate = GateOutcome(waited_ns=0, values={"thermal_status": 2.0}, failed=[])
    found = [block.model_copy(update={"gate": gate}) if block.pair > 14 else block for block in found]
    (told,) = block_warnings(found, NAMES)
    assert told.startswith("The device throttled: ")
    assert "while its thermal status was 2. " in told


@pytest.mark.parametrize("reference", [[], [0, 0, 0]])
def test_no_reference_work_is_no_throttling(reference: list[int]) -> None:
    assert block_warnings([one.model_copy(update={"reference_ns": reference}) for one in blocks()], NAMES) == []
