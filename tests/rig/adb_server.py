"""The real adb, with a server of its own: another port, other keys, nothing of the user's touched."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.rig.free_port import free_port

HOW_TO_GET_IT = "apt install adb"
_OF_ADB = ("ADB_", "ANDROID_", "BAKEOFF_ADB")


def missing_parts() -> str | None:
    """Why there is no adb here, or None."""
    return None if shutil.which("adb") else f"no adb on this machine: {HOW_TO_GET_IT}"


@dataclass(frozen=True)
class Answered:
    """How a call of adb ended."""

    exit_code: int
    stdout: bytes
    stderr: bytes

    @property
    def text(self) -> str:
        """stdout, without the blanks around it."""
        return self.stdout.decode(errors="replace").strip()


class AdbServer:
    """Starts on a free port and keeps it over stops and starts. Calls of adb go to it through the environment."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def variables(self) -> dict[str, str]:
        """What makes `adb`, called with these among its environment, talk to this server."""
        return {
            "ANDROID_ADB_SERVER_PORT": str(self.port),
            # Where adb keeps its keys.
            "ANDROID_USER_HOME": str(self.folder),
            "ANDROID_SDK_HOME": str(self.folder),
            # The server looks for emulators at ports 5555 to 5585: this machine's are none of our business.
            "ADB_LOCAL_TRANSPORT_MAX_PORT": "5554",
            "ADB_MDNS": "0",
        }

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a call of adb, and of nothing else: it has another HOME."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_OF_ADB)}
        return {**kept, **self.variables, "HOME": str(self.folder)}

    @contextlib.contextmanager
    def meant_by_this_process(self) -> Iterator[None]:
        """While this lasts, `adb` of this process and its children means this server. HOME is left alone: other tests
        of this process need theirs.
        """
        with pytest.MonkeyPatch.context() as patch:
            for name in [name for name in os.environ if name.startswith(_OF_ADB)]:
                patch.delenv(name)
            for name, value in self.variables.items():
                patch.setenv(name, value)
            yield

    def __enter__(self) -> AdbServer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start, and wait until it answers."""
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                ["adb", "nodaemon", "server"],
                env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        until = time.monotonic() + 90
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return
            if self._process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"the adb server did not start: {self.log()[-2000:]}")
            time.sleep(0.02)

    def stop(self) -> None:
        """Kill the server, also one that a client started in its place; clients lose it as in a crash."""
        ours, self._process = self._process, None
        if ours is not None and ours.poll() is None:
            ours.kill()
            ours.wait()
        else:
            if ours is not None:
                ours.wait()
            self.adb("kill-server")

    def log(self) -> str:
        """What the server had to say."""
        return (self.folder / "server.log").read_text(errors="replace")

    def adb(self, *arguments: str | Path, stdin: bytes = b"", timeout_s: float = 120.0) -> Answered:
        """One call of adb, to its end. Raises `subprocess.TimeoutExpired`."""
        done = subprocess.run(
            ["adb", *arguments], env=self.environment, input=stdin, capture_output=True, timeout=timeout_s, check=False
        )
        return Answered(done.returncode, done.stdout, done.stderr)

    def start_adb(self, *arguments: str | Path) -> subprocess.Popen[bytes]:
        """One call of adb that goes on, with pipes to all its streams."""
        return subprocess.Popen(
            ["adb", *arguments],
            env=self.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def connect(self, address: str) -> str:
        """`adb connect`, whose text is the answer: its exit code is 0 when it was refused, too."""
        return self.adb("connect", address).text

    def devices(self) -> dict[str, str]:
        """`adb devices -l`: what stands behind each serial number."""
        rows = self.adb("devices", "-l").text.splitlines()[1:]
        return {serial: rest.strip() for serial, _, rest in (row.partition(" ") for row in rows) if serial}

    def wait_for_state(self, address: str, state: str, timeout_s: float = 120.0) -> None:
        """Until `adb devices` calls the phone that ("" for not listed). Raises TimeoutError."""
        until = time.monotonic() + timeout_s
        while (now := self.devices().get(address, "")).partition(" ")[0] != state:
            if time.monotonic() > until:
                raise TimeoutError(
                    f"{address} is {now or 'not listed'} and not {state or 'gone'} after {timeout_s:g} s"
                )
            time.sleep(0.05)


def adb(*arguments: str, timeout_s: float = 120) -> str:
    """What the adb that this process means says to this, on both streams."""
    done = subprocess.run(
        ["adb", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=timeout_s,
        check=False,
    )
    return done.stdout.decode(errors="replace")
