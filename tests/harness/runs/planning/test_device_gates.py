"""Gates from what a device said of itself: files before commands, and values that a runner's simple reading finds."""

from __future__ import annotations

import pytest

from devices.power.survey import Survey, parse_survey
from harness.documents.plan import CommandProbe, FileProbe, GateCondition
from harness.experiment.declaration import GateBounds
from harness.runs.planning.device_gates import DeviceGates, device_gates
from tests.devices.power.surveys import answer, battery_files, lines, phone
from tests.devices.readings.sample_files import sample

ZONE = "/sys/class/thermal/thermal_zone"
POLICY = "/sys/devices/system/cpu/cpufreq/policy"
FILES = {
    "power_supply": lines(battery_files()),
    "thermal_zones": lines(
        {f"{ZONE}0/type": "BIG", f"{ZONE}0/temp": "41000", f"{ZONE}5/type": "VIRTUAL-SKIN", f"{ZONE}5/temp": "31250"}
    ),
    "clocks": lines(
        {
            f"{POLICY}0/scaling_governor": "walt", f"{POLICY}0/scaling_max_freq": "1704000",
            f"{POLICY}4/scaling_governor": "walt", f"{POLICY}4/scaling_max_freq": "2914000",
        }
    ),
    "thermalservice": sample("thermalservice/throttling-status2-hidl-thresholds.txt"),
    "power": "  mWakefulness=Awake\n",
}  # fmt: skip


def word_after(condition: GateCondition, text: str) -> str:
    """As a runner reads it: what follows the first occurrence, blanks skipped, to the next white space."""
    assert condition.after in text
    return text.partition(condition.after)[2].split()[0] if condition.after else text.split(maxsplit=1)[0]


def by_id(found: DeviceGates) -> dict[str, GateCondition]:
    assert len({one.id for one in found.gates.conditions}) == len(found.gates.conditions)
    assert {one.probe for one in found.gates.conditions} == {probe.id for probe in found.probes}
    return {one.id: one for one in found.gates.conditions}


def test_files_are_read_where_there_are_files() -> None:
    found = device_gates(phone(**FILES), GateBounds(), on_battery=True)
    assert found.missing == {}
    gates = by_id(found)
    paths = {probe.id: probe.path for probe in found.probes if isinstance(probe, FileProbe)}
    assert paths[gates["temperature"].probe] == f"{ZONE}5/temp"
    assert gates["temperature"].scale == 0.001
    assert gates["temperature"].rise_at_most == 5.0
    assert paths[gates["battery_status"].probe] == "/sys/class/power_supply/battery/status"
    assert gates["battery_status"].none_of == ["Charging", "Not", "Full"]
    assert gates["battery_level"].at_least == 25.0
    assert gates["governor_4"].same_as_first
    assert gates["clock_limit_0"].same_as_first
    assert word_after(gates["thermal_status"], FILES["thermalservice"]) == "2"
    assert word_after(gates["screen"], FILES["power"]) == "Awake"
    commands = [probe for probe in found.probes if isinstance(probe, CommandProbe)]
    assert [probe.id for probe in commands] == ["gate_thermalservice", "gate_power"]


@pytest.mark.parametrize(
    ("name", "status", "level"),
    [
        ("motorola-mod-lines", "5", "100"),
        ("honor-alt-nx1-android15", "3", "54"),
        ("skia-tab-indented", "2", "94"),
        ("skia-ac-charging-unindented", "2", "75"),
        ("nexus5-hammerhead-crlf", "5", "45"),
        ("samsung-android5-blank-lines", "3", "97"),
    ],
)
def test_dumpsys_battery_serves_where_files_are_closed(name: str, status: str, level: str) -> None:
    text = sample(f"dumpsys_battery/{name}.txt")
    found = device_gates(phone(battery=text), GateBounds(temperature_max_celsius=35.0), on_battery=True)
    gates = by_id(found)
    assert word_after(gates["battery_status"], text) == status
    assert word_after(gates["battery_level"], text) == level
    assert float(word_after(gates["temperature"], text)) * gates["temperature"].scale < 60.0
    assert gates["temperature"].at_most == 35.0
    assert gates["temperature"].rise_at_most is None
    assert [probe.id for probe in found.probes] == ["gate_battery_dumpsys"]


def test_what_a_device_cannot_say_is_no_gate_and_is_named() -> None:
    found = device_gates(parse_survey(answer({"sdk": ""})), GateBounds(), on_battery=True)
    assert found.gates.conditions == []
    assert found.probes == []
    assert set(found.missing) == {
        "battery_status", "battery_level", "temperature", "thermal_status", "governor", "clock_limit", "screen"
    }  # fmt: skip
    assert found.gates.others_busy_cores_at_most == 1.0
    assert found.gates.max_wait_ns == 20_000_000_000
    assert found.gates.budget_ns == 180_000_000_000


def test_before_long_blocks_the_device_is_to_be_as_cool_as_when_the_runner_started() -> None:
    bounds = GateBounds(cool_rise_celsius=2.0, cool_wait_s=90.0)
    found = by_id(device_gates(phone(**FILES), bounds, on_battery=False, long_blocks=12))["temperature"]
    assert (found.rise_at_most, found.first_at_start) == (2.0, True)
    assert (found.max_wait_ns, found.budget_ns) == (90_000_000_000, 1_080_000_000_000)
    bounds = GateBounds(temperature_max_celsius=35.0)
    found = by_id(device_gates(phone(**FILES), bounds, on_battery=False, long_blocks=12))["temperature"]
    assert (found.at_most, found.rise_at_most, found.first_at_start) == (35.0, None, False)


def test_cores_that_share_a_clock_are_looked_at_once() -> None:
    """As where a phone shows no policies."""
    core = "/sys/devices/system/cpu/cpu{}/cpufreq"
    files = {}
    for number, related in ((0, "0 1"), (1, "0 1"), (10, "10")):
        values = {"related_cpus": related, "scaling_governor": "walt", "scaling_max_freq": "1704000"}
        files |= {f"{core.format(number)}/{name}": text for name, text in values.items()}
    gates = by_id(device_gates(phone(clocks=lines(files)), GateBounds(), on_battery=False))
    assert set(gates) == {"governor_0", "governor_10", "clock_limit_0", "clock_limit_10"}


def test_the_battery_s_status_is_a_gate_only_where_it_is_wanted() -> None:
    survey: Survey = phone(**FILES)
    assert "battery_status" not in by_id(device_gates(survey, GateBounds(), on_battery=False))
    assert "battery_status" in by_id(device_gates(survey, GateBounds(on_battery=True), on_battery=False))
    emulated = phone(battery=sample("dumpsys_battery/updates-stopped-override.txt"))
    assert "battery_level" in device_gates(emulated, GateBounds(), on_battery=True).missing
