"""A battery with a fuel gauge as vendors make them: coarse, late, of either sign, in µA or mA."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np


@dataclass(frozen=True)
class Battery:
    """The battery and how its gauge speaks."""

    capacity_uah: float = 4_000_000.0
    level: float = 0.8
    volts_full: float = 4.3
    volts_empty: float = 3.5
    gauge_step_uah: float = 1000.0
    """The charge counter is a multiple of this."""
    update_s: float = 1.0
    """The gauge looks this often."""
    current_noise: float = 0.02
    sign: Literal[1, -1] = -1
    """Of a current that discharges, as printed."""
    unit: Literal["uA", "mA"] = "uA"
    charger_w: float = 0.0
    """What the cable brings while it is plugged in."""
    says: str | None = None
    """A status that is told whatever is true."""
    reports_voltage: bool = True
    sensor_lost_at_s: float | None = None


class Cell:
    """The charge as time goes on, and what the gauge last saw."""

    def __init__(self, battery: Battery, source: np.random.Generator) -> None:
        self._battery, self._source = battery, source
        self.charge_uah = battery.capacity_uah * battery.level
        self.drawn_mj = 0.0
        """What the device has drawn in truth, from wherever."""
        self._seen_s = -1e9
        self._look(0.0, 0.0)

    @property
    def volts(self) -> float:
        """Open-circuit voltage: a straight line from empty to full."""
        battery = self._battery
        share = self.charge_uah / battery.capacity_uah
        return battery.volts_empty + (battery.volts_full - battery.volts_empty) * share

    def drain(self, at_s: float, seconds: float, power_w: float) -> None:
        """The device draws `power_w` for so long, beginning at `at_s`."""
        self.drawn_mj += power_w * seconds * 1000.0
        net_w = power_w - self._battery.charger_w
        end = at_s + seconds
        moment = at_s
        while moment < end:
            step = min(end - moment, max(0.0, self._seen_s + self._battery.update_s - moment) or end - moment)
            amperes = net_w / self.volts
            self.charge_uah -= amperes * step * 1e6 / 3600.0
            moment += step
            if moment >= self._seen_s + self._battery.update_s:
                self._look(moment, amperes)

    def _look(self, at_s: float, amperes: float) -> None:
        battery = self._battery
        self._seen_s = at_s
        self._counter = int(self.charge_uah // battery.gauge_step_uah * battery.gauge_step_uah)
        noisy = amperes * (1.0 + float(self._source.normal(0.0, battery.current_noise)))
        scale = 1e6 if battery.unit == "uA" else 1e3
        self._current = round(battery.sign * noisy * scale)
        self._volts = self.volts

    def file(self, name: str, at_s: float) -> str | None:
        """A file of the power supply by its name; None where there is none, or the sensor is lost."""
        battery = self._battery
        if battery.sensor_lost_at_s is not None and at_s >= battery.sensor_lost_at_s:
            return None
        if name == "uevent":
            return "".join(f"POWER_SUPPLY_{key.upper()}={value(self)}\n" for key, value in _FILES.items())
        return f"{_FILES[name](self)}\n" if name in _FILES else None

    def _status(self) -> str:
        return self._battery.says or ("Charging" if self._battery.charger_w > 0 else "Discharging")


_FILES: dict[str, Callable[[Cell], object]] = {
    "type": lambda _cell: "Battery",
    "status": Cell._status,
    "capacity": lambda cell: round(100 * cell.charge_uah / cell._battery.capacity_uah),
    "voltage_now": lambda cell: round(cell._volts * 1e6) if cell._battery.reports_voltage else 0,
    "current_now": lambda cell: cell._current,
    "charge_counter": lambda cell: cell._counter,
    "charge_full": lambda cell: round(cell._battery.capacity_uah),
}
"""What is written in each: only that which is asked for is worked out."""
