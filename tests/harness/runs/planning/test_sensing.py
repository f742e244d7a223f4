"""What is planned to be waited for, from what a device shows of itself."""

from __future__ import annotations

from harness.documents.plan import Plan
from harness.documents.records import GateWaiting
from harness.experiment.declaration import Experiment
from harness.runs.measuring.unplugged import PATIENCE_S, UnpluggedPass
from harness.runs.planning.sensing import UNPLUG_WAIT_S, Sensing, make_sensing
from harness.words.gates import waiting_in_words
from tests.harness.simulated_records import make_manifest
from tests.rig.simulated import Battery, SimulatedDevice, Truth
from tests.rig.soaked import soak_plan

PHONE = Truth(battery=Battery(charger_w=5.0), rail_step_uws=None)


def sensing(*, unplugged: bool) -> Sensing:
    declared = make_manifest().experiment
    energy = declared.measure.energy.model_copy(update={"cycles": 4, "unplugged": unplugged})
    measure = declared.measure.model_copy(update={"energy": energy})
    run: Experiment = declared.model_copy(update={"measure": measure})
    return make_sensing(SimulatedDevice(PHONE, 1).survey(), run)


def plan(*, unplugged: bool) -> Plan:
    return soak_plan(1.0, 60.0).model_copy(update={"gates": sensing(unplugged=unplugged).gates})


COOLING_S = 300.0
"""Before each long block; the default."""


def test_the_cable_is_waited_for_long_and_before_long_blocks_heat_and_all_else_as_ever() -> None:
    gates = sensing(unplugged=True).gates
    energy, latency = gates["energy"], gates["latency"]
    waits = {condition.id: condition.max_wait_ns for condition in energy.conditions}
    assert waits["battery_status"] == UNPLUG_WAIT_S * 1e9
    assert set(waits) == {"battery_status"} | {condition.id for condition in latency.conditions}
    assert "temperature" in waits
    assert waits["temperature"] == COOLING_S * 1e9
    others = waits.keys() - {"battery_status", "temperature"}
    assert [waits[name] for name in others] == [None] * len(others)
    bounds = ("max_wait_ns", "budget_ns", "others_busy_cores_at_most")
    assert [getattr(energy, name) for name in bounds] == [getattr(latency, name) for name in bounds]


def test_where_no_cable_is_pulled_nothing_is_waited_for_by_itself() -> None:
    for gates in sensing(unplugged=False).gates.values():
        assert [condition.max_wait_ns for condition in gates.conditions] == [None] * len(gates.conditions)


def gate_waiting(**values: float | str) -> GateWaiting:
    return GateWaiting(
        n=0, session=0, monotonic_ns=0, step=0, of_pass="energy", failed=list(values), values=dict(values)
    )


def test_whoever_sits_beside_it_is_told_the_longest_of_the_waits() -> None:
    waiting = gate_waiting(battery_status="Charging")
    assert f"at most {UNPLUG_WAIT_S:g} s" in waiting_in_words(waiting, plan(unplugged=True))
    warm = gate_waiting(temperature=50.0)
    assert f"at most {COOLING_S:g} s" in waiting_in_words(warm, plan(unplugged=True))
    assert "at most 20 s" in waiting_in_words(gate_waiting(thermal_status=3.0), plan(unplugged=True))


def test_a_phone_without_its_cable_is_missed_only_after_all_its_waits() -> None:
    made = plan(unplugged=True)
    absence_s = UnpluggedPass(made).longest_absence_s
    cooling_s = 4 * 2 * COOLING_S  # four cycles of two arms
    assert absence_s == 2 * UNPLUG_WAIT_S + cooling_s + made.gates["energy"].budget_ns / 1e9 + PATIENCE_S
