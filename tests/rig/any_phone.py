"""What tests ask of a stand-in phone, whichever of the two it is: our own adbd in Python, or the real one."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tests.rig import real_phone
from tests.rig.adb_server import AdbServer
from tests.rig.phone import StandInPhone
from tests.rig.phone import phone as stand_in
from tests.rig.real_phone import RealPhone

DATA_BYTES = 256 << 20


class AnyPhone(Protocol):
    """A phone that is switched on."""

    @property
    def address(self) -> str:
        """What adb calls it once it is connected."""
        ...

    @property
    def target(self) -> int | Path:
        """Where its adbd listens: a port of this machine, or a Unix socket."""
        ...

    @property
    def has_own_boot_id(self) -> bool:
        """Whether its boot id is its own, and another after a reboot."""
        ...

    @property
    def data_folder(self) -> Path:
        """/data/local/tmp as this machine sees it."""
        ...

    def connect(self, server: AdbServer) -> object:
        """Let a server connect, and wait until it has."""
        ...

    def unplug(self) -> None:
        """Pull the cable: what was started goes on."""
        ...

    def plug_in(self) -> None:
        """Put the cable back; returns when adbd listens."""
        ...

    def reboot(self) -> None:
        """Everything that runs there dies. Returns when its adbd listens again."""
        ...

    def settings(self) -> dict[str, str]:
        """`namespace/key` → value of everything that is set: compare before and after."""
        ...

    def leave_free(self, free_bytes: int) -> None:
        """Fill what /data/local/tmp is on until only that much is free."""
        ...


@dataclass(frozen=True)
class PhoneKind:
    """One of the two."""

    name: str
    missing_parts: Callable[[str], str | None]
    """Architecture → why no such phone can be had here, or null."""
    switched_on: Callable[..., object]
    """A context manager around a phone; takes `serial`, `model` and `architecture`."""


@contextmanager
def _our_adbd(**about: str) -> Iterator[AnyPhone]:
    with StandInPhone(data_bytes=DATA_BYTES, **about) as phone:  # type: ignore[arg-type]
        phone.faults.reboot_down_s = 0.5
        yield phone


@contextmanager
def _real_adbd(**about: str) -> Iterator[AnyPhone]:
    folder = real_phone.short_folder()
    phone = RealPhone(folder / "p", data_bytes=DATA_BYTES, **about)
    try:
        phone.start()
        yield phone
    finally:
        phone.stop()
        shutil.rmtree(folder)


KINDS = {
    "our adbd": PhoneKind("our adbd", stand_in.missing_parts, _our_adbd),
    "the real adbd": PhoneKind("the real adbd", real_phone.missing_parts, _real_adbd),
}
