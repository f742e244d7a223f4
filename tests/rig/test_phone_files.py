"""The real adb carries files to and from the stand-in phone."""

from __future__ import annotations

import os
import socket
import stat
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.rig.phone import AdbServer, Faults
from tests.rig.phone.android_tree import debian_tools
from tests.rig.phone_on_a_desk import PhoneOnADesk

SIZES = [0, 1, 65_535, 65_536, 65_537, 1_048_577]
NAMES = [
    "a b",
    "-rf",
    "it's",
    'say "hi"',
    "$(reboot)",
    "`id`",
    "a;b&c|d",
    "näme",
    "\U0001f600",
    "a\nb",
    "*",
    ",0644",
    "a\\b",
]


@pytest.fixture(params=["sync v2", "sync v1"])
def either(request: pytest.FixtureRequest, own_phone: Callable[..., PhoneOnADesk]) -> PhoneOnADesk:
    """A phone of today, and one that knows the first version of sync only."""
    return own_phone(faults=Faults(sync_v2=request.param == "sync v2"))


def there(desk: PhoneOnADesk, name: str) -> str:
    return desk.phone.path(f"/data/local/tmp/{name}")


def test_files_of_all_sizes_come_back_as_they_went(either: PhoneOnADesk, tmp_path: Path) -> None:
    for size in SIZES:
        sent, back = tmp_path / f"{size}.sent", tmp_path / f"{size}.back"
        sent.write_bytes(os.urandom(size))
        pushed = either.adb("push", sent, there(either, f"{size}"))
        assert (pushed.exit_code, "1 file pushed" in pushed.text) == (0, True), pushed
        assert (either.phone.data_folder / f"{size}").stat().st_size == size
        assert either.adb("pull", there(either, f"{size}"), back).exit_code == 0
        assert back.read_bytes() == sent.read_bytes()


def test_fifty_megabytes_arrive_whole(desk: PhoneOnADesk, tmp_path: Path) -> None:
    sent = tmp_path / "model"
    sent.write_bytes(os.urandom(1 << 20) * 50)
    assert desk.adb("push", sent, there(desk, "model")).exit_code == 0
    assert desk.adb("pull", there(desk, "model"), tmp_path / "back").exit_code == 0
    assert (tmp_path / "back").read_bytes() == sent.read_bytes()
    desk.shell(f"rm {there(desk, 'model')}")


def test_a_folder_of_hundreds_of_files_goes_and_comes_back(either: PhoneOnADesk, tmp_path: Path) -> None:
    for number in range(400):
        file = tmp_path / "many" / f"{number % 7}" / f"{number}"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"%d" % number * number)
    assert "400 files pushed" in either.adb("push", tmp_path / "many", there(either, "many")).text
    assert "400 files pulled" in either.adb("pull", there(either, "many"), tmp_path / "back").text
    for file in (tmp_path / "many").rglob("*"):
        if file.is_file():
            assert (tmp_path / "back" / file.relative_to(tmp_path / "many")).read_bytes() == file.read_bytes()


@pytest.mark.parametrize("name", NAMES)
def test_hostile_names_are_names(desk: PhoneOnADesk, tmp_path: Path, name: str) -> None:
    content = os.urandom(100)
    (tmp_path / "sent").write_bytes(content)
    assert desk.adb("push", tmp_path / "sent", there(desk, name)).exit_code == 0
    assert (desk.phone.data_folder / name).read_bytes() == content
    assert desk.adb("pull", there(desk, name), tmp_path / "back").exit_code == 0
    assert (tmp_path / "back").read_bytes() == content


def test_pushed_files_keep_mode_and_time_and_belong_to_the_shell_user(either: PhoneOnADesk, tmp_path: Path) -> None:
    sent = tmp_path / "runner"
    sent.write_bytes(b"#!/system/bin/sh\necho ran\n")
    sent.chmod(0o755)
    os.utime(sent, (1_700_000_000, 1_700_000_000))
    either.adb("push", sent, there(either, "runner"))
    found = (either.phone.data_folder / "runner").stat()
    assert stat.S_IMODE(found.st_mode) == 0o777  # adbd gives group and others what the owner has
    assert int(found.st_mtime) == 1_700_000_000
    if either.phone.confined:
        assert found.st_uid == 2000
        assert either.shell(there(either, "runner")).text == "ran"


