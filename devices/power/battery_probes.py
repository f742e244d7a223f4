"""Where a battery's current, voltage, charge and status can be read: files first, then Android's commands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from devices.power.battery_supplies import battery_supplies
from devices.power.block import BlockLike, Looks, numbers
from devices.power.probes import CommandToRun, FileToRead, ToRead
from devices.power.survey import Survey
from devices.readings.bounded_number import whole
from devices.readings.dumpsys_battery import DumpsysBattery, parse_dumpsys_battery
from devices.readings.power_supply import parse_supply_current, parse_supply_status
from devices.readings.unavailable import NotThere, Whole, Word

DUMPSYS_ID: Final = "battery_dumpsys"
_FILES: Final = {
    "status": "status", "voltage": "voltage_now", "current": "current_now", "power": "power_now",
    "counter": "charge_counter", "charge": "charge_now", "energy": "energy_now",
}  # fmt: skip
_FILE_INTERVAL_NS: Final = 250_000_000
_COMMAND_INTERVAL_NS: Final = 1_000_000_000
"""A dumpsys costs a phone some tens of milliseconds of a core."""


@dataclass(frozen=True)
class BatteryProbes:
    """Role → probe. A role that `dumpsys battery` answers has that probe."""

    roles: Mapping[str, ToRead]

    def read(self, *roles: str) -> tuple[ToRead, ...]:
        """The probes of these roles, once each."""
        return tuple({probe.id: probe for role in roles if (probe := self.roles.get(role)) is not None}.values())

    def interval_ns(self, *roles: str) -> int:
        """How often they may be read."""
        are_files = all(isinstance(probe, FileToRead) for probe in self.read(*roles))
        return _FILE_INTERVAL_NS if are_files else _COMMAND_INTERVAL_NS


def find_battery(survey: Survey) -> BatteryProbes | NotThere:
    """Per role the first supply that has it: `battery` and `BAT*` before others such as `bms`; batteries of mice and
    pens (scope Device) are none.
    """
    supplies = battery_supplies(survey, gauges=True)
    roles: dict[str, ToRead] = {}
    for role, name in _FILES.items():
        for folder, files in supplies.items():
            if not isinstance(parse_role(role, files.get(name, "")), NotThere):
                roles[role] = FileToRead(f"battery_{name}", f"{folder}/{name}")
                break
    _add_commands(survey, roles)
    if "counter" in roles:
        roles.pop("charge", None)
    return BatteryProbes(roles) if "voltage" in roles or "power" in roles else NotThere("no battery can be read")


def _add_commands(survey: Survey, roles: dict[str, ToRead]) -> None:
    dumpsys = CommandToRun(DUMPSYS_ID, ("dumpsys", "battery"))
    shell = {
        "counter": (
            "battery_counter",
            CommandToRun("battery_counter_command", ("cmd", "battery", "get", "-f", "counter")),
        ),
        "current": (
            "battery_current",
            CommandToRun("battery_current_command", ("cmd", "battery", "get", "-f", "current_now")),
        ),
    }
    for role, (section, command) in shell.items():
        if role not in roles and not isinstance(parse_role(role, survey.answers.get(section, "")), NotThere):
            roles[role] = command
    said = parse_dumpsys_battery(survey.answers.get("battery", ""))
    if isinstance(said, DumpsysBattery):
        answered = {
            "status": said.status, "voltage": said.voltage_mv, "counter": said.charge_counter_uah,
            "current": said.current_now_raw,
        }  # fmt: skip
        for role, value in answered.items():
            if role not in roles and not isinstance(value, NotThere):
                roles[role] = dumpsys


def parse_role(role: str, text: str) -> Whole | Word:
    """One value from the text of its probe, a file or a command: µV, µAh, µWh, µW; currents raw; a status in words."""
    if "Battery Service state" in text or "level:" in text:
        return _from_dumpsys(role, text)
    line = text.strip()
    if role == "status":
        return parse_supply_status(line or None)
    if not text.endswith("\n"):
        return NotThere(f"{role}: no whole line")
    if role == "current":
        return parse_supply_current(line)
    if line == "0":
        return NotThere(f"{role} 0: the device does not report it")
    low, high = (1_000_000, 60_000_000) if role == "voltage" else (1, 1_000_000_000)
    return whole(line, role, low, high)


def _from_dumpsys(role: str, text: str) -> Whole | Word:
    said = parse_dumpsys_battery(text)
    if isinstance(said, NotThere):
        return said
    if role == "status":
        return said.status.capitalize() if isinstance(said.status, str) else said.status
    if role == "voltage":
        return said.voltage_mv * 1000 if isinstance(said.voltage_mv, int) else said.voltage_mv
    return said.charge_counter_uah if role == "counter" else said.current_now_raw


def role_numbers(block: BlockLike, roles: Mapping[str, str], role: str) -> Looks:
    """The numbers of one role over a block; `roles` gives the id of its probe."""

    def parse(text: str) -> float | NotThere:
        value = parse_role(role, text)
        return NotThere(f"{role} is no number") if isinstance(value, str) else value

    return numbers(block, roles[role], parse) if role in roles else Looks((), 0, f"{role} is not read here")


def statuses(block: BlockLike, roles: Mapping[str, str]) -> tuple[str, ...]:
    """What the status was, look by look, where it was known."""
    texts = [one.text for one in block.readings if one.probe == roles.get("status") and one.text is not None]
    values = [parse_role("status", text) for text in texts]
    return tuple(value for value in values if isinstance(value, str))
