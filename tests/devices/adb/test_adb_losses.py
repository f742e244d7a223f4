"""What a lost phone does to each thing a device does, and that trying again completes it: nothing doubled, no hang.

The phone is real but for its hardware (adbd, mksh, toybox), the adb client and server are Debian's, and a proxy between
them pulls the cable.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from devices.adb import transport as adb_transport
from devices.adb.device import AdbDevice
from devices.base import Blob
from devices.errors import NotReachableError, TransientError
from devices.retry import with_reconnect
from tests.rig.adb_server import adb
from tests.rig.kept_part import when_kept
from tests.rig.real_phone import RealPhone
from tests.rig.tcp_proxy import TcpProxy


@pytest.fixture
def proxy(phone: RealPhone) -> Iterator[TcpProxy]:
    proxy = TcpProxy(phone.socket)
    yield proxy
    proxy.close()
    adb("disconnect", proxy.address)


@pytest.fixture
def device(phone: RealPhone, proxy: TcpProxy) -> Iterator[AdbDevice]:
    with AdbDevice(f"adb:{proxy.address}", "/data/local/tmp/losses") as device:
        device.connect()
        yield device
        device.connect()
        device.run(["rm", "-rf", device.workdir], timeout_s=120)


@pytest.fixture
def watchful(monkeypatch: pytest.MonkeyPatch) -> None:
    """A phone that is silent is asked after half a second, and has as long to answer as it ever has."""
    monkeypatch.setattr(adb_transport, "_QUESTION_EVERY_S", 0.3)
    monkeypatch.setattr(adb_transport, "_SETTLE_S", 2.0)
    monkeypatch.setattr(adb_transport.AdbTransport, "longest_silence_s", 0.3)


@contextlib.contextmanager
def impatient() -> Iterator[None]:
    """For a phone that will not answer: it is given up after a second."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(adb_transport, "_QUESTION_TIMEOUT_S", 1.0)
        patch.setattr(adb_transport, "_CALL_TIMEOUT_S", 2.0)
        yield


def wait_for(condition: Callable[[], bool], what: str, seconds: float = 90) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, f"waited {seconds} s in vain: {what}"
        time.sleep(0.05)


def blobs(folder: Path, sizes: list[int]) -> list[Blob]:
    made = []
    for index, size in enumerate(sizes):
        path = folder / f"{index}"
        content = os.urandom(size)
        path.write_bytes(content)
        made.append(Blob(path, hashlib.sha256(content).hexdigest(), size))
    return made


Fault = Callable[[], None]


@pytest.fixture(params=["the link drops", "adbd dies", "the link falls silent", "adb server dies"])
def fault(
    request: pytest.FixtureRequest,
    proxy: TcpProxy,
    phone: RealPhone,
    watchful: None,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Fault]:
    """Breaks the connection, in one way or another."""
    silence = contextlib.ExitStack()
    reconnect = adb_transport.AdbTransport._reconnect

    def fall_silent() -> None:
        proxy.stall_now()
        silence.enter_context(impatient())

    def patiently_reconnect(transport: adb_transport.AdbTransport) -> None:
        # A new connection is not silent, however slow it is.
        silence.close()
        reconnect(transport)

    def end_server() -> None:
        adb("kill-server")

    monkeypatch.setattr(adb_transport.AdbTransport, "_reconnect", patiently_reconnect)

    faults: dict[str, Fault] = {
        "the link drops": proxy.drop_now,
        "adbd dies": phone.kill_adbd,
        "the link falls silent": fall_silent,
        "adb server dies": end_server,
    }
    with silence:
        yield faults[request.param]
    phone.connect()


def short_wait(_: float) -> None:
    time.sleep(0.3)


def test_a_command_that_was_cut_off_is_an_error_and_never_an_empty_success(device: AdbDevice, fault: Fault) -> None:
    with device._connected().session("echo before; sleep 600") as session:
        pieces = session.stream(idle_s=20)
        assert next(pieces) == b"before\n"
        fault()
        with pytest.raises(TransientError):
            b"".join(pieces)
    assert with_reconnect(device, lambda: device.run(["echo", "x"], timeout_s=120), sleep=short_wait).stdout == b"x\n"


def test_a_push_that_is_cut_goes_on_with_what_is_missing(device: AdbDevice, fault: Fault, tmp_path: Path) -> None:
    files = blobs(tmp_path, [5 << 20, 4 << 20, *[200_000] * 20])
    total = sum(one.bytes for one in files)
    moved: list[int] = []
    cuts: list[int] = []

    def progress(count: int) -> None:
        moved.append(count)
        if not cuts and sum(moved) > total - 2_000_000:
            cuts.append(sum(moved))
            fault()

    paths = with_reconnect(device, lambda: device.push(files, progress), sleep=short_wait)
    assert cuts
    assert sum(moved) < total + (5 << 20), "what had arrived was sent again"
    hashes = device.run(["sha256sum", *paths.values()], timeout_s=120).stdout.decode().split()[::2]
    assert hashes == list(paths)
    there = device.run(["ls", "-a", f"{device.workdir}/blobs"], timeout_s=120).stdout.decode().split()
    assert sorted(name for name in there if len(name) == 64) == sorted(paths)


