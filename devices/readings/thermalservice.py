"""`dumpsys thermalservice`: Android's thermal status and the sensors of its thermal HAL."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from devices.readings.bounded_number import decimal, whole
from devices.readings.unavailable import Decimal, NotThere, Whole

KINDS: Final = {
    -1: "unknown", 0: "cpu", 1: "gpu", 2: "battery", 3: "skin", 4: "usb port", 5: "power amplifier",
    6: "bcl voltage", 7: "bcl current", 8: "bcl percentage", 9: "npu", 10: "tpu",
}  # fmt: skip
"""android.hardware.thermal TemperatureType; 6 to 8 are no temperatures."""

_NAMED_KINDS = {
    "TYPE_CPU": "cpu", "TYPE_GPU": "gpu", "TYPE_BATTERY": "battery", "TYPE_SKIN": "skin",
    "TYPE_USB_PORT": "usb port", "TYPE_POWER_AMPLIFIER": "power amplifier",
}  # fmt: skip
_CACHED = "Cached temperatures:"
_CURRENT = "Current temperatures from HAL:"
_COOLING = "Current cooling devices from HAL:"
_THRESHOLDS = "Temperature static thresholds from HAL:"
_TEMPERATURE = re.compile(r"Temperature\{mValue=([^,{}]*), mType=(-?\d{1,4}), mName=([^{}]*), mStatus=(\d{1,4})\}")
_COOLER = re.compile(r"CoolingDevice\{mValue=(-?\d{1,18}), mType=-?\d{1,4}, mName=([^{}]*)\}")
_THRESHOLD = re.compile(r"TemperatureThreshold\{mType=-?\d{1,4}, mName=([^{}]*), mHotThrottlingThresholds=\[([^\]]*)\]")
_HIDL_THRESHOLD = re.compile(r"\{\.type = \w+, \.name = ([^{}]*?), \.hotThrottlingThresholds = \[([^\]]*)\]")


@dataclass(frozen=True)
class ThermalSensor:
    """One line of the HAL's list."""

    name: str
    kind: str
    """One of `KINDS`' values, or `type N`."""
    value: Decimal
    """The value as printed: °C for temperatures, V or mV, mA, % for the bcl kinds."""
    status: Whole
    """0 none, 1 light, 2 moderate, 3 severe, 4 critical, 5 emergency, 6 shutdown."""

    @property
    def temperature_celsius(self) -> Decimal:
        """The value where it is one of a body: not a difference of two sensors, no pseudo-sensor, and not the exact 0
        of a sensor that is not there.
        """
        if not isinstance(self.value, float):
            return self.value
        if self.kind.startswith("bcl") or "MINUS" in self.name.upper():
            return NotThere(f"{self.name} is no temperature")
        if self.value == 0.0:
            return NotThere(f"{self.name} says exactly 0: no sensor")
        return self.value if -40.0 < self.value < 150.0 else NotThere(f"{self.name} cannot be at {self.value:g} °C")


@dataclass(frozen=True)
class Thermalservice:
    """One look. Cached temperatures are counted only: they can be hours old."""

    status: Whole
    hal_ready: bool | NotThere
    sensors: dict[str, ThermalSensor]
    cached_count: int
    cooling_levels: dict[str, int]
    hot_thresholds_celsius: dict[str, tuple[float | None, ...]]
    """Sensor → from which °C each status 0 … 6 holds; null where none is set."""

    def hottest_celsius(self, kind: str) -> Decimal:
        """The highest temperature of one kind of sensor."""
        values = [sensor.temperature_celsius for sensor in self.sensors.values() if sensor.kind == kind]
        numbers = [value for value in values if isinstance(value, float)]
        return max(numbers) if numbers else NotThere(f"the thermal HAL gives no temperature of kind {kind}")


def parse_thermalservice(text: str) -> Thermalservice | NotThere:
    """Sections are told by their headings alone: indentation differs, and is lost on some ways."""
    status = re.search(r"(?m)^\s*Thermal Status: (-?\d{1,4})\s*\n", text)
    ready = re.search(r"(?m)^\s*HAL Ready: (true|false)\s*\n", text)
    if status is None and _CURRENT not in text and ready is None:
        return NotThere("this is no output of dumpsys thermalservice")
    current = _section(text, _CURRENT)
    sensors: dict[str, ThermalSensor] = {}
    for value, kind, name, sensor_status in _TEMPERATURE.findall(current):
        sensors.setdefault(name, _sensor(name, int(kind), value, sensor_status))
    thresholds = _section(text, _THRESHOLDS)
    pairs = _THRESHOLD.findall(thresholds) + _HIDL_THRESHOLD.findall(thresholds)
    return Thermalservice(
        status=(
            NotThere("the thermal HAL is not there: the status stays 0 whatever the heat")
            if ready and ready[1] == "false"
            else whole(status[1] if status else None, "Thermal Status", 0, 6)
        ),
        hal_ready=ready[1] == "true" if ready else NotThere("HAL Ready is not given"),
        sensors=sensors,
        cached_count=len(_TEMPERATURE.findall(_section(text, _CACHED))),
        cooling_levels={name: int(level) for level, name in _COOLER.findall(_section(text, _COOLING))},
        hot_thresholds_celsius={name: _levels(levels) for name, levels in pairs},
    )


def _section(text: str, heading: str) -> str:
    after = text.partition(heading)[2]
    ends = [after.find(other) for other in (_CACHED, "HAL Ready:", _CURRENT, _COOLING, _THRESHOLDS) if other in after]
    return after[: min(ends)] if ends else after


def _sensor(name: str, kind: int, value: str, status: str) -> ThermalSensor:
    # −FLT_MAX and −99.9 are how "no reading" is written.
    number = decimal(value, name, -90.0, 1e6)
    if isinstance(number, NotThere):
        number = NotThere(f"{name} has no reading ({value[:20]})")
    kind_name = _NAMED_KINDS.get(name) or KINDS.get(kind, f"type {kind}")
    return ThermalSensor(name, kind_name, number, whole(status, "mStatus", 0, 6))


def _levels(text: str) -> tuple[float | None, ...]:
    values = (decimal(part, "threshold", -100.0, 1000.0) for part in text.split(","))
    return tuple(value if isinstance(value, float) else None for value in values)