def test_a_push_into_a_folder_that_is_not_there_makes_it(either: PhoneOnADesk, tmp_path: Path) -> None:
    (tmp_path / "sent").write_bytes(b"x")
    assert either.adb("push", tmp_path / "sent", there(either, "new/and newer/file")).exit_code == 0
    assert (either.phone.data_folder / "new/and newer/file").read_bytes() == b"x"


def test_a_push_replaces_what_was_there(either: PhoneOnADesk, tmp_path: Path) -> None:
    for content in (b"a long first one", b"short"):
        (tmp_path / "sent").write_bytes(content)
        either.adb("push", tmp_path / "sent", there(either, "same"))
    assert (either.phone.data_folder / "same").read_bytes() == b"short"


def test_what_is_not_there_cannot_be_pulled(either: PhoneOnADesk, tmp_path: Path) -> None:
    answered = either.adb("pull", there(either, "nothing"), tmp_path / "back")
    assert answered.exit_code == 1
    assert "No such file or directory" in answered.text or "does not exist" in answered.text
    assert not (tmp_path / "back").exists()


def test_the_system_and_what_is_roots_cannot_be_written(either: PhoneOnADesk, tmp_path: Path) -> None:
    if not either.phone.confined:
        pytest.skip("this phone is a plain directory: run the tests as root for one with namespaces")
    (tmp_path / "sent").write_bytes(b"x")
    for target, reason in (("/system/app", "Read-only file system"), ("/data/app", "Permission denied")):
        answered = either.adb("push", tmp_path / "sent", target)
        assert answered.exit_code == 1
        assert f"remote couldn't create file: {reason}" in answered.text
    assert either.shell("echo alive").text == "alive"


def test_paths_are_the_phones_and_not_this_machines(desk: PhoneOnADesk, tmp_path: Path) -> None:
    if not desk.phone.confined:
        pytest.skip("this phone is a plain directory: run the tests as root for one with namespaces")
    outside = tmp_path / "outside"
    outside.write_bytes(b"secret")
    desk.shell(f"ln -s {outside} /data/local/tmp/absolute; ln -s {'../' * 20}{outside} /data/local/tmp/relative")
    for name in ("absolute", "relative"):
        assert desk.adb("pull", f"/data/local/tmp/{name}", tmp_path / "back").exit_code == 1
    assert desk.adb("push", outside, "/sdcard/Download/kept").exit_code == 0
    assert desk.shell("cat /storage/self/primary/Download/kept").text == "secret"
    assert desk.adb("pull", "/proc/sys/kernel/random/boot_id", tmp_path / "boot").exit_code == 0
    assert (tmp_path / "boot").read_text().strip() == desk.phone.state.boot_id


def test_adb_ls_lists_a_folder(either: PhoneOnADesk) -> None:
    either.shell(f"cd {there(either, '')}; echo 12345 >five; mkdir sub; ln -s five link")
    rows = {row.split(b" ", 3)[3]: row.split() for row in either.adb("ls", there(either, "")).stdout.splitlines()}
    assert {b"five", b"sub", b"link", b".", b".."} - set(rows) <= {b".", b".."}
    assert int(rows[b"five"][1], 16) == 6
    assert stat.S_ISDIR(int(rows[b"sub"][0], 16))
    assert stat.S_ISLNK(int(rows[b"link"][0], 16))


# The second versions of list, send and receive are newer than Debian's client: spoken through its server.


class _Sync:
    """A session of the sync service by way of the adb server."""

    def __init__(self, server: AdbServer, address: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout=120)
        for service in (f"host:transport:{address}", "sync:"):
            self.socket.sendall(b"%04x" % len(service) + service.encode())
            assert self.take(4) == b"OKAY"

    def take(self, count: int) -> bytes:
        got = b""
        while len(got) < count:
            more = self.socket.recv(count - len(got))
            assert more, "the session ended"
            got += more
        return got

    def ask(self, request: bytes, path: str) -> None:
        self.socket.sendall(request + struct.pack("<I", len(path.encode())) + path.encode())


