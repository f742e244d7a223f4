"""A command's output, bounded in bytes and in time."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
from typing import TYPE_CHECKING

from devices.python_runner.clock import clock_ns
from devices.python_runner.contract import CLOSE_TIMEOUT_S
from devices.python_runner.log import one_line
from devices.python_runner.signals import signal_name

if TYPE_CHECKING:
    from collections.abc import Sequence


class ProbeError(Exception):
    """Why a probe has no text."""


class CommandOutput:
    """A command's stdout, bounded in bytes and in time; its process group does not outlive it."""

    def __init__(self, argv: Sequence[str], max_bytes: int, timeout_ns: int) -> None:
        self._max_bytes = max_bytes
        self._timeout_ns = timeout_ns
        self._deadline_ns = clock_ns() + timeout_ns
        pipe, null = subprocess.PIPE, subprocess.DEVNULL
        try:
            self._process = subprocess.Popen(
                list(argv), stdin=null, stdout=pipe, stderr=pipe, bufsize=0, start_new_session=True
            )
        except (OSError, ValueError) as error:
            raise ProbeError(f"cannot start {argv[0]}: {getattr(error, 'strerror', None) or error}") from error

    def read(self) -> bytes:
        """Raises ProbeError where it takes too long, or ends otherwise than by exit code 0."""
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        try:
            with self._process.stdout as stdout, self._process.stderr as stderr:
                output, complaint = self._listen(stdout.fileno(), stderr.fileno())
        finally:
            # Before it is waited for: until then its process group cannot be someone else's.
            with contextlib.suppress(OSError):
                os.killpg(self._process.pid, signal.SIGKILL)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(CLOSE_TIMEOUT_S)
        code = self._process.returncode
        if len(output) < self._max_bytes and code != 0:
            how = f"exit {code}" if code is None or code >= 0 else signal_name(-code)
            said = one_line(complaint.decode("utf-8", "replace"))
            raise ProbeError(f"{how}: {said}" if said else how)
        return output

    def _listen(self, out: int, err: int) -> tuple[bytes, bytes]:
        """Until the command has ended or enough is read: its stdout, and the last of its stderr."""
        output, complaint = b"", b""
        open_fds = [out, err]
        while len(output) < self._max_bytes and (out in open_fds or not self._has_ended()):
            left_s = (self._deadline_ns - clock_ns()) / 1e9
            if left_s <= 0:
                raise ProbeError(f"no end within {self._timeout_ns / 1e9:g} s; the command was killed")
            # A command may close its stdout long before it ends, which no descriptor tells.
            readable, _, _ = select.select(open_fds, [], [], left_s if out in open_fds else min(left_s, 0.002))
            for fd in readable:
                chunk = os.read(fd, self._max_bytes - len(output) if fd == out else 4096)
                if not chunk:
                    open_fds.remove(fd)
                elif fd == out:
                    output += chunk
                else:
                    complaint = (complaint + chunk)[-200:]
        return output, complaint

    def _has_ended(self) -> bool:
        return os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
