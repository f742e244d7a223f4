"""Moving files: by content, whole or not at all."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from devices.base import Blob
from devices.errors import CommandFailedError, CorruptTransferError, NoSpaceError, PermanentError
from devices.posix.blob_survey import parse_free_bytes
from devices.posix.local import LocalDevice
from devices.posix.posix_device import PosixDevice
from devices.retry import with_reconnect
from tests.rig.small_disk import small_disk

HOSTILE_NAMES = [
    "plain",
    "-rf",
    "--help",
    "two words",
    "it's",
    'a "quote"',
    "$(id)",
    "new\nline",
    "back\\slash\\n",
    "*",
    "Ärger \N{SNOWMAN}",
    "@file",
    "x" * 200,
]


def blob(folder: Path, name: str, content: bytes) -> Blob:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(content)
    return Blob(path, hashlib.sha256(content).hexdigest(), len(content))


def left_behind(device: PosixDevice) -> list[str]:
    """Whatever is in the directory of blobs under a name that is no hash."""
    return [entry.name for entry in (Path(device.workdir) / "blobs").iterdir() if len(entry.name) != 64]


def test_pushed_content_lies_under_its_hash(device: PosixDevice, tmp_path: Path) -> None:
    blobs = [blob(tmp_path / "here", name, name.encode() * 3) for name in HOSTILE_NAMES]
    blobs += [blob(tmp_path / "here", "empty", b""), blob(tmp_path / "here", "big", os.urandom(5_000_001))]
    moved: list[int] = []
    paths = device.push([*blobs, blobs[0]], moved.append)
    assert paths == {one.sha256: f"{device.workdir}/blobs/{one.sha256}" for one in blobs}
    for one in blobs:
        assert Path(paths[one.sha256]).read_bytes() == one.path.read_bytes()
    assert sum(moved) == sum(one.bytes for one in blobs)
    assert left_behind(device) == []


def test_what_is_there_is_not_sent_again(device: PosixDevice, tmp_path: Path) -> None:
    one, two = blob(tmp_path, "one", b"1" * 1000), blob(tmp_path, "two", b"2" * 500)
    paths = device.push([one])
    inode = Path(paths[one.sha256]).stat().st_ino
    moved: list[int] = []
    device.push([one, two], moved.append)
    assert sum(moved) == 500
    assert Path(paths[one.sha256]).stat().st_ino == inode


def test_content_that_rotted_on_the_device_is_sent_again(device: PosixDevice, tmp_path: Path) -> None:
    one = blob(tmp_path, "one", b"right" * 100)
    path = Path(device.push([one])[one.sha256])
    path.write_bytes(b"wrong" * 100)
    device.push([one])
    assert path.read_bytes() == b"right" * 100


def test_content_that_arrives_damaged_is_not_kept_and_sent_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A device whose tar spoils every second file it unpacks, the first time.
    tar = tmp_path / "programs" / "tar"
    tar.parent.mkdir()
    tar.write_text(
        f'#!/bin/sh\n{shutil.which("tar")} "$@" || exit\n[ -e "{tmp_path}/spoilt" ] && exit\n: >"{tmp_path}/spoilt"\n'
        "i=0; for f in *; do i=$((1 - i)); [ $i = 1 ] && echo x >>$f; done; exit 0\n"
    )
    tar.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tar.parent}:{os.environ['PATH']}")
    device = LocalDevice(str(tmp_path / "work"))
    blobs = [blob(tmp_path, name, name.encode()) for name in ("one", "two", "three", "four")]
    with pytest.raises(CorruptTransferError, match="2 of 4 files arrived with another SHA-256"):
        device.push(blobs)
    assert len(list(Path(device.workdir, "blobs").iterdir())) == 2
    moved: list[int] = []
    paths = with_reconnect(device, lambda: device.push(blobs, moved.append), sleep=lambda _: None)
    assert len(moved) == 2
    assert [Path(paths[one.sha256]).read_bytes() for one in blobs] == [b"one", b"two", b"three", b"four"]


def test_a_file_that_changed_since_it_was_hashed_is_not_delivered(device: PosixDevice, tmp_path: Path) -> None:
    one = blob(tmp_path, "one", b"as planned")
    for content in (b"as PLANNED", b"shorter", b"longer than planned"):
        one.path.write_bytes(content)
        with pytest.raises(PermanentError):
            device.push([one])
    assert not Path(device.workdir, "blobs", one.sha256).exists()


def test_a_file_that_cannot_be_read_is_named(device: PosixDevice, tmp_path: Path) -> None:
    one = blob(tmp_path, "one", b"1")
    one.path.unlink()
    with pytest.raises(PermanentError, match="one: cannot be read: No such file"):
        device.push([one])


def test_a_thousand_small_files_go_there_and_back(device: PosixDevice, tmp_path: Path) -> None:
    blobs = [blob(tmp_path / "here", str(index), b"%d\n" % index * 20) for index in range(1000)]
    paths = device.push(blobs)
    target = tmp_path / "back"
    device.fetch([(paths[one.sha256], target / one.path.name) for one in blobs])
    assert {path.name: path.read_bytes() for path in target.iterdir()} == {
        one.path.name: one.path.read_bytes() for one in blobs
    }


def test_programs_stay_executable(device: PosixDevice, tmp_path: Path) -> None:
    program = blob(tmp_path, "program", b"#!/bin/sh\necho runs\n")
    program.path.chmod(0o755)
    path = device.push([program])[program.sha256]
    assert device.run([path], timeout_s=120).stdout == b"runs\n"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "small disk", 8 << 20) as folder:
        yield folder


def test_too_little_space_is_said_before_anything_is_sent(disk: Path, tmp_path: Path) -> None:
    device = LocalDevice(str(disk))
    moved: list[int] = []
    with pytest.raises(NoSpaceError, match=r"1 files need 21\.\d MB in .* where \d\.\d MB are free") as caught:
        device.push([blob(tmp_path, "big", bytes(20_000_000))], moved.append)
    assert moved == []
    assert "Free space there" in caught.value.remedy


def test_a_disk_that_fills_up_on_the_way_is_told_and_left_clean(disk: Path, tmp_path: Path) -> None:
    device = LocalDevice(str(disk))
    big, filler = blob(tmp_path, "big", os.urandom(6_000_000)), disk / "filler"

    def fill(_: int) -> None:
        if not filler.exists():
            filler.write_bytes(bytes(5 << 20))

    with pytest.raises(NoSpaceError, match="no space left on the device"):
        device.push([big], fill)
    assert list((disk / "blobs").iterdir()) == []
    filler.unlink()
    assert Path(device.push([big])[big.sha256]).read_bytes() == big.path.read_bytes()


def test_a_full_disk_stops_a_small_file_too(disk: Path) -> None:
    device = LocalDevice(str(disk))
    device.connect()
    with pytest.raises(NoSpaceError):
        device.write(f"{disk}/runs/plan.json", bytes(9 << 20))
    assert list((disk / "runs").iterdir()) == []


@pytest.mark.parametrize(
    ("df", "free_bytes"),
    [
        # GNU coreutils 9.1, busybox 1.35, and a name with blanks as of a network share.
        (
            "Filesystem     1024-blocks      Used Available Capacity Mounted on\n/dev/root 59767 1 57247 4% /\n",
            57247 << 10,
        ),
        (
            "Filesystem           1024-blocks    Used Available Capacity Mounted on\n/dev/mmcblk0p2 100 90 -5 106% /\n",
            0,
        ),
        ("Filesystem 1024-blocks Used Available Capacity Mounted on\n//nas/my share 8 2 6 25% /mnt/a b\n", 6 << 10),
        ("df: /nowhere: No such file or directory\n", None),
        ("", None),
    ],
)
def test_free_space_is_read_from_df(df: str, free_bytes: int | None) -> None:
    assert parse_free_bytes(df) == free_bytes


def test_files_are_written_whole_whatever_their_names(device: PosixDevice) -> None:
    for name in HOSTILE_NAMES:
        path = f"{device.workdir}/runs/{name}/{name}"
        device.write(path, name.encode())
        assert Path(path).read_bytes() == name.encode()
        assert len(list(Path(path).parent.iterdir())) == 1


def test_a_file_is_replaced_by_what_is_written_next(device: PosixDevice) -> None:
    path = f"{device.workdir}/state"
    for content in (b"first", b"", b"\0third\n" * 100_000, b"last"):
        device.write(path, content)
        assert Path(path).read_bytes() == content


def test_files_are_fetched_whatever_their_names(device: PosixDevice, tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.mkdir()
    for name in HOSTILE_NAMES:
        (there / name).write_bytes(name.encode())
    (there / "empty").touch()
    (there / "link").symlink_to("plain")
    (there / "second name").hardlink_to(there / "plain")
    names = [*HOSTILE_NAMES, "empty", "link", "second name"]
    moved: list[int] = []
    back = tmp_path / "new" / "back"
    device.fetch([(str(there / name), back / name) for name in names], moved.append)
    assert {path.name: path.read_bytes() for path in back.iterdir()} == {
        name: (there / name).read_bytes() for name in names
    }
    assert not any((back / name).is_symlink() for name in names)
    assert sum(moved) >= sum(len(name.encode()) for name in HOSTILE_NAMES)


def test_one_file_may_be_fetched_to_two_places(device: PosixDevice, tmp_path: Path) -> None:
    device.write(f"{device.workdir}/x", b"content")
    device.fetch([(f"{device.workdir}/x", tmp_path / "a"), (f"{device.workdir}/./x", tmp_path / "b")])
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes() == b"content"


def test_a_file_that_is_not_there_is_named_and_the_others_come(device: PosixDevice, tmp_path: Path) -> None:
    device.write(f"{device.workdir}/x", b"content")
    (tmp_path / "kept").write_bytes(b"old")
    with pytest.raises(CommandFailedError, match=r"no such file there: .*/gone and 1 more"):
        device.fetch(
            [
                (f"{device.workdir}/gone", tmp_path / "kept"),
                (f"{device.workdir}/x", tmp_path / "x"),
                (f"{device.workdir}/gone too", tmp_path / "z"),
            ]
        )
    assert (tmp_path / "x").read_bytes() == b"content"
    assert (tmp_path / "kept").read_bytes() == b"old"
    assert not (tmp_path / "z").exists()


def test_nothing_to_move_is_no_work(device: PosixDevice) -> None:
    assert device.push([]) == {}
    device.fetch([])
    device.remove([])


def test_what_lies_below_the_work_directory_can_be_removed(device: PosixDevice) -> None:
    device.write(f"{device.workdir}/runs/-r 1/a", b"1")
    device.write(f"{device.workdir}/runs/2", b"2")
    device.remove([f"{device.workdir}/runs/-r 1", f"{device.workdir}/runs/2", f"{device.workdir}/runs/never was"])
    assert list(Path(device.workdir, "runs").iterdir()) == []


def test_nothing_else_is_ever_removed(device: PosixDevice, tmp_path: Path) -> None:
    (tmp_path / "precious").touch()
    for path in (f"{device.workdir}/../precious", str(tmp_path), "/", device.workdir, "relative", ""):
        with pytest.raises(ValueError, match="not below the work directory"):
            device.remove([path])
    assert (tmp_path / "precious").exists()


def test_a_work_directory_that_cannot_be_written_is_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(PermanentError):
        LocalDevice(str(tmp_path / "file" / "below")).connect()
    with pytest.raises(PermanentError, match="not an absolute path"):
        LocalDevice("relative")


def test_the_default_work_directory_is_in_the_user_s_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BAKEOFF_LOCAL_WORKDIR", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "my home"))
    assert LocalDevice().workdir == str(tmp_path / "my home" / ".cache" / "bakeoff" / "device")
    monkeypatch.setenv("BAKEOFF_LOCAL_WORKDIR", str(tmp_path / "elsewhere"))
    assert LocalDevice().workdir == str(tmp_path / "elsewhere")


def test_what_is_made_on_a_machine_is_this_users_alone(device: PosixDevice, tmp_path: Path) -> None:
    if device.name.startswith("adb"):
        pytest.skip("a phone's work directory is its shell user's by where it lies")
    Path(device.workdir).parent.mkdir(parents=True, exist_ok=True)
    program = blob(tmp_path / "here", "program", b"#!/bin/sh\n")
    program.path.chmod(0o755)
    large = blob(tmp_path / "here", "large", os.urandom(5_000_001))
    paths = device.push([program, large])
    device.write(f"{device.workdir}/runs/x/plan.json", b"{}")
    modes = {Path(path).name: Path(path).stat().st_mode & 0o777 for path in paths.values()}
    assert modes == {program.sha256: 0o700, large.sha256: 0o600}
    for name in ("", "blobs", "runs", "runs/x"):
        assert (Path(device.workdir) / name).stat().st_mode & 0o077 == 0, name
    assert (Path(device.workdir) / "runs" / "x" / "plan.json").stat().st_mode & 0o077 == 0


def test_a_work_directory_that_lies_in_anothers_sight_hides_what_is_ours(tmp_path: Path) -> None:
    workdir = tmp_path / "seen by all"
    (workdir / "blobs").mkdir(parents=True)
    workdir.chmod(0o755)
    with LocalDevice(str(workdir)) as device:
        device.connect()
    assert workdir.stat().st_mode & 0o777 == 0o755  # it may hold more than what is ours
    assert (workdir / "blobs").stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
@pytest.mark.parametrize("place", ["", "blobs", "runs"])
def test_a_work_directory_of_another_user_is_refused(tmp_path: Path, place: str) -> None:
    workdir = tmp_path / "device"
    (workdir / place).mkdir(parents=True, exist_ok=True)
    os.chown(workdir / place, 12345, 12345)
    with LocalDevice(str(workdir)) as device, pytest.raises(PermanentError, match="belongs to another user") as caught:
        device.connect()
    assert "BAKEOFF_LOCAL_WORKDIR" in caught.value.remedy
