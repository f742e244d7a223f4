"""Current sensors on a board (INA219, INA226, INA3221, …) through hwmon, and the rails of a Jetson."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from devices.power.block import BlockLike, Look, Looks, incomplete, numbers, unfit
from devices.power.probes import FileToRead
from devices.power.sampled import added_up, energy_of_samples, smallest_step
from devices.power.source import BlockEnergy, Channel, EnergyReadings, EnergySource, FoundSource, SourceReadout, readout
from devices.power.survey import Survey
from devices.readings.hwmon import collect_hwmon, parse_hwmon_value
from devices.readings.unavailable import NotThere

_CHIPS: Final = ("ina2", "ina3", "ina7", "ltc29", "max34", "pac19", "sq52")
_TOTALS: Final[tuple[str, ...]] = ("VDD_IN", "POM_5V_IN", "VIN_SYS", "VDD_MUX")
"""Rails through which everything flows: Orin Nano and NX, TX2, Xavier NX; Nano; TX1 (NVIDIA's developer guides)."""
_SUMS: Final[tuple[tuple[str, ...], ...]] = (
    ("VDD_GPU_SOC", "VDD_CPU_CV", "VIN_SYS_5V0"),
    ("GPU", "CPU", "SOC", "CV", "VDDRQ", "SYS5V"),
)
"""Rails that stand beside each other and are added up: AGX Orin; AGX Xavier. VDDQ_VDD2_1V8AO of an AGX Orin is measured
at 5 V, behind VIN_SYS_5V0 as far as is known.
"""


def find(survey: Survey) -> FoundSource | NotThere:
    """What is the whole board is used alone; rails of a board whose total is known as a sum are added; a single sensor
    is itself. Several of which nobody knows whether one feeds the other are not added.
    """
    rails = _hwmon_rails(survey) | _iio_rails(survey)
    if not rails:
        return NotThere("no current sensor answers through hwmon")
    total = next((name for name in _TOTALS if name in rails), None)
    beside = next((names for names in _SUMS if all(name in rails for name in names)), ())
    if total is not None:
        used, covers = [total], f"the whole board ({total})"
    elif beside:
        used = list(beside)
        covers = f"the module ({' + '.join(used)})"
    elif len(rails) == 1:
        used = list(rails)
        covers = f"what flows through the sensor {used[0]}"
    else:
        return NotThere(
            f"{len(rails)} sensors ({', '.join(rails)}), and nothing says which of them are parts of another"
        )
    probes: list[FileToRead] = []
    channels: list[Channel] = []
    for at, name in enumerate(used):
        ids = {role: f"sensor_{at}_{role}" for role in rails[name]}
        probes += [FileToRead(ids[role], path) for role, path in rails[name].items()]
        channels.append(Channel(name, ids))
    left_out = tuple(f"{name}: a part of {covers}" for name in rails if name not in used)
    return FoundSource("board_sensors", covers, tuple(channels), (), tuple(probes), left_out=left_out)


def _hwmon_rails(survey: Survey) -> dict[str, dict[str, str]]:
    """Name → role → path. A chip's own power where it computes one; else its voltage and current."""
    rails: dict[str, dict[str, str]] = {}
    for sensor in collect_hwmon(survey.files).values():
        if not isinstance(sensor.chip, str) or not sensor.chip.startswith(_CHIPS):
            continue
        for number in range(1, 9):
            label = sensor.labels.get(f"in{number}", "")
            path = f"{sensor.folder}/{{}}{number}_input"
            # Without a voltage nothing is connected there.
            if label.lower() == "sum of shunt voltages" or sensor.values.get(f"in{number}") == 0:
                continue
            if isinstance(sensor.values.get(f"power{number}"), int):
                found = {"power": path.format("power")}
            elif isinstance(sensor.values.get(f"in{number}"), int) and isinstance(
                sensor.values.get(f"curr{number}"), int
            ):
                found = {"voltage": path.format("in"), "current": path.format("curr")}
            else:
                continue
            rails.setdefault(label or f"{sensor.chip} {sensor.folder.rpartition('/')[2]}/{number}", found)
    return rails


def _iio_rails(survey: Survey) -> dict[str, dict[str, str]]:
    """Of JetPack 4: names and mW in files of iio."""
    rails: dict[str, dict[str, str]] = {}
    for folder, files in survey.folders(r"/sys/bus/i2c/drivers/ina3221x/[^/]+/iio:device\d+").items():
        for channel in range(3):
            name, power = files.get(f"rail_name_{channel}", "").strip(), files.get(f"in_power{channel}_input", "")
            if name and isinstance(_milliwatts(power), float):
                rails.setdefault(name, {"milliwatts": f"{folder}/in_power{channel}_input"})
    return rails


def measure(found: FoundSource, evidence: EnergyReadings) -> SourceReadout:
    """Samples of power, integrated."""
    return readout(found, evidence, lambda block: _energy(found, block))


def _energy(found: FoundSource, block: BlockLike) -> BlockEnergy | NotThere:
    reason = unfit(block)
    if reason is not None:
        return reason
    rows: list[tuple[Look, ...]] = []
    steps = 0.0
    for channel in found.channels:
        row = _milliwatts_of(block, channel.probes)
        hole = incomplete(row, f"the sensor {channel.name}")
        if hole is not None:
            return hole
        rows.append(row.found)
        steps += smallest_step([look.value for look in row.found])
    summed = added_up(rows)
    return summed if isinstance(summed, NotThere) else energy_of_samples(block, summed, step_mw=steps)


def _milliwatts_of(block: BlockLike, probes: Mapping[str, str]) -> Looks:
    if "milliwatts" in probes:
        return numbers(block, probes["milliwatts"], _milliwatts)
    if "power" in probes:
        looks = numbers(block, probes["power"], lambda text: parse_hwmon_value("power1_input", text))
        return Looks(
            tuple(Look(one.at_ns, one.took_ns, one.value / 1e3) for one in looks.found), looks.missing, looks.why
        )
    volts = numbers(block, probes["voltage"], lambda text: parse_hwmon_value("in1_input", text))
    amps = numbers(block, probes["current"], lambda text: parse_hwmon_value("curr1_input", text))
    missing, why = max(volts.missing, amps.missing), volts.why or amps.why
    if len(volts.found) != len(amps.found):
        return Looks((), max(missing, 1), why or "voltage and current were not read equally often")
    pairs = zip(volts.found, amps.found, strict=True)
    # mV × mA = µW. A current may be negative by the way the shunt is wired.
    products = (Look((one.at_ns + two.at_ns) / 2, one.took_ns, abs(one.value * two.value) / 1e3) for one, two in pairs)
    if any(one.value < 0 for one in amps.found) and any(one.value > 0 for one in amps.found):
        return Looks((), len(amps.found), "the current changes its sign: a battery that charges and discharges")
    return Looks(tuple(products), missing, why)


def _milliwatts(text: str) -> float | NotThere:
    value = parse_hwmon_value("in1_input", text)
    return value if isinstance(value, NotThere) else float(value)


SOURCE: Final = EnergySource("board_sensors", "current sensors on the board", 2, False, find, measure)
