"""A phone kept awake while it measures, and left as it was found."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from devices.errors import DeviceError, TransientError
from harness.runs.folder import DiskError

if TYPE_CHECKING:
    from devices.base import Device


RESTORE_S = 20.0
"""How long a phone that is lost just then is waited for; after that the next connection restores it."""


@runtime_checkable
class FallsAsleep(Protocol):
    """A device whose screen goes dark and whose clocks go down when nobody touches it."""

    def keep_awake(self) -> None:
        """Keep it awake until `restore`; what is changed is written down there first."""
        ...

    def restore(self) -> int:
        """Undo every change of ours; returns how many there were."""
        ...


@contextmanager
def kept_awake(device: Device, retry: Callable[..., object]) -> Iterator[None]:
    """Around the work on a device. Where it cannot be restored now (the cable is out), or a runner is left at work
    there (the disk is full here), the next connection that finds no runner does it. `retry(operation, total_s=…)` does
    an operation again after a loss.
    """
    if not isinstance(device, FallsAsleep):
        yield
        return
    retry(device.keep_awake)
    try:
        yield
    except (DiskError, TransientError):
        raise
    except BaseException:
        with contextlib.suppress(DeviceError):
            device.restore()
        raise
    with contextlib.suppress(DeviceError):
        retry(device.restore, total_s=RESTORE_S)


def wake_again(device: Device) -> None:
    """After a restart of the device, before the runner is started anew: its screen may be off."""
    if isinstance(device, FallsAsleep):
        device.keep_awake()
