"""Readings of what is not there: a battery that a service answers for all the same, a sensor that is not wired."""

from __future__ import annotations

import pytest

from devices.identity import Identity
from devices.power.battery_capacity import battery_capacity
from devices.power.battery_probes import find_battery
from devices.power.registry import find_sources
from devices.power.source import FoundSource
from devices.readings.dumpsys_battery import DumpsysBattery, parse_dumpsys_battery
from devices.readings.power_supply import PowerSupply, parse_power_supply
from devices.readings.thermal_zones import parse_zone_temperature
from devices.readings.thermalservice import Thermalservice, parse_thermalservice
from devices.readings.unavailable import NotThere
from harness.doctor.obstacles import find_obstacles
from harness.experiment.declaration import GateBounds
from harness.experiment.energy_source import battery_status
from harness.runs.planning.device_gates import device_gates
from tests.devices.power.surveys import battery_files, board, lines, phone

TELEVISION = """Current Battery Service state:
  AC powered: true
  USB powered: false
  Wireless powered: false
  Max charging current: 0
  Charge counter: {counter}
  status: {status}
  health: 1
  present: {present}
  level: {level}
  scale: 100
  voltage: {voltage}
  temperature: {temperature}
  technology:
"""


def television(**values: object) -> str:
    zeros = {"present": "false", "level": 0, "voltage": 0, "temperature": 0, "status": 1, "counter": 0}
    return TELEVISION.format(**(zeros | values))


ABSENT = {
    "a television": television(),
    "a box that says it is charged": television(status=2, level=100, voltage=5000, temperature=250, counter=10000),
    "a board that does not say present: false": television(present="true"),
    "a board of level 50 without voltage and warmth": television(present="true", level=50, status=2),
    "level 0 without voltage": television(present="true", temperature=250, status=4),
}


@pytest.mark.parametrize("name", ABSENT)
def test_a_battery_that_is_not_there_has_no_values_and_is_no_gate(name: str) -> None:
    said = parse_dumpsys_battery(ABSENT[name])
    assert isinstance(said, DumpsysBattery)
    for value in (said.level_percent, said.status, said.voltage_mv, said.temperature_celsius, said.charge_counter_uah):
        assert isinstance(value, NotThere)
        assert "there is no battery" in value.reason
    assert said.ac_powered is True
    survey = phone(battery=ABSENT[name])
    gates = device_gates(survey, GateBounds(), on_battery=True)
    assert gates.gates.conditions == []
    assert {"battery_level", "battery_status", "temperature"} <= set(gates.missing)
    assert isinstance(find_battery(survey), NotThere)
    assert isinstance(battery_capacity(survey), NotThere)
    assert not any(isinstance(each, FoundSource) for each in find_sources(survey).values())
    assert battery_status(survey) is None


def test_a_battery_that_is_nearly_empty_is_one() -> None:
    said = parse_dumpsys_battery(television(present="true", level=0, voltage=3402, temperature=213, status=3))
    assert isinstance(said, DumpsysBattery)
    assert (said.level_percent, said.voltage_mv, said.temperature_celsius, said.status) == (
        0.0, 3402, 21.3, "discharging"
    )  # fmt: skip


@pytest.mark.parametrize(
    "more",
    [
        {"present": "0"},
        {"capacity": "0", "voltage_now": "0", "temp": "0"},
        {"capacity": "50", "voltage_now": "0", "temp": "0"},
        {"capacity": "0", "voltage_now": ""},
    ],
)
def test_a_supply_without_its_battery_is_none(more: dict[str, str]) -> None:
    files = battery_files(**({"current_now": "0", "charge_counter": ""} | more))
    survey = phone(power_supply=lines(files))
    assert device_gates(survey, GateBounds(), on_battery=True).gates.conditions == []
    assert isinstance(find_battery(survey), NotThere)
    assert isinstance(battery_capacity(survey), NotThere)
    assert battery_status(survey) is None
    uevent = "".join(f"POWER_SUPPLY_{path.rpartition('/')[2].upper()}={text}\n" for path, text in files.items())
    said = parse_power_supply(uevent)
    assert isinstance(said, PowerSupply)
    for value in (said.capacity_percent, said.voltage_uv, said.status, said.temperature_celsius, said.current_raw):
        assert isinstance(value, NotThere)


def test_a_second_battery_serves_where_the_first_is_not_there() -> None:
    first = battery_files("/sys/class/power_supply/BAT0", present="0", capacity="0")
    second = battery_files("/sys/class/power_supply/BAT1", present="1")
    gates = device_gates(phone(power_supply=lines(first | second)), GateBounds(), on_battery=True)
    paths = {getattr(probe, "path", "") for probe in gates.probes}
    assert paths == {f"/sys/class/power_supply/BAT1/{name}" for name in ("capacity", "status", "temp")}


@pytest.mark.parametrize(
    "text",
    [
        "0", "-0", "-274000", "-273150", "-127000", "-40000", "-30001", "125000", "126500", "127000", "128000",
        "150000", "255000", "-2147483648", "2147483647", "42", "-1", "290", "-22", "",
    ],
)  # fmt: skip
def test_a_zone_that_is_not_wired_gives_no_temperature_and_is_no_gate(text: str) -> None:
    found = parse_zone_temperature(text + "\n")
    assert isinstance(found, NotThere)
    zone = "/sys/class/thermal/thermal_zone"
    files = {f"{zone}0/type": "skin-therm", f"{zone}0/temp": text, f"{zone}1/type": "cpu-thermal"}
    gates = device_gates(phone(thermal_zones=lines(files | {f"{zone}1/temp": "48500"})), GateBounds(), on_battery=False)
    assert [getattr(probe, "path", "") for probe in gates.probes] == [f"{zone}1/temp"]


@pytest.mark.parametrize(("text", "celsius"), [("1000", 1.0), ("-12500", -12.5), ("110500", 110.5), ("48500", 48.5)])
def test_a_zone_in_the_cold_or_the_heat_is_read(text: str, celsius: float) -> None:
    assert parse_zone_temperature(f"{text}\n") == celsius


def test_the_zone_of_a_battery_that_is_not_there_is_no_gate() -> None:
    zone = "/sys/class/thermal/thermal_zone"
    files = {f"{zone}0/type": "battery", f"{zone}0/temp": "25000"}
    survey = phone(battery=television(), thermal_zones=lines(files))
    assert "temperature" in device_gates(survey, GateBounds(), on_battery=False).missing


def test_a_thermal_status_without_a_thermal_hal_is_no_gate() -> None:
    text = "IsStatusOverride: false\nThermal Status: 0\nCached temperatures:\nHAL Ready: false\n"
    said = parse_thermalservice(text)
    assert isinstance(said, Thermalservice)
    assert isinstance(said.status, NotThere)
    assert "thermal_status" in device_gates(phone(thermalservice=text), GateBounds(), on_battery=False).missing


def test_a_current_sensor_without_a_voltage_is_no_source() -> None:
    folder = "/sys/class/hwmon/hwmon0"
    files = {f"{folder}/name": "ina226", f"{folder}/in1_input": "0", f"{folder}/curr1_input": "0"}
    assert isinstance(find_sources(board(files))["board_sensors"], NotThere)
    assert isinstance(find_sources(board(files | {f"{folder}/in1_input": "5020"}))["board_sensors"], FoundSource)


def test_the_doctor_finds_nothing_in_the_way_of_a_box_on_the_mains() -> None:
    survey = phone(battery=television(status=2))
    kinds = {each.kind for each in find_obstacles(survey, Identity(kind="adb"), NotThere("not asked"))}
    assert not {"battery low", "charging", "temperature"} & kinds
