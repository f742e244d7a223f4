"""What was verified on a device is not hashed again while nobody touched it, and is hashed again whenever in doubt."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from devices.base import Blob
from devices.errors import DeviceError
from devices.posix.large_blob import HashProgram
from devices.posix.local import LocalDevice
from devices.posix.posix_device import PosixDevice

SIZES = (300, 5 << 20)
"""One that goes in a batch, and one that goes by itself."""


@pytest.fixture(params=SIZES, ids=["small", "large"])
def one(request: pytest.FixtureRequest, tmp_path: Path) -> Blob:
    path = tmp_path / "blob"
    content = os.urandom(request.param)
    path.write_bytes(content)
    return Blob(path, hashlib.sha256(content).hexdigest(), len(content))


def bytes_sent(device: PosixDevice, blob: Blob) -> int:
    moved: list[int] = []
    device.push([blob], moved.append)
    return sum(moved)


def is_trusted(device: PosixDevice, blob: Blob) -> bool:
    """Whether a push goes without a hash: a device that cannot hash any more would send it again, and fail."""
    before, device._hashes = device._hashes, HashProgram("false")
    try:
        return bytes_sent(device, blob) == 0
    except DeviceError:
        return False
    finally:
        device._hashes = before


def place(device: PosixDevice, blob: Blob) -> Path:
    return Path(device.workdir, "blobs", blob.sha256)


def stamps(device: PosixDevice) -> Path:
    return Path(device.workdir, "blobs.verified")


def test_what_was_just_pushed_is_trusted_without_a_second_hash(device: PosixDevice, one: Blob) -> None:
    assert bytes_sent(device, one) == one.bytes
    assert is_trusted(device, one)


def test_another_connection_trusts_it_too(device: PosixDevice, one: Blob) -> None:
    device.push([one])
    device.close()
    device.connect()
    assert is_trusted(device, one)


@pytest.mark.parametrize("keeps_time", [False, True])
def test_changed_content_of_the_same_size_is_sent_again(device: PosixDevice, one: Blob, keeps_time: bool) -> None:
    device.push([one])
    path = place(device, one)
    before = path.stat()
    with path.open("r+b") as file:
        file.seek(one.bytes // 2)
        file.write(b"changed")
    if keeps_time:
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert path.stat().st_mtime_ns == before.st_mtime_ns
    assert bytes_sent(device, one) == one.bytes
    assert path.read_bytes() == one.path.read_bytes()
    assert is_trusted(device, one)


def test_a_truncated_blob_is_sent_again(device: PosixDevice, one: Blob) -> None:
    device.push([one])
    os.truncate(place(device, one), one.bytes - 1)
    assert bytes_sent(device, one) == one.bytes
    assert place(device, one).read_bytes() == one.path.read_bytes()


def test_a_copy_put_in_its_place_is_hashed_and_not_sent(device: PosixDevice, one: Blob) -> None:
    device.push([one])
    copy = place(device, one).with_name("copy")
    shutil.copy2(place(device, one), copy)
    copy.replace(place(device, one))
    assert not is_trusted(device, one)
    shutil.copyfile(one.path, place(device, one))
    assert bytes_sent(device, one) == 0
    assert is_trusted(device, one), "it was hashed, and that was not written down"


@pytest.mark.parametrize(
    "lie",
    [
        lambda line: line.replace(line.split()[1], "7", 1),
        lambda line: line.replace(line.split()[2], "7", 1),
        lambda line: re.sub(r"\.\d{9}", ".123456789", line),
        lambda line: line[:-20],
        lambda line: line.split()[0],
        lambda line: "\0" * len(line),
        lambda line: "",
    ],
    ids=["size", "inode", "times", "torn", "name only", "zeros", "empty"],
)
def test_a_stamp_that_does_not_fit_is_worth_nothing(tmp_path: Path, lie: Callable[[str], str]) -> None:
    device = LocalDevice(str(tmp_path / "work"))
    path = tmp_path / "blob"
    path.write_bytes(b"as planned")
    one = Blob(path, hashlib.sha256(b"as planned").hexdigest(), 10)
    device.push([one])
    stamps(device).write_text(lie(stamps(device).read_text().splitlines()[0]))
    place(device, one).write_bytes(b"as rotten!")
    assert bytes_sent(device, one) == 10
    assert place(device, one).read_bytes() == b"as planned"


def test_a_stamp_that_was_torn_does_not_spoil_those_after_it(device: PosixDevice, one: Blob) -> None:
    device.push([one])
    torn = stamps(device).read_text()[:-30]
    stamps(device).write_text(torn)
    assert bytes_sent(device, one) == 0  # hashed; its line hangs on to the torn one
    assert bytes_sent(device, one) == 0  # hashed once more
    assert is_trusted(device, one)


def test_stamps_without_end_are_begun_anew(device: PosixDevice, one: Blob) -> None:
    device.push([one])
    with stamps(device).open("a") as file:
        file.write("x" * 100 + "\n" * (2 << 20))
    assert bytes_sent(device, one) == 0
    assert stamps(device).stat().st_size < 1000
    assert is_trusted(device, one)


def with_stat(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> LocalDevice:
    """A device whose `stat` is this script."""
    program = folder / "programs" / "stat"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    return LocalDevice(str(folder / "work"))


@pytest.mark.parametrize(
    "script",
    [
        "echo 'stat: illegal option -- c' >&2; exit 1",
        f"{shutil.which('stat')} \"$@\" | sed 's/\\.[0-9]* /.000000000 /g'",
        f"{shutil.which('stat')} \"$@\" | sed 's/\\.[0-9]* / /g'",
    ],
    ids=["no -c", "whole seconds", "no fractions"],
)
def test_where_stat_cannot_tell_everything_is_hashed_every_time(
    one: Blob, tmp_path: Path, script: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = with_stat(tmp_path, script, monkeypatch)
    assert bytes_sent(device, one) == one.bytes
    assert bytes_sent(device, one) == 0
    assert not is_trusted(device, one)
    before = place(device, one).stat()
    place(device, one).write_bytes(bytes(one.bytes))
    os.utime(place(device, one), ns=(before.st_atime_ns, before.st_mtime_ns))
    assert bytes_sent(device, one) == one.bytes
