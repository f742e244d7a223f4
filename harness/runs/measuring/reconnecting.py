"""A device's connection while its runner works: what is said when it is lost, and how long it is waited for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from devices.retry import with_reconnect

if TYPE_CHECKING:
    from devices.base import DeviceIdentity
    from harness.runs.measuring.unplugged import UnpluggedPass
    from harness.runs.session.progress import Progress
    from harness.runs.session.stop_request import StopRequest

_T = TypeVar("_T")


@dataclass
class Reconnecting:
    """Does things on one device again after a loss."""

    device: DeviceIdentity
    progress: Progress
    stop: StopRequest
    reconnect_s: float
    """How long a lost device is waited for, where a thing does not say so itself."""
    unplugged_pass: UnpluggedPass | None = None
    """Where its cable is to be pulled: then a loss is expected."""
    _is_lost: bool = False
    """It was said that the connection is lost, and not yet that it is there again."""

    def retry(self, operation: Callable[[], _T], *, total_s: float | None = None, lost: str = "") -> _T:
        """Do it; after a loss reconnect and do it again. A stop that is asked for ends the waiting at once."""

        def waiting(message: str, seconds: float) -> None:
            self.stop.check()
            is_expected, words = (False, None) if self.unplugged_pass is None else self.unplugged_pass.lost()
            if is_expected:
                if words is not None:
                    self.progress.say(self.device.name, words)
                return
            self._is_lost = True
            meanwhile = f"; {lost}, reconnecting" if lost else ""
            self.progress.say(self.device.name, f"{message.splitlines()[0]}{meanwhile}; again in {seconds:g} s")

        return with_reconnect(
            self.device, operation, total_s=total_s or self.reconnect_s, on_wait=waiting, sleep=self.stop.sleep
        )

    def say_if_back(self) -> None:
        """Called once it answers: says so where its loss was told."""
        if self._is_lost:
            self._is_lost = False
            self.progress.say(self.device.name, "connected again")