def test_the_rest_of_a_large_file_may_be_cut_again(
    device: AdbDevice, proxy: TcpProxy, phone: RealPhone, tmp_path: Path
) -> None:
    (one,) = blobs(tmp_path, [24 << 20])
    device.push([])
    for kept in (5 << 20, 10 << 20, 15 << 20):
        when_kept(device, phone, proxy, kept, proxy.drop_now)
        with pytest.raises(TransientError):
            device.push([one])
        device.connect()
    last: list[int] = []
    paths = device.push([one], last.append)
    assert sum(last) <= one.bytes - (15 << 20), "what had arrived by then was sent again"
    assert device.run(["sha256sum", paths[one.sha256]], timeout_s=120).stdout.decode().split()[0] == one.sha256
    there = device.run(["ls", "-A", f"{device.workdir}/blobs"], timeout_s=120).stdout.decode().split()
    assert there == [one.sha256]


def test_a_large_file_that_is_cut_leaves_nothing_that_counts(
    device: AdbDevice, proxy: TcpProxy, tmp_path: Path
) -> None:
    (one,) = blobs(tmp_path, [16 << 20])
    device.push([])
    proxy.drop_after(10 << 20, "to phone")
    with pytest.raises(TransientError):
        device.push([one])
    assert proxy.drops == 1
    device.connect()
    there = device.run(["ls", "-a", f"{device.workdir}/blobs"], timeout_s=120).stdout.decode().split()
    assert one.sha256 not in there
    paths = device.push([one])
    assert device.run(["sha256sum", paths[one.sha256]], timeout_s=120).stdout.decode().split()[0] == one.sha256
    there = device.run(["ls", "-A", f"{device.workdir}/blobs"], timeout_s=120).stdout.decode().split()
    assert there == [one.sha256]


def test_of_a_large_file_that_is_cut_the_rest_is_sent(
    device: AdbDevice, proxy: TcpProxy, phone: RealPhone, fault: Fault, tmp_path: Path
) -> None:
    (one,) = blobs(tmp_path, [48 << 20])
    sent: list[int] = []

    def push() -> dict[str, str]:
        sent.append(0)
        return device.push([one], progress)

    def progress(count: int) -> None:
        sent[-1] += count

    device.push([])
    when_kept(device, phone, proxy, 16 << 20, fault)
    paths = with_reconnect(device, push, sleep=short_wait)
    assert len(sent) > 1, "it was not cut"
    # Once more than that, where a machine is so busy that the second one ends before its answer is there.
    assert max(sent[1:]) <= one.bytes - (16 << 20), "what had arrived was sent again"
    assert device.run(["sha256sum", paths[one.sha256]], timeout_s=120).stdout.decode().split()[0] == one.sha256
    there = device.run(["ls", "-A", f"{device.workdir}/blobs"], timeout_s=120).stdout.decode().split()
    assert there == [one.sha256]


@pytest.mark.parametrize("fault", ["adbd dies", "the link falls silent"], indirect=True)
def test_a_fetch_that_is_cut_leaves_only_whole_files(device: AdbDevice, fault: Fault, tmp_path: Path) -> None:
    files = blobs(tmp_path, [4 << 20] * 3)
    paths = device.push(files)
    back = tmp_path / "back"
    moved: list[int] = []
    whole: list[list[str]] = []

    def progress(count: int) -> None:
        moved.append(count)
        if sum(moved) > (6 << 20) and not whole:
            whole.append([path.name for path in back.iterdir() if not path.name.startswith(".part-")])
            fault()

    wanted = [(paths[one.sha256], back / one.path.name) for one in files]
    with_reconnect(device, lambda: device.fetch(wanted, progress), sleep=short_wait)
    assert whole == [["0"]]
    assert {path.name: path.read_bytes() for path in back.iterdir()} == {
        one.path.name: one.path.read_bytes() for one in files
    }


def test_following_goes_on_from_the_last_byte(device: AdbDevice, fault: Fault) -> None:
    log = f"{device.workdir}/records"
    script = "i=0; while [ $i -lt 20 ]; do i=$((i+1)); echo line $i; sleep 0.05; done"
    process = device.start(["sh", "-c", script], log=log, cwd=device.workdir)
    received = b""
    cuts: list[int] = []

    def follow() -> None:
        nonlocal received
        for piece in device.follow(log, len(received), idle_s=0.5):
            received += piece
            if b"line 5\n" in received and not cuts:
                cuts.append(len(received))
                fault()
            if b"line 20\n" in received:
                return

    with_reconnect(device, follow, sleep=short_wait)
    assert cuts
    assert received == "".join(f"line {index}\n" for index in range(1, 21)).encode()
    wait_for(lambda: not device.is_running(process), "the program's own end")


