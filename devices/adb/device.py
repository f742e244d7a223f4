"""A phone reached by adb. See `devices.adb.transport` for how its shells are had."""

from __future__ import annotations

import os
from collections.abc import Sequence

from devices.adb import keep_awake as android_care
from devices.adb.address import ALL, PREFIX, parse_adb_address
from devices.adb.client import adb_words, list_phones
from devices.adb.identity import describe_script, parse_android_identity
from devices.adb.push import push_whole
from devices.adb.transport import AdbTransport
from devices.base import Blob, PushProgress
from devices.errors import PermanentError
from devices.identity import Identity
from devices.posix.blob_push import push_blobs
from devices.posix.posix_device import PosixDevice

WORKDIR_VARIABLE = "BAKEOFF_ADB_WORKDIR"
# The shell user may write there, and (unlike on /sdcard) run what it wrote.
DEFAULT_WORKDIR = "/data/local/tmp/bakeoff"


class AdbDevice(PosixDevice):
    """A phone at `adb:SERIAL`, or `adb`: the only one attached. Work directory: `$BAKEOFF_ADB_WORKDIR`, or
    /data/local/tmp/bakeoff.
    """

    def __init__(self, text: str, workdir: str | None = None) -> None:
        self._adb = AdbTransport(text, parse_adb_address(text))
        super().__init__(self._adb, workdir or os.environ.get(WORKDIR_VARIABLE) or DEFAULT_WORKDIR)

    @property
    def serial(self) -> str:
        """The phone's serial, once it was found."""
        return self._adb.serial

    def is_booting(self) -> bool:
        """Whether Android is there and not up yet: its settings do not answer, and its processors are busy."""
        return android_care.is_booting(self._connected())

    def keep_awake(self, *, unplugged: bool = False) -> None:
        """Keep the phone awake, screen on and dark, until `restore`; `unplugged`: without a cable too. May be called
        again.
        """
        shell = self._connected()
        self._is_changed = True
        android_care.keep_awake(shell, self.workdir, unplugged=unplugged)

    def read_state(self) -> dict[str, str]:
        """Battery, thermal state, clocks, screen and settings, as the phone prints them, by section."""
        return android_care.read_state(self._connected())

    def _takes_changes_back(self) -> bool:
        return not self.is_booting()

    def push(self, blobs: Sequence[Blob], progress: PushProgress | None = None) -> dict[str, str]:
        """Bring blobs to `<workdir>/blobs/<sha256>`; returns sha256 → path there."""
        directory, shell = f"{self.workdir}/blobs", self._connected()

        def send_whole(blob: Blob, name: str, progress: PushProgress | None) -> None:
            push_whole(self._adb, shell, directory, self._hashes, blob, name, progress)

        return push_blobs(shell, directory, self._hashes, blobs, progress, send_whole)

    def identify(self) -> Identity:
        """What the phone says of itself, in one round trip."""
        answer = self._connected().check(describe_script(), what="identifying the phone")
        return parse_android_identity(answer.decode(errors="replace"))


def attached_phones() -> list[AdbDevice]:
    """Every phone that adb lists, whatever its state: one that is not ready says why when it is connected to.

    Raises `PermanentError` when there is none.
    """
    phones, is_new_server = list_phones(adb_words(), name=ALL)
    if not phones and is_new_server:
        phones, _ = list_phones(adb_words(), name=ALL)
    if not phones:
        raise PermanentError(
            f"{ALL}: no phone is attached",
            "Plug one in with USB debugging on (Settings › Developer options). `adb devices -l` shows what adb sees.",
        )
    return [AdbDevice(PREFIX + phone.serial) for phone in phones]
