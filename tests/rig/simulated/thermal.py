"""Heat: one thermal resistance and one capacity, and a clock that goes down above a limit."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Thermal:
    """A body of `capacity_j_per_k` that loses heat to `ambient_celsius` through `resistance_k_per_w`.

    dT/dt = P/C − (T − T_ambient)/(R·C): the first-order model of a phone without a fan.
    """

    ambient_celsius: float = 25.0
    resistance_k_per_w: float = 8.0
    capacity_j_per_k: float = 40.0
    throttles_at_celsius: float = math.inf
    slower_per_kelvin: float = 0.03
    """Above the limit each kelvin costs this fraction of the speed."""
    slowest: float = 0.4


class Body:
    """The device's temperature as time goes on."""

    def __init__(self, thermal: Thermal) -> None:
        self._thermal = thermal
        self.celsius = thermal.ambient_celsius

    def warm(self, seconds: float, power_w: float) -> None:
        """Exact for a power that is constant over the time."""
        thermal = self._thermal
        settled = thermal.ambient_celsius + power_w * thermal.resistance_k_per_w
        decay = math.exp(-seconds / (thermal.resistance_k_per_w * thermal.capacity_j_per_k))
        self.celsius = settled + (self.celsius - settled) * decay

    @property
    def speed(self) -> float:
        """Of full speed, at most 1."""
        above = self.celsius - self._thermal.throttles_at_celsius
        return max(self._thermal.slowest, 1.0 - self._thermal.slower_per_kelvin * above) if above > 0 else 1.0