def start_many(device: AdbDevice) -> None:
    for _ in range(50):
        device.start(["true"], log=f"{device.workdir}/log", cwd=device.workdir)


@pytest.mark.parametrize("fault", ["the link drops", "the link falls silent"], indirect=True)
def test_a_start_whose_answer_was_lost_is_an_error(device: AdbDevice, fault: Fault) -> None:
    fault()
    with pytest.raises(TransientError):
        start_many(device)
    process = with_reconnect(
        device, lambda: device.start(["sleep", "300"], log=f"{device.workdir}/log", cwd="/"), sleep=short_wait
    )
    assert device.is_running(process)
    device.signal(process, "KILL")


def test_a_connection_that_is_cut_while_it_is_made_is_made_again(
    device: AdbDevice, proxy: TcpProxy, phone: RealPhone
) -> None:
    for count in (1, 24, 300, 2000, 4000):
        device.close()
        proxy.drop_now()
        proxy.drop_after(count, "from phone")
        with_reconnect(device, device.connect, sleep=short_wait)
        proxy.drop_after(1 << 40, "from phone")
        assert device.run(["echo", "x"], timeout_s=120).stdout == b"x\n"


def test_while_the_cable_is_out_what_was_started_goes_on(own_phone: RealPhone) -> None:
    with AdbDevice(f"adb:{own_phone.address}") as device:
        device.connect()
        log = f"{device.workdir}/records"
        script = "i=0; while [ $i -lt 25 ]; do i=$((i+1)); echo $i; sleep 0.1; done; sleep 300"
        process = device.start(["sh", "-c", script], log=log, cwd=device.workdir)
        own_phone.unplug()
        with pytest.raises(TransientError):
            device.run(["true"], timeout_s=120)
        with pytest.raises(NotReachableError):
            device.connect()
        inside = own_phone.inside(log)
        wait_for(lambda: inside.read_text().endswith("\n25\n"), "the program's last line")
        own_phone.plug_in()
        device.connect()
        assert device.is_running(process)
        stream = device.follow(log, 0, idle_s=5)
        assert next(stream) == "".join(f"{index}\n" for index in range(1, 26)).encode()
        stream.close()
        device.signal(process, "KILL")


def test_a_reboot_ends_what_was_started_and_the_phone_is_found_again(own_phone: RealPhone) -> None:
    with AdbDevice(f"adb:{own_phone.address}") as device:
        process = device.start(["sleep", "300"], log=f"{device.workdir}/log", cwd="/")
        stream = device.follow(f"{device.workdir}/log", 0, idle_s=0.2)
        assert next(stream) == b""
        adb("-s", own_phone.address, "reboot")
        with pytest.raises(TransientError):
            b"".join(itertools.islice(stream, 100))
        assert not with_reconnect(device, lambda: device.is_running(process))


def test_a_phone_that_falls_silent_is_noticed_though_adb_lists_it_as_ready(
    own_phone: RealPhone, watchful: None
) -> None:
    with AdbDevice(f"adb:{own_phone.address}") as device:
        stream = device.follow(f"{device.workdir}/log", 0, idle_s=0.2)
        assert next(stream) == b""
        own_phone.freeze(frozen=True)
        try:
            with impatient():
                with pytest.raises(NotReachableError, match="listed as attached, and fell silent"):
                    b"".join(itertools.islice(stream, 100))
                assert adb("-s", own_phone.address, "get-state").strip() == "device"
                with pytest.raises(TransientError):
                    device.connect()
        finally:
            own_phone.freeze(frozen=False)
        stream.close()
        with_reconnect(device, device.connect, sleep=short_wait)
        assert device.run(["true"], timeout_s=120).exit_code == 0


def is_kept_through_a_silence(device: AdbDevice, monkeypatch: pytest.MonkeyPatch, answers_within_s: float) -> bool:
    """That is longer than a question may wait for its answer."""
    monkeypatch.setattr(adb_transport, "_QUESTION_TIMEOUT_S", answers_within_s)
    try:
        device.connect()
        done = device.run(["sh", "-c", f"sleep {answers_within_s + 0.7}; echo done"], timeout_s=120)
    except NotReachableError:
        return False
    return (done.exit_code, done.stdout) == (0, b"done\n")


def test_a_phone_that_is_busy_and_silent_is_not_held_for_lost(
    device: AdbDevice, watchful: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The longer time is for a machine that is too busy to answer within a second.
    assert any(is_kept_through_a_silence(device, monkeypatch, within_s) for within_s in (1.0, 10.0))


def test_nothing_is_left_there_after_following(device: AdbDevice, proxy: TcpProxy, phone: RealPhone) -> None:
    device.write(f"{device.workdir}/followed-and-left", b"x")
    stream = device.follow(f"{device.workdir}/followed-and-left", 0, idle_s=0.2)
    assert next(stream) == b"x"
    assert "followed-and-left" in phone.shell("ps -A -o ARGS")
    proxy.drop_now()
    wait_for(lambda: "followed-and-left" not in phone.shell("ps -A -o ARGS"), "the end of tail")
    stream.close()
