"""Devices to test against: this machine, itself through a real sshd, a busybox that has nothing else, and a stand-in
phone with the real adbd.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from devices.adb.device import AdbDevice
from devices.posix.local import LocalDevice, LocalTransport
from devices.posix.posix_device import PosixDevice
from devices.ssh.device import SshDevice
from tests.rig.real_phone import RealPhone
from tests.rig.sshd import LoopbackSshd, missing_parts


def _environment() -> dict[str, str]:
    """A login by ssh does not inherit where this machine has its interpreters, and how it reaches a package index."""
    return {name: value for name, value in os.environ.items() if name == "PATH" or name.startswith("PIP_")}


@pytest.fixture(scope="session")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoopbackSshd]:
    """A server that stays up."""
    reason = missing_parts()
    if reason is not None:
        pytest.skip(reason)
    server = LoopbackSshd(tmp_path_factory.mktemp("sshd"), environment=_environment())
    server.start()
    yield server
    server.stop()


@pytest.fixture
def own_sshd(tmp_path: Path) -> Iterator[LoopbackSshd]:
    """A server of the test's own, to be stopped and changed."""
    reason = missing_parts()
    if reason is not None:
        pytest.skip(reason)
    server = LoopbackSshd(tmp_path / "sshd")
    server.start()
    yield server
    server.stop()


class BusyboxTransport(LocalTransport):
    """A shell on this machine that finds busybox's tools and no others."""

    name = "busybox"

    def __init__(self, tools: Path) -> None:
        self._tools = tools

    def shell_command(self, bootstrap: str) -> list[str]:
        environment = [f"PATH={self._tools}", f"HOME={self._tools}"]
        return ["/usr/bin/env", "-i", *environment, str(self._tools / "sh"), "-c", bootstrap]


@pytest.fixture(scope="session")
def busybox_tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    busybox = shutil.which("busybox")
    if busybox is None:
        pytest.skip("no busybox on this machine: apt install busybox")
    folder = tmp_path_factory.mktemp("busybox")
    subprocess.run([busybox, "--install", "-s", str(folder)], check=True)
    return folder


@pytest.fixture(params=["local", "ssh", "busybox", "adb"])
def device(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[PosixDevice]:
    """One device of each kind, with a work directory whose name wants quoting."""
    workdir = tmp_path / "it's a $HOME work dir"
    device: PosixDevice
    if request.param == "local":
        device = LocalDevice(str(workdir))
    elif request.param == "ssh":
        server: LoopbackSshd = request.getfixturevalue("sshd")
        device = SshDevice(server.address(str(workdir).replace("%", "%25")), server.ssh_command())
    elif request.param == "adb":
        phone: RealPhone = request.getfixturevalue("phone")
        with phone.shares(tmp_path), AdbDevice(f"adb:{phone.address}", str(workdir)) as device:
            yield device
        return
    else:
        device = PosixDevice(BusyboxTransport(request.getfixturevalue("busybox_tools")), str(workdir))
    with device:
        yield device
