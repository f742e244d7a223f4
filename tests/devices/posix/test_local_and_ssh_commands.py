"""Running commands: what goes in comes in, what comes out comes out, and the end is known."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

from devices.errors import DeadlineError
from devices.posix.local import LocalTransport
from devices.posix.posix_device import PosixDevice

HOSTILE_WORDS = [
    "",
    " ",
    "-n",
    "--help",
    "a b",
    "$(touch /tmp/owned)",
    "`id`",
    "; exit 7",
    "'",
    '"',
    "it's",
    "\\",
    "\\c",
    "\\0101",
    "%s%n",
    "new\nline",
    "trailing newline\n",
    "\t",
    "*",
    "~",
    "A=b",
    "if",
    "Ärger \N{SNOWMAN} \N{GRINNING FACE}",
    "\u00c1\u0081\u0088",
    "\udcff\udc80",
    "\x1e",
    "\x01\x02\x7f",
    "!history",
    "#comment",
    "&",
]


def alive(device: PosixDevice, pid: int) -> bool:
    """Whether a process is there and no zombie. Asked on the device, whose process numbers may be its own."""
    stat = device.run(["cat", f"/proc/{pid}/stat"], timeout_s=120).stdout.decode()
    return stat != "" and stat.rpartition(")")[2].split()[0] not in "ZX"


def test_every_word_arrives_as_it_was_written(device: PosixDevice) -> None:
    completed = device.run(["printf", r"%s\0", *HOSTILE_WORDS], timeout_s=120)
    assert completed.exit_code == 0
    assert completed.stdout.split(b"\0")[:-1] == [os.fsencode(word) for word in HOSTILE_WORDS]


def test_a_word_of_many_kilobytes_arrives(device: PosixDevice) -> None:
    completed = device.run(["printf", "%s", "x" * 100_000], timeout_s=120)
    assert completed.stdout == b"x" * 100_000


class ShellTransport(LocalTransport):
    """This machine with another program for /bin/sh."""

    def __init__(self, shell: list[str]) -> None:
        self._shell = shell

    def shell_command(self, bootstrap: str) -> list[str]:
        return [*self._shell, "-c", bootstrap]


@pytest.mark.parametrize("shell", ["dash", "bash", "mksh", "busybox sh"])
def test_any_posix_shell_will_do(shell: str, tmp_path: Path) -> None:
    command = shell.split()
    if shutil.which(command[0]) is None:
        pytest.skip(f"no {command[0]} on this machine: apt install {command[0]}")
    device = PosixDevice(ShellTransport(command), str(tmp_path / "work dir"))
    completed = device.run(["printf", r"%s\0", *HOSTILE_WORDS], timeout_s=120)
    assert completed.stdout.split(b"\0")[:-1] == [os.fsencode(word) for word in HOSTILE_WORDS]
    assert device.run(["sh", "-c", "echo err >&2; exit 255"], timeout_s=120).stderr == b"err\n"
    process = device.start(["sleep", "300"], log=str(tmp_path / "log"), cwd="/")
    assert device.is_running(process)
    device.signal(process, "KILL")
    (tmp_path / "file").write_bytes(b"content")
    stream = device.follow(str(tmp_path / "file"), 3, idle_s=5)
    assert next(stream) == b"tent"
    stream.close()


def test_the_program_s_name_is_never_read_as_shell(device: PosixDevice) -> None:
    for word in ("A=b", "if", "$(id)"):
        assert device.run([word, "x"], timeout_s=120).exit_code == 127


def test_a_nul_in_a_word_is_refused(device: PosixDevice) -> None:
    with pytest.raises(ValueError, match="NUL"):
        device.run(["printf", "a\0b"], timeout_s=120)


def test_exit_codes_are_the_command_s_own(device: PosixDevice) -> None:
    codes = [0, 1, 3, 126, 127, 254, 255]
    assert [device.run(["sh", "-c", f"exit {code}"], timeout_s=120).exit_code for code in codes] == codes


def test_death_by_a_signal_shows_in_the_exit_code(device: PosixDevice) -> None:
    assert device.run(["sh", "-c", "kill -s KILL $$"], timeout_s=120).exit_code == 128 + 9


def test_stdout_and_stderr_are_kept_apart(device: PosixDevice) -> None:
    completed = device.run(["sh", "-c", "printf out; printf err >&2; printf 'put\\n'; exit 255"], timeout_s=120)
    assert (completed.exit_code, completed.stdout, completed.stderr) == (255, b"output\n", b"err")


def test_binary_content_passes_unchanged_both_ways(device: PosixDevice) -> None:
    content = bytes(range(256)) * 8192 + b"\x1e"
    assert device.run(["cat"], timeout_s=120, stdin=content).stdout == content


def test_standard_input_is_empty_unless_given(device: PosixDevice) -> None:
    assert device.run(["cat"], timeout_s=120).stdout == b""


def test_a_command_may_ignore_its_standard_input(device: PosixDevice) -> None:
    assert device.run(["true"], timeout_s=120, stdin=bytes(4 << 20)).exit_code == 0


def test_what_a_command_leaves_running_does_not_hold_it_up(device: PosixDevice) -> None:
    completed = device.run(["sh", "-c", "sleep 300 & echo $!"], timeout_s=120)
    device.run(["kill", completed.stdout.decode().strip()], timeout_s=120)
    assert completed.exit_code == 0


def ends_with_its_deadline(device: PosixDevice, pids: Path, timeout_s: float) -> bool:
    """Whether both processes of a command that goes on and on had begun by its deadline, and were gone after it."""
    script = 'sleep 300 & echo $! >>"$1"; echo $$ >>"$1"; sleep 300'
    with pytest.raises(DeadlineError, match=rf"sh did not end within {timeout_s} s"):
        device.run(["sh", "-c", script, "sh", str(pids)], timeout_s=timeout_s)
    started = [int(pid) for pid in pids.read_text().split()] if pids.exists() else []
    until = time.monotonic() + 90
    while any(alive(device, pid) for pid in started) and time.monotonic() < until:
        time.sleep(0.05)
    return len(started) == 2 and not any(alive(device, pid) for pid in started)


def test_a_command_that_takes_too_long_is_killed_there_too(device: PosixDevice, tmp_path: Path) -> None:
    # The longer time is for a busy machine: what has not reported in by the deadline cannot be killed.
    assert any(ends_with_its_deadline(device, tmp_path / f"pids {limit_s}", limit_s) for limit_s in (1.5, 10.5))
