"""What a lost connection does to each thing a device does, and that trying again completes it."""

from __future__ import annotations

import hashlib
import itertools
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from devices.base import Blob
from devices.errors import DeviceError, NoSpaceError, NotReachableError, TransientError
from devices.retry import with_reconnect
from devices.ssh.device import SshDevice
from tests.rig.sshd import LoopbackSshd


@pytest.fixture
def device(own_sshd: LoopbackSshd, tmp_path: Path) -> Iterator[SshDevice]:
    with SshDevice(own_sshd.address(tmp_path / "work"), own_sshd.ssh_command()) as device:
        device.connect()
        yield device


def restart_while_waiting(server: LoopbackSshd) -> Callable[[float], None]:
    """A `sleep` in which the server comes back, as a rebooted board does."""

    def sleep(_: float) -> None:
        server.stop()
        server.start()

    return sleep


def blobs(folder: Path, count: int, size: int) -> list[Blob]:
    made = []
    for index in range(count):
        path = folder / f"{index}"
        content = os.urandom(size)
        path.write_bytes(content)
        made.append(Blob(path, hashlib.sha256(content).hexdigest(), size))
    return made


def wait_for(condition: Callable[[], bool], what: str, seconds: float = 90) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, f"waited {seconds} s in vain: {what}"
        time.sleep(0.05)


def test_a_lost_command_is_an_error_and_never_an_empty_success(
    own_sshd: LoopbackSshd, device: SshDevice, tmp_path: Path
) -> None:
    began = tmp_path / "began"
    calls: list[str] = []

    def command() -> bytes:
        calls.append("run")
        if len(calls) > 1:
            return device.run(["echo", "done"], timeout_s=120).stdout
        with device._connected().session(f"touch '{began}'; sleep 600") as session:
            session.wait_until_begun(20)
            wait_for(began.exists, "the command")
            own_sshd.stop()
            for _ in session.stream(idle_s=20):
                pass
        raise AssertionError("the command ended")

    waits: list[str] = []
    result = with_reconnect(
        device, command, on_wait=lambda what, _: waits.append(what), sleep=restart_while_waiting(own_sshd)
    )
    assert result == b"done\n"
    assert len(calls) == 2
    assert "the connection was lost" in waits[0]


def test_commands_fail_at_once_while_the_server_is_away(own_sshd: LoopbackSshd, device: SshDevice) -> None:
    own_sshd.stop()
    with pytest.raises(TransientError):
        device.run(["true"], timeout_s=120)
    with pytest.raises(NotReachableError):
        device.connect()
    own_sshd.start()
    device.connect()
    assert device.run(["true"], timeout_s=120).exit_code == 0


def test_a_push_that_is_cut_goes_on_with_what_is_missing(
    own_sshd: LoopbackSshd, device: SshDevice, tmp_path: Path
) -> None:
    files = blobs(tmp_path, 5, 9 << 20)
    moved: list[int] = []
    cuts: list[int] = []

    def progress(count: int) -> None:
        moved.append(count)
        if not cuts and sum(moved) > (30 << 20):
            cuts.append(sum(moved))
            own_sshd.stop()

    paths = with_reconnect(device, lambda: device.push(files, progress), sleep=restart_while_waiting(own_sshd))
    assert cuts
    for one in files:
        assert Path(paths[one.sha256]).read_bytes() == one.path.read_bytes()
    assert sum(moved) < 2 * (45 << 20), "what had arrived was sent again"
    wait_for(
        lambda: all(len(entry.name) == 64 for entry in (tmp_path / "work" / "blobs").iterdir()),
        "the removal of what had arrived in part",
    )


def test_a_fetch_that_is_cut_leaves_only_whole_files(own_sshd: LoopbackSshd, device: SshDevice, tmp_path: Path) -> None:
    files = blobs(tmp_path, 3, 20 << 20)
    back = tmp_path / "back"
    seen: list[list[int]] = []
    moved: list[int] = []

    def progress(count: int) -> None:
        moved.append(count)
        if sum(moved) > (30 << 20) and not seen:
            own_sshd.stop()
            seen.append([path.stat().st_size for path in back.iterdir() if not path.name.startswith(".part-")])

    wanted = [(str(one.path), back / one.path.name) for one in files]
    with_reconnect(device, lambda: device.fetch(wanted, progress), sleep=restart_while_waiting(own_sshd))
    assert seen == [[20 << 20]]
    assert {path.name for path in back.iterdir()} == {"0", "1", "2"}
    for one in files:
        assert (back / one.path.name).read_bytes() == one.path.read_bytes()


def test_following_goes_on_from_the_last_byte(own_sshd: LoopbackSshd, device: SshDevice, tmp_path: Path) -> None:
    log = tmp_path / "records"
    script = "i=0; while [ $i -lt 40 ]; do i=$((i+1)); echo line $i; sleep 0.1; done"
    process = device.start(["sh", "-c", script], log=str(log), cwd=str(tmp_path))
    received = b""
    cuts: list[int] = []

    def follow() -> None:
        nonlocal received
        for piece in device.follow(str(log), len(received), idle_s=0.5):
            received += piece
            if b"line 5\n" in received and not cuts:
                cuts.append(len(received))
                own_sshd.stop()
            if b"line 40\n" in received:
                return

    with_reconnect(device, follow, sleep=restart_while_waiting(own_sshd))
    assert cuts
    assert received == "".join(f"line {index}\n" for index in range(1, 41)).encode()
    wait_for(lambda: not device.is_running(process), "the program's own end")


