"""A worker, as the conductor has it: an arm's process, its pipes and its log."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from devices.python_runner.clock import clock_ns
from devices.python_runner.contract import CLOSE_TIMEOUT_S, MESSAGE_MAX_CHARS, STDERR_TAIL_BYTES, WORKER_LOG_MAX_BYTES
from devices.python_runner.log import log, one_line
from devices.python_runner.sampler import Sampler
from devices.python_runner.signals import signal_name
from devices.python_runner.stop import StopRequests

if TYPE_CHECKING:
    from collections.abc import Sequence


class WorkerFailedError(Exception):
    """A worker raised, crashed or fell silent. `error` and `message` as in `harness.documents.records.ArmFailed`."""

    def __init__(self, error: str, message: str, gone: Sequence[str] = ()) -> None:
        super().__init__(f"{error}: {message}")
        self.error = error
        self.message = message
        self.gone = tuple(gone)
        """Other arms whose workers went with it, without a fault of theirs."""


class ArmWorker(Protocol):
    """What works for one arm: a process of its own, or a frame in a browser's tab."""

    working_pid: int
    """Process id of what infers."""

    @property
    def log_tail(self) -> str:
        """The last of what the worker wrote to stderr."""

    def request(self, do: str, *, lasts_ns: int = 0, meanwhile: Sampler | None = None, **fields: Any) -> dict[str, Any]:
        """Sends one request and waits for its answer; `lasts_ns` is how long it works when all is well.

        Raises WorkerFailedError; the worker is gone after that.
        """

    def kill(self) -> None:
        """Ends the worker at once."""

    def close(self) -> None:
        """Lets the worker end by itself, then insists."""


