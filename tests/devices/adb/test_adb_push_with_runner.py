"""Pushing to a phone where the native runner stands ready to hash: what arrives is verified there while it arrives."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from devices.adb import push as adb_push
from devices.adb.device import AdbDevice
from devices.base import Blob
from devices.errors import CorruptTransferError, DeviceError, PermanentError, TransientError
from devices.posix.large_blob import HashProgram
from harness.runs.preparing.native_setup import set_up_native
from harness.runs.preparing.runner_choice import RunnerChoice
from harness.runs.session.progress import SilentProgress
from tests.rig.adb_server import adb
from tests.rig.kept_part import when_kept
from tests.rig.real_phone import RealPhone
from tests.rig.tcp_proxy import TcpProxy

CHOICE = RunnerChoice("native", "it is what pushes and hashes", portable=True)


@pytest.fixture
def proxy(phone: RealPhone) -> Iterator[TcpProxy]:
    proxy = TcpProxy(phone.socket)
    yield proxy
    proxy.close()
    adb("disconnect", proxy.address)


@pytest.fixture
def device(proxy: TcpProxy) -> Iterator[AdbDevice]:
    with AdbDevice(f"adb:{proxy.address}", "/data/local/tmp/with-runner") as device:
        try:
            set_up_native(device, device.identify(), [], CHOICE, SilentProgress(), lambda operation: operation())
        except DeviceError as error:
            pytest.skip(f"no runner for the phone: {error}")
        yield device
        device.connect()
        device.run(["rm", "-rf", device.workdir], timeout_s=120)


def blob(folder: Path, size: int) -> Blob:
    content = os.urandom(size)
    (folder / "blob").write_bytes(content)
    return Blob(folder / "blob", hashlib.sha256(content).hexdigest(), size)


def hash_there(device: AdbDevice, path: str) -> str:
    return device.run(["sha256sum", path], timeout_s=120).stdout.decode().split()[0]


def test_the_runner_hashes_what_arrives(device: AdbDevice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = blob(tmp_path, 20 << 20)
    assert device._hashes.growing is not None
    assert "--sha256-growing" in device._hashes.growing
    # A second look at it after it has arrived would fail.
    monkeypatch.setattr(adb_push, "closing_script", lambda *_: "exit 9\n")
    path = device.push([one])[one.sha256]
    assert hash_there(device, path) == one.sha256
    moved: list[int] = []
    device.push([one], moved.append)
    assert moved == []


def test_what_arrives_damaged_is_not_kept(device: AdbDevice, tmp_path: Path) -> None:
    one = blob(tmp_path, 8 << 20)
    other = Blob(one.path, "0" * 64, one.bytes)
    with pytest.raises(PermanentError):
        device.push([other])
    words, growing = device._hashes.files, device._hashes.growing
    # It waits until everything has arrived, as the real one does, and then says another hash.
    device._hashes = HashProgram(words, f'f() {{ {growing} "$@" >/dev/null; echo damaged; }}; f')
    with pytest.raises(CorruptTransferError, match="arrived with another SHA-256"):
        device.push([one])
    there = device.run(["ls", "-A", f"{device.workdir}/blobs"], timeout_s=120).stdout.decode().split()
    assert not [name for name in there if one.sha256 in name or other.sha256 in name]


def test_cut_it_is_gone_on_with(device: AdbDevice, proxy: TcpProxy, phone: RealPhone, tmp_path: Path) -> None:
    one = blob(tmp_path, 48 << 20)
    device.push([])
    when_kept(device, phone, proxy, 24 << 20, proxy.drop_now)
    with pytest.raises(TransientError):
        device.push([one])
    device.connect()
    assert device._hashes.growing is not None, "forgotten at the reconnect"
    moved: list[int] = []
    path = device.push([one], moved.append)[one.sha256]
    assert sum(moved) <= 24 << 20
    assert hash_there(device, path) == one.sha256


def test_a_runner_that_does_not_run_there_is_left_alone(device: AdbDevice, tmp_path: Path) -> None:
    device.connect()
    with AdbDevice(device.name, device.workdir) as another:
        for program in ("/nonexistent/runner", "/system/bin/true", "/system/bin/echo"):
            another.hash_with([program])
        one = blob(tmp_path, 5 << 20)
        assert hash_there(another, another.push([one])[one.sha256]) == one.sha256
        assert another._hashes.growing is None
