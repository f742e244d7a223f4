"""Gates of a device: what of the declared bounds it can be asked for, and how. Files before commands."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from devices.power.battery_supplies import battery_supplies
from devices.power.probes import CommandToRun, FileToRead, ToRead
from devices.power.survey import Survey
from devices.readings.bounded_number import whole
from devices.readings.dumpsys_battery import DumpsysBattery, parse_dumpsys_battery
from devices.readings.dumpsys_power import DumpsysPower, parse_dumpsys_power
from devices.readings.power_supply import parse_supply_status, parse_supply_temperature
from devices.readings.thermal_zones import parse_zone_temperature
from devices.readings.thermalservice import Thermalservice, parse_thermalservice
from devices.readings.unavailable import NotThere
from harness.documents.plan import GateCondition, Gates, Probe
from harness.experiment.declaration import GateBounds
from harness.runs.planning.device_probes import plan_probe

_WARMTH: Final = (
    "virtual-skin", "skin", "skin-therm", "skin_therm", "quiet_therm", "quiet-therm", "case_therm", "ap_ntc",
    "xo_therm", "battery", "cpu-thermal", "cpu_thermal", "soc-thermal", "soc_thermal", "bcm2835_thermal",
    "x86_pkg_temp", "tj-thermal",
)  # fmt: skip
"""Zones by what a person calls the heat of the device: skin first, then the battery's, then the processor's."""

_BATTERY_DUMPSYS = CommandToRun("gate_battery_dumpsys", ("dumpsys", "battery"))
_THERMALSERVICE = CommandToRun("gate_thermalservice", ("dumpsys", "thermalservice"))
_POWER = CommandToRun("gate_power", ("sh", "-c", "dumpsys power | grep mWakefulness="))


@dataclass(frozen=True)
class DeviceGates:
    """The gates of one pass, the probes they look through, and what the device cannot be asked for."""

    gates: Gates
    probes: list[Probe]
    missing: dict[str, str] = field(default_factory=dict)
    """Condition → why it is no gate here."""


@dataclass(frozen=True)
class _Asked:
    """A condition and what it looks at."""

    condition: GateCondition
    probe: ToRead


def device_gates(survey: Survey, bounds: GateBounds, *, on_battery: bool, long_blocks: int = 0) -> DeviceGates:
    """Gates of one pass. `on_battery`: the battery must not be charged, whatever the bounds say (as in the energy pass
    where the battery is the source). `long_blocks`: how many blocks of arms the device is to have cooled after, where
    they are long.
    """
    conditions: list[_Asked] = []
    missing: dict[str, str] = {}
    wanted: dict[str, list[_Asked] | NotThere] = {
        "battery_level": _battery_level(survey, bounds),
        "temperature": _temperature(survey, bounds, long_blocks),
        "thermal_status": _thermal_status(survey, bounds),
        "governor": _same_clock(survey, "governor", "scaling_governor"),
        "clock_limit": _same_clock(survey, "clock_limit", "scaling_max_freq"),
        "screen": _screen(survey),
    }
    if on_battery or bounds.on_battery:
        wanted = {"battery_status": _battery_status(survey)} | wanted
    for name, found in wanted.items():
        if isinstance(found, NotThere):
            missing[name] = found.reason
        else:
            conditions += found
    unique = {asked.probe.id: asked.probe for asked in conditions}
    return DeviceGates(
        Gates(
            conditions=[asked.condition for asked in conditions],
            others_busy_cores_at_most=bounds.others_busy_cores,
            max_wait_ns=round(bounds.max_wait_s * 1e9),
            budget_ns=round(bounds.max_wait_total_s * 1e9),
        ),
        [plan_probe(probe) for probe in unique.values()],
        missing,
    )


def battery_probe(survey: Survey) -> ToRead | None:
    """The one look that says most of the battery; None where there is none."""
    place = _battery_file(survey, "capacity")
    if place is not None:
        return FileToRead("battery", f"{place.rpartition('/')[0]}/uevent")
    said = parse_dumpsys_battery(survey.answers.get("battery", ""))
    return CommandToRun("battery", ("dumpsys", "battery")) if isinstance(said, DumpsysBattery) else None


def _battery_status(survey: Survey) -> list[_Asked] | NotThere:
    place = _battery_file(survey, "status")
    if place is not None and not isinstance(parse_supply_status(survey.files[place]), NotThere):
        probe = FileToRead("gate_battery_status", place)
        # `Not charging` and `Full` are on a cable too; only the first word is compared.
        words = ["Charging", "Not", "Full"]
        return [_Asked(GateCondition(id="battery_status", probe=probe.id, none_of=words), probe)]
    said = parse_dumpsys_battery(survey.answers.get("battery", ""))
    if isinstance(said, DumpsysBattery) and isinstance(said.status, str):
        after = _after(survey.answers["battery"], "status")
        words = ["2", "4", "5"]
        condition = GateCondition(id="battery_status", probe=_BATTERY_DUMPSYS.id, after=after, none_of=words)
        return [_Asked(condition, _BATTERY_DUMPSYS)]
    return NotThere("the device does not say whether its battery is charged")


def _battery_level(survey: Survey, bounds: GateBounds) -> list[_Asked] | NotThere:
    place = _battery_file(survey, "capacity")
    if place is not None and isinstance(whole(survey.files[place], "capacity", 0, 100), int):
        probe: ToRead = FileToRead("gate_battery_level", place)
        after = ""
    else:
        said = parse_dumpsys_battery(survey.answers.get("battery", ""))
        if not isinstance(said, DumpsysBattery) or isinstance(said.level_percent, NotThere):
            return NotThere("the device does not say how full its battery is")
        probe, after = _BATTERY_DUMPSYS, _after(survey.answers["battery"], "level")
    bound = bounds.battery_min_percent
    return [_Asked(GateCondition(id="battery_level", probe=probe.id, after=after, at_least=bound), probe)]


def _temperature(survey: Survey, bounds: GateBounds, long_blocks: int) -> list[_Asked] | NotThere:
    """The skin's, else the battery's, else the processor's: the first of these that is a file."""
    zones = {
        files["type"].strip().lower(): folder
        for folder, files in reversed(survey.folders(r"/sys/class/thermal/thermal_zone\d+").items())
        if "type" in files and not isinstance(parse_zone_temperature(files.get("temp", "")), NotThere)
    }
    if not _has_battery(survey):
        # Its zone says what the board's designer thought of, for ever.
        zones.pop("battery", None)
    place = next((zones[name] for name in _WARMTH if name in zones), None)
    battery = _battery_file(survey, "temp")
    if place is not None:
        probe: ToRead = FileToRead("gate_temperature", f"{place}/temp")
        after, scale = "", 0.001
    elif battery is not None and isinstance(parse_supply_temperature(survey.files[battery]), float):
        probe, after, scale = FileToRead("gate_temperature", battery), "", 0.1
    else:
        said = parse_dumpsys_battery(survey.answers.get("battery", ""))
        if not isinstance(said, DumpsysBattery) or isinstance(said.temperature_celsius, NotThere):
            return NotThere("the device gives no temperature of its skin, its battery or its processor")
        probe, after, scale = _BATTERY_DUMPSYS, _after(survey.answers["battery"], "temperature"), 0.1
    most = bounds.temperature_max_celsius
    rise = bounds.cool_rise_celsius if long_blocks else bounds.temperature_rise_celsius
    cool_wait_ns = round(bounds.cool_wait_s * 1e9)
    condition = GateCondition(
        id="temperature",
        probe=probe.id,
        after=after,
        scale=scale,
        at_most=most,
        rise_at_most=rise if most is None else None,
        first_at_start=bool(long_blocks) and most is None,
        max_wait_ns=cool_wait_ns if long_blocks else None,
        budget_ns=cool_wait_ns * long_blocks if long_blocks else None,
    )
    return [_Asked(condition, probe)]


