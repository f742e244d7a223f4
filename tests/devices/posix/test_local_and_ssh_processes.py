"""Programs that go on without us, and following what they write."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from devices.errors import CommandFailedError, PermanentError
from devices.posix.posix_device import PosixDevice

TREE = 'sleep 300 & echo $! >"$1"; echo started; wait'


def wait_for(condition: Callable[[], bool], what: str, seconds: float = 90) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, f"waited {seconds} s in vain: {what}"
        time.sleep(0.05)


def stat_fields(device: PosixDevice, pid: int) -> list[str]:
    """Of /proc/PID/stat, from the third field on; asked on the device, whose process numbers may be its own."""
    stat = device.run(["cat", f"/proc/{pid}/stat"], timeout_s=120).stdout.decode(errors="replace")
    return stat.rpartition(")")[2].split()


def alive(device: PosixDevice, pid: int) -> bool:
    return stat_fields(device, pid)[:1] not in ([], ["Z"], ["X"])


def processes_with(text: str) -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if text in command:
            found.append(command)
    return found


def test_a_started_program_runs_in_its_directory_and_appends_to_its_log(device: PosixDevice, tmp_path: Path) -> None:
    log = tmp_path / "the log"
    log.write_text("before\n")
    script = "pwd; echo to stderr >&2; cat; echo end"
    device.start(["sh", "-c", script], log=str(log), cwd=str(tmp_path))
    wait_for(lambda: "end" in log.read_text(), "the program's last line")
    assert log.read_text() == f"before\n{tmp_path}\nto stderr\nend\n"


def test_a_started_program_leads_a_session_of_its_own(device: PosixDevice, tmp_path: Path) -> None:
    process = device.start(["sleep", "300"], log=str(tmp_path / "log"), cwd="/")
    try:
        fields = stat_fields(device, process.pid)
        assert (int(fields[2]), int(fields[3])) == (process.pid, process.pid)
        assert process.start_ticks == int(fields[19])
        assert process.boot_id == Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        assert device.is_running(process)
    finally:
        device.signal(process, "KILL")


def test_hostile_arguments_reach_a_started_program(device: PosixDevice, tmp_path: Path) -> None:
    log = tmp_path / "it's a\nlog"
    device.start(["printf", "%s|", "$(id)", "new\nline", "it's", "-x", "end."], log=str(log), cwd=str(tmp_path))
    wait_for(lambda: log.exists() and "end." in log.read_text(), "the output")
    assert log.read_text() == "$(id)|new\nline|it's|-x|end.|"


def test_a_signal_reaches_the_whole_group(device: PosixDevice, tmp_path: Path) -> None:
    child = tmp_path / "child"
    process = device.start(["sh", "-c", TREE, "sh", str(child)], log=str(tmp_path / "log"), cwd=str(tmp_path))
    wait_for(lambda: child.exists() and child.read_text().strip() != "", "the child's number")
    pid = int(child.read_text())
    assert alive(device, pid)
    device.signal(process, "TERM")
    wait_for(lambda: not alive(device, pid) and not alive(device, process.pid), "the end of both")
    assert not device.is_running(process)
    device.signal(process, "TERM")


def test_two_signals_reach_a_child_whose_leader_the_first_one_ends(device: PosixDevice, tmp_path: Path) -> None:
    log = tmp_path / "log"
    child = 'trap t=1 TERM; trap u=1 USR1; echo up; until [ "$t$u" = 11 ]; do sleep 0.05; done; echo both'
    process = device.start(["sh", "-c", 'sh -c "$1" & wait', "sh", child], log=str(log), cwd=str(tmp_path))
    wait_for(lambda: "up" in log.read_text(), "the child")
    device.signal(process, "TERM", "USR1")
    wait_for(lambda: "both" in log.read_text(), "both signals")
    assert not device.is_running(process)


def test_a_reused_process_number_is_not_mistaken_for_the_process(device: PosixDevice, tmp_path: Path) -> None:
    process = device.start(["sleep", "300"], log=str(tmp_path / "log"), cwd="/")
    try:
        assert process.start_ticks is not None
        for other in (
            dataclasses.replace(process, start_ticks=process.start_ticks - 1),
            dataclasses.replace(process, boot_id="00000000-0000-0000-0000-000000000000"),
        ):
            assert not device.is_running(other)
            device.signal(other, "KILL")
            assert alive(device, process.pid)
        assert device.is_running(dataclasses.replace(process, start_ticks=None, boot_id=None))
    finally:
        device.signal(process, "KILL")


def test_only_names_of_signals_are_sent(device: PosixDevice, tmp_path: Path) -> None:
    process = device.start(["true"], log=str(tmp_path / "log"), cwd="/")
    with pytest.raises(ValueError, match="not the name of a signal"):
        device.signal(process, "TERM; reboot")


def test_a_program_or_directory_that_is_not_there_is_an_error_at_once(device: PosixDevice, tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match="there is no program no-such-program"):
        device.start(["no-such-program"], log=str(tmp_path / "log"), cwd="/")
    with pytest.raises(PermanentError, match="there is no program /no/such/program"):
        device.start(["/no/such/program"], log=str(tmp_path / "log"), cwd="/")
    with pytest.raises(PermanentError, match="nowhere"):
        device.start(["true"], log=str(tmp_path / "log"), cwd=str(tmp_path / "nowhere"))


def collect(stream: Iterator[bytes], length: int) -> bytes:
    """What comes until there is as much as was asked for; fails after too many idle turns."""
    content, idle = b"", 0
    while len(content) < length:
        piece = next(stream)
        content += piece
        idle = 0 if piece else idle + 1
        assert idle < 100, f"nothing more after {content!r}"
    return content


def test_following_gives_what_was_there_and_what_comes(device: PosixDevice, tmp_path: Path) -> None:
    path = tmp_path / "-a file's\nname"
    path.write_bytes(b"0123456789")
    stream = device.follow(str(path), 4, idle_s=0.2)
    try:
        assert collect(stream, 6) == b"456789"
        assert next(stream) == b""
        for piece in (b"more\n", b"\0\x1e\xff half a line", b"\n"):
            with path.open("ab") as file:
                file.write(piece)
            assert collect(stream, len(piece)) == piece
    finally:
        stream.close()


def test_following_waits_for_a_file_that_is_not_there(device: PosixDevice, tmp_path: Path) -> None:
    path = tmp_path / "later"
    stream = device.follow(str(path), 0, idle_s=0.2)
    assert next(stream) == b""
    path.write_bytes(b"here I am\n")
    assert collect(stream, 10) == b"here I am\n"
    stream.close()


def test_following_from_the_end_gives_only_what_is_new(device: PosixDevice, tmp_path: Path) -> None:
    path = tmp_path / "records"
    path.write_bytes(b"old\n")
    stream = device.follow(str(path), 4, idle_s=0.2)
    assert next(stream) == b""
    with path.open("ab") as file:
        file.write(b"new\n")
    assert collect(stream, 4) == b"new\n"
    stream.close()


def test_a_file_that_lost_its_end_is_not_followed(device: PosixDevice, tmp_path: Path) -> None:
    path = tmp_path / "records"
    path.write_bytes(b"short")
    with pytest.raises(CommandFailedError, match="shorter there than the 100 bytes already read"):
        list(device.follow(str(path), 100, idle_s=0.2))


def test_nothing_is_left_running_after_following(device: PosixDevice, tmp_path: Path) -> None:
    path = tmp_path / "followed-and-left"
    path.touch()
    stream = device.follow(str(path), 0, idle_s=0.2)
    assert next(stream) == b""
    wait_for(lambda: any("tail" in command for command in processes_with(str(path))), "tail")
    stream.close()
    wait_for(lambda: processes_with(str(path)) == [], "the end of tail")
