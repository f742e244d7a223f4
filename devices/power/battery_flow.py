"""Whether a battery alone fed the device during a block: what its status says, against what its charge did."""

from __future__ import annotations

from collections.abc import Mapping

from devices.power.battery_probes import role_numbers, statuses
from devices.power.block import BlockLike
from devices.readings.unavailable import NotThere

_NOISE_UAH = 200.0
"""A counter that moves by less may have rounded."""


def not_from_battery(block: BlockLike, roles: Mapping[str, str]) -> NotThere | None:
    """Why what flowed out of the battery is not what the device took; None where it is.

    A status that lies is named: it says charging while the charge falls, or discharging while it rises.
    """
    seen = statuses(block, roles)
    if "status" in roles and not seen:
        return NotThere("the battery's status could not be read in the block")
    if not seen:
        return NotThere("nothing says whether the battery was charged: its status is not given")
    moved = _charge_moved_uah(block, roles)
    others = [status for status in seen if status != "Discharging"]
    if not others:
        rose = moved is not None and moved > _NOISE_UAH
        return NotThere(f"the status says discharging, yet the charge rose by {moved:.0f} µAh") if rose else None
    status = others[0]
    if status == "Charging" and moved is not None and moved < -_NOISE_UAH:
        words = (
            f"the status says charging, yet the charge fell by {-moved:.0f} µAh: the status lies, or the device takes"
            " more than its cable gives; pull the cable out"
        )
    elif len(others) < len(seen):
        words = f"the battery went from one state to another in the block ({status.lower()} in between)"
    else:
        words = f"the battery is {status.lower()}: a cable feeds the device, so pull it out"
    return NotThere(words)


def _charge_moved_uah(block: BlockLike, roles: Mapping[str, str]) -> float | None:
    for role in ("counter", "charge"):
        found = role_numbers(block, roles, role).found
        if len(found) > 1:
            return found[-1].value - found[0].value
    return None
