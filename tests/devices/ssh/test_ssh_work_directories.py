"""Work directories where nothing may be started, nothing written, or nothing more: told as what they are, at once."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from devices.base import Blob
from devices.errors import NoSpaceError, PermanentError
from devices.ssh.device import SshDevice
from tests.rig.sshd import LoopbackSshd


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """A file system of its own, with options."""
    folders: list[Path] = []

    def mount(options: str) -> Path:
        folder = tmp_path / f"disk{len(folders)}"
        folder.mkdir()
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "none", str(folder)], capture_output=True, check=False
        )
        if done.returncode != 0:
            pytest.skip(f"this user may not mount: {done.stderr.decode().strip()}")
        folders.append(folder)
        return folder

    yield mount
    for folder in folders:
        subprocess.run(["umount", "-l", str(folder)], check=False)


def test_a_work_directory_where_nothing_may_be_started_is_told_before_anything_is_sent(
    sshd: LoopbackSshd, mounted: Callable[[str], Path]
) -> None:
    disk = mounted("noexec,size=8m")
    with SshDevice(sshd.address(disk / "w"), sshd.ssh_command()) as device, pytest.raises(PermanentError) as caught:
        device.connect()
    assert f"no program may be started below {disk}/w" in caught.value.what
    assert "noexec" in caught.value.what
    assert f"ssh://{sshd.user}@127.0.0.1:{sshd.port}/another/folder" in caught.value.remedy
    assert [path for path in (disk / "w").rglob("*") if path.is_file()] == []
    subprocess.run(["mount", "-o", "remount,exec", str(disk)], check=True)
    with SshDevice(sshd.address(disk / "w"), sshd.ssh_command()) as device:
        device.connect()


def test_a_work_directory_without_setuid_is_as_good_as_any(
    sshd: LoopbackSshd, mounted: Callable[[str], Path], tmp_path: Path
) -> None:
    disk = mounted("nosuid,nodev,size=8m")
    with SshDevice(sshd.address(disk / "w"), sshd.ssh_command()) as device:
        device.connect()
        assert list((disk / "w" / "blobs").iterdir()) == []


@pytest.mark.parametrize("is_there", [False, True])
def test_a_read_only_work_directory_is_told_as_that(
    sshd: LoopbackSshd, mounted: Callable[[str], Path], is_there: bool
) -> None:
    disk = mounted("size=8m")
    if is_there:
        (disk / "w" / "blobs").mkdir(parents=True)
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    with SshDevice(sshd.address(disk / "w"), sshd.ssh_command()) as device, pytest.raises(PermanentError) as caught:
        device.connect()
    assert "Read-only file system" in caught.value.what
    assert "another" in caught.value.remedy or "Choose a work directory" in caught.value.remedy


def test_a_full_disk_is_told_as_that_and_by_what_would_not_fit(
    sshd: LoopbackSshd, mounted: Callable[[str], Path], tmp_path: Path
) -> None:
    disk = mounted("size=1m")
    file = tmp_path / "model"
    file.write_bytes(os.urandom(4096))
    with SshDevice(sshd.address(disk / "w"), sshd.ssh_command()) as device:
        device.connect()
        (disk / "filler").write_bytes(bytes(1_000_000))
        device.connect()
        blob = Blob(file, hashlib.sha256(file.read_bytes()).hexdigest(), 4096)
        with pytest.raises(NoSpaceError, match="free"):
            device.push([blob])
