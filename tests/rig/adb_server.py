"""An adb server of the tests' own: another port, other keys, nothing of the user's touched."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

HOW_TO_GET_IT = "apt install adb"


def missing_parts() -> str | None:
    """Why there is no adb here, or None."""
    return None if shutil.which("adb") else f"no adb on this machine: {HOW_TO_GET_IT}"


def free_port() -> int:
    """A TCP port that nobody listens on, and which adb does not take for an emulator's."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        if not 5555 <= port <= 5585:
            return port


def adb(*arguments: str, timeout_s: float = 20) -> str:
    """What adb says to this, on both streams."""
    done = subprocess.run(
        ["adb", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=timeout_s,
        check=False,
    )
    return done.stdout.decode(errors="replace")


@contextlib.contextmanager
def own_adb_server(folder: Path) -> Iterator[None]:
    """While this lasts, `adb` of this process and its children means a server of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("ADB_", "ANDROID_", "BAKEOFF_ADB"))]:
            patch.delenv(name)
        patch.setenv("ANDROID_ADB_SERVER_PORT", str(free_port()))
        # Where adb keeps its keys. HOME itself is left alone: other tests of this process need theirs.
        patch.setenv("ANDROID_USER_HOME", str(folder))
        patch.setenv("ANDROID_SDK_HOME", str(folder))
        patch.setenv("ADB_MDNS", "0")
        subprocess.run(["adb", "start-server"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
        try:
            yield
        finally:
            subprocess.run(["adb", "kill-server"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
