"""A phone that answers before Android is up is waited for: it is busy with itself, and takes no settings yet."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

if TYPE_CHECKING:
    from devices.base import DevicePlace

LONGEST_BOOT_S: Final = 120.0
LOOK_EVERY_S: Final = 1.0


@runtime_checkable
class Boots(Protocol):
    """A device that can be reached while it boots."""

    def is_booting(self) -> bool:
        """Whether it says that it is not up yet."""
        ...


def wait_until_booted(
    device: DevicePlace,
    say: Callable[[str], None],
    sleep: Callable[[float], None],
    *,
    longest_s: float = LONGEST_BOOT_S,
) -> None:
    """Return when the device is up, or with a warning after `longest_s`. One that does not boot is not asked.

    Raises `DeviceError`, and what `sleep` raises.
    """
    if not isinstance(device, Boots) or not device.is_booting():
        return
    say(f"Android is still booting there; waiting for it, {longest_s:g} s at most")
    until = time.monotonic() + longest_s
    while device.is_booting():
        if time.monotonic() >= until:
            say(
                f"warning: Android is still booting after {longest_s:g} s (sys.boot_completed is not 1); measuring all"
                " the same"
            )
            return
        sleep(LOOK_EVERY_S)
    say("Android is up")
