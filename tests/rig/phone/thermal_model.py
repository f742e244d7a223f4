"""Thermal zones that heat up with what the processors take, and cool towards the room."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

SKIN, BATTERY = "VIRTUAL-SKIN", "battery"
_SKIN_STATUS_FROM_CELSIUS = (39.0, 43.0, 45.0, 46.5, 52.0, 55.0)


@dataclass
class Zone:
    """One body of heat: at constant power it settles at ambient + power × resistance, with the time constant."""

    name: str
    celsius_per_w: float
    time_constant_s: float
    celsius: float = 25.0


def _pixel_zones() -> list[Zone]:
    return [
        Zone("BIG", 18.0, 4.0),
        Zone("MID", 14.0, 4.0),
        Zone("LITTLE", 10.0, 5.0),
        Zone("G3D", 6.0, 8.0),
        Zone("TPU", 5.0, 8.0),
        Zone(SKIN, 4.0, 60.0),
        Zone(BATTERY, 2.5, 120.0),
    ]


@dataclass
class ThermalModel:
    """Tests set zones' temperatures, the room's, or the status at any time."""

    ambient_celsius: float = 25.0
    zones: list[Zone] = field(default_factory=_pixel_zones)
    forced_status: int | None = None
    """0 to 6; null: what the skin's temperature says."""

    def step(self, elapsed_s: float, power_mw: float) -> None:
        """Let time pass at a mean power."""
        for zone in self.zones:
            settled = self.ambient_celsius + power_mw / 1000.0 * zone.celsius_per_w
            zone.celsius = settled + (zone.celsius - settled) * math.exp(-elapsed_s / zone.time_constant_s)

    def zone(self, name: str) -> Zone:
        """By its type, as sysfs calls it."""
        return next(zone for zone in self.zones if zone.name == name)

    @property
    def status(self) -> int:
        """0 none … 6 shutdown."""
        if self.forced_status is not None:
            return self.forced_status
        return sum(self.zone(SKIN).celsius >= limit for limit in _SKIN_STATUS_FROM_CELSIUS)

    def sysfs_files(self) -> dict[str, str]:
        """Contents by path below /sys/class."""
        files: dict[str, str] = {}
        for index, zone in enumerate(self.zones):
            folder = f"thermal/thermal_zone{index}"
            files |= {
                f"{folder}/type": zone.name,
                f"{folder}/temp": str(round(zone.celsius * 1000)),
                f"{folder}/mode": "enabled",
            }
        return files
