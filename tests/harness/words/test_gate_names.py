"""A gate has one row of names, and every gate that a device can be asked for has one."""

from __future__ import annotations

from devices.power.survey import parse_survey
from harness.experiment.declaration import GateBounds
from harness.runs.planning.device_gates import device_gates
from harness.words.gate_names import GATE_NAMES, gate_name
from tests.devices.power.surveys import answer


def test_every_gate_of_a_device_has_names() -> None:
    found = device_gates(parse_survey(answer({"sdk": ""})), GateBounds(), on_battery=True)
    assert set(found.missing) | {"others_busy_cores"} == set(GATE_NAMES)


def test_a_clock_domain_has_its_number() -> None:
    assert gate_name("governor_4").gate == "governor 4"
    assert gate_name("clock_limit_0").reading == "clock limit 0"


def test_one_that_is_not_known_keeps_its_own_words() -> None:
    assert gate_name("phase_of_the_moon").gate == "phase of the moon"
