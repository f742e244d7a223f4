"""The course of the battery in a soak, where a probe of it was read at the end of each window."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from devices.readings.dumpsys_battery import parse_dumpsys_battery
from devices.readings.power_supply import parse_power_supply
from devices.readings.unavailable import NotThere as NotRead
from harness.documents.soak_result import BatteryFinding, Estimated
from harness.quantity import Available, Unavailable
from harness.statistics.estimate import estimate_mean

if TYPE_CHECKING:
    from harness.analysis.soak.windows import SoakRecords
    from harness.statistics.estimate import Floats

_STRETCHES = 6
_FEWEST_STEPS = 2
"""A drain takes so many steps of the gauge: with fewer its own steps are all that is seen."""
_SAYS_CHARGING = {"charging", "full"}


@dataclass(frozen=True)
class BatteryLook:
    """One look at a battery."""

    level_percent: float | None
    status: str | None
    """`charging`, `discharging`, `not charging` or `full`."""


BatteryReader = Callable[[str], BatteryLook | None]
"""The text of a reading → what it says of a battery; None where it is of something else."""


def _power_supply(text: str) -> BatteryLook | None:
    said = parse_power_supply(text)
    return None if isinstance(said, NotRead) else _look(said.capacity_percent, said.status)


def _dumpsys_battery(text: str) -> BatteryLook | None:
    said = parse_dumpsys_battery(text)
    return None if isinstance(said, NotRead) else _look(said.level_percent, said.status)


def _look(level: int | float | NotRead, status: str | NotRead) -> BatteryLook:
    return BatteryLook(
        level_percent=None if isinstance(level, NotRead) else float(level),
        status=None if isinstance(status, NotRead) else status.lower(),
    )


BATTERY_READERS: Sequence[BatteryReader] = (_power_supply, _dumpsys_battery)
"""Every kind of text that tells of a battery."""


def battery_finding(records: SoakRecords) -> BatteryFinding:
    """Level, drain and status from the readings."""
    looks = _looks(records)
    level = _levels(looks)
    known = np.isfinite(level)
    statuses = list(dict.fromkeys(look.status for look in looks if look is not None and look.status is not None))
    if not known.any():
        missing = Unavailable(reason="no battery was read")
        return BatteryFinding(first=missing, last=missing, drain_per_hour=missing, statuses=statuses)
    first, last = (Available(value=float(value), unit="%", source="the fuel gauge") for value in level[known][[0, -1]])
    drain = _drain(records.hours[known], level[known])
    warnings = []
    if isinstance(drain, Estimated) and (drain.low or 0.0) > 0.0 and statuses and set(statuses) <= _SAYS_CHARGING:
        warnings.append(f"The battery says {' and '.join(statuses)} all along, while its level falls.")
    return BatteryFinding(first=first, last=last, drain_per_hour=drain, statuses=statuses, warnings=warnings)


def battery_level(records: SoakRecords) -> Floats:
    """Percent at the end of every window; NaN where it was not read."""
    return _levels(_looks(records))


def _levels(looks: Sequence[BatteryLook | None]) -> Floats:
    levels = [look.level_percent if look is not None else None for look in looks]
    return np.array([np.nan if level is None else level for level in levels], dtype=np.float64)


def _looks(records: SoakRecords) -> list[BatteryLook | None]:
    found: list[BatteryLook | None] = []
    for window in records.windows:
        texts = [reading.text for reading in window.readings if reading.text is not None]
        looks = (reader(text) for text in texts for reader in BATTERY_READERS)
        found.append(next((look for look in looks if look is not None), None))
    return found


def _drain(hours: Floats, level: Floats) -> Estimated | Unavailable:
    """Percent an hour: the mean over six stretches of what each lost, with its t interval. A gauge that steps by
    whole percents makes the interval wide, and a short soak wider.
    """
    edges = np.linspace(0, hours.size - 1, _STRETCHES + 1).round().astype(int)
    if hours.size <= _STRETCHES or np.diff(hours[edges]).min() <= 0.0:
        return Unavailable(reason="the battery was read too few times")
    if np.count_nonzero(np.diff(level)) < _FEWEST_STEPS:
        return Unavailable(reason="the battery's level, in whole percents, changed less than twice meanwhile")
    drains = estimate_mean(-np.diff(level[edges]) / np.diff(hours[edges]))
    low, high = drains.interval(0.95) or (None, None)
    return Estimated(
        value=drains.mean, low=low, high=high, level=0.95, unit="% per hour", method=f"t over {_STRETCHES} stretches"
    )
