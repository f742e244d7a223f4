"""A device kept awake and held still while it measures, and left as it was found."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from devices.errors import PermanentError, TransientError
from devices.posix.hold import Held, Hold
from harness.documents.folder import DiskError
from harness.runs.measuring.wait_until_booted import wait_until_booted

if TYPE_CHECKING:
    from devices.base import DevicePlace


RESTORE_S = 20.0
"""How long a phone that is lost just then is waited for; after that the next connection restores it."""


class AnotherRunError(PermanentError):
    """Another run is at work on the device: what was changed for both of them is its to undo."""


@runtime_checkable
class FallsAsleep(Protocol):
    """A device whose screen goes dark and whose clocks go down when nobody touches it."""

    def keep_awake(self, *, unplugged: bool = False) -> None:
        """Keep it awake until it is restored; what is changed is written down there first."""
        ...


@runtime_checkable
class Restorable(Protocol):
    """A device that remembers what was changed on it."""

    def hold(self, asked: Hold) -> list[Held]:
        """Hold it still until `restore`; what is changed is written down there first."""
        ...

    def restore(self) -> int:
        """Undo every change of ours; returns how many there were."""
        ...


@dataclass(frozen=True)
class DeviceCare:
    """What is done for a device around the work on it."""

    hold: Hold = field(default_factory=Hold)
    unplugged: bool = False
    """It has to stay awake without a cable too."""
    on_held: Callable[[list[Held]], None] = lambda _: None
    """Told what is held, each time."""
    say: Callable[[str], None] = lambda _: None
    """Told what is waited for, and what could not be undone."""
    sleep: Callable[[float], None] = time.sleep
    """Waits; raises where a stop is asked for."""


@contextmanager
def kept_awake(device: DevicePlace, retry: Callable[..., object], care: DeviceCare) -> Iterator[None]:
    """Around the work on a device. Where it cannot be restored now (the cable is out), or a runner is left at work
    there (the disk is full here, or it is another run's), the next connection that finds no runner does it.
    `retry(operation, total_s=…)` does an operation again after a loss.

    Raises `PermanentError` where it cannot be held as it should be; it is then left as it was found.
    """
    if not isinstance(device, FallsAsleep) and care.hold == Hold():
        yield
        return
    try:
        retry(lambda: keep_awake_again(device, care))
        yield
    except (AnotherRunError, DiskError, TransientError):
        raise
    except BaseException:
        _restore(device, care, lambda operation: operation())
        raise
    _restore(device, care, lambda operation: retry(operation, total_s=RESTORE_S))


def keep_awake_again(device: DevicePlace, care: DeviceCare) -> None:
    """Before the runner is started, also anew after a restart of the device: it may still boot, its screen may be off,
    its clocks free.
    """
    wait_until_booted(device, care.say, care.sleep)
    if isinstance(device, FallsAsleep):
        device.keep_awake(unplugged=care.unplugged)
    if care.hold == Hold():
        return
    if not isinstance(device, Restorable):
        raise PermanentError(f"{device.name}: cannot be held still", "Take measure.hold out of the experiment.")
    care.on_held(device.hold(care.hold))


def _restore(device: DevicePlace, care: DeviceCare, do: Callable[[Callable[[], object]], object]) -> None:
    if not isinstance(device, Restorable):
        return
    with contextlib.suppress(TransientError):  # the next connection does it
        try:
            do(device.restore)
        except PermanentError as error:
            care.say(str(error))
