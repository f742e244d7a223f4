"""A stand-in phone together with the adb server that it is connected to."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.rig.adb_server import AdbServer, Answered
from tests.rig.phone import StandInPhone


@dataclass(frozen=True)
class PhoneOnADesk:
    """Calls of the real adb that mean this phone."""

    phone: StandInPhone
    server: AdbServer

    def adb(self, *arguments: str | Path, stdin: bytes = b"", timeout_s: float = 120.0) -> Answered:
        """`adb -s PHONE …` to its end."""
        return self.server.adb("-s", self.phone.address, *arguments, stdin=stdin, timeout_s=timeout_s)

    def shell(self, command: str, stdin: bytes = b"") -> Answered:
        """`adb shell COMMAND` to its end."""
        return self.adb("shell", command, stdin=stdin)

    def start(self, *arguments: str | Path) -> subprocess.Popen[bytes]:
        """`adb -s PHONE …` that goes on."""
        return self.server.start_adb("-s", self.phone.address, *arguments)

    def reconnect(self) -> None:
        """At once, and not when the server thinks of it: it tries every ten seconds."""
        self.server.adb("disconnect", self.phone.address)
        self.phone.connect(self.server)


def needs_toybox(desk: PhoneOnADesk) -> None:
    """Skip where the phone is made of Debian's busybox, which has no nohup, no pgrep, and no words for a full disk."""
    if not desk.phone.has_toybox:
        pytest.skip("this phone is made of busybox: put the shared folder with the phone's trees beside the checkout")


def wait_for(condition: Callable[[], bool], what: str, seconds: float = 180) -> None:
    """Raises AssertionError when it does not come true."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, f"waited {seconds} s in vain: {what}"
        time.sleep(0.02)