class WorkerProcess:
    """One arm's process. A request goes down its stdin as a JSON line, the answer comes back on its stdout."""

    def __init__(self, argv: Sequence[str], scratch: Path, stops: StopRequests, timeout_ns: int) -> None:
        self._stops = stops
        self._timeout_ns = timeout_ns
        self._buffer = b""
        self._log_seen = 0
        self._log_tail = b""
        self._working_pid: int | None = None
        # stderr goes through a file without a name: a chatty runtime can neither block on it nor wake the conductor
        # in the middle of a block.
        name = scratch / f".worker-{os.getpid()}.log"
        self._log_fd: int | None = os.open(str(name), os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC, 0o600)
        name.unlink()
        try:
            # A session of its own: a signal to the runner's process group must not look like a crash of an arm.
            self._process = subprocess.Popen(
                list(argv),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log_fd,
                bufsize=0,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            self._close_log()
            raise WorkerFailedError(type(error).__name__, one_line(f"cannot start {argv[0]}: {error}")) from error

    @property
    def pid(self) -> int:
        """Process id, also of its process group."""
        return self._process.pid

    @property
    def working_pid(self) -> int:
        """Process id of what infers: another than `pid` where a wrapper started it."""
        return self._working_pid or self.pid

    @working_pid.setter
    def working_pid(self, pid: int) -> None:
        self._working_pid = pid

    def request(self, do: str, *, lasts_ns: int = 0, meanwhile: Sampler | None = None, **fields: Any) -> dict[str, Any]:
        """Sends one request and waits for its answer; `lasts_ns` is how long it works when all is well.

        Raises WorkerFailedError; the worker is gone after that.
        """
        reply = self.exchange(do, self._timeout_ns + lasts_ns, meanwhile, **fields)
        if "error" in reply:
            failure = WorkerFailedError(one_line(reply["error"], 200), self._with_log(reply["message"]))
            self.close()
            raise failure
        return reply

    def exchange(self, do: str, waits_ns: int, meanwhile: Sampler | None = None, **fields: Any) -> dict[str, Any]:
        """Sends one request and waits so long for its answer, which may be one of an `error`.

        Raises WorkerFailedError where the process ended or did not answer; it is gone after that.
        """
        assert self._process.stdin is not None
        try:
            line = json.dumps({"do": do, **fields}).encode() + b"\n"
            while line:
                line = line[self._process.stdin.write(line) or 0 :]
            reply = self._read_reply(waits_ns, meanwhile)
        except (BrokenPipeError, EOFError):
            raise self._ended() from None
        except TimeoutError:
            self.kill()
            waited = f"no answer to {do!r} for {waits_ns / 1e9:g} s; the worker was killed"
            raise WorkerFailedError("timeout", self._with_log(waited)) from None
        self._drain_log()
        if reply.get("traceback"):
            log(reply["traceback"].rstrip())
        return reply

    def _read_reply(self, timeout_ns: int, meanwhile: Sampler | None) -> dict[str, Any]:
        assert self._process.stdout is not None
        fd = self._process.stdout.fileno()
        deadline_ns = clock_ns() + timeout_ns
        while True:
            while b"\n" in self._buffer:
                line, self._buffer = self._buffer.split(b"\n", 1)
                try:
                    reply = json.loads(line)
                except ValueError:
                    reply = None
                if isinstance(reply, dict):
                    return reply
                # A wrapper in front of the interpreter may greet on stdout before the worker has it for itself.
                log(one_line(f"not an answer from worker {self.pid}: " + line.decode("utf-8", "replace"), 300))
            left_ns = deadline_ns - clock_ns()
            if left_ns <= 0:
                raise TimeoutError
            if meanwhile is not None:
                left_ns = min(left_ns, meanwhile.left_ns())
            readable, _, _ = select.select([fd, self._stops.wakeup_fd], [], [], left_ns / 1e9)
            if self._stops.wakeup_fd in readable:
                self._stops.woken()
            if fd in readable:
                chunk = os.read(fd, 1 << 16)
                if not chunk:
                    raise EOFError
                self._buffer += chunk
            elif meanwhile is not None:
                meanwhile.take_if_due()

    def _ended(self) -> WorkerFailedError:
        """The worker closed its pipe: says how it ended."""
        try:
            code = self._process.wait(CLOSE_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.kill()
            return WorkerFailedError("exit", self._with_log("the worker closed its pipe without ending"))
        self.close()
        if code >= 0:
            return WorkerFailedError(f"exit {code}", self._with_log("the worker ended without an answer"))
        hint = " (the kernel does this where memory runs out)" if -code == signal.SIGKILL else ""
        return WorkerFailedError(signal_name(-code), self._with_log(f"the worker was ended by a signal{hint}"))

    def _drain_log(self) -> None:
        """Passes on to the runner's own stderr what the worker wrote since last time."""
        if self._log_fd is None:
            return
        news = b""
        while True:
            chunk = os.pread(self._log_fd, 1 << 16, self._log_seen)
            if not chunk:
                break
            self._log_seen += len(chunk)
            news += chunk
        if self._log_seen > WORKER_LOG_MAX_BYTES:
            os.ftruncate(self._log_fd, 0)
            self._log_seen = 0
        self._log_tail = (self._log_tail + news)[-STDERR_TAIL_BYTES:]
        with contextlib.suppress(OSError):  # a closed log is no reason to end a measurement
            sys.stderr.buffer.write(news)
            sys.stderr.buffer.flush()

    def _close_log(self) -> None:
        if self._log_fd is not None:
            self._drain_log()
            os.close(self._log_fd)
            self._log_fd = None

    def _with_log(self, message: str) -> str:
        """One line of the message and the last lines of the worker's stderr."""
        self._drain_log()
        tail = " | ".join(line.strip() for line in self._log_tail.decode("utf-8", "replace").splitlines()[-8:])
        if not tail.strip(" |"):
            return one_line(message)
        tail = one_line(tail)[-MESSAGE_MAX_CHARS // 2 :]
        return one_line(message, MESSAGE_MAX_CHARS - len(tail) - 11) + " | stderr: " + tail

    @property
    def log_tail(self) -> str:
        """The last of what the worker wrote to stderr."""
        return self._log_tail.decode("utf-8", "replace")

    def kill(self) -> None:
        """Ends the worker, and whatever it started, at once."""
        if self._process.poll() is None:
            with contextlib.suppress(OSError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.kill()
            self._process.wait()
        self._close_pipes()
        self._close_log()

    def close(self, timeout_s: float = CLOSE_TIMEOUT_S) -> None:
        """Lets the worker end by itself, then insists."""
        self._close_pipes()
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.kill()
        self._close_log()

    def _close_pipes(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None and not pipe.closed:
                with contextlib.suppress(OSError):
                    pipe.close()
