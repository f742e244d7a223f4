"""A phone whose adbd knows no shell v2: exit codes, stderr, input and output are kept apart all the same."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from devices.adb import transport as adb_transport
from devices.adb.device import AdbDevice
from devices.base import Blob
from devices.errors import CommandFailedError, DeadlineError, TransientError
from tests.rig.real_phone import RealPhone


@pytest.fixture
def device(phone: RealPhone, monkeypatch: pytest.MonkeyPatch) -> Iterator[AdbDevice]:
    # The real adbd has it; so it is asked for by a name that it does not know, and none of it is used.
    monkeypatch.setattr(adb_transport, "_SHELL_V2", "shell_v2_is_not_asked_for")
    with AdbDevice(f"adb:{phone.address}", "/data/local/tmp/an old phone's") as device:
        device.connect()
        assert "exec-out" not in device._transport.shell_command("x")
        assert "shell" not in device._transport.shell_command("x")
        yield device
        device.run(["rm", "-rf", device.workdir], timeout_s=120)


def left_behind(phone: RealPhone) -> list[str]:
    return [path.name for path in phone.inside("/data/local/tmp").glob(".bakeoff-*")]


def test_words_exit_codes_and_streams_are_the_command_s_own(device: AdbDevice, phone: RealPhone) -> None:
    words = ["", "it's", "$(id)", "new\nline", "\\0101", "\x1e", "Ärger"]
    assert device.run(["printf", r"%s\0", *words], timeout_s=120).stdout.split(b"\0")[:-1] == [
        os.fsencode(word) for word in words
    ]
    for code in (0, 1, 127, 255):
        done = device.run(["sh", "-c", f"printf out; printf err >&2; exit {code}"], timeout_s=120)
        assert (done.exit_code, done.stdout, done.stderr) == (code, b"out", b"err")
    assert left_behind(phone) == []


def test_binary_content_passes_unchanged_both_ways(device: AdbDevice) -> None:
    content = bytes(range(256)) * 4096 + b"\x1e"
    assert device.run(["cat"], timeout_s=120, stdin=content).stdout == content
    assert device.run(["cat"], timeout_s=120).stdout == b""


def test_files_go_there_and_back(device: AdbDevice, phone: RealPhone, tmp_path: Path) -> None:
    blobs = []
    for index, size in enumerate((0, 10, 300_000, 5 << 20)):
        path = tmp_path / str(index)
        path.write_bytes(os.urandom(size))
        blobs.append(Blob(path, hashlib.sha256(path.read_bytes()).hexdigest(), size))
    paths = device.push(blobs)
    device.fetch([(paths[one.sha256], tmp_path / "back" / one.path.name) for one in blobs])
    for one in blobs:
        assert (tmp_path / "back" / one.path.name).read_bytes() == one.path.read_bytes()
    assert left_behind(phone) == []


def test_what_is_started_goes_on_and_is_followed(device: AdbDevice, phone: RealPhone) -> None:
    log = f"{device.workdir}/log"
    process = device.start(["sh", "-c", "echo one; sleep 1; echo two; sleep 300"], log=log, cwd="/")
    stream = device.follow(log, 0, idle_s=0.2)
    received = b""
    while not received.endswith(b"two\n"):
        received += next(stream)
    assert received == b"one\ntwo\n"
    assert "tail" in phone.shell("ps -A -o ARGS")
    stream.close()
    until = time.monotonic() + 90
    while "tail" in phone.shell("ps -A -o ARGS"):
        assert time.monotonic() < until, "tail goes on"
        time.sleep(0.1)
    assert device.is_running(process)
    device.signal(process, "KILL")
    with pytest.raises(CommandFailedError, match="shorter there than the 100 bytes"):
        list(device.follow(log, 100, idle_s=0.2))


def ends_with_its_deadline(device: AdbDevice, phone: RealPhone, command: str, timeout_s: float) -> bool:
    with pytest.raises(DeadlineError):
        device.run(["sh", "-c", f"{command} & {command}"], timeout_s=timeout_s)
    until = time.monotonic() + 90
    while command in phone.shell("ps -A -o ARGS"):
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    return True


def test_a_command_that_takes_too_long_is_killed_there_too(device: AdbDevice, phone: RealPhone) -> None:
    # The longer time is for a busy machine: what has not reported in by the deadline cannot be killed.
    limits_s = {"sleep 4321": 1.5, "sleep 5432": 10.5}
    assert any(ends_with_its_deadline(device, phone, command, limit_s) for command, limit_s in limits_s.items())


def test_a_lost_connection_is_no_success(device: AdbDevice, phone: RealPhone) -> None:
    with device._connected().session("echo before; sleep 600") as session:
        pieces = session.stream(idle_s=20)
        assert next(pieces) == b"before\n"
        phone.kill_adbd()
        with pytest.raises(TransientError):
            b"".join(pieces)
    phone.connect()
    device.connect()
    device.run(["sh", "-c", "rm -f /data/local/tmp/.bakeoff-*"], timeout_s=120)
