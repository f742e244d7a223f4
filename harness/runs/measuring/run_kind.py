"""What tells a run from a soak, for whoever measures on a device."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from devices.errors import PermanentError

if TYPE_CHECKING:
    from harness.documents.records import Record

RECONNECT_S = 3600.0
STOP_WAIT_S = 30.0

HowFar = Callable[["Record"], tuple[str, int, int]]
"""Record, in the order of the file → what is done, how much of it, of how much."""


@dataclass(frozen=True)
class RunKind:
    """What a run is called in what is said of it, how long its runner may be silent, and how its progress is told."""

    command: str = "bakeoff run"
    unit: str = "block"
    """A runner stops after one."""
    unit_s: float = 0.0
    """How long one lasts at least, where nothing is to be heard meanwhile."""
    reconnect_s: float = RECONNECT_S
    """How long a device that was lost is waited for: the runner works on meanwhile."""
    how_far: HowFar | None = None
    """None where the steps of the plan are counted."""

    @property
    def goes_on(self) -> str:
        """What takes an ended run up again."""
        return f"`{self.command} --resume` goes on."

    @property
    def stopping(self) -> str:
        """What is said when a stop is asked for."""
        return f"stopping after this {self.unit} (Ctrl-C again: at once)"

    @property
    def stop_wait_s(self) -> float:
        """How long a runner that was asked to stop is waited for."""
        return STOP_WAIT_S + self.unit_s

    def stopped_there(self, device: str) -> PermanentError:
        """Of a runner that somebody stopped on the device."""
        return PermanentError(f"{device}: the runner was stopped there", self.goes_on)

    def ended_without_record(self, device: str, last_line: str, *, times: int | None = None) -> PermanentError:
        """Of a runner that ends as soon as it is started (so many times); `last_line` is its log's."""
        how = "without a record" if times is None else f"{times} times without a new record"
        return PermanentError(f"{device}: the runner ended {how}: {last_line}", f"When mended, {self.goes_on}")
