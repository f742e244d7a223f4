"""Completion in the real shells: what is there when the tabulator is pressed."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import select
import shlex
import shutil
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.cli import completers
from tests.rig.command import REPOSITORY, bakeoff


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A folder with runs, a user's home with hosts, and `bakeoff` on the path."""
    for name in ("20260101-faces", "20260202-upscaler"):
        folder = tmp_path / "desk" / "runs" / name
        folder.mkdir(parents=True)
        (folder / "run.json").write_text(
            json.dumps({"devices": [{"name": "ssh://pi@old-board"}, {"name": "$(reboot)"}]})
        )
    (tmp_path / "desk" / "runs" / "empty").mkdir()
    (tmp_path / "home" / ".ssh").mkdir(parents=True)
    (tmp_path / "home" / ".ssh" / "config").write_text("Host bench-4 rack-5\n  User pi\nhost=*.lan\nMatch all\n")
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "bakeoff"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m harness.cli.main "$@"\n')
    program.chmod(0o755)
    return tmp_path


def environment(desk: Path) -> dict[str, str]:
    # A port on which no adb server is: that of a developer is not asked.
    return {
        **os.environ,
        "PYTHONPATH": str(REPOSITORY),
        "HOME": str(desk / "home"),
        "PATH": f"{desk / 'bin'}:{os.environ['PATH']}",
        "ANDROID_ADB_SERVER_PORT": "1",
        "ADB_SERVER_SOCKET": "",
        "TERM": "dumb",
        "COLUMNS": "200",
    }


class Terminal:
    """A shell at a terminal of its own."""

    def __init__(self, desk: Path, *argv: str) -> None:
        self.pid, self.descriptor = pty.fork()
        if self.pid == 0:
            os.chdir(desk / "desk")
            os.execvpe(argv[0], argv, environment(desk))
        self.seen = ""

    def type(self, keys: str) -> None:
        os.write(self.descriptor, keys.encode())

    def wait_for(self, words: str, patience_s: float = 60.0) -> str:
        """What has been shown since the last time, up to `words`."""
        until = time.monotonic() + patience_s
        while words not in self.seen:
            assert time.monotonic() < until, f"{words!r} is not in {self.seen!r}"
            if select.select([self.descriptor], [], [], 1.0)[0]:
                self.seen += os.read(self.descriptor, 4096).decode(errors="replace")
        shown, _, self.seen = self.seen.partition(words)
        return shown + words

    def close(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.descriptor)


@contextlib.contextmanager
def shell(desk: Path, name: str) -> Iterator[Terminal]:
    begin = {"bash": ("bash", "--norc", "--noprofile", "-i"), "zsh": ("zsh", "-f", "-i")}[name]
    terminal = Terminal(desk, *begin)
    try:
        if name == "zsh":
            terminal.type("autoload -Uz compinit; compinit -u -D\n")
        terminal.type(f'eval "$(bakeoff completion {name})"; PS1=; PS2=; echo rea""dy\n')
        terminal.wait_for("ready")
        yield terminal
    finally:
        terminal.close()


@pytest.mark.parametrize("name", ["bash", "zsh"])
def test_commands_options_devices_and_runs_are_completed_at_a_prompt(desk: Path, name: str) -> None:
    if shutil.which(name) is None:
        pytest.skip(f"no {name} on this machine; run scripts/install_test_packages.sh")
    with shell(desk, name) as terminal:
        # What the tabulator adds to what was typed.
        for typed, added in (
            ("bakeoff analy", "ze"),
            ("bakeoff report --for", "mat"),
            ("bakeoff report runs/20260202", "-upscaler"),
            ("bakeoff run x.toml -d ssh://r", "ack-5"),
            ("bakeoff run x.toml -d ssh://pi@o", "ld-board"),
            ("bakeoff report runs/mine --format csv-r", "ules"),
        ):
            terminal.type(f"{typed}\t")
            terminal.wait_for(added)
            terminal.type("\x15")  # the line is thrown away


def test_fish_completes_them_too(desk: Path) -> None:
    if shutil.which("fish") is None:
        pytest.skip("no fish on this machine; run scripts/install_test_packages.sh")
    import subprocess

    lines = ["bakeoff analy", "bakeoff report runs/2026", "bakeoff run x.toml -d ssh://", "bakeoff completion "]
    script = "bakeoff completion fish | source; " + "; ".join(f"complete -C {shlex.quote(each)}" for each in lines)
    done = subprocess.run(
        ["fish", "--no-config", "-c", script],
        cwd=desk / "desk",
        env=environment(desk),
        capture_output=True,
        check=False,
        timeout=120,
    )
    words = {line.split("\t")[0] for line in done.stdout.decode().splitlines()}
    assert words >= {
        "analyze",
        "runs/20260101-faces",
        "runs/20260202-upscaler",
        "ssh://bench-4",
        "bash",
        "zsh",
        "fish",
    }, done


def test_devices_are_those_of_the_house_and_nothing_that_a_shell_would_run(
    desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(desk / "desk")
    monkeypatch.setenv("HOME", str(desk / "home"))
    monkeypatch.setenv("ANDROID_ADB_SERVER_PORT", "1")
    monkeypatch.delenv("ADB_SERVER_SOCKET", raising=False)
    found = completers.devices("")
    assert found == ["local", "adb", "adb:*", "ssh://bench-4", "ssh://rack-5", "ssh://pi@old-board"]


def test_phones_are_those_that_a_running_adb_server_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    listed = b"R5CT30ABCDE\tdevice\n10.0.0.7:5555\tdevice\nASLEEP\toffline\n$(x)\tdevice\n"
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                assert connection.recv(64) == b"000chost:devices"
                connection.sendall(b"OKAY%04x" % len(listed) + listed)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        monkeypatch.setenv("ANDROID_ADB_SERVER_PORT", str(server.getsockname()[1]))
        monkeypatch.delenv("ADB_SERVER_SOCKET", raising=False)
        assert completers.devices("adb:") == ["adb:*", "adb:R5CT30ABCDE", "adb:10.0.0.7:5555"]
        thread.join(10)


def test_run_folders_come_first_and_other_folders_can_be_gone_into(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(desk / "desk")
    assert set(completers.run_folders("")) == {"runs/20260101-faces", "runs/20260202-upscaler", "runs/"}
    assert completers.run_folders("runs/e") == ["runs/empty/"]
    assert completers.run_folders("runs/none/x") == []
    assert completers.run_folders(str(desk / "desk" / "runs" / "20260101")) == [str(desk / "desk/runs/20260101-faces")]


def test_another_shell_is_refused() -> None:
    said = bakeoff("completion", "csh")
    assert said.exit_code == 2
    assert "invalid choice: 'csh'" in said.stderr
