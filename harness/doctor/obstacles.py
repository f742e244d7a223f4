"""What is in the way of measuring on a device right now, and what to do about it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from devices.power.probes import FileToRead
from devices.readings.dumpsys_battery import DumpsysBattery, parse_dumpsys_battery, tells_set_values
from devices.readings.dumpsys_power import DumpsysPower, parse_dumpsys_power
from devices.readings.proc_stat import CpuTicks, ProcStat, parse_proc_stat
from devices.readings.thermalservice import Thermalservice, parse_thermalservice
from devices.readings.unavailable import Decimal, NotThere
from devices.readings.vcgencmd import Throttled, parse_throttled
from harness.documents.profile import Obstacle
from harness.experiment.declaration import GateBounds
from harness.experiment.energy_source import battery_status
from harness.runs.planning.device_gates import battery_probe, device_gates

if TYPE_CHECKING:
    from devices.identity import Identity
    from devices.power.survey import Survey

_ON_A_CABLE: Final = {"Charging", "Full", "Not charging"}
_SLOW_GOVERNORS: Final = {"powersave", "ondemand", "conservative"}
"""Those that hold the clock low, or let it follow the load with a delay that blocks of a quarter second see."""
_HOT_CELSIUS: Final = {"body": 42.0, "processor": 75.0}
_THERMAL: Final = ("none", "light", "moderate", "severe", "critical", "emergency", "shutdown")
_BOUNDS: Final = GateBounds()


def find_obstacles(survey: Survey, identity: Identity, others_busy_cores: Decimal) -> list[Obstacle]:
    """All that is in the way, what is in the way of most first."""
    found = [
        _load(others_busy_cores),
        _thermal_status(survey),
        _temperature(survey),
        _power_supply(survey),
        _governor(survey),
        _charging(survey),
        _battery_set(survey),
        _battery_low(survey),
        _screen(survey),
        _virtual(identity),
    ]
    return [each for each in found if each is not None]


def busy_cores(before: str, after: str) -> Decimal:
    """Cores kept busy between two looks at /proc/stat."""
    first, last = parse_proc_stat(before), parse_proc_stat(after)
    if not isinstance(first, ProcStat) or not isinstance(last, ProcStat):
        return NotThere("the device does not show /proc/stat")
    one, other = first.all_cores, last.all_cores
    if not isinstance(one, CpuTicks) or not isinstance(other, CpuTicks) or not last.cores:
        return NotThere("/proc/stat has no line of all cores")
    if other.total <= one.total or other.busy < one.busy:
        return NotThere("/proc/stat did not go on between two looks")
    return (other.busy - one.busy) / (other.total - one.total) * len(last.cores)


def _load(others: Decimal) -> Obstacle | None:
    most = _BOUNDS.others_busy_cores
    if not isinstance(others, float) or most is None or others <= most / 2:
        return None
    waited = "; blocks would wait for it" if others > most else ""
    return Obstacle(
        kind="load of others",
        what=f"others keep {others:.1f} cores busy{waited}",
        remedy="End what else runs there (`top` shows it), and measure when the device is idle.",
    )


def _thermal_status(survey: Survey) -> Obstacle | None:
    said = parse_thermalservice(survey.answers.get("thermalservice", ""))
    if not isinstance(said, Thermalservice) or not isinstance(said.status, int) or said.status == 0:
        return None
    return Obstacle(
        kind="thermal status",
        what=f"Android's thermal status is {said.status} ({_THERMAL[said.status]}): it slows down, or soon will",
        remedy="Let it lie face down on something cool until the status is 0; take it out of its case.",
    )


def _temperature(survey: Survey) -> Obstacle | None:
    found = current_temperature(survey)
    if found is None:
        return None
    celsius, kind, zone = found
    bound = _HOT_CELSIUS[kind]
    if celsius < bound:
        return None
    return Obstacle(
        kind="temperature",
        what=f"it is at {celsius:.0f} °C ({zone}), where devices begin to slow down",
        remedy=f"Let it cool below {bound:.0f} °C, or set measure.gates.temperature_max_celsius.",
    )


def current_temperature(survey: Survey) -> tuple[float, str, str] | None:
    """What the gate of the temperature looks at: °C, `body` or `processor`, and the name of the sensor."""
    asked = device_gates(survey, _BOUNDS, on_battery=False)
    condition = next((each for each in asked.gates.conditions if each.id == "temperature"), None)
    if condition is None:
        return None
    probe = next(each for each in asked.probes if each.id == condition.probe)
    if probe.kind == "file":
        text = survey.files.get(probe.path, "").strip()
        name = survey.files.get(f"{probe.path.rpartition('/')[0]}/type", "battery").strip().lower()
        is_processor = any(word in name for word in ("cpu", "soc", "pkg", "tj", "bcm"))
        try:
            return float(text) * condition.scale, "processor" if is_processor else "body", name
        except ValueError:
            return None
    said = parse_dumpsys_battery(survey.answers.get("battery", ""))
    if not isinstance(said, DumpsysBattery) or not isinstance(said.temperature_celsius, float):
        return None
    return said.temperature_celsius, "body", "battery"


def _power_supply(survey: Survey) -> Obstacle | None:
    said = parse_throttled(survey.answers.get("throttled", ""))
    if not isinstance(said, Throttled) or not (said.now or said.since_boot):
        return None
    when = f"now: {', '.join(said.now)}" if said.now else f"since it started: {', '.join(said.since_boot)}"
    weak = "under-voltage" in (*said.now, *said.since_boot)
    return Obstacle(
        kind="power supply" if weak else "temperature",
        what=f"the board's firmware held it back ({when})",
        remedy="Use the maker's own power supply and a short cable." if weak else "Give it a heat sink or a fan.",
    )


def _governor(survey: Survey) -> Obstacle | None:
    domains = survey.folders(r"/sys/devices/system/cpu/cpufreq/policy\d+").values()
    slow = sorted({each.get("scaling_governor", "").strip() for each in domains} & _SLOW_GOVERNORS)
    if not slow:
        return None
    remedy = (
        "Without root it stays so: long blocks (measure.block_ms) and pairs even it out."
        if survey.is_android
        else "With root there: echo performance | sudo tee /sys/devices/system/cpu/cpufreq/policy*/scaling_governor"
    )
    return Obstacle(kind="governor", what=f"the clock governor is {' and '.join(slow)}: the clock moves", remedy=remedy)


def _charging(survey: Survey) -> Obstacle | None:
    status = battery_status(survey)
    if status not in _ON_A_CABLE:
        return None
    return Obstacle(
        kind="charging",
        what=f"a cable feeds it (battery {status.lower()}), which warms it and hides what it draws",
        remedy="For energy set measure.energy.unplugged = true, or reach it over Wi-Fi with the cable out.",
    )


def _battery_set(survey: Survey) -> Obstacle | None:
    if not tells_set_values(survey.answers.get("battery", "")):
        return None
    return Obstacle(
        kind="battery values",
        what="Android is told a battery that is not its own (dumpsys battery: UPDATES STOPPED)",
        remedy="Undo what somebody left on: adb shell dumpsys battery reset",
    )


def _battery_low(survey: Survey) -> Obstacle | None:
    level = _level_percent(survey)
    if level is None or level >= _BOUNDS.battery_min_percent:
        return None
    return Obstacle(
        kind="battery low",
        what=f"the battery is at {level:.0f} %, where devices save power",
        remedy=f"Charge it above {_BOUNDS.battery_min_percent:.0f} % first, then let it cool.",
    )


def _level_percent(survey: Survey) -> float | None:
    probe = battery_probe(survey)
    if isinstance(probe, FileToRead):
        text = survey.files.get(f"{probe.path.rpartition('/')[0]}/capacity", "").strip()
        return float(text) if re.fullmatch(r"[0-9]{1,3}", text) and int(text) <= 100 else None
    said = parse_dumpsys_battery(survey.answers.get("battery", ""))
    return said.level_percent if isinstance(said, DumpsysBattery) and isinstance(said.level_percent, float) else None


def _screen(survey: Survey) -> Obstacle | None:
    said = parse_dumpsys_power(survey.answers.get("power", ""))
    if not isinstance(said, DumpsysPower) or not isinstance(said.wakefulness, str) or said.wakefulness == "Awake":
        return None
    return Obstacle(
        kind="screen off",
        what=f"the screen is off ({said.wakefulness.lower()}): many phones use their slow cores then",
        remedy="On a cable bakeoff wakes it for its runs; over Wi-Fi wake it, and let it stay on.",
    )


def _virtual(identity: Identity) -> Obstacle | None:
    if not identity.is_virtual:
        return None
    return Obstacle(
        kind="virtual",
        what="it is a virtual machine or a container: its neighbours' load shows in its timings",
        remedy="Decide on the real device; use this one to try things out.",
    )
