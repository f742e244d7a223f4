"""A phone asked what it is set to, right before and right after it measures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, Protocol, runtime_checkable

from devices.errors import DeviceError
from harness.documents.folder import read_model, write_model
from harness.documents.phone_state import PhoneState, PhoneStates, parse_phone_state

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from devices.base import DevicePlace

Moment = Literal["before", "after"]

LOOK_S: Final = 20.0
"""How long a phone that is lost just then is waited for."""


@runtime_checkable
class SaysItsState(Protocol):
    """A device with settings that its user changes, and clocks that it changes itself."""

    def is_booting(self) -> bool:
        """Whether it says that it is not up yet."""
        ...

    def read_state(self) -> dict[str, str]:
        """Section → text of adb_scripts/read_state.sh."""
        ...


def note_phone_state(
    device: DevicePlace, path: Path, moment: Moment, retry: Callable[..., PhoneState], say: Callable[[str], None]
) -> None:
    """Ask, and write it down beside what is there; `before` begins anew. One that does not answer is measured all the
    same. `retry(operation, total_s=…)` does an operation again after a loss.

    Raises `DiskError`, `InterruptedRunError`.
    """
    if not isinstance(device, SaysItsState):
        return
    phone = device

    def look() -> PhoneState:
        return parse_phone_state(phone.read_state()).model_copy(update={"booting": phone.is_booting()})

    try:
        state = retry(look, total_s=LOOK_S)
    except DeviceError as error:
        say(f"what it is set to is not known: {error.what}")
        return
    known = read_model(path, PhoneStates) if moment == "after" and path.exists() else PhoneStates()
    write_model(path, known.model_copy(update={moment: state}))