def test_what_was_started_outlives_the_connection_and_the_server(
    own_sshd: LoopbackSshd, device: SshDevice, tmp_path: Path
) -> None:
    process = device.start(["sleep", "300"], log=str(tmp_path / "log"), cwd="/")
    try:
        device.close()
        assert Path(f"/proc/{process.pid}").exists()
        device.connect()
        assert device.is_running(process)
        own_sshd.stop()
        own_sshd.start()
        device.connect()
        assert device.is_running(process)
    finally:
        device.signal(process, "KILL")
    wait_for(lambda: not device.is_running(process), "its end")


def test_a_link_that_falls_silent_is_noticed(own_sshd: LoopbackSshd, tmp_path: Path) -> None:
    # One second instead of four between questions: ssh takes the first value it is given.
    command = [*own_sshd.ssh_command(), "-o", "ServerAliveInterval=1"]
    with SshDevice(own_sshd.address(tmp_path / "work"), command) as device:
        stream = device.follow(str(tmp_path / "log"), 0, idle_s=0.2)
        assert next(stream) == b""
        own_sshd.freeze(frozen=True)
        try:
            with pytest.raises(NotReachableError, match="fell silent"):
                b"".join(itertools.islice(stream, 60))
        finally:
            own_sshd.freeze(frozen=False)


def test_an_ssh_that_was_killed_here_is_a_lost_connection(device: SshDevice) -> None:
    login = device._transport._login  # type: ignore[attr-defined]
    login._client.kill()
    login._client.wait()
    with pytest.raises(TransientError):
        device.run(["true"], timeout_s=120)
    device.connect()
    assert device.run(["true"], timeout_s=120).exit_code == 0


def test_nothing_is_left_here_after_closing(device: SshDevice) -> None:
    transport = device._transport
    folder, client = transport._folder, transport._login._client  # type: ignore[attr-defined]
    assert folder.is_dir()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert len(list(folder.iterdir())) == 1
    device.close()
    assert not folder.exists()
    assert client.poll() is not None


HOST = """
import sys, time
from devices.ssh.device import SshDevice
device = SshDevice(sys.argv[1], sys.argv[2:])
process = device.start(["sleep", "300"], log=device.workdir + "/log", cwd="/")
print(process.pid, device._transport._login._client.pid, flush=True)
time.sleep(300)
"""


def test_a_host_that_is_killed_leaves_its_run_going_and_no_connection(
    own_sshd: LoopbackSshd, device: SshDevice, tmp_path: Path
) -> None:
    root = Path(__file__).parents[3]
    argv = [sys.executable, "-c", HOST, own_sshd.address(tmp_path / "work"), *own_sshd.ssh_command()]
    with subprocess.Popen(argv, cwd=root, stdout=subprocess.PIPE, text=True) as host:
        assert host.stdout is not None
        started, connection = map(int, host.stdout.readline().split())
        host.send_signal(signal.SIGKILL)
        host.wait()
    try:
        wait_for(lambda: not Path(f"/proc/{connection}").exists(), "the end of its connection")
        assert Path(f"/proc/{started}").exists()
    finally:
        os.kill(started, signal.SIGKILL)


def test_what_killed_hosts_left_is_swept_after_a_day(
    own_sshd: LoopbackSshd, device: SshDevice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    with tempfile.TemporaryDirectory(prefix="b", dir="/tmp") as root:
        monkeypatch.setattr(tempfile, "tempdir", root)
        old, young, used = (Path(root, f"bo-{name}") for name in ("oldoldol", "youngyou", "usedused"))
        for folder in (old, young, used):
            folder.mkdir()
            with socket.socket(socket.AF_UNIX) as dead:
                dead.bind(str(folder / "1234"))
        (used / "1234").unlink()
        with socket.socket(socket.AF_UNIX) as alive:
            alive.bind(str(used / "1234"))
            alive.listen()
            for folder in (old, used):
                os.utime(folder, (0, 0))
            with SshDevice(own_sshd.address(tmp_path / "work"), own_sshd.ssh_command()) as other:
                assert other.run(["true"], timeout_s=120).exit_code == 0
        assert (old.exists(), young.exists(), used.exists()) == (False, True, True)


def test_waiting_has_an_end(own_sshd: LoopbackSshd, device: SshDevice) -> None:
    own_sshd.stop()
    waits: list[float] = []
    with pytest.raises(NotReachableError):
        with_reconnect(
            device,
            lambda: device.run(["true"], timeout_s=120),
            total_s=3,
            on_wait=lambda _, seconds: waits.append(seconds),
            sleep=lambda _: None,
        )
    assert waits == [0.5, 1, 2][: len(waits)]
    assert waits


def test_an_error_that_will_not_go_away_is_not_tried_again(device: SshDevice) -> None:
    calls: list[int] = []

    def full() -> None:
        calls.append(1)
        raise NoSpaceError("full")

    with pytest.raises(DeviceError, match="full"):
        with_reconnect(device, full, on_wait=lambda *_: pytest.fail("waited"))
    assert calls == [1]