def _thermal_status(survey: Survey, bounds: GateBounds) -> list[_Asked] | NotThere:
    said = parse_thermalservice(survey.answers.get("thermalservice", ""))
    if not isinstance(said, Thermalservice) or isinstance(said.status, NotThere):
        return NotThere("the device has no thermal status (Android 10 and newer do)")
    condition = GateCondition(
        id="thermal_status", probe=_THERMALSERVICE.id, after="Thermal Status:", at_most=bounds.thermal_status_max
    )
    return [_Asked(condition, _THERMALSERVICE)]


def _same_clock(survey: Survey, name: str, file: str) -> list[_Asked] | NotThere:
    """One condition for each clock domain."""
    policies = survey.folders(r"/sys/devices/system/cpu/(cpufreq/policy\d+|cpu\d+/cpufreq)")
    found = []
    for folder, files in policies.items():
        number = re.findall(r"\d+", folder)[-1]
        # Of cores that share a clock, the first stands for all.
        leads = files.get("related_cpus", number).split()[:1] == [number]
        if leads and files.get(file, "").strip():
            probe = FileToRead(f"gate_{name}_{number}", f"{folder}/{file}")
            condition = GateCondition(id=f"{name}_{number}", probe=probe.id, same_as_first=True)
            found.append(_Asked(condition, probe))
    return found or NotThere("the kernel lets nobody read its clocks here")


def _screen(survey: Survey) -> list[_Asked] | NotThere:
    said = parse_dumpsys_power(survey.answers.get("power", ""))
    if not isinstance(said, DumpsysPower) or isinstance(said.wakefulness, NotThere):
        return NotThere("the device has no screen that says whether it is on")
    return [_Asked(GateCondition(id="screen", probe=_POWER.id, after="mWakefulness=", same_as_first=True), _POWER)]


def _has_battery(survey: Survey) -> bool:
    """False where Android's battery service says that there is none."""
    said = parse_dumpsys_battery(survey.answers.get("battery", ""))
    return not (isinstance(said, DumpsysBattery) and said.absent is not None)


def _battery_file(survey: Survey, name: str) -> str | None:
    """Of the device's own battery: `battery` and `BAT*` before others."""
    folder = next((folder for folder, files in battery_supplies(survey).items() if name in files), None)
    return f"{folder}/{name}" if folder is not None else None


def _after(text: str, name: str) -> str:
    """The text before a value such that its first occurrence is that line's: with the line end and indentation that
    this device prints (`mod level:` is another line than `level:`).
    """
    found = re.search(rf"\n[ \t]*{re.escape(name)}:", "\n" + text.replace("\r", ""))
    if found is None:
        return f"{name}:"
    return found[0] if found.start() else found[0].lstrip("\n")
