"""What the host may tell a runner on the way: that a pass has shown enough."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from harness.documents.records import Record


class EarlyEnding(Protocol):
    """Watches the records of one device, and says when a pass may end. Who decides it lives above this floor."""

    def take(self, record: Record) -> None:
        """One record, in the order of the file."""
        ...

    def due(self) -> tuple[str, str] | None:
        """The file to drop beside the plan now and why, in words; None where there is nothing to say to the runner."""
        ...

    def dropped(self) -> None:
        """The file that was due is on the device."""
        ...
