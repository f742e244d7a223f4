"""Whole runs on a phone, looked at from outside: what has come home, what is there, and accidents on the way."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.rig.adb_server import AdbServer
from tests.rig.any_phone import AnyPhone, PhoneKind
from tests.rig.command import start
from tests.rig.held_runner import UNHURRIED
from tests.rig.run_watch import assert_whole, blocks_in, comparison, records, wait_for
from tests.rig.tiny_experiment import TinyExperiment

WORKDIR = "/data/local/tmp/bakeoff"


@dataclass(frozen=True)
class ConnectedPhone:
    """A phone, and the adb server that knows it."""

    phone: AnyPhone
    server: AdbServer

    @property
    def name(self) -> str:
        """What `-d` calls it."""
        return f"adb:{self.phone.address}"

    def assert_left_as_found(self, settings_before: dict[str, str]) -> None:
        """Nothing of a run is there, and every setting is what it was."""
        assert list(self.phone.data_folder.glob("bakeoff/runs/*")) == []
        assert self.phone.settings() == settings_before


def plug_in(kind: PhoneKind, server: AdbServer, stack: ExitStack, **about: str) -> ConnectedPhone:
    """A new phone of that kind, connected until the stack ends."""
    phone: AnyPhone = stack.enter_context(kind.switched_on(**about))
    stack.callback(server.adb, "disconnect", phone.address)
    phone.connect(server)
    return ConnectedPhone(phone, server)


def over_adb(server: AdbServer) -> dict[str, str]:
    """What makes a command mean this server."""
    return {"ADB_SERVER_SOCKET": f"tcp:127.0.0.1:{server.port}"}


def device_folders(folder: Path) -> list[str]:
    """Of a run that has been planned, in the order of its `-d`."""
    wait_for((folder / "run.json").exists)
    return [device["folder"] for device in json.loads((folder / "run.json").read_text())["devices"]]


def outputs(folder: Path, device: str) -> dict[str, np.ndarray]:
    """Everything that the models put out on a device."""
    home = folder / "devices" / device
    return {str(path.relative_to(home)): np.load(path) for path in home.rglob("*.npy")}


def runners(folder: Path, device: str) -> set[str]:
    """Which runners worked there."""
    return {record.runner for record in records(folder, device) if record.record == "runner_started"}


def sessions(folder: Path, device: str) -> set[int]:
    """How often the runner began: 0 alone where it went through."""
    return {record.session for record in records(folder, device)}


@contextmanager
def held_there(server: AdbServer, address: str, folder: Path, device: str) -> Iterator[None]:
    """Holds the runner on a phone that was started last while the body runs."""
    started = [record for record in records(folder, device) if record.record == "runner_started"][-1]

    def signal_there(name: str) -> None:
        done = server.adb("-s", address, "shell", f"kill -{name} {started.pid}")
        assert done.exit_code == 0, done

    signal_there("STOP")
    try:
        yield
    finally:
        signal_there("CONT")


class LongRun:
    """Of the tiny experiment on one phone, long enough to have an accident in the middle of its latency pass."""

    def __init__(self, tiny: TinyExperiment, desk: ConnectedPhone, home: Path) -> None:
        self.phone, self.folder, self._log, self._server = desk.phone, home / "run", home / "log", desk.server
        self.pairs = 24
        tiny.measure |= {"pairs": self.pairs, "block_ms": 40.0, **UNHURRIED}
        self._items = len(tiny.names)
        self.settings_before = self.phone.settings()
        self._process: subprocess.Popen[bytes] = start(
            "run", tiny.write(), "-d", desk.name, "--out", self.folder, log=self._log, **over_adb(desk.server)
        )

    def wait_for_the_latency_pass(self) -> None:
        (self.device,) = device_folders(self.folder)
        wait_for(lambda: self.blocks_here() >= 6)
        assert self.blocks_here() < 2 * self.pairs
        assert self.is_kept_awake()

    def is_kept_awake(self) -> bool:
        settings = self.phone.settings()
        return settings != self.settings_before and settings["global/stay_on_while_plugged_in"] == "15"

    def blocks_here(self) -> int:
        return blocks_in(self.folder, self.device)

    def sessions_so_far(self) -> set[int]:
        content = (self.folder / "devices" / self.device / "records.jsonl").read_bytes()
        return {json.loads(line)["session"] for line in content.splitlines(keepends=True) if line.endswith(b"\n")}

    def records_there(self) -> bytes:
        """What the runner has written on the phone, seen without a cable."""
        found = list(self.phone.data_folder.glob("bakeoff/runs/*/records.jsonl"))
        return found[0].read_bytes() if found else b""

    def with_its_runner_held(self) -> AbstractContextManager[None]:
        """However long it takes, the runner is still at work afterwards."""
        return held_there(self._server, self.phone.address, self.folder, self.device)

    def kill_the_host(self) -> None:
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def log(self) -> str:
        return self._log.read_text()

    def ends_whole(self) -> None:
        assert self._process.wait(timeout=240) == 0, self.log()
        self.is_whole()

    def is_whole(self) -> None:
        assert_whole(self.folder, self._items, self.pairs, self.device)
        assert runners(self.folder, self.device) == {"native"}
        assert [device.status for device in comparison(self.folder).devices] == ["complete"]
