"""A large file whose sending was cut is gone on with: its beginning is verified there, and the rest is sent."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from devices.base import Blob
from devices.errors import NoSpaceError, PermanentError
from devices.posix import large_blob
from devices.posix.blob_survey import part_name
from devices.posix.local import LocalDevice
from devices.posix.posix_device import PosixDevice
from tests.rig.command import REPOSITORY
from tests.rig.small_disk import small_disk

MIB = 1 << 20
OTHER = "0123456789ab"


@pytest.fixture
def one(tmp_path: Path) -> Blob:
    path = tmp_path / "blob"
    content = os.urandom(6 * MIB + 12345)
    path.write_bytes(content)
    path.chmod(0o755)
    return Blob(path, hashlib.sha256(content).hexdigest(), len(content))


def leave_part(device: PosixDevice, blob: Blob, count: int, *, program: str = "", age_s: float = 0) -> Path:
    """What a program that was cut off after `count` bytes leaves."""
    device.push([])
    part = Path(device.workdir, "blobs", part_name(program or large_blob.PROGRAM, blob.sha256))
    part.write_bytes(blob.path.read_bytes()[:count])
    if os.geteuid() == 0:
        os.chown(part, *(getattr(Path(device.workdir).stat(), name) for name in ("st_uid", "st_gid")))
    part.chmod(0o666)
    os.utime(part, (time.time() - age_s,) * 2)
    return part


def sent(device: PosixDevice, blob: Blob) -> int:
    moved: list[int] = []
    path = Path(device.push([blob], moved.append)[blob.sha256])
    assert path.read_bytes() == blob.path.read_bytes()
    assert os.access(path, os.X_OK)
    return sum(moved)


def names(device: PosixDevice) -> list[str]:
    return sorted(path.name for path in Path(device.workdir, "blobs").iterdir())


@pytest.mark.parametrize("count", [MIB, 3 * MIB + 77, 6 * MIB, 6 * MIB + 12345])
def test_only_the_rest_is_sent(device: PosixDevice, one: Blob, count: int) -> None:
    leave_part(device, one, count)
    assert sent(device, one) == one.bytes - count // MIB * MIB
    assert names(device) == [one.sha256]


@pytest.mark.parametrize("count", [0, 100, MIB - 1])
def test_a_beginning_of_less_than_a_block_is_not_gone_on_with(device: PosixDevice, one: Blob, count: int) -> None:
    leave_part(device, one, count)
    assert sent(device, one) == one.bytes
    assert names(device) == [one.sha256]


def test_a_beginning_with_other_content_is_sent_anew(device: PosixDevice, one: Blob) -> None:
    part = leave_part(device, one, 4 * MIB)
    with part.open("r+b") as file:
        file.seek(2 * MIB)
        file.write(b"rotten")
    assert sent(device, one) == one.bytes
    assert names(device) == [one.sha256]


def test_a_beginning_that_is_longer_than_the_whole_is_sent_anew(device: PosixDevice, one: Blob) -> None:
    part = leave_part(device, one, one.bytes)
    with part.open("ab") as file:
        file.write(b"more")
    assert sent(device, one) == one.bytes
    assert names(device) == [one.sha256]


def test_what_a_program_that_is_gone_left_is_taken_over(device: PosixDevice, one: Blob) -> None:
    leave_part(device, one, 5 * MIB, program=OTHER, age_s=60)
    assert sent(device, one) == one.bytes - 5 * MIB
    assert names(device) == [one.sha256]


def test_what_another_program_is_writing_is_left_to_it(device: PosixDevice, one: Blob) -> None:
    part = leave_part(device, one, 5 * MIB, program=OTHER)
    assert sent(device, one) == one.bytes
    assert names(device) == [part.name, one.sha256]
    assert part.read_bytes() == one.path.read_bytes()[: 5 * MIB]


def test_the_longest_of_several_is_gone_on_with(device: PosixDevice, one: Blob) -> None:
    leave_part(device, one, 2 * MIB)
    leave_part(device, one, 4 * MIB, program=OTHER, age_s=60)
    assert sent(device, one) == one.bytes - 4 * MIB
    assert names(device) == [one.sha256]


def test_a_file_that_changed_since_its_first_part_was_sent_is_not_delivered(device: PosixDevice, one: Blob) -> None:
    leave_part(device, one, 4 * MIB)
    with one.path.open("r+b") as file:
        file.seek(5 * MIB)
        file.write(b"changed")
    with pytest.raises(PermanentError, match="not what it was when the run was planned"):
        device.push([one])
    assert names(device) == []


PUSH = """
import sys
from pathlib import Path
from devices.base import Blob
from devices.posix.local import LocalDevice
path, sha256, size, workdir = sys.argv[1:]
with LocalDevice(workdir) as device:
    for _ in range(5):
        print(device.push([Blob(Path(path), sha256, int(size))])[sha256])
        device.remove([f"{device.workdir}/blobs/{sha256}"])
    print(device.push([Blob(Path(path), sha256, int(size))])[sha256])
"""


def test_two_programs_that_push_one_file_at_once_both_end_well(one: Blob, tmp_path: Path) -> None:
    workdir = tmp_path / "work"
    argv = [sys.executable, "-c", PUSH, str(one.path), one.sha256, str(one.bytes), str(workdir)]
    both = [subprocess.Popen(argv, cwd=REPOSITORY, stderr=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(2)]
    for process in both:
        _, said = process.communicate(timeout=120)
        assert process.returncode == 0, said.decode()
    there = workdir / "blobs"
    assert [path.name for path in there.iterdir()] == [one.sha256]
    assert (there / one.sha256).read_bytes() == one.path.read_bytes()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "small disk", 10 << 20) as folder:
        yield folder


def test_what_is_there_already_needs_no_space_again(disk: Path, one: Blob) -> None:
    device = LocalDevice(str(disk))
    leave_part(device, one, 5 * MIB)
    assert sent(device, one) == one.bytes - 5 * MIB


def test_a_useless_beginning_makes_room_for_what_is_sent_in_its_place(disk: Path, one: Blob) -> None:
    device = LocalDevice(str(disk))
    leave_part(device, one, 5 * MIB).write_bytes(bytes(5 * MIB))
    assert sent(device, one) == one.bytes


def test_what_another_program_is_writing_makes_no_room(disk: Path, one: Blob) -> None:
    device = LocalDevice(str(disk))
    part = leave_part(device, one, 5 * MIB, program=OTHER)
    with pytest.raises(NoSpaceError, match=r"where 5\.2 MB are free"):
        device.push([one])
    assert names(device) == [part.name]


def test_a_disk_that_fills_up_while_it_is_gone_on_with_is_left_clean(disk: Path, one: Blob) -> None:
    device = LocalDevice(str(disk))
    leave_part(device, one, 2 * MIB)

    def fill(_: int) -> None:
        if not (disk / "filler").exists():
            (disk / "filler").write_bytes(bytes(6 * MIB))

    with pytest.raises(NoSpaceError, match="no space left on the device"):
        device.push([one], fill)
    assert names(device) == []
