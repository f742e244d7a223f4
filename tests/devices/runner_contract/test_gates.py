"""Before a block its gate is looked at and waited for within bounds; then it begins anyway, the outcome on record."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from harness.documents.plan import EnergyOptions, GateCondition
from harness.documents.records import (
    EnergyBlock,
    GateOutcome,
    GateWaiting,
    LatencyBlock,
    MemoryMeasured,
    RunnerFinished,
)
from tests.devices.runner_contract.bench import Bench, of_kind, replace
from tests.devices.runner_contract.conftest import add_latency_pass

HOUR_NS = 3_600_000_000_000
POLL_NS = 10_000_000


def condition(name: str, probe: str, **fields: Any) -> GateCondition:
    return GateCondition(id=name, probe=probe, **fields)


def outcomes(records: list[Any]) -> list[GateOutcome]:
    found = [block.gate for block in of_kind(records, LatencyBlock)]
    assert None not in found
    return [gate for gate in found if gate is not None]


def assert_waited_within(gates: list[GateOutcome], most_ns: int, budget_ns: int) -> None:
    """Each gate waited its whole time, or all that the ones before it left; on a busy machine any of them waited for
    longer than it was to, and then there is less left.
    """
    left_ns = budget_ns
    for gate in gates:
        assert (gate.waited_ns > 0) == (left_ns > 0)
        assert gate.waited_ns >= min(most_ns, left_ns)
        left_ns -= gate.waited_ns
    assert left_ns <= 0


def test_values_are_read_as_numbers_or_words_and_those_out_of_bounds_are_named(bench: Bench) -> None:
    bench.file_probe("battery", "  status: \t Charging now\n  level: 87\n  temperature: -312\n  odd:\n  big: 1e999\n")
    bench.file_probe("bare", "41500\n")
    bench.file_probe("absent", "").unlink()
    bench.command_probe("fails", "false")
    bench.gate(
        "latency",
        condition("level_low", "battery", after="level:", at_least=90),
        condition("level_equal", "battery", after="level:", at_least=87, at_most=None),
        condition("temperature", "battery", after="temperature:", scale=0.1, at_most=40),
        condition("bare", "bare", scale=0.001, at_most=41.4),
        condition("charging", "battery", after="status:", none_of=["Full", "Charging"]),
        condition("discharging", "battery", after="status:", none_of=["Full", "Charg"]),
        condition("no_such_key", "battery", after="voltage:", at_most=0),
        condition("nothing_after", "battery", after="odd:", none_of=["big:"]),
        condition("no_number", "battery", after="status:", at_most=0),
        condition("infinite", "battery", after="big:", at_most=0),
        condition("absent", "absent", at_most=0),
        condition("fails", "fails", same_as_first=True),
    )
    add_latency_pass(bench, pairs=1)
    bench.write_plan()

    records = bench.run()

    unreadable = ["no_such_key", "nothing_after", "no_number", "infinite", "absent", "fails"]
    for gate in outcomes(records):
        assert gate.values == {
            "level_low": 87,
            "level_equal": 87,
            "temperature": pytest.approx(-31.2),
            "bare": pytest.approx(41.5),
            "charging": "Charging",
            "discharging": "Charging",
            **dict.fromkeys(unreadable),
        }
        assert gate.failed == ["level_low", "bare", "charging"]
        assert gate.waited_ns == 0
    assert len(outcomes(records)) == 2
    assert not of_kind(records, GateWaiting)
    assert isinstance(records[-1], RunnerFinished)
    assert records[-1].reason == "complete"


def test_a_pass_without_a_gate_has_no_outcome(bench: Bench) -> None:
    bench.file_probe("level", "1")
    bench.gate("memory", condition("level", "level", at_least=5))
    bench.memory("a0", "i0")
    bench.energy_cycle(0, [None, "a0"], "i0", duration_ms=5)
    add_latency_pass(bench, pairs=1)
    bench.write_plan()

    records = bench.run()

    (memory,) = of_kind(records, MemoryMeasured)
    assert memory.gate == GateOutcome(waited_ns=0, values={"level": 1}, failed=["level"])
    assert [block.gate for block in of_kind(records, EnergyBlock)] == [None, None]
    assert [block.gate for block in of_kind(records, LatencyBlock)] == [None, None]


def test_a_block_waits_until_its_gate_opens_and_later_ones_do_not(bench: Bench) -> None:
    level = bench.file_probe("level", "1")
    bench.gate(
        "latency", condition("level", "level", at_least=5), poll_ns=POLL_NS, max_wait_ns=HOUR_NS, budget_ns=HOUR_NS
    )
    add_latency_pass(bench, pairs=2)
    bench.write_plan()
    process = bench.start()

    (waiting,) = of_kind(bench.wait_for(lambda records: bool(of_kind(records, GateWaiting))), GateWaiting)
    assert (waiting.step, waiting.of_pass, waiting.failed, waiting.values) == (1, "latency", ["level"], {"level": 1})
    replace(level, "3")
    assert not of_kind(bench.records(), LatencyBlock)
    replace(level, "6")
    assert process.wait(120) == 0

    first, *others = outcomes(bench.records())
    assert first.waited_ns > 0
    assert (first.values, first.failed) == ({"level": 6}, [])
    assert others == [GateOutcome(waited_ns=0, values={"level": 6}, failed=[])] * 3
    assert len(of_kind(bench.records(), GateWaiting)) == 1


def test_the_wait_before_one_block_and_all_waits_together_are_bounded(bench: Bench) -> None:
    bench.file_probe("level", "1")
    bench.gate(
        "latency", condition("level", "level", at_least=5), poll_ns=POLL_NS, max_wait_ns=100_000_000,
        budget_ns=150_000_000,
    )  # fmt: skip
    add_latency_pass(bench, pairs=2)
    bench.write_plan()

    records = bench.run()

    waited_ns = [gate.waited_ns for gate in outcomes(records)]
    assert_waited_within(outcomes(records), 100_000_000, 150_000_000)
    assert waited_ns[2:] == [0, 0]
    assert all(gate.failed == ["level"] for gate in outcomes(records))
    assert len(of_kind(records, GateWaiting)) == sum(wait > 0 for wait in waited_ns)


def test_a_condition_with_bounds_of_its_own_is_waited_for_by_itself(bench: Bench) -> None:
    """As a cable that somebody has to pull, for which nothing else is waited longer."""
    cable = bench.file_probe("cable", "Charging")
    bench.file_probe("heat", "50")
    bench.gate(
        "latency",
        condition("cable", "cable", none_of=["Charging"], max_wait_ns=HOUR_NS),
        condition("heat", "heat", at_most=40),
        poll_ns=POLL_NS,
        max_wait_ns=100_000_000,
        budget_ns=150_000_000,
    )
    add_latency_pass(bench, pairs=2)
    bench.write_plan()
    process = bench.start()

    (waiting,) = of_kind(bench.wait_for(lambda records: bool(of_kind(records, GateWaiting))), GateWaiting)
    assert waiting.failed == ["cable", "heat"]
    time.sleep(0.5)  # for longer than all that heat is waited for
    assert not of_kind(bench.records(), LatencyBlock)
    pulled_ns = time.monotonic_ns()
    replace(cable, "Discharging")
    assert process.wait(120) == 0

    gates = outcomes(bench.records())
    assert [gate.failed for gate in gates] == [["heat"]] * 4
    # Heat has had its own time after the cable's, and what is left of all its time before the second block.
    since_pulled_ns = of_kind(bench.records(), LatencyBlock)[0].started_ns - pulled_ns
    assert since_pulled_ns >= 100_000_000
    assert since_pulled_ns + gates[1].waited_ns >= 150_000_000
    assert [gate.waited_ns for gate in gates[2:]] == [0, 0]


def test_the_wait_for_such_a_condition_is_bounded_as_well(bench: Bench) -> None:
    bench.file_probe("cable", "Charging")
    cable = condition("cable", "cable", none_of=["Charging"], max_wait_ns=100_000_000)
    bench.gate("latency", cable, poll_ns=POLL_NS)
    add_latency_pass(bench, pairs=2)
    bench.write_plan()

    gates = outcomes(bench.run())

    assert_waited_within(gates, 100_000_000, 200_000_000)
    assert gates[-1].waited_ns == 0
    assert [gate.failed for gate in gates] == [["cable"]] * 4


def test_a_condition_that_is_never_waited_for_leaves_the_others_their_time(bench: Bench) -> None:
    bench.file_probe("cable", "Charging")
    level = bench.file_probe("level", "1")
    bench.gate(
        "latency",
        condition("cable", "cable", none_of=["Charging"], max_wait_ns=0),
        condition("level", "level", at_least=5),
        poll_ns=POLL_NS,
        max_wait_ns=HOUR_NS,
        budget_ns=HOUR_NS,
    )
    add_latency_pass(bench, pairs=1)
    bench.write_plan()
    process = bench.start()
    bench.wait_for(lambda records: bool(of_kind(records, GateWaiting)))
    replace(level, "6")
    assert process.wait(120) == 0

    assert [gate.failed for gate in outcomes(bench.records())] == [["cable"]] * 2


def test_a_value_is_held_against_that_at_the_start_of_the_session_where_that_is_asked_for(bench: Bench) -> None:
    heat = bench.file_probe("heat", "30")
    bench.gate(
        "latency",
        condition("began", "heat", rise_at_most=3, first_at_start=True),
        condition("heat", "heat", rise_at_most=3),
    )
    bench.hold("memory", before_block=0)
    bench.memory("a0", "i0")
    add_latency_pass(bench, pairs=1)
    bench.write_plan()
    process = bench.start()
    bench.wait_until_held()
    replace(heat, "40")
    bench.let_go()
    assert process.wait(120) == 0

    for gate in outcomes(bench.records()):
        assert gate.values == {"began": 40, "heat": 40}
        assert gate.failed == ["began"]


def test_all_waits_for_such_a_condition_have_a_bound_of_their_own_where_one_is_given(bench: Bench) -> None:
    """As for a device that is to cool before every block of many."""
    bench.file_probe("heat", "50")
    heat = condition("heat", "heat", at_most=40, max_wait_ns=60_000_000, budget_ns=200_000_000)
    bench.gate("latency", heat, poll_ns=POLL_NS)
    add_latency_pass(bench, pairs=3)
    bench.write_plan()

    gates = outcomes(bench.run())

    assert [gate.failed for gate in gates] == [["heat"]] * 6
    assert_waited_within(gates, 60_000_000, 200_000_000)
    assert gates[-1].waited_ns == 0


def test_memory_and_energy_wait_as_well(bench: Bench) -> None:
    level = bench.file_probe("level", "hot")
    for of_pass in ("memory", "energy"):
        bench.gate(
            of_pass, condition("level", "level", none_of=["hot"]), poll_ns=POLL_NS, max_wait_ns=HOUR_NS,
            budget_ns=HOUR_NS,
        )  # fmt: skip
    bench.memory("a0", "i0")
    bench.energy_cycle(0, [None, "a0"], "i0", duration_ms=5)
    bench.energy_options = EnergyOptions(lead_in_ns=1_000_000)
    bench.write_plan()
    process = bench.start()

    bench.wait_for(lambda records: len(of_kind(records, GateWaiting)) == 1)
    replace(level, "cool")
    bench.wait_for(lambda records: bool(of_kind(records, MemoryMeasured)))
    assert process.wait(120) == 0

    records = bench.records()
    assert [waiting.of_pass for waiting in of_kind(records, GateWaiting)] == ["memory"]
    gates = [record.gate for record in records if isinstance(record, (MemoryMeasured, EnergyBlock))]
    assert [gate.values for gate in gates if gate is not None] == [{"level": "cool"}] * 3


def test_rises_and_changes_are_seen_against_the_first_look_in_the_session(bench: Bench) -> None:
    heat = bench.file_probe("heat", "30.5")
    governor = bench.file_probe("governor", "unreadable")
    governor.unlink()
    bench.gate(
        "latency",
        condition("heat", "heat", rise_at_most=2),
        condition("governor", "governor", same_as_first=True),
        poll_ns=POLL_NS,
    )
    add_latency_pass(bench, pairs=1000)
    bench.write_plan()
    process = bench.start()

    def gates_after(text: str) -> GateOutcome:
        seen = len(outcomes(bench.records()))
        records = bench.wait_for(lambda records: len(outcomes(records)) >= seen + 3)
        assert outcomes(records)[-1].values["heat"] == float(text)
        return outcomes(records)[-1]

    assert gates_after("30.5") == GateOutcome(waited_ns=0, values={"heat": 30.5, "governor": None}, failed=[])
    replace(governor, "schedutil\n")
    replace(heat, "32.5")
    assert gates_after("32.5").failed == []
    replace(governor, "performance\n")
    replace(heat, "32.6")
    assert gates_after("32.6").failed == ["heat", "governor"]
    bench.stop_path.touch()
    assert process.wait(120) == 0
    bench.stop_path.unlink()

    process = bench.start()
    bench.wait_for(lambda records: any(block.session == 1 for block in of_kind(records, LatencyBlock)))
    bench.stop_path.touch()
    assert process.wait(120) == 0

    first = next(block for block in of_kind(bench.records(), LatencyBlock) if block.session == 1)
    assert first.gate is not None
    assert (first.gate.values, first.gate.failed) == ({"heat": 32.6, "governor": "performance"}, [])


@pytest.mark.parametrize("means", ["file", "SIGTERM", "stop-latency"])
def test_a_stop_ends_a_wait_at_once(bench: Bench, means: str) -> None:
    bench.file_probe("level", "1")
    bench.gate(
        "latency", condition("level", "level", at_least=5), poll_ns=HOUR_NS, max_wait_ns=HOUR_NS, budget_ns=HOUR_NS
    )
    add_latency_pass(bench, pairs=1)
    bench.quality("a0", "i0")
    bench.write_plan()
    process = bench.start()
    bench.wait_for(lambda records: bool(of_kind(records, GateWaiting)))

    if means == "SIGTERM":
        process.send_signal(signal.SIGTERM)
    else:
        (bench.stop_path if means == "file" else bench.folder / means).touch()

    assert process.wait(120) == 0
    records = bench.records()
    assert not of_kind(records, LatencyBlock)
    assert isinstance(records[-1], RunnerFinished)
    assert records[-1].reason == ("complete" if means == "stop-latency" else "stopped")
    bench.assert_no_worker_left()


@pytest.fixture
def busy_process() -> Iterator[subprocess.Popen[bytes]]:
    """Something of someone else's that keeps a core busy."""
    begins = "print(flush=True)\nwhile True: pass"
    process = subprocess.Popen([sys.executable, "-I", "-S", "-c", begins], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    yield process
    process.kill()
    process.wait(120)


def test_cores_that_others_keep_busy_are_counted_and_bounded(
    bench: Bench, busy_process: subprocess.Popen[bytes]
) -> None:
    bench.gate("latency", others_busy_cores_at_most=0.2)
    bench.gate("memory", others_busy_cores_at_most=1e9)
    bench.memory("a0", "i0")
    add_latency_pass(bench, pairs=1)
    bench.write_plan(settle_ns=100_000_000)

    records = bench.run()

    for gate in outcomes(records):
        busy = gate.values["others_busy_cores"]
        assert isinstance(busy, float)
        # Whoever has the cores: as long as a process can run, not all of them are idle, and the runner looks asleep.
        assert busy > 0.2
        assert gate.failed == ["others_busy_cores"]
    (memory,) = of_kind(records, MemoryMeasured)
    assert memory.gate is not None
    assert set(memory.gate.values) == {"others_busy_cores"}
    assert memory.gate.failed == []
