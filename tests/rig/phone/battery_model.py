"""A battery that drains with the processor time really spent on the phone."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Literal

Plug = Literal["none", "ac", "usb", "wireless"]
_SECONDS_PER_HOUR = 3600.0


@dataclass
class BatteryModel:
    """Charge, and the power that flows out of it. Tests set attributes at any time.

    The charge goes down by `idle_power_mw` × time + `core_power_mw` × processor time; while plugged in, the charger
    carries that load and adds `charging_power_mw`.
    """

    full_charge_uah: float = 4_500_000.0
    charge_uah: float = 3_510_000.0
    voltage_uv: float = 3_850_000.0
    idle_power_mw: float = 0.0
    """0: so that a test sees the drain of what ran and nothing else."""
    core_power_mw: float = 2_000.0
    """Of one core that is busy all the time."""
    charging_power_mw: float = 5_000.0
    plugged: Plug = "none"
    current_sign_when_discharging: int = -1
    """Vendors differ: -1 as the kernel's ABI says, +1 as some print it."""
    current_units_per_ua: float = 1.0
    """0.001 for a vendor that prints mA where µA is promised."""
    load_mw: float = field(default=0.0, init=False)
    """Mean power out of the battery over the last step, without the charger's."""
    drained_uj: float = field(default=0.0, init=False)
    """Everything that the load has taken since the beginning: what a perfect meter would have read."""
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def step(self, elapsed_s: float, cpu_s: float) -> None:
        """Let time pass in which the processors were busy for `cpu_s` in all."""
        with self._lock:
            load_uj = (self.idle_power_mw * elapsed_s + self.core_power_mw * cpu_s) * 1000.0
            self.drained_uj += load_uj
            if elapsed_s > 0:
                self.load_mw = load_uj / 1000.0 / elapsed_s
            gain_uj = -load_uj if self.plugged == "none" else self.charging_power_mw * elapsed_s * 1000.0
            # µJ / V = µC, and 3600 µC are a µAh.
            charge = self.charge_uah + gain_uj / (self.voltage_uv / 1e6) / _SECONDS_PER_HOUR
            self.charge_uah = min(self.full_charge_uah, max(0.0, charge))

    @property
    def level_percent(self) -> int:
        """As a status bar shows it."""
        return round(100.0 * self.charge_uah / self.full_charge_uah)

    @level_percent.setter
    def level_percent(self, percent: float) -> None:
        with self._lock:
            self.charge_uah = self.full_charge_uah * percent / 100.0

    @property
    def status(self) -> str:
        """As sysfs names it."""
        if self.plugged == "none":
            return "Discharging"
        return "Full" if self.charge_uah >= self.full_charge_uah else "Charging"

    @property
    def current_ua(self) -> float:
        """Out of the battery, positive while discharging; what sysfs says has the vendor's sign and scale."""
        if self.plugged == "none":
            return self.load_mw * 1e9 / self.voltage_uv
        return 0.0 if self.status == "Full" else -self.charging_power_mw * 1e9 / self.voltage_uv

    def sysfs_files(self, temperature_celsius: float) -> dict[str, str]:
        """Contents by path below /sys/class."""
        sign = self.current_sign_when_discharging
        values = {
            "status": self.status,
            "health": "Good",
            "present": "1",
            "technology": "Li-ion",
            "capacity": str(self.level_percent),
            "charge_counter": str(round(self.charge_uah)),
            "charge_full": str(round(self.full_charge_uah)),
            "current_now": str(round(sign * self.current_ua * self.current_units_per_ua)),
            "voltage_now": str(round(self.voltage_uv)),
            "temp": str(round(temperature_celsius * 10)),
        }
        uevent = {"NAME": "battery", "TYPE": "Battery", **{name.upper(): value for name, value in values.items()}}
        values["type"] = "Battery"
        values["uevent"] = "\n".join(f"POWER_SUPPLY_{name}={value}" for name, value in uevent.items())
        return {f"power_supply/battery/{name}": value for name, value in values.items()}