@pytest.fixture
def sync(desk: PhoneOnADesk) -> Iterator[_Sync]:
    session = _Sync(desk.server, desk.phone.address)
    yield session
    session.socket.close()


def test_send_receive_list_and_stat_of_the_second_version(desk: PhoneOnADesk, sync: _Sync) -> None:
    path = there(desk, "v2/file")
    sync.ask(b"SND2", path)
    sync.socket.sendall(b"SND2" + struct.pack("<II", 0o100640, 0))
    sync.socket.sendall(b"DATA\x05\0\0\0hello" + b"DONE" + struct.pack("<I", 1_600_000_000))
    assert sync.take(8) == b"OKAY\0\0\0\0"
    sync.ask(b"RCV2", path)
    sync.socket.sendall(b"RCV2\0\0\0\0")
    assert sync.take(8 + 5 + 8) == b"DATA\x05\0\0\0helloDONE\0\0\0\0"
    for request in (b"STA2", b"LST2"):
        sync.ask(request, path)
        fields = struct.unpack("<4sIQQIIIIQqqq", sync.take(72))
        assert (fields[0], fields[1], fields[4], fields[8], fields[10]) == (request, 0, 0o100666, 5, 1_600_000_000)
    sync.ask(b"STA2", there(desk, "v2/nothing"))
    assert struct.unpack("<4sIQQIIIIQqqq", sync.take(72))[1] == 2  # ENOENT
    sync.ask(b"LIS2", there(desk, "v2"))
    entry = struct.unpack("<4sIQQIIIIQqqqI", sync.take(76))
    assert (entry[0], entry[8], sync.take(entry[12])) == (b"DNT2", 5, b"file")
    assert sync.take(76)[:4] == b"DONE"


def test_a_failed_send_says_why_and_ends_the_session(desk: PhoneOnADesk, sync: _Sync) -> None:
    desk.shell(f"mkdir -p {there(desk, 'a-folder')}")
    sync.ask(b"SEND", f"{there(desk, 'a-folder')},33188")
    sync.socket.sendall(b"DATA\x01\0\0\0xDONE\0\0\0\0")
    assert sync.take(4) == b"FAIL"
    reason = sync.take(struct.unpack("<I", sync.take(4))[0])
    assert reason == b"couldn't create file: Is a directory"
    assert sync.socket.recv(1) == b""


def test_the_tools_of_debian_make_a_phone_too(own_phone: Callable[..., PhoneOnADesk], tmp_path: Path) -> None:
    tools = debian_tools()
    if tools is None:
        pytest.skip("no static mksh and busybox on this machine: apt install mksh busybox-static")
    desk = own_phone(tools=tools)
    (tmp_path / "sent").write_bytes(b"hello")
    assert desk.adb("push", tmp_path / "sent", there(desk, "file")).exit_code == 0
    assert desk.shell(f"sha256sum <{there(desk, 'file')}").text.startswith("2cf24dba5fb0a30e")
    assert "Charge counter: " in desk.shell("dumpsys battery").text
    assert desk.shell("getprop ro.product.model").text == "Pixel 8"


def test_without_root_the_phone_is_a_plain_directory(own_phone: Callable[..., PhoneOnADesk], tmp_path: Path) -> None:
    desk = own_phone(confined=False)
    (tmp_path / "sent").write_bytes(b"hello")
    assert desk.adb("push", tmp_path / "sent", there(desk, "file")).exit_code == 0
    assert desk.shell(f"cat {there(desk, 'file')}; exit 3").exit_code == 3
    assert desk.shell("dumpsys battery").text.startswith("Current Battery Service state:")
    assert desk.shell("getprop ro.serialno; echo $KSH_VERSION").text.startswith("STANDIN0001\n@(#)MIRBSD KSH")
