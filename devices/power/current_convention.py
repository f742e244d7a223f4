"""What a battery's current means on this device: which sign discharging has, and whether it is in µA or mA.

Both are inferred from the blocks of a run: from the status, from the charge counter, and from the load, which is known
to be higher while an arm works than while nothing does. What cannot be decided is unavailable: nothing is guessed.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from devices.power.battery_flow import not_from_battery
from devices.power.battery_probes import role_numbers
from devices.power.block import BlockLike
from devices.readings.unavailable import NotThere

PHONE_WATTS: Final = (0.1, 15.0)
"""What a phone can draw while it works."""
BOARD_WATTS: Final = (0.3, 250.0)
"""What laptops and boards draw, those with a battery."""
_ONE_SIDED: Final = 0.9
_NEAR: Final = 3.0


@dataclass(frozen=True)
class CurrentConvention:
    """How a raw current becomes µA out of the battery: raw × `ua_per_unit` × `discharging_sign`."""

    discharging_sign: int
    """+1 or −1."""
    ua_per_unit: float
    """1 for µA, 1000 for mA."""
    sign_source: str
    unit_source: str


@dataclass(frozen=True)
class _Seen:
    """One block that the battery alone fed."""

    is_idle: bool
    currents: tuple[float, ...]
    volts: float
    fall_uah_per_hour: float | None


def infer_convention(
    blocks: Sequence[BlockLike], roles: Mapping[str, str], *, is_android: bool
) -> CurrentConvention | NotThere:
    """From all blocks in which the battery discharged."""
    seen = [one for block in blocks if (one := _seen(block, roles)) is not None]
    if not seen:
        return NotThere("in no block did the battery alone feed the device, so that its current's sign is not known")
    sign = _sign(seen)
    if isinstance(sign, NotThere):
        return sign
    working = [one for one in seen if not one.is_idle] or seen
    unit = _unit(working, PHONE_WATTS if is_android else BOARD_WATTS)
    if isinstance(unit, NotThere):
        return unit
    return CurrentConvention(sign[0], unit[0], sign[1], unit[1])


def _seen(block: BlockLike, roles: Mapping[str, str]) -> _Seen | None:
    currents, voltage = role_numbers(block, roles, "current").found, role_numbers(block, roles, "voltage").found
    if not_from_battery(block, roles) is not None or not currents or not voltage:
        return None
    counter = role_numbers(block, roles, "counter").found
    fall = None
    if len(counter) > 1 and counter[0].value - counter[-1].value > 0:
        fall = (counter[0].value - counter[-1].value) / (counter[-1].at_ns - counter[0].at_ns) * 3.6e12
    volts = statistics.fmean(look.value for look in voltage) / 1e6
    return _Seen(block.arm is None, tuple(look.value for look in currents), volts, fall)


def _sign(seen: Sequence[_Seen]) -> tuple[int, str] | NotThere:
    currents = [current for one in seen for current in one.currents if current != 0]
    if not currents:
        return NotThere("the battery's current is 0 in every look: the device does not report it")
    negative = sum(current < 0 for current in currents)
    share = max(negative, len(currents) - negative) / len(currents)
    if share < _ONE_SIDED:
        return NotThere(
            f"while discharging the current is negative in {negative} of {len(currents)} looks: its sign is not decided"
        )
    sign = -1 if negative * 2 > len(currents) else 1
    word = "negative" if sign < 0 else "positive"
    agreeing = max(negative, len(currents) - negative)
    source = f"{word} in {agreeing} of {len(currents)} looks while the status says discharging"
    idle = [sign * statistics.fmean(one.currents) for one in seen if one.is_idle]
    working = [sign * statistics.fmean(one.currents) for one in seen if not one.is_idle]
    if idle and working:
        if statistics.fmean(working) <= statistics.fmean(idle):
            return NotThere("the battery's current does not rise when the device works: it does not show the load")
        source += ", and larger in working blocks than in idle ones"
    return sign, source


def _unit(working: Sequence[_Seen], watts: tuple[float, float]) -> tuple[float, str] | NotThere:
    mean = statistics.fmean(abs(statistics.fmean(one.currents)) for one in working)
    volts = statistics.fmean(one.volts for one in working)
    by_unit = {1.0: mean * volts / 1e6, 1000.0: mean * volts / 1e3}
    plausible = [factor for factor, power in by_unit.items() if watts[0] <= power <= watts[1]]
    falls = [one.fall_uah_per_hour for one in working if one.fall_uah_per_hour is not None]
    if falls:
        # µA are µAh per hour.
        fall = statistics.fmean(falls)
        near = [factor for factor in by_unit if 1 / _NEAR <= mean * factor / fall <= _NEAR]
        if len(near) == 1 and near[0] in plausible:
            return near[0], f"{_word(near[0])}: agrees with the charge counter, which falls by {fall / 1000:.0f} mA"
        if not near:
            return NotThere(
                f"the current ({mean:.0f} raw) agrees neither as µA nor as mA with the charge counter, which falls by"
                f" {fall / 1000:.0f} mA"
            )
    if len(plausible) != 1:
        as_words = " or ".join(f"{power:.3g} W as {_word(factor)}" for factor, power in by_unit.items())
        return NotThere(f"the current's unit is not decided: under load it would be {as_words}")
    power = by_unit[plausible[0]]
    return plausible[
        0
    ], f"{_word(plausible[0])}: {power:.2f} W under load, where only {watts[0]:g} to {watts[1]:g} W are plausible"


def _word(factor: float) -> str:
    return "µA" if factor == 1.0 else "mA"
