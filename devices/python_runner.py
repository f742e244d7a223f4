#!/usr/bin/env python3
"""The python runner: this one file is pushed to a device and walks a plan there without a connection.

    python3 python_runner.py plan.json records.jsonl                 the conductor
    python3 python_runner.py --worker                                a worker; only the conductor starts it
    python3 python_runner.py --describe MODEL --runtime onnxruntime  a model's inputs and outputs as JSON

The *conductor* needs the standard library and Python 3.8. It walks the plan's steps in order and keeps one *worker*
process per arm, which needs numpy and the arm's runtime (Python 3.9). They speak JSON lines over pipes; exactly one
worker works at a time while every other process blocks in a read.

What is timed: `clock_ns(); runtime's own call; clock_ns()`, where the call is

- onnxruntime: `session.run(output_names, feeds)`. Outputs are allocated by it, so that is inside; they are freed
  outside.
- ai-edge-litert, tflite-runtime: `interpreter.invoke()`. Copying inputs in (`set_tensor`) and outputs out is outside.
- ai-edge-litert on a GPU: `compiled_model.run_by_index(…)` and reading every output. The call alone returns before the
  GPU is done.

Beside records.jsonl appear `outputs/` and `runner.lock`; a file `stop` beside plan.json ends the run between two
blocks, as do SIGTERM and SIGINT (a second signal does not wait for the block in flight). `stop-latency` and
`stop-energy` end that pass alone.

Exit codes: 0 the plan is done, or was stopped when asked; 2 wrong usage; 65 a plan or records file that cannot be
used; 74 records or outputs could not be written; 75 another runner is at work on these records.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import functools
import gc
import hashlib
import importlib
import io
import json
import math
import os
import platform
import re
import select
import signal
import subprocess
import sys
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, NoReturn, Protocol  # noqa: UP035 - Callable must exist on Python 3.8

if TYPE_CHECKING:
    import types
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

RUNNER_VERSION = "1"
PLAN_SCHEMA = "bakeoff.plan/1"
RECORDS_SCHEMA = "bakeoff.records/1"

EXIT_USAGE = 2
EXIT_DATA = 65
EXIT_IO = 74
EXIT_LOCKED = 75

MESSAGE_MAX_CHARS = 2000
STDERR_TAIL_BYTES = 4096
WORKER_LOG_MAX_BYTES = 1 << 20
CLOSE_TIMEOUT_S = 5.0
WARM_UP_BLOCK_MIN_INFERENCES = 3
REFERENCE_REPEATS = 3
REFERENCE_CHUNK_BYTES = 1 << 16
BUSY_SPAN_MIN_NS = 50_000_000
PAUSE_SLICE_NS = 100_000_000
NO_TREND_BELOW = 9
STOPPABLE_PASSES = ("latency", "energy")
BOUND_REASON = "the latency pass reached its bound of latency.max_ns"

clock_ns = time.monotonic_ns
"""One clock for everything: CLOCK_MONOTONIC, the same in every process of one boot."""


def suspended_ns() -> int | None:
    """What CLOCK_BOOTTIME has and CLOCK_MONOTONIC lacks: the time that the machine slept. None where it has none."""
    try:
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME) - clock_ns()
    except (AttributeError, OSError):
        return None


# --- Machine: what can be read without root -----------------------------------------------------------------------


class _OpenFile:
    """A file of /proc or /sys that is kept open and read anew each time: microseconds instead of a path look-up."""

    def __init__(self, path: Path) -> None:
        self.fd = os.open(str(path), os.O_RDONLY)

    def read(self) -> str | None:
        try:
            return os.pread(self.fd, 8192, 0).decode("utf-8", "replace")
        except OSError:
            return None


class ContextReader:
    """Snapshots of the machine's state, in the shape of `harness.documents.records.Context`; what cannot be read is
    null.
    """

    def __init__(self, root: Path = Path("/")) -> None:
        self._load = self._open(root / "proc/loadavg")
        self._memory = self._open(root / "proc/meminfo")
        self._stat = self._open(root / "proc/stat")
        self._boot_id = _read_text(root / "proc/sys/kernel/random/boot_id")
        cpus = root / "sys/devices/system/cpu"
        numbers = sorted(int(path.name[3:]) for path in cpus.glob("cpu[0-9]*") if path.name[3:].isdigit())
        frequencies = [self._open(cpus / f"cpu{number}" / "cpufreq/scaling_cur_freq") for number in numbers]
        self._frequencies = [file for file in frequencies if file is not None]
        governors = [self._open(path) for path in sorted(cpus.glob("cpufreq/policy*/scaling_governor"))]
        if not governors:
            governors = [self._open(cpus / f"cpu{number}" / "cpufreq/scaling_governor") for number in numbers]
        self._governors = [file for file in governors if file is not None]
        self._zones: dict[str, _OpenFile] = {}
        for zone in sorted((root / "sys/class/thermal").glob("thermal_zone*"), key=lambda path: (len(path.name), path)):
            kind, file = _read_text(zone / "type") or zone.name, self._open(zone / "temp")
            if file is not None:
                self._zones[kind if kind not in self._zones else f"{kind} ({zone.name})"] = file

    @staticmethod
    def _open(path: Path) -> _OpenFile | None:
        try:
            return _OpenFile(path)
        except OSError:
            return None

    def read(self) -> dict[str, Any]:
        """One snapshot; well under a millisecond."""
        load = self._load.read() if self._load else None
        memory = self._memory.read() if self._memory else None
        available = re.search(r"^MemAvailable:\s+(\d+) kB", memory or "", re.MULTILINE)
        frequencies = [_integer(file.read()) for file in self._frequencies]
        governors = sorted({text.strip() for text in (file.read() for file in self._governors) if text})
        temperatures = {kind: _integer(file.read()) for kind, file in self._zones.items()}
        busy_ticks, total_ticks = self.cpu_ticks() or (None, None)
        return {
            "monotonic_ns": clock_ns(),
            "load_1min": float(load.split()[0]) if load else None,
            # A list with holes would no longer say which CPU is which.
            "cpu_frequency_khz": frequencies if frequencies and None not in frequencies else None,
            "governor": "+".join(governors) or None,
            "temperature_celsius": {kind: value / 1000 for kind, value in temperatures.items() if value is not None},
            "boot_id": self._boot_id,
            "memory_available_bytes": int(available.group(1)) * 1024 if available else None,
            "cpu_busy_ticks": busy_ticks,
            "cpu_total_ticks": total_ticks,
            "suspended_ns": suspended_ns(),
        }

    def cpu_ticks(self) -> tuple[int, int] | None:
        """Ticks of all CPUs since boot: busy ones, and all. Guests' times are in user's and nice's (proc(5))."""
        text = self._stat.read() if self._stat else None
        matched = re.match(r"cpu +(\d+) (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)(?: (\d+))?", text or "")
        if matched is None:
            return None
        user, nice, system, idle, iowait, irq, softirq, steal = (int(ticks or 0) for ticks in matched.groups())
        busy = user + nice + system + irq + softirq + steal
        return busy, busy + idle + iowait


def _read_text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip() or None
    except OSError:
        return None


def _integer(text: str | None) -> int | None:
    try:
        return int(text) if text is not None else None
    except ValueError:
        return None


# --- Stopping -----------------------------------------------------------------------------------------------------


class StoppedError(Exception):
    """The run was asked to stop."""


class PassStoppedError(Exception):
    """One pass was asked to end; the plan goes on with the next."""

    def __init__(self, of_pass: str) -> None:
        super().__init__(of_pass)
        self.of_pass = of_pass


class StopRequests:
    """A stop file, SIGTERM or SIGINT. Signals wake `select` through `wakeup_fd`."""

    def __init__(self, stop_file: Path) -> None:
        self._stop_file = stop_file
        self._signals = 0
        self.wakeup_fd, write_fd = os.pipe()
        os.set_blocking(self.wakeup_fd, False)
        os.set_blocking(write_fd, False)
        signal.set_wakeup_fd(write_fd, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, frame: types.FrameType | None) -> None:
        self._signals += 1

    def check(self, of_pass: str | None = None) -> None:
        """Raises StoppedError where a stop was asked for, PassStoppedError where one was of this pass alone."""
        if self._signals or self._stop_file.exists():
            raise StoppedError
        if of_pass in STOPPABLE_PASSES and self._stop_file.with_name(f"{self._stop_file.name}-{of_pass}").exists():
            raise PassStoppedError(of_pass)

    def pause(self, duration_ns: int, of_pass: str) -> None:
        """Sleeps, and raises as `check` does once a stop is asked for."""
        until_ns = clock_ns() + duration_ns
        while True:
            self.check(of_pass)
            left_ns = until_ns - clock_ns()
            if left_ns <= 0:
                return
            if select.select([self.wakeup_fd], [], [], min(left_ns, PAUSE_SLICE_NS) / 1e9)[0]:
                self.woken()

    def woken(self) -> None:
        """Called when `wakeup_fd` is readable: raises StoppedError at the second signal."""
        with contextlib.suppress(BlockingIOError):
            os.read(self.wakeup_fd, 4096)
        if self._signals > 1:
            raise StoppedError


# --- Records ------------------------------------------------------------------------------------------------------


class UnusableError(Exception):
    """A plan or a records file that cannot be used, with what to do about it."""


class Journal:
    """records.jsonl: appended one whole line a write, on disk before the next step begins."""

    def __init__(self, path: Path, fd: int, past: list[dict[str, Any]]) -> None:
        self.past = past
        self.session = 1 + max((record["session"] for record in past), default=-1)
        self._path = path
        self._fd = fd
        self._next = len(past)

    @classmethod
    def open(cls, path: Path) -> Journal:
        """Reads what earlier sessions wrote and cuts off a last line that was not finished.

        Raises UnusableError where a line in the middle is damaged, OSError where the file cannot be written.
        """
        fd = os.open(str(path), os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        past, whole_bytes, total_bytes = cls._read(path)
        if whole_bytes < total_bytes:
            os.ftruncate(fd, whole_bytes)
        return cls(path, fd, past)

    @staticmethod
    def _read(path: Path) -> tuple[list[dict[str, Any]], int, int]:
        content = path.read_bytes()
        past: list[dict[str, Any]] = []
        whole_bytes, torn = 0, False
        for line in content.splitlines(keepends=True):
            record = _parse_record(line)
            if record is None:
                torn = True  # a power loss may leave more than one torn line, and nothing whole after them
                continue
            if torn or record["n"] != len(past):
                raise UnusableError(
                    f"{path} is damaged after record {len(past) - 1}: a line is missing or unreadable and whole ones "
                    "follow it. Keep the file aside and start this run again."
                )
            past.append(record)
            whole_bytes += len(line)
        return past, whole_bytes, len(content)

    def write(self, record: str, **fields: Any) -> dict[str, Any]:
        """Appends one record. Raises OSError where the disk does not take it."""
        whole = {"record": record, "n": self._next, "session": self.session, "monotonic_ns": clock_ns(), **fields}
        line = json.dumps(whole, separators=(",", ":"), allow_nan=False).encode("ascii") + b"\n"
        written = os.write(self._fd, line)
        if written != len(line):  # a full disk; the torn line is cut off by the next session
            raise OSError(f"only {written} of {len(line)} bytes of a record went to {self._path}: is the disk full?")
        os.fsync(self._fd)
        self._next += 1
        return whole


def _parse_record(line: bytes) -> dict[str, Any] | None:
    """A whole record; null for a line that was not finished."""
    try:
        record = json.loads(line) if line.endswith(b"\n") else None
    except ValueError:
        return None
    if isinstance(record, dict) and isinstance(record.get("n"), int) and isinstance(record.get("session"), int):
        return record
    return None


# --- Workers, seen from the conductor -----------------------------------------------------------------------------


class OutputNotWrittenError(OSError):
    """The disk did not take an output of a model. That is no failure of the arm."""


class WorkerFailedError(Exception):
    """A worker raised, crashed or fell silent. `error` and `message` as in `harness.documents.records.ArmFailed`."""

    def __init__(self, error: str, message: str) -> None:
        super().__init__(f"{error}: {message}")
        self.error = error
        self.message = message


class Worker:
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
        assert self._process.stdin is not None
        timeout_ns = self._timeout_ns + lasts_ns
        try:
            line = json.dumps({"do": do, **fields}).encode() + b"\n"
            while line:
                line = line[self._process.stdin.write(line) or 0 :]
            reply = self._read_reply(timeout_ns, meanwhile)
        except (BrokenPipeError, EOFError):
            raise self._ended() from None
        except TimeoutError:
            self.kill()
            waited = f"no answer to {do!r} for {timeout_ns / 1e9:g} s; the worker was killed"
            raise WorkerFailedError("timeout", self._with_log(waited)) from None
        self._drain_log()
        if "error" in reply:
            if reply.get("traceback"):
                log(reply["traceback"].rstrip())
            failure = WorkerFailedError(one_line(reply["error"], 200), self._with_log(reply["message"]))
            self.close()
            raise failure
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
        return WorkerFailedError(_signal_name(-code), self._with_log(f"the worker was ended by a signal{hint}"))

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

    def close(self) -> None:
        """Lets the worker end by itself, then insists."""
        self._close_pipes()
        try:
            self._process.wait(CLOSE_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.kill()
        self._close_log()

    def _close_pipes(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None and not pipe.closed:
                with contextlib.suppress(OSError):
                    pipe.close()


def _signal_name(number: int) -> str:
    try:
        return f"signal {number} ({signal.Signals(number).name})"
    except ValueError:
        return f"signal {number}"


def one_line(text: str, max_chars: int = MESSAGE_MAX_CHARS) -> str:
    """The text in one line of at most `max_chars` characters."""
    line = " ".join(text.split())
    return line if len(line) <= max_chars else line[: max(0, max_chars - 1)] + "…"


def log(text: str) -> None:
    """To the runner's log, which is its stderr."""
    with contextlib.suppress(OSError):
        sys.stderr.write(f"[runner] {text}\n")
        sys.stderr.flush()


# --- Probes -------------------------------------------------------------------------------------------------------


class ProbeError(Exception):
    """Why a probe has no text."""


class Probes:
    """The plan's probes, read raw. Whatever goes wrong with one is said in its reading and ends nothing."""

    def __init__(self, probes: Sequence[dict[str, Any]]) -> None:
        self._probes = {probe["id"]: probe for probe in probes}

    def read(self, name: str, worker: Worker | None) -> dict[str, Any]:
        """One look, in the shape of `harness.documents.records.Reading`."""
        probe = self._probes[name]
        text: str | None = None
        error: str | None = None
        begun_ns = clock_ns()
        try:
            content = self._content(probe, worker)
            text = content[: probe["max_bytes"]].decode("utf-8", "replace")
        except ProbeError as failure:
            error = one_line(str(failure), 300)
        took_ns = clock_ns() - begun_ns
        return {"probe": name, "monotonic_ns": begun_ns, "took_ns": took_ns, "text": text, "error": error}

    @staticmethod
    def _content(probe: dict[str, Any], worker: Worker | None) -> bytes:
        if probe["kind"] == "file":
            return _small_file(probe["path"], probe["max_bytes"])
        if probe["kind"] != "command":
            raise ProbeError(f"runner version {RUNNER_VERSION} knows no probes of kind {probe['kind']}")
        argv = list(probe["argv"])
        if "{pid}" in argv:
            if worker is None:
                raise ProbeError("there is no worker whose process id could stand for {pid} here")
            argv = [str(worker.working_pid) if word == "{pid}" else word for word in argv]
        return _CommandOutput(argv, probe["max_bytes"], probe["timeout_ns"]).read()


def _small_file(path: str, max_bytes: int) -> bytes:
    """Up to `max_bytes` of a file. Raises ProbeError."""
    content = b""
    try:
        # What is no plain file (a pipe, a device) must not be waited for.
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
        try:
            while len(content) < max_bytes:
                chunk = os.read(fd, max_bytes - len(content))
                if not chunk:
                    break
                content += chunk
        finally:
            os.close(fd)
    except (OSError, ValueError) as error:
        raise ProbeError(f"{path}: {getattr(error, 'strerror', None) or error}") from error
    return content


class _CommandOutput:
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
            how = f"exit {code}" if code is None or code >= 0 else _signal_name(-code)
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


class Sampler:
    """Does something every so often while something else is waited for. Moments that were missed are not made up."""

    def __init__(self, take: Callable[[], None], every_ns: int) -> None:
        self._take = take
        self._every_ns = every_ns
        self._due_ns = clock_ns() + every_ns

    def left_ns(self) -> int:
        """Until it is due again; 0 where it is."""
        return max(0, self._due_ns - clock_ns())

    def take_if_due(self) -> None:
        """Takes one where it is due."""
        if clock_ns() >= self._due_ns:
            self._take()
            self._due_ns += self._every_ns * max(1, 1 + (clock_ns() - self._due_ns) // self._every_ns)


# --- Gates --------------------------------------------------------------------------------------------------------


class Gate:
    """What is looked at before each block of one pass, and waited for within its bounds."""

    def __init__(
        self, of_pass: str, options: dict[str, Any], probes: Probes, machine: ContextReader, stops: StopRequests
    ) -> None:
        self._of_pass = of_pass
        self._options = options
        self._probes = probes
        self._machine = machine
        self._stops = stops
        self._first: dict[str, float | str] = {}
        own_ns = {each["id"]: each.get("max_wait_ns") for each in options.get("conditions", [])}
        # By condition that has bounds of its own; of all others, and of the load, those of the gate under "".
        self._max_wait_ns: dict[str, int] = {name: most for name, most in own_ns.items() if most is not None}
        self._budget_ns = {name: 2 * most for name, most in self._max_wait_ns.items()}
        self._max_wait_ns[""] = options.get("max_wait_ns", 0)
        self._budget_ns[""] = options.get("budget_ns", 0)

    def settle(
        self, duration_ns: int, worker: Worker | None, on_wait: Callable[[dict[str, Any]], None]
    ) -> dict[str, Any]:
        """Pauses, looks, waits; returns the outcome in the shape of `harness.documents.records.GateOutcome`.

        `on_wait` gets the first look where it is going to be waited. Raises StoppedError and PassStoppedError.
        """
        look = self._look(self._pause(duration_ns), worker)
        waited_ns = 0
        left_ns = {name: min(most, self._budget_ns[name]) for name, most in self._max_wait_ns.items()}
        waited_for = self._waited_for(look["failed"], left_ns)
        if waited_for:
            on_wait(look)
        while waited_for:
            begun_ns = clock_ns()
            most_ns = max(left_ns[name] for name in waited_for)
            look = self._look(self._pause(min(self._options["poll_ns"], most_ns)), worker)
            took_ns = clock_ns() - begun_ns
            waited_ns += took_ns
            for name in waited_for:
                left_ns[name] -= took_ns
                self._budget_ns[name] -= took_ns
            waited_for = self._waited_for(look["failed"], left_ns)
        return {"waited_ns": waited_ns, **look}

    def _waited_for(self, failed: list[str], left_ns: dict[str, int]) -> list[str]:
        """Whose bounds a wait counts to: those of conditions with bounds of their own first, then the gate's."""
        own = [name for name in failed if left_ns.get(name, 0) > 0]
        if own:
            return own
        return [""] if left_ns[""] > 0 and any(name not in left_ns for name in failed) else []

    def _pause(self, duration_ns: int) -> float | None:
        """Sleeps; the cores that others kept busy over that time, where they have a bound and can be counted."""
        if self._options.get("others_busy_cores_at_most") is None:
            self._stops.pause(duration_ns, self._of_pass)
            return None
        before = self._machine.cpu_ticks()
        self._stops.pause(max(duration_ns, BUSY_SPAN_MIN_NS), self._of_pass)
        after = self._machine.cpu_ticks()
        if before is None or after is None or after[1] <= before[1]:
            return None
        return (after[0] - before[0]) / (after[1] - before[1]) * (os.cpu_count() or 1)

    def _look(self, busy_cores: float | None, worker: Worker | None) -> dict[str, Any]:
        values: dict[str, float | str | None] = {}
        failed: list[str] = []
        texts: dict[str, str | None] = {}
        for condition in self._options.get("conditions", []):
            name, probe = condition["id"], condition["probe"]
            if probe not in texts:
                texts[probe] = self._probes.read(probe, worker)["text"]
            values[name] = value = gate_value(condition, texts[probe])
            if value is not None and not gate_holds(condition, value, self._first.setdefault(name, value)):
                failed.append(name)
        at_most = self._options.get("others_busy_cores_at_most")
        if at_most is not None:
            values["others_busy_cores"] = busy_cores
            if busy_cores is not None and busy_cores > at_most:
                failed.append("others_busy_cores")
        return {"values": values, "failed": failed}


_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_WORD = re.compile(r"[^ \t\n\r\v\f]+")


def gate_value(condition: dict[str, Any], text: str | None) -> float | str | None:
    """What a condition speaks of, out of its probe's text; None where it cannot be read."""
    after = condition.get("after", "")
    if text is None or after not in text:
        return None
    rest = text[text.index(after) + len(after) :].lstrip(" \t")
    if all(condition.get(bound) is None for bound in ("at_most", "at_least", "rise_at_most")):
        word = _WORD.match(rest)
        return word.group() if word else None
    number = _NUMBER.match(rest)
    value = float(number.group()) * condition.get("scale", 1.0) if number else math.nan
    return value if math.isfinite(value) else None


def gate_holds(condition: dict[str, Any], value: float | str, first: float | str) -> bool:
    """Whether a value is within the condition's bound; `first` is the first one of the session."""
    if isinstance(value, str) or isinstance(first, str):
        return value not in condition.get("none_of", ()) and (not condition.get("same_as_first") or value == first)
    bounds = ((condition.get("at_most"), value), (condition.get("rise_at_most"), value - first))
    at_least = condition.get("at_least")
    return all(most is None or found <= most for most, found in bounds) and (at_least is None or value >= at_least)


# --- Fixed work ---------------------------------------------------------------------------------------------------


_REFERENCE_CHUNK = bytes(REFERENCE_CHUNK_BYTES)


def reference_work(size_bytes: int) -> tuple[list[int], list[int]]:
    """SHA-256 over so many bytes, a few times: durations and this thread's CPU times, in nanoseconds.

    Where CPU times grow, the device slows down; where durations alone do, other programs take the core.
    """
    durations_ns, cpu_ns = [], []
    for _ in range(REFERENCE_REPEATS):
        digest = hashlib.sha256()
        begun_ns, cpu_begun_ns = clock_ns(), time.thread_time_ns()
        for _ in range(size_bytes // REFERENCE_CHUNK_BYTES):
            digest.update(_REFERENCE_CHUNK)
        digest.update(_REFERENCE_CHUNK[: size_bytes % REFERENCE_CHUNK_BYTES])
        digest.digest()
        cpu_ns.append(time.thread_time_ns() - cpu_begun_ns)
        durations_ns.append(clock_ns() - begun_ns)
    return durations_ns, cpu_ns


def calibrated_reference_bytes(target_ns: int) -> int:
    """The size with which the fixed work takes about this long now: a multiple of the chunk."""
    size_bytes = REFERENCE_CHUNK_BYTES
    while True:
        took_ns = max(1, min(reference_work(size_bytes)[0]))
        if took_ns * 4 >= target_ns or size_bytes >= 1 << 40:
            return max(1, round(size_bytes / REFERENCE_CHUNK_BYTES * target_ns / took_ns)) * REFERENCE_CHUNK_BYTES
        size_bytes *= 4


# --- The conductor ------------------------------------------------------------------------------------------------


PASS_OF_KIND = {"warm_up": "latency", "latency_pair": "latency", "energy": "energy"}
"""Kinds of steps that belong to a pass which may be ended alone."""


class ArmFailedError(Exception):
    """An arm failed and that is on record."""


class Conductor:
    """Walks a plan's steps in order, from where an earlier session ended."""

    def __init__(self, plan: dict[str, Any], journal: Journal, folder: Path, stops: StopRequests) -> None:
        self._plan = plan
        self._journal = journal
        self._folder = folder
        self._stops = stops
        self._context = ContextReader()
        self._arms: dict[str, dict[str, Any]] = {arm["id"]: arm for arm in plan["arms"]}
        self._items: dict[str, dict[str, Any]] = {item["id"]: item for item in plan["items"]}
        self._steps: list[dict[str, Any]] = plan["steps"]
        self._options: dict[str, Any] = plan["latency"]
        self._energy_options: dict[str, Any] = plan.get("energy", {})
        self._probes = Probes(plan.get("probes", []))
        self._gates = {
            of_pass: Gate(of_pass, gates, self._probes, self._context, stops)
            for of_pass, gates in plan.get("gates", {}).items()
        }
        self._workers: dict[str, Worker] = {}
        self._bound_items: dict[str, str] = {}
        self._progress = Progress(journal.past)
        self._block_inferences: int = self._options["block_min_inferences"]
        self._latency_begun_ns: int | None = None

    def run(self) -> None:
        """Walks the plan to its end, to a stop, or to its bound."""
        system = os.uname()
        self._journal.write(
            "runner_started",
            schema=RECORDS_SCHEMA,
            runner="python",
            runner_version=RUNNER_VERSION,
            wall_time=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            pid=os.getpid(),
            machine=system.machine,
            system=f"{system.sysname} {system.release}",
            context=self._context.read(),
        )
        log(f"session {self._journal.session} of plan {self._plan['run_id']}, {len(self._steps)} steps")
        reason = "complete"
        try:
            for index, step in enumerate(self._steps):
                if not self._is_done(index):
                    self._do_or_stop_pass(index, step)
            if self._progress.bound_hit:
                reason = "bound"
        except StoppedError:
            reason = "stopped"
        finally:
            self._close_workers(at_once=reason == "stopped")
        self._journal.write("runner_finished", reason=reason, context=self._context.read())
        log(f"finished: {reason}")

    def _do_or_stop_pass(self, index: int, step: dict[str, Any]) -> None:
        try:
            self._stops.check(PASS_OF_KIND.get(step["kind"]))
            self._do(step)
        except PassStoppedError as stop:
            # A warm-up that is only made anew has been done.
            undone = (
                step
                for index, step in enumerate(self._steps[index:], index)
                if PASS_OF_KIND.get(step["kind"]) == stop.of_pass
                and not self._is_done(index)
                and step["step"] not in self._progress.block_inferences
            )
            self._journal.write("pass_stopped", step=next(undone, step)["step"], of_pass=stop.of_pass)
            self._progress.passes_stopped.add(stop.of_pass)

    def _do(self, step: dict[str, Any]) -> None:
        kinds: dict[str, Callable[[dict[str, Any]], None]] = {
            "quality": self._quality,
            "memory": self._memory,
            "warm_up": self._warm_up,
            "latency_pair": self._latency_pair,
            "energy": self._energy,
            "soak": self._soak,
        }
        do = kinds.get(step["kind"])
        if do is None:
            self._skip(
                step, f"runner version {RUNNER_VERSION} knows no steps of kind {one_line(str(step['kind']), 60)}"
            )
            return
        arm = step.get("arm")
        if arm in self._progress.failed:
            self._skip(step, f"arm {arm} failed before: {self._progress.failed[arm]}")
            return
        # An arm's failure is on record already; what is left to do is to say that the step has no result.
        try:
            do(step)
        except ArmFailedError as failure:
            self._skip(step, f"arm {arm} failed in this step: {failure}")

    def _is_done(self, index: int) -> bool:
        """Whether earlier sessions, or this one, left nothing to do in this step."""
        step = self._steps[index]
        if PASS_OF_KIND.get(step["kind"]) in self._progress.passes_stopped:
            return True
        if step["kind"] == "warm_up":
            # Warmth does not outlive a process, so it is made anew wherever pairs remain that lean on it.
            pairs = self._pairs_after(index)
            remaining = any(not self._is_done(pair) for pair in pairs)
            fixed = self._progress.block_inferences.get(step["step"])
            if not remaining and fixed is not None:
                return True
            return step["step"] in self._progress.done
        if step["kind"] == "latency_pair" and step["step"] not in self._progress.done:
            live = {arm for arm in step["order"] if arm not in self._progress.failed}
            return bool(live) and self._progress.has_whole_pair(step["step"], live)
        if step["kind"] == "soak" and self._progress.soaked(step["step"]).elapsed_ns >= step["duration_ns"]:
            return True
        return step["step"] in self._progress.done

    def _pairs_after(self, warm_up_index: int) -> Iterator[int]:
        for index in range(warm_up_index + 1, len(self._steps)):
            kind = self._steps[index]["kind"]
            if kind == "warm_up":
                return
            if kind == "latency_pair":
                yield index

    def _skip(self, step: dict[str, Any], reason: str) -> None:
        self._journal.write("step_skipped", step=step["step"], reason=reason)
        self._progress.done.add(step["step"])

    # Passes

    def _quality(self, step: dict[str, Any]) -> None:
        arm, item = step["arm"], step["item"]
        worker = self._ready_worker(arm, step, "quality")
        self._bind(worker, arm, item, step, "quality")
        # Absolute paths go down the pipe: a worker may have been started in another folder.
        reply = self._ask(worker, arm, step, "quality", "keep", folder=str(self._folder), arm=arm, item=item)
        self._journal.write(
            "quality_output", step=step["step"], arm=arm, item=item, **_picked(reply, "outputs", "latency_ns")
        )

    def _memory(self, step: dict[str, Any]) -> None:
        self._close_workers()
        gate = self._settle(step, "memory", 0, None)
        arm, stage = step["arm"], "memory"
        worker = self._start_worker(arm, step)
        try:
            before = self._ask(worker, arm, step, stage, "memory")
            loaded = self._load(worker, arm, step)
            at_load = self._ask(worker, arm, step, stage, "memory")
            self._bind(worker, arm, step["item"], step, stage)
            first = self._ask(worker, arm, step, stage, "block", lead_in=0, count=1)
            reset = self._ask(worker, arm, step, stage, "reset_peak")
            self._ask(worker, arm, step, stage, "block", lead_in=0, count=step["inferences"])
            after = self._ask(worker, arm, step, stage, "memory")
            readings = [self._probes.read(probe, worker) for probe in self._plan.get("memory_probes", [])]
        finally:
            self._close_workers()
        notes = [note for reply in (before, at_load, reset, after) for note in reply["notes"]]
        self._journal.write(
            "memory",
            step=step["step"],
            arm=arm,
            repeat=step["repeat"],
            before_load_rss_bytes=before["rss_bytes"],
            load_ns=loaded["load_ns"],
            load_peak_rss_bytes=at_load["peak_rss_bytes"],
            first_inference_ns=first["latency_ns"][0],
            run_peak_rss_bytes=after["peak_rss_bytes"] if reset["reset"] else None,
            pss_bytes=after["pss_bytes"],
            inferences=step["inferences"],
            steady_rss_bytes=after["rss_bytes"],
            readings=readings,
            gate=gate,
            notes=sorted(set(notes)),
        )

    def _warm_up(self, step: dict[str, Any]) -> None:
        """Blocks in turn for every arm until each arm's medians agree or show no trend, within bounds."""
        fixed = self._progress.block_inferences.get(step["step"])
        if self._bound_reached():
            if fixed is None:
                self._skip(step, BOUND_REASON)
            return
        options = self._options
        medians: dict[str, list[float]] = {}
        settled: dict[str, bool] = {}
        for index in range(options["warm_up_max_blocks"]):
            for arm in [arm for arm in step["arms"] if arm not in self._progress.failed]:
                self._stops.check("latency")
                try:
                    median_ns = self._warm_up_block(step, arm, index)
                except ArmFailedError:
                    continue
                medians.setdefault(arm, []).append(median_ns)
            for arm in list(medians):
                if arm in self._progress.failed:
                    del medians[arm]
            settled = {arm: _is_settled(values, options["warm_up_tolerance"]) for arm, values in medians.items()}
            if index + 1 >= options["warm_up_min_blocks"] and all(settled.values()):
                break
        if not medians:
            self._skip(step, "every arm of it failed")
            return
        if fixed is None:
            slowest_ns = max(_median(values[-3:]) for values in medians.values())
            wanted = round(options["block_target_ns"] / max(1.0, slowest_ns))
            fixed = max(options["block_min_inferences"], min(options["block_max_inferences"], wanted))
        self._block_inferences = fixed
        self._progress.block_inferences[step["step"]] = fixed
        if self._progress.reference_bytes is None and options.get("reference_target_ns", 0) > 0:
            self._progress.reference_bytes = calibrated_reference_bytes(options["reference_target_ns"])
        notes = [
            f"arm {arm}: block medians still moved by more than {options['warm_up_tolerance']:g}, and not without a "
            f"trend, after {len(medians[arm])} warm-up blocks"
            for arm, is_settled in settled.items()
            if not is_settled
        ]
        self._journal.write(
            "warm_up_done",
            step=step["step"],
            settled=settled,
            block_inferences=fixed,
            reference_bytes=self._progress.reference_bytes,
            notes=notes,
        )

    def _warm_up_block(self, step: dict[str, Any], arm: str, index: int) -> float:
        options, stage = self._options, "warm_up"
        worker = self._ready_worker(arm, step, stage)
        self._bind(worker, arm, step["item"], step, stage)
        time.sleep(options["settle_ns"] / 1e9)
        reply = self._ask(
            worker,
            arm,
            step,
            stage,
            "block",
            lead_in=0,
            count=max(WARM_UP_BLOCK_MIN_INFERENCES, options["block_max_inferences"]),
            budget_ns=options["block_target_ns"] // 2,
        )
        latency_ns: list[int] = reply["latency_ns"]
        self._journal.write("warm_up_block", step=step["step"], arm=arm, index=index, latency_ns=latency_ns)
        return _median(latency_ns)

    def _latency_pair(self, step: dict[str, Any]) -> None:
        if self._bound_reached():
            self._skip(step, BOUND_REASON)
            self._progress.bound_hit = True
            return
        position = 0
        for arm in step["order"]:
            if arm in self._progress.failed:
                continue
            self._stops.check("latency")
            try:
                self._latency_block(step, arm, position)
            except ArmFailedError:
                continue
            position += 1
        if position == 0:
            self._skip(step, "every arm of it failed: " + "; ".join(sorted(self._progress.failed.values())))

    def _latency_block(self, step: dict[str, Any], arm: str, position: int) -> None:
        options, stage = self._options, "latency"
        worker = self._ready_worker(arm, step, stage)
        self._bind(worker, arm, step["item"], step, stage)
        gate = self._settle(step, "latency", options["settle_ns"], worker)
        reference = self._reference()
        before = self._context.read()
        lead_in, count = options["lead_in_inferences"], self._block_inferences
        reply = self._ask(worker, arm, step, stage, "block", lead_in=lead_in, count=count)
        self._journal.write(
            "latency_block",
            step=step["step"],
            pair=step["pair"],
            position=position,
            arm=arm,
            item=step["item"],
            before=before,
            after=self._context.read(),
            gate=gate,
            **reference,
            **_picked(reply, "started_ns", "ended_ns", "lead_in_ns", "latency_ns", "cpu_ns"),
        )

    def _bound_reached(self) -> bool:
        """Whether the latency pass, over all sessions, has used up its time; its clock starts at the first call."""
        if self._latency_begun_ns is None:
            self._latency_begun_ns = clock_ns()
        elapsed_ns = self._progress.latency_elapsed_ns + clock_ns() - self._latency_begun_ns
        return bool(elapsed_ns >= self._options["max_ns"])

    def _reference(self) -> dict[str, list[int]]:
        size_bytes = self._progress.reference_bytes
        durations_ns, cpu_ns = reference_work(size_bytes) if size_bytes is not None else ([], [])
        return {"reference_ns": durations_ns, "reference_cpu_ns": cpu_ns}

    def _settle(
        self, step: dict[str, Any], of_pass: str, duration_ns: int, worker: Worker | None
    ) -> dict[str, Any] | None:
        """The pause before a block, and its gate where the pass has one."""
        gate = self._gates.get(of_pass)
        if gate is None:
            time.sleep(duration_ns / 1e9)
            return None
        on_wait = functools.partial(self._on_gate_wait, step, of_pass)
        return gate.settle(duration_ns, worker, on_wait)

    def _on_gate_wait(self, step: dict[str, Any], of_pass: str, look: dict[str, Any]) -> None:
        log(f"waiting before step {step['step']} for {', '.join(look['failed'])}")
        self._journal.write("gate_waiting", step=step["step"], of_pass=of_pass, **look)

    def _energy(self, step: dict[str, Any]) -> None:
        arm, stage = step["arm"], "energy"
        if not self._load_energy_arms(step):
            self._skip(step, "every arm of it failed: " + "; ".join(sorted(self._progress.failed.values())))
            return
        if arm in self._progress.failed:
            raise ArmFailedError(self._progress.failed[arm])
        worker = None
        if arm is not None:
            worker = self._ready_worker(arm, step, stage)
            self._bind(worker, arm, step["item"], step, stage)
        gate = self._settle(step, "energy", self._options["settle_ns"], worker)
        options = self._energy_options
        boundary, sampled = options.get("boundary_probes", []), options.get("sampled_probes", [])
        readings: list[dict[str, Any]] = []

        def read(*probes: str) -> None:
            readings.extend(self._probes.read(probe, worker) for probe in probes)

        if options.get("lead_in_ns", 0) > 0:
            self._spend(step, worker, options["lead_in_ns"], None)
        before = self._context.read()
        at_ends = [probe for probe in sampled if probe not in boundary]
        read(*boundary, *at_ends)
        sampler = Sampler(functools.partial(read, *sampled), options["sample_every_ns"]) if sampled else None
        spent = self._spend(step, worker, step["duration_ns"], sampler)
        read(*at_ends, *boundary)
        self._journal.write(
            "energy_block",
            **_picked(step, "step", "cycle", "position", "arm", "item"),
            **_picked(spent, "started_ns", "ended_ns", "wall_started_ns", "wall_ended_ns", "inferences"),
            readings=readings,
            before=before,
            after=self._context.read(),
            gate=gate,
        )

    def _load_energy_arms(self, step: dict[str, Any]) -> bool:
        """Has every arm of the pass loaded, so that idling and working begin in the same state; False if none can."""
        items = {other["arm"]: other["item"] for other in reversed(self._steps) if other["kind"] == "energy"}
        items.pop(None, None)
        for arm, item in sorted(items.items()):
            if arm not in self._progress.failed and arm not in self._bound_items:
                with contextlib.suppress(ArmFailedError):  # on record; the others go on
                    self._bind(self._ready_worker(arm, step, "energy"), arm, item, step, "energy")
        return not items or not set(items) <= set(self._progress.failed)

    def _spend(
        self, step: dict[str, Any], worker: Worker | None, duration_ns: int, sampler: Sampler | None
    ) -> dict[str, Any]:
        """Works, or without a worker idles, for a time: inferences, and start and end by both clocks."""
        if worker is not None:
            return self._ask(
                worker,
                step["arm"],
                step,
                "energy",
                "infer_for",
                duration_ns=duration_ns,
                lasts_ns=duration_ns,
                meanwhile=sampler,
            )
        wall_started_ns, started_ns = time.time_ns(), clock_ns()
        left_ns = duration_ns
        while left_ns > 0:
            if sampler is not None:
                left_ns = min(left_ns, sampler.left_ns())
            if select.select([self._stops.wakeup_fd], [], [], left_ns / 1e9)[0]:
                self._stops.woken()
            if sampler is not None:
                sampler.take_if_due()
            left_ns = started_ns + duration_ns - clock_ns()
        return {
            "inferences": 0,
            "started_ns": started_ns,
            "ended_ns": clock_ns(),
            "wall_started_ns": wall_started_ns,
            "wall_ended_ns": time.time_ns(),
        }

    def _soak(self, step: dict[str, Any]) -> None:
        self._close_workers()
        arm, stage = step["arm"], "soak"
        worker = self._start_worker(arm, step)
        self._load(worker, arm, step)
        self._bind(worker, arm, step["item"], step, stage)
        soaked = self._progress.soaked(step["step"])
        while soaked.elapsed_ns < step["duration_ns"]:
            self._stops.check()
            reference = self._reference()
            window_ns = step["window_ns"]
            reply = self._ask(worker, arm, step, stage, "soak", window_ns=window_ns, lasts_ns=window_ns)
            readings = [self._probes.read(probe, worker) for probe in self._plan.get("soak_probes", [])]
            self._journal.write(
                "soak_window",
                step=step["step"],
                arm=arm,
                index=soaked.windows,
                **reply,
                **reference,
                readings=readings,
                context=self._context.read(),
            )
            soaked.add(reply)
        self._close_workers()

    # Workers

    def _ready_worker(self, arm: str, step: dict[str, Any], stage: str) -> Worker:
        worker = self._workers.get(arm)
        if worker is None:
            worker = self._start_worker(arm, step)
            self._load(worker, arm, step)
        return worker

    def _start_worker(self, arm: str, step: dict[str, Any]) -> Worker:
        plan_arm = self._arms[arm]
        argv = [*plan_arm["worker"], str(Path(__file__).resolve()), "--worker"]
        try:
            worker = Worker(argv, self._folder, self._stops, self._plan["step_timeout_ns"])
        except WorkerFailedError as failure:
            raise self._failed(arm, step, "start", failure) from None
        self._workers[arm] = worker
        start = _picked(plan_arm, "runtime", "threads", "accelerator")
        options, cores = plan_arm.get("accelerator_options", {}), plan_arm.get("cores")
        self._ask(worker, arm, step, "start", "start", **start, options=options, cores=cores)
        return worker

    def _load(self, worker: Worker, arm: str, step: dict[str, Any]) -> dict[str, Any]:
        plan_arm = self._arms[arm]
        shapes = plan_arm.get("input_shapes", {})
        reply = self._ask(worker, arm, step, "load", "load", model=plan_arm["model"], input_shapes=shapes)
        loaded: dict[str, Any] = reply["loaded"]
        worker.working_pid = loaded["pid"]
        notes = list(loaded.pop("notes"))
        asked, got = plan_arm["runtime_version"], loaded["runtime_version"]
        if asked != got:
            notes.append(f"asked for {plan_arm['runtime']} {asked}, and the runtime says it is {got}")
        said = re.findall(r"Replacing (\d+) out of (\d+) node\(s\) with delegate", worker.log_tail)
        if said and loaded["accelerator"] == "cpu":
            loaded["delegated_nodes"], loaded["total_nodes"] = int(said[-1][0]), int(said[-1][1])
        self._journal.write("arm_loaded", arm=arm, **loaded, notes=notes)
        return loaded

    def _bind(self, worker: Worker, arm: str, item: str, step: dict[str, Any], stage: str) -> None:
        if self._bound_items.get(arm) == item:
            return
        files = self._items[item]["inputs"].get(arm)
        if files is None:
            failure = WorkerFailedError("ValueError", f"the plan has no inputs of item {item} for arm {arm}")
            raise self._failed(arm, step, stage, failure)
        self._ask(worker, arm, step, stage, "bind", files=files)
        self._bound_items[arm] = item

    def _ask(
        self, worker: Worker, arm_id: str, at_step: dict[str, Any], at_stage: str, do: str, **fields: Any
    ) -> dict[str, Any]:
        """`Worker.request`, with its failure put on record."""
        try:
            return worker.request(do, **fields)
        except WorkerFailedError as failure:
            raise self._failed(arm_id, at_step, at_stage, failure) from None

    def _failed(self, arm: str, step: dict[str, Any], stage: str, failure: WorkerFailedError) -> ArmFailedError:
        """Puts the failure of an arm on record. It is final for this plan: a model that crashes would crash again.

        Raises OSError where it was the disk that failed: this session ends, and another one does the step again.
        """
        if failure.error == OutputNotWrittenError.__name__:
            raise OSError(failure.message)
        log(f"arm {arm} failed at {stage}: {failure}")
        self._workers.pop(arm, None)
        self._bound_items.pop(arm, None)
        self._journal.write(
            "arm_failed", arm=arm, step=step["step"], stage=stage, error=failure.error, message=failure.message
        )
        self._progress.failed[arm] = one_line(str(failure), 300)
        return ArmFailedError(one_line(str(failure), 300))

    def _close_workers(self, *, at_once: bool = False) -> None:
        for worker in self._workers.values():
            if at_once:
                worker.kill()
            else:
                worker.close()
        self._workers.clear()
        self._bound_items.clear()


class Soaked:
    """How far a soak has come, over all sessions."""

    def __init__(self) -> None:
        self.windows = 0
        self.elapsed_ns = 0

    def add(self, window: dict[str, Any]) -> None:
        """Counts one more window."""
        self.windows += 1
        self.elapsed_ns += window["ended_ns"] - window["started_ns"]


class Progress:
    """What records say is done."""

    def __init__(self, past: list[dict[str, Any]]) -> None:
        self.done: set[int] = set()
        self.failed: dict[str, str] = {}
        self.block_inferences: dict[int, int] = {}
        self.reference_bytes: int | None = None
        self.passes_stopped: set[str] = set()
        self.bound_hit = False
        self.latency_elapsed_ns = 0
        self._blocks: dict[tuple[int, int], set[str]] = {}
        self._soaks: dict[int, Soaked] = {}
        spans: dict[int, tuple[int, int]] = {}
        for record in past:
            kind, step, session = record["record"], record.get("step"), record["session"]
            if kind in ("quality_output", "memory", "energy_block", "step_skipped"):
                self.done.add(record["step"])
                self.bound_hit = self.bound_hit or record.get("reason") == BOUND_REASON
            elif kind == "arm_failed":
                self.failed[record["arm"]] = one_line(f"{record['error']}: {record['message']}", 300)
            elif kind == "warm_up_done":
                self.block_inferences.setdefault(record["step"], record["block_inferences"])
                self.reference_bytes = self.reference_bytes or record.get("reference_bytes")
            elif kind == "soak_window":
                self.soaked(record["step"]).add(record)
            elif kind == "pass_stopped":
                self.passes_stopped.add(record["of_pass"])
            elif kind == "latency_block":
                self._blocks.setdefault((record["step"], session), set()).add(record["arm"])
            if kind in ("warm_up_block", "warm_up_done", "latency_block") and step is not None:
                begun, _ = spans.get(session, (record["monotonic_ns"], 0))
                spans[session] = (begun, record["monotonic_ns"])
        self.latency_elapsed_ns = sum(ended - begun for begun, ended in spans.values())

    def soaked(self, step: int) -> Soaked:
        """How far the soak of this step has come."""
        return self._soaks.setdefault(step, Soaked())

    def has_whole_pair(self, step: int, arms: set[str]) -> bool:
        """Whether one session has a block of every one of these arms."""
        return any(arms <= measured for (of_step, _), measured in self._blocks.items() if of_step == step)


def _picked(source: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: source[name] for name in names}


def _median(values: Sequence[float]) -> float:
    ordered, middle = sorted(values), len(values) // 2
    return float(ordered[middle]) if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def _is_settled(medians: Sequence[float], tolerance: float) -> bool:
    last = medians[-3:]
    agree = len(last) == 3 and max(last) <= min(last) * (1 + tolerance)
    return agree or (len(medians) >= 6 and abs(kendall_s(medians[-6:])) < NO_TREND_BELOW)


def kendall_s(values: Sequence[float]) -> int:
    """Kendall's S against time: pairs of values that rise, less pairs that fall (Kendall 1938)."""
    return sum((later > earlier) - (later < earlier) for k, earlier in enumerate(values) for later in values[k + 1 :])


def read_plan(path: Path) -> dict[str, Any]:
    """Reads plan.json. Raises UnusableError. The host has validated it; this catches a wrong or a torn file."""
    try:
        plan = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise UnusableError(f"{path} cannot be read as a plan: {error}. Push the plan again.") from error
    if not isinstance(plan, dict) or plan.get("schema") != PLAN_SCHEMA:
        found = plan.get("schema") if isinstance(plan, dict) else type(plan).__name__
        raise UnusableError(f"{path} has schema {found!r}, this runner needs {PLAN_SCHEMA!r}. Use matching versions.")
    missing = {"run_id", "arms", "items", "steps", "latency", "step_timeout_ns"} - set(plan)
    if missing:
        raise UnusableError(f"{path} lacks {', '.join(sorted(missing))}. Push the plan again.")
    # Ids become parts of file names.
    for kind, pattern in (("arms", r"a\d+"), ("items", r"i\d+")):
        for entry in plan[kind]:
            if not re.fullmatch(pattern, str(entry.get("id"))):
                raise UnusableError(f"{path}: {entry.get('id')!r} among {kind} is no id of the form {pattern}.")
    arms, items = {arm["id"] for arm in plan["arms"]}, {item["id"] for item in plan["items"]}
    for step in plan["steps"]:
        named = {step[key] for key in ("arm",) if key in step} | {*step.get("arms", ()), *step.get("order", ())}
        if step["kind"] == "energy":
            named.discard(None)
        if not named <= arms or ("item" in step and step["item"] not in items):
            raise UnusableError(f"{path}: step {step.get('step')} names an arm or an item that the plan does not have.")
    unknown = _named_probes(plan) - {probe["id"] for probe in plan.get("probes", [])}
    if unknown:
        raise UnusableError(f"{path} names probes that it does not have: {', '.join(sorted(unknown))}.")
    return plan


def _named_probes(plan: dict[str, Any]) -> set[str]:
    energy = plan.get("energy", {})
    names = {*plan.get("memory_probes", []), *plan.get("soak_probes", [])}
    names |= {*energy.get("boundary_probes", []), *energy.get("sampled_probes", [])}
    return names | {
        condition["probe"] for gates in plan.get("gates", {}).values() for condition in gates.get("conditions", [])
    }


def conduct(plan_path: Path, records_path: Path) -> int:
    """Runs the plan as far as it is not done yet. Returns the exit code."""
    folder = records_path.parent.resolve()
    try:
        plan = read_plan(plan_path)
        folder.mkdir(parents=True, exist_ok=True)
        lock_fd = os.open(str(folder / "runner.lock"), os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            log(f"another runner is writing {records_path}: follow that one, or stop it first")
            return EXIT_LOCKED
        journal = Journal.open(records_path)
        last = journal.past[-1] if journal.past else {}
        if last.get("record") == "runner_finished" and last.get("reason") in ("complete", "bound"):
            log("this plan is done already")
            return 0
        Conductor(plan, journal, folder, StopRequests(plan_path.parent / "stop")).run()
    except UnusableError as error:
        log(str(error))
        return EXIT_DATA
    except OSError as error:
        log(f"cannot write beside {records_path}: {error}")
        return EXIT_IO
    return 0


# --- Runtimes -----------------------------------------------------------------------------------------------------


class Adapter(Protocol):
    """A runtime as a worker drives it: start, load, bind inputs, infer, fetch outputs."""

    version: str
    settings: dict[str, str]
    delegated_nodes: int | None
    total_nodes: int | None
    wholly_delegated: bool | None
    """Whether the accelerator took the whole graph; null on the CPU, and where the runtime does not say."""
    infer: Callable[[], object]
    """The timed call. Set by `bind`."""

    def __init__(self, threads: int, accelerator: str, options: dict[str, str]) -> None:
        """Imports the runtime. Raises ImportError, or ValueError for an accelerator that it cannot use."""

    def load(self, model: str, input_shapes: dict[str, list[int]]) -> None:
        """From opening the file to being ready for inputs. Raises whatever the runtime raises."""

    def inputs(self) -> list[dict[str, Any]]:
        """`harness.models.tensor_info.TensorInfo` of every input, in the order in which `bind` takes them."""

    def outputs(self) -> list[dict[str, Any]]:
        """`harness.models.tensor_info.TensorInfo` of every output."""

    def bind(self, arrays: list[npt.NDArray[Any]]) -> None:
        """Sets the inputs, whose dtypes and ranks have been checked. Raises ValueError for a shape that is wrong."""

    def fetch(self, inferred: object) -> list[npt.NDArray[Any]]:
        """The outputs of the last `infer`, given what it returned."""


def _refused(accelerator: str, runtime: str, known: str) -> ValueError:
    return ValueError(
        f"accelerator {accelerator!r} is not one that the python runner can ask {runtime} for; it knows {known}"
    )


def _options_text(options: dict[str, str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in options.items())


class OnnxRuntime:
    """onnxruntime on one of its execution providers, with that of the CPU behind it."""

    delegated_nodes: int | None = None
    total_nodes: int | None = None
    wholly_delegated: bool | None = None
    infer: Callable[[], object]

    _DTYPES = {  # noqa: RUF012 - a constant
        "float": "float32",
        "double": "float64",
        "float16": "float16",
        "bfloat16": "bfloat16",
        "bool": "bool",
        "string": "str",
        **{f"{sign}int{bits}": f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)},
    }

    _CPU = "CPUExecutionProvider"
    _PROVIDERS = {  # noqa: RUF012 - a constant
        "cpu": _CPU,
        "nnapi": "NnapiExecutionProvider",
        "qnn": "QNNExecutionProvider",
        "webgpu": "WebGpuExecutionProvider",
        "xnnpack": "XnnpackExecutionProvider",
    }

    def __init__(self, threads: int, accelerator: str, options: dict[str, str]) -> None:
        if accelerator not in self._PROVIDERS:
            raise _refused(accelerator, "onnxruntime", ", ".join(self._PROVIDERS))
        # Since 1.29 onnxruntime on Linux collects telemetry: a thread of its own, a device id and a database under
        # ~/.cache/Microsoft, uploads over HTTPS. It starts with the import, and only this variable, set before that,
        # keeps it from starting; disable_telemetry_events() merely mutes it afterwards.
        os.environ["ORT_DISABLE_TELEMETRY"] = "1"
        import onnxruntime

        telemetry = "ORT_DISABLE_TELEMETRY=1 before the import"
        if hasattr(onnxruntime, "disable_telemetry_events"):
            onnxruntime.disable_telemetry_events()
            telemetry += ", disable_telemetry_events()"
        onnxruntime.set_default_logger_severity(3)
        self._onnxruntime: Any = onnxruntime
        self._threads = threads
        self.version = str(onnxruntime.__version__)
        self._provider, self._provider_options = self._PROVIDERS[accelerator], dict(options)
        available = onnxruntime.get_available_providers()
        if self._provider not in available:
            raise ValueError(
                f"this build of onnxruntime {self.version} has no {self._provider} (accelerator {accelerator!r}); it"
                f" has {', '.join(available)}. Bring a build that has it, or set accelerator to 'cpu'"
            )
        self.settings = {
            "intra_op_num_threads": str(threads),
            "inter_op_num_threads": "1",
            "execution_mode": "sequential",
            "log_severity_level": "3",
            "telemetry": f"off ({telemetry})",
        }

    def load(self, model: str, input_shapes: dict[str, list[int]]) -> None:
        """Opens a session. Free dimensions stay free, so `input_shapes` is not needed."""
        options = self._onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._threads
        options.inter_op_num_threads = 1
        options.execution_mode = self._onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        options.log_severity_level = 3
        if self._provider == self._CPU:
            providers = [self._CPU]
            self._session: Any = self._onnxruntime.InferenceSession(model, options, providers=providers)
        else:
            providers = [self._provider, self._CPU]
            self._session = self._open_accelerated(model, options)
            got = self._session.get_provider_options().get(self._provider, {})
            self.settings["provider_options_got"] = _options_text(got) or "none that it tells of"
            self._count_nodes()
        self._output_names = [output.name for output in self._session.get_outputs()]
        self.settings["graph_optimization_level"] = str(options.graph_optimization_level).rpartition(".")[2]
        self.settings["providers_asked"] = ",".join(providers)
        self.settings["providers_got"] = ",".join(self._session.get_providers())

    def _open_accelerated(self, model: str, options: Any) -> Any:
        own = dict(self._provider_options)
        if own:
            self.settings["provider_options"] = _options_text(own)
        if self._provider == "XnnpackExecutionProvider":
            # It has threads of its own, for which those of the session must not spin: as its documentation asks.
            options.add_session_config_entry("session.intra_op.allow_spinning", "0")
            self.settings["allow_spinning"] = "0"
            own.setdefault("intra_op_num_threads", str(self._threads))
        if hasattr(self._onnxruntime.InferenceSession, "get_provider_graph_assignment_info"):
            options.add_session_config_entry("session.record_ep_graph_assignment_info", "1")
        # Without a fallback a provider that cannot be had is an error, and not another measurement.
        return self._onnxruntime.InferenceSession(
            model, options, providers=[(self._provider, own), self._CPU], enable_fallback=False
        )

    def _count_nodes(self) -> None:
        """How many nodes the provider took, of the graph after basic optimisation."""
        try:
            parts = self._session.get_provider_graph_assignment_info()
        except AttributeError:
            self.settings["nodes_taken"] = "unknown: onnxruntime says it since 1.24 only"
            return
        counts = [(part.ep_name == self._provider, len(part.get_nodes())) for part in parts]
        taken, total = sum(count for ours, count in counts if ours), sum(count for _, count in counts)
        self.delegated_nodes, self.total_nodes = taken, total
        self.wholly_delegated = 0 < total == taken
        self.settings["nodes_taken"] = f"{self._provider} {taken}, others {total - taken} (as onnxruntime counts them)"

    def _info(self, tensor: Any) -> dict[str, Any]:
        matched = re.fullmatch(r"tensor\((\w+)\)", tensor.type)
        dtype = self._DTYPES.get(matched.group(1)) if matched else None
        if dtype is None:
            raise ValueError(f"{tensor.name!r} is a {tensor.type}; only dense tensors can be given and kept")
        shape = [size if isinstance(size, (int, str)) else None for size in tensor.shape]
        return {"name": tensor.name, "dtype": dtype, "shape": shape, "scale": None, "zero_point": None}

    def inputs(self) -> list[dict[str, Any]]:
        """In the order of the model's graph, without initialisers."""
        return [self._info(tensor) for tensor in self._session.get_inputs()]

    def outputs(self) -> list[dict[str, Any]]:
        """In the order of the model's graph."""
        return [self._info(tensor) for tensor in self._session.get_outputs()]

    def bind(self, arrays: list[npt.NDArray[Any]]) -> None:
        """Builds the feeds; the session itself checks sizes that share a symbol."""
        feeds = {tensor.name: array for tensor, array in zip(self._session.get_inputs(), arrays)}  # noqa: B905
        self.infer = functools.partial(self._session.run, self._output_names, feeds)

    def fetch(self, inferred: object) -> list[npt.NDArray[Any]]:
        """What `session.run` returned."""
        assert isinstance(inferred, list)
        return inferred


class _TensorFlowLite:
    """TensorFlow Lite's interpreter with the delegates it applies by default (XNNPACK)."""

    package: str
    """Import name of the package that has `interpreter.Interpreter`."""
    wholly_delegated: bool | None = None
    infer: Callable[[], object]

    def __init__(self, threads: int, accelerator: str, options: dict[str, str]) -> None:
        if accelerator != "cpu":
            raise _refused(accelerator, self.package.replace("_", "-"), "cpu")
        package = importlib.import_module(self.package)
        self._interpreter_class: Any = importlib.import_module(self.package + ".interpreter").Interpreter
        self._threads = threads
        self.version = str(package.__version__)
        self.settings = {"num_threads": str(threads), "delegates": "the runtime's default"}
        self.delegated_nodes: int | None = None
        self.total_nodes: int | None = None

    def load(self, model: str, input_shapes: dict[str, list[int]]) -> None:
        # A path that the interpreter cannot open reads like a bug in it; say it plainly.
        Path(model).open("rb").close()
        self._interpreter: Any = self._interpreter_class(model_path=model, num_threads=self._threads)
        indices = {details["name"]: details["index"] for details in self._interpreter.get_input_details()}
        for name, shape in input_shapes.items():
            if name not in indices:
                raise ValueError(f"the plan gives input {name!r} a shape, and the model has only {sorted(indices)}")
            self._interpreter.resize_tensor_input(indices[name], shape)
        self._interpreter.allocate_tensors()
        self.infer = self._interpreter.invoke
        self._count_delegated_nodes()

    def _count_delegated_nodes(self) -> None:
        """How many of the graph's nodes a delegate took.

        The interpreter lists every node of the model and, after them, one node for each part that a delegate took.
        Going back from the outputs and preferring a delegate's node as the producer of a tensor visits exactly the
        nodes that the interpreter's own kernels still run; the rest were replaced.
        """
        try:
            nodes: list[dict[str, Any]] = self._interpreter._get_ops_details()
        except (AttributeError, RuntimeError, ValueError):
            return  # no public interface says this; without it the counts stay null
        own = [node for node in nodes if node["op_name"] != "DELEGATE"]
        delegates = [node for node in nodes if node["op_name"] == "DELEGATE"]
        producer = {int(tensor): node for node in own + delegates for tensor in node["outputs"]}
        kept: set[int] = set()
        seen: set[int] = set()
        waiting = [int(details["index"]) for details in self._interpreter.get_output_details()]
        while waiting:
            node = producer.get(waiting.pop())
            if node is None or node["index"] in seen:
                continue
            seen.add(node["index"])
            if node["op_name"] != "DELEGATE":
                kept.add(node["index"])
            waiting.extend(int(tensor) for tensor in node["inputs"] if tensor >= 0)
        self.total_nodes = len(own)
        self.delegated_nodes = len(own) - len(kept) if delegates else 0

    @staticmethod
    def _info(details: dict[str, Any]) -> dict[str, Any]:
        import numpy as np

        scales = details["quantization_parameters"]["scales"]
        zero_points = details["quantization_parameters"]["zero_points"]
        is_quantised = len(scales) == 1
        return {
            "name": details["name"],
            "dtype": np.dtype(details["dtype"]).name,
            "shape": [int(size) for size in details["shape_signature"]],
            "scale": float(scales[0]) if is_quantised else None,
            "zero_point": int(zero_points[0]) if is_quantised else None,
        }

    def inputs(self) -> list[dict[str, Any]]:
        return [self._info(details) for details in self._interpreter.get_input_details()]

    def outputs(self) -> list[dict[str, Any]]:
        return [self._info(details) for details in self._interpreter.get_output_details()]

    def bind(self, arrays: list[npt.NDArray[Any]]) -> None:
        resized = False
        for details, array in zip(self._interpreter.get_input_details(), arrays):  # noqa: B905
            now, signature = [int(size) for size in details["shape"]], details["shape_signature"]
            if list(array.shape) == now:
                continue
            fits = len(signature) == array.ndim and all(s in (-1, n) for s, n in zip(signature, array.shape))  # noqa: B905
            if not fits:
                raise ValueError(f"input {details['name']!r} takes shape {now}, the item has {list(array.shape)}")
            self._interpreter.resize_tensor_input(details["index"], list(array.shape))
            resized = True
        if resized:
            self._interpreter.allocate_tensors()
        for details, array in zip(self._interpreter.get_input_details(), arrays):  # noqa: B905
            self._interpreter.set_tensor(details["index"], array)

    def fetch(self, inferred: object) -> list[npt.NDArray[Any]]:
        return [self._interpreter.get_tensor(details["index"]) for details in self._interpreter.get_output_details()]


class AiEdgeLitert(_TensorFlowLite):
    """TensorFlow Lite under its present name, LiteRT."""

    package = "ai_edge_litert"


class TfliteRuntime(_TensorFlowLite):
    """TensorFlow Lite's last wheel under its old name."""

    package = "tflite_runtime"


class LitertOnGpu:
    """LiteRT's compiled model on a GPU, with the CPU behind it for what the GPU does not take."""

    delegated_nodes: int | None = None
    total_nodes: int | None = None
    wholly_delegated: bool | None = None
    infer: Callable[[], object]

    _FLAGS = {  # noqa: RUF012 - a constant
        "allow_src_quantized_fc_conv_ops": "allow_src_quantized_fc_conv_ops",
        "benchmark_mode": "benchmark_mode",
        "enable_constant_tensors_sharing": "constant_tensor_sharing",
        "enable_infinite_float_capping": "infinite_float_capping",
        "hint_waiting_for_completion": "hint_waiting_for_completion",
    }
    """LiteRT's own names of options → the Python package's. `precision` is there as one of its values only."""

    def __init__(self, threads: int, accelerator: str, options: dict[str, str]) -> None:
        self.version = str(importlib.import_module("ai_edge_litert").__version__)
        try:
            self._compiled_model: Any = importlib.import_module("ai_edge_litert.compiled_model").CompiledModel
            self._options: Any = importlib.import_module("ai_edge_litert.options")
            self._accelerators: Any = importlib.import_module("ai_edge_litert.hardware_accelerator").HardwareAccelerator
        except (ImportError, AttributeError) as error:
            raise ValueError(
                f"ai-edge-litert {self.version} has no compiled models with options, which accelerator 'gpu' needs"
                f" ({error}): use 2.3.0 or newer, or --runner native"
            ) from None
        self._threads = threads
        self._gpu_options = self._options.GpuOptions(**self._named(options))
        self.settings = {
            "num_threads": str(threads),
            "hardware_accelerators": "gpu, cpu",
            "timed": "the run and reading its outputs back",
        }
        if options:
            self.settings["accelerator_options"] = _options_text(options)
        self._tensors: tuple[list[dict[str, Any]], list[dict[str, Any]]] | None = None
        self._buffers: tuple[list[Any], list[Any]] | None = None

    def _named(self, options: dict[str, str]) -> dict[str, bool]:
        named = {}
        for name, value in options.items():
            if name in self._FLAGS and value in ("true", "false"):
                named[self._FLAGS[name]] = value == "true"
            elif (name, value) == ("precision", "2"):
                named["enforce_f32"] = True
            else:
                raise ValueError(
                    f"ai-edge-litert's Python package has no option {name!r} with value {value!r} of its GPU; it has"
                    f" precision = 2, and as true or false {', '.join(self._FLAGS)}. Others: --runner native"
                )
        return named

    def load(self, model: str, input_shapes: dict[str, list[int]]) -> None:
        """Compiles for the GPU alone; where that is refused, with the CPU behind it. Nothing else here says whether
        the GPU took all of it.
        """
        Path(model).open("rb").close()
        self._model_path = model
        gpu, cpu = self._accelerators.GPU, self._accelerators.CPU
        try:
            self._compiled: Any = self._compile(gpu)
            self.wholly_delegated = True
            self.settings["nodes_taken"] = "GPU all"
        except RuntimeError:
            try:
                self._compiled = self._compile(gpu | cpu)
            except RuntimeError as error:
                raise RuntimeError(f"LiteRT could not compile the model for the GPU: {error}") from None
            self.wholly_delegated = False
            self.settings["nodes_taken"] = "GPU not all: LiteRT does not say how many"
            self.settings["load"] = "with a first try on the GPU alone"
        self._signature = next(iter(self._compiled.get_signature_list()))
        names = {details["name"]: details for details in self._details("Input")}
        for name, shape in input_shapes.items():
            if name not in names:
                raise ValueError(f"the plan gives input {name!r} a shape, and the model has only {sorted(names)}")
            self._resize(self._details("Input").index(names[name]), shape)

    def _compile(self, accelerators: Any) -> Any:
        options = self._options.Options(
            hardware_accelerators=accelerators,
            cpu_options=self._options.CpuOptions(num_threads=self._threads),
            gpu_options=self._gpu_options,
        )
        return self._compiled_model.from_file(self._model_path, options=options)

    def _details(self, which: str) -> list[dict[str, Any]]:
        """In the order of the signature, which is that of the buffers; with the present shapes."""
        names = self._compiled.get_signature_list()[self._signature][which.lower() + "s"]
        details = getattr(self._compiled, f"get_{which.lower()}_tensor_details")(self._signature)
        return [details[name] for name in names]

    def _resize(self, place: int, shape: list[int]) -> None:
        self._compiled.resize_input_tensor(place, shape)
        self._buffers = None

    def _described(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Inputs and outputs in the order of the model's graph. A compiled model does not say their quantisation, so
        an interpreter is asked, which is made for that and never run.
        """
        if self._tensors is None:
            module = importlib.import_module("ai_edge_litert.interpreter")
            plain = module.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
            interpreter = module.Interpreter(model_path=self._model_path, experimental_op_resolver_type=plain)
            self._tensors = (interpreter.get_input_details(), interpreter.get_output_details())
        return self._tensors

    def inputs(self) -> list[dict[str, Any]]:
        """In the order of the model's graph."""
        return [_TensorFlowLite._info(details) for details in self._described()[0]]

    def outputs(self) -> list[dict[str, Any]]:
        """In the order of the model's graph."""
        return [_TensorFlowLite._info(details) for details in self._described()[1]]

    def _places(self, which: int) -> list[int]:
        """Where in the signature each tensor of the graph is."""
        order = [details["index"] for details in self._details("Output" if which else "Input")]
        return [order.index(int(details["index"])) for details in self._described()[which]]

    def bind(self, arrays: list[npt.NDArray[Any]]) -> None:
        """Writes the inputs; new buffers where a shape is another."""
        places = self._places(0)
        for place, array in zip(places, arrays):  # noqa: B905
            details = self._details("Input")[place]
            if list(array.shape) != list(details["shape"]):
                try:
                    self._resize(place, list(array.shape))
                except RuntimeError as error:
                    mismatch = f"takes shape {list(details['shape'])}, the item has {list(array.shape)}"
                    raise ValueError(f"input {details['name']!r} {mismatch}") from error
        if self._buffers is None:
            self._buffers = self._compiled.create_input_buffers(0), self._compiled.create_output_buffers(0)
        inputs, outputs = self._buffers
        for place, array in zip(places, arrays):  # noqa: B905
            inputs[place].write(array)
        shapes = [details["shape"] for details in self._details("Output")]
        dtypes = [details["dtype"] for details in self._details("Output")]
        self.infer = functools.partial(self._run_and_read, inputs, outputs, shapes, dtypes)

    def _run_and_read(
        self, inputs: list[Any], outputs: list[Any], shapes: list[list[int]], dtypes: list[str]
    ) -> list[npt.NDArray[Any]]:
        self._compiled.run_by_index(0, inputs, outputs)
        arrays = []
        for buffer, shape, dtype in zip(outputs, shapes, dtypes):  # noqa: B905
            size = 1
            for length in shape:
                size *= length
            arrays.append(buffer.read(size, dtype).reshape(shape))
        return arrays

    def fetch(self, inferred: object) -> list[npt.NDArray[Any]]:
        """What was read back within the timed call."""
        assert isinstance(inferred, list)
        return [inferred[place] for place in self._places(1)]


def _litert(threads: int, accelerator: str, options: dict[str, str]) -> Adapter:
    if accelerator == "gpu":
        return LitertOnGpu(threads, accelerator, options)
    if accelerator != "cpu":
        raise _refused(accelerator, "ai-edge-litert", "cpu, gpu")
    return AiEdgeLitert(threads, accelerator, options)


ADAPTERS: dict[str, Callable[[int, str, dict[str, str]], Adapter]] = {
    "onnxruntime": OnnxRuntime,
    "ai-edge-litert": _litert,
    "tflite-runtime": TfliteRuntime,
}


def _adapter(runtime: str, threads: int, accelerator: str, options: dict[str, str]) -> Adapter:
    if runtime not in ADAPTERS:
        raise ValueError(f"the python runner has no adapter for runtime {runtime!r}; it has {', '.join(ADAPTERS)}")
    return ADAPTERS[runtime](threads, accelerator, options)


def _set_cores(cores: list[int]) -> str | None:
    """Asks the kernel for these cores. Returns why it refused; that is no failure, what was got is on record."""
    try:
        os.sched_setaffinity(0, cores)
    except (OSError, AttributeError, OverflowError) as error:
        return one_line(f"sched_setaffinity: {error}", 100)
    return None


def _cores_of_all_threads() -> list[int] | None:
    """The cores that any thread of this process may run on: a runtime may have moved its own."""
    cores: set[int] = set()
    try:
        for thread in Path("/proc/self/task").iterdir():
            with contextlib.suppress(ProcessLookupError):
                cores |= os.sched_getaffinity(int(thread.name))
    except (OSError, AttributeError):
        return None
    return sorted(cores)


# --- The worker ---------------------------------------------------------------------------------------------------


class WorkerProcess:
    """Answers the conductor's requests, one at a time. Each method is a request of its name."""

    def __init__(self) -> None:
        self._adapter: Adapter | None = None
        self._histogram = LatencyHistogram()

    @property
    def adapter(self) -> Adapter:
        """The runtime, once `start` has been asked for."""
        if self._adapter is None:
            raise RuntimeError("no runtime was started")
        return self._adapter

    def start(
        self, runtime: str, threads: int, accelerator: str, options: dict[str, str], cores: list[int] | None
    ) -> dict[str, Any]:
        """Takes the arm's cores, before anything makes threads; imports numpy and the runtime."""
        self._cores, refused = cores, None
        if cores is not None:
            refused = _set_cores(cores)
        import numpy  # noqa: F401 - so that its pages are there before sizes are read

        self._runtime, self._threads, self._accelerator = runtime, threads, accelerator
        self._adapter = _adapter(runtime, threads, accelerator, options)
        if refused is not None:
            self._adapter.settings["affinity"] = refused
        return {}

    def load(self, model: str, input_shapes: dict[str, list[int]]) -> dict[str, Any]:
        """Loads the model and times that, from opening it to being ready for inputs."""
        adapter = self.adapter
        begun_ns = clock_ns()
        adapter.load(model, input_shapes)
        load_ns = clock_ns() - begun_ns
        loaded = {
            "pid": os.getpid(),
            "runtime": self._runtime,
            "runtime_version": adapter.version,
            "interpreter": f"{platform.python_implementation()} {platform.python_version()}",
            "load_ns": load_ns,
            "inputs": adapter.inputs(),
            "outputs": adapter.outputs(),
            "threads": self._threads,
            "accelerator": self._accelerator,
            "delegated_nodes": adapter.delegated_nodes,
            "total_nodes": adapter.total_nodes,
            "wholly_delegated": adapter.wholly_delegated,
            "cores_asked": self._cores,
            "cores": None if self._cores is None else _cores_of_all_threads(),
            "settings": adapter.settings,
            "notes": [],
        }
        return {"loaded": loaded}

    def bind(self, files: list[str]) -> dict[str, Any]:
        """Reads an item's inputs and sets them. Raises ValueError where one is not what the model takes."""
        import numpy as np

        inputs = self.adapter.inputs()
        if len(files) != len(inputs):
            raise ValueError(f"the model takes {len(inputs)} inputs, the item has {len(files)}")
        arrays: list[npt.NDArray[Any]] = []
        for info, file in zip(inputs, files):  # noqa: B905 - equal lengths, and no `strict` before Python 3.10
            array = np.load(file, allow_pickle=False)
            expected = f"input {info['name']!r} takes {info['dtype']} {info['shape']}"
            if array.dtype.name != info["dtype"]:
                raise ValueError(f"{expected}, the item has {array.dtype.name} {list(array.shape)}")
            free = [not (isinstance(size, int) and size >= 0) for size in info["shape"]]
            if array.ndim != len(free) or any(
                not is_free and size != given
                for is_free, size, given in zip(free, info["shape"], array.shape)  # noqa: B905
            ):
                raise ValueError(f"{expected}, the item has shape {list(array.shape)}")
            arrays.append(np.ascontiguousarray(array, dtype=info["dtype"]))
        self.adapter.bind(arrays)
        return {}

    def block(self, lead_in: int, count: int, budget_ns: int | None = None) -> dict[str, Any]:
        """Runs lead-in and timed inferences; with a budget, ends after it once a minimum of inferences is there."""
        infer = self.adapter.infer
        gc.collect()
        gc.disable()
        try:
            cpu_begun_ns = time.process_time_ns()
            lead_in_ns = timed_inferences(infer, lead_in)
            started_ns = clock_ns()
            if budget_ns is None:
                latency_ns = timed_inferences(infer, count)
            else:
                latency_ns = timed_inferences(infer, min(count, WARM_UP_BLOCK_MIN_INFERENCES))
                while len(latency_ns) < count and clock_ns() - started_ns < budget_ns:
                    latency_ns += timed_inferences(infer, 1)
            ended_ns = clock_ns()
            cpu_ns = time.process_time_ns() - cpu_begun_ns
        finally:
            gc.enable()
        return {
            "lead_in_ns": lead_in_ns,
            "latency_ns": latency_ns,
            "started_ns": started_ns,
            "ended_ns": ended_ns,
            "cpu_ns": cpu_ns,
        }

    def infer_for(self, duration_ns: int) -> dict[str, Any]:
        """Infers on and on for a time and keeps no latencies; start and end by both clocks."""
        infer, clock = self.adapter.infer, clock_ns
        gc.collect()
        gc.disable()
        try:
            inferences = 0
            wall_started_ns, started_ns = time.time_ns(), clock()
            until_ns = started_ns + duration_ns
            ended_ns = started_ns
            while ended_ns < until_ns:
                infer()
                inferences += 1
                ended_ns = clock()
            wall_ended_ns = time.time_ns()
        finally:
            gc.enable()
        return {
            "inferences": inferences,
            "started_ns": started_ns,
            "ended_ns": ended_ns,
            "wall_started_ns": wall_started_ns,
            "wall_ended_ns": wall_ended_ns,
        }

    def soak(self, window_ns: int) -> dict[str, Any]:
        """Infers on and on for a time, keeps a histogram of the latencies, and then reads the sizes of this process."""
        infer, clock, add = self.adapter.infer, clock_ns, self._histogram.add
        self._histogram.clear()
        gc.collect()
        gc.disable()
        try:
            cpu_begun_ns = time.process_time_ns()
            started_ns = ended_ns = clock()
            until_ns = started_ns + window_ns
            while ended_ns < until_ns:
                begun_ns = clock()
                inferred = infer()
                ended_ns = clock()
                del inferred
                add(ended_ns - begun_ns)
            cpu_ns = time.process_time_ns() - cpu_begun_ns
        finally:
            gc.enable()
        sizes = {
            "rss_bytes": _proc_bytes("status", "VmRSS"),
            "rss_anon_bytes": _proc_bytes("status", "RssAnon"),
            "pss_bytes": _proc_bytes("smaps_rollup", "Pss"),
        }
        return {
            "started_ns": started_ns,
            "ended_ns": ended_ns,
            "cpu_ns": cpu_ns,
            **self._histogram.summary(),
            **sizes,
            "notes": [f"{name} is unavailable: /proc/self does not say it" for name in sizes if sizes[name] is None],
        }

    def keep(self, folder: str, arm: str, item: str) -> dict[str, Any]:
        """Runs once and writes every output as .npy, first under a temporary name."""
        import numpy as np

        adapter = self.adapter
        begun_ns = clock_ns()
        inferred = adapter.infer()
        latency_ns = clock_ns() - begun_ns
        outputs: list[dict[str, Any]] = []
        for k, (info, array) in enumerate(zip(adapter.outputs(), adapter.fetch(inferred))):  # noqa: B905
            relative = f"outputs/{arm}/{item}.{k}.npy"
            content = io.BytesIO()
            np.save(content, array, allow_pickle=False)
            _write_whole(Path(folder) / relative, content.getbuffer())
            outputs.append(
                {
                    "tensor": info["name"],
                    "path": relative,
                    "sha256": hashlib.sha256(content.getbuffer()).hexdigest(),
                    "dtype": array.dtype.name,
                    "shape": list(array.shape),
                    "bytes": content.getbuffer().nbytes,
                }
            )
        return {"outputs": outputs, "latency_ns": latency_ns}

    def reset_peak(self) -> dict[str, Any]:
        """Resets VmHWM to the present resident size (Linux 4.0, proc(5): 5 into clear_refs)."""
        before = _proc_bytes("status", "VmHWM"), _proc_bytes("status", "VmRSS")
        try:
            Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        except OSError as error:
            return {"reset": False, "notes": [f"peak while running is unavailable: VmHWM cannot be reset: {error}"]}
        after = _proc_bytes("status", "VmHWM")
        if None not in before and before[0] == after and int(before[0] or 0) - int(before[1] or 0) > 1 << 20:
            return {"reset": False, "notes": ["peak while running is unavailable: VmHWM did not change when reset"]}
        return {"reset": True, "notes": []}

    def memory(self) -> dict[str, Any]:
        """Resident size, its peak, and the proportional share, in bytes; null where /proc does not say."""
        sizes = {
            "rss_bytes": _proc_bytes("status", "VmRSS"),
            "peak_rss_bytes": _proc_bytes("status", "VmHWM"),
            "pss_bytes": _proc_bytes("smaps_rollup", "Pss"),
        }
        notes = [f"{name} is unavailable: /proc/self does not say it" for name, size in sizes.items() if size is None]
        return {**sizes, "notes": notes}


def timed_inferences(infer: Callable[[], object], count: int) -> list[int]:
    """Times `count` calls one by one. Returns nanoseconds; frees what a call returned outside the timed region."""
    latency_ns = [0] * count
    clock = clock_ns
    for k in range(count):
        begun_ns = clock()
        inferred = infer()
        latency_ns[k] = clock() - begun_ns
        del inferred
    return latency_ns


class LatencyHistogram:
    """Latencies counted in steps of 1 %, from 1 ns to over a day, in memory that is taken once.

    What a soak looks for is memory that grows, so what it counts with must not.
    """

    _STEPS_PER_E = 1 / math.log(1.01)
    _STEPS = 1 + int(math.log(1e14) * _STEPS_PER_E)

    def __init__(self) -> None:
        self._counts = memoryview(bytearray(8 * self._STEPS)).cast("Q")
        self.clear()

    def clear(self) -> None:
        """Forgets all."""
        for step in range(self._STEPS):
            self._counts[step] = 0
        self._total = self._max_ns = 0
        self._min_ns = sys.maxsize

    def add(self, latency_ns: int) -> None:
        """Counts one latency."""
        self._counts[min(self._STEPS - 1, int(math.log(max(1, latency_ns)) * self._STEPS_PER_E))] += 1
        self._total += 1
        self._min_ns = min(self._min_ns, latency_ns)
        self._max_ns = max(self._max_ns, latency_ns)

    def quantile_ns(self, share: float) -> int:
        """The smallest step at or below which this share lies: its middle, within what was seen."""
        wanted, counted = math.ceil(share * self._total), 0
        for step, count in enumerate(self._counts):
            counted += count
            if counted >= wanted:
                middle_ns = round(math.exp((step + 0.5) / self._STEPS_PER_E))
                return max(self._min_ns, min(self._max_ns, middle_ns))
        return self._max_ns

    def summary(self) -> dict[str, int]:
        """The fields of `harness.documents.records.SoakWindow` that latencies give."""
        return {
            "inferences": self._total,
            "latency_p50_ns": self.quantile_ns(0.5),
            "latency_p90_ns": self.quantile_ns(0.9),
            "latency_p99_ns": self.quantile_ns(0.99),
            "latency_min_ns": self._min_ns,
            "latency_max_ns": self._max_ns,
        }


def _proc_bytes(file: str, key: str) -> int | None:
    """A size in kB from /proc/self, in bytes. The colon matters: `Pss` has `Pss_Anon` and `Pss_File` beside it."""
    text = _read_text(Path("/proc/self") / file)
    matched = re.search(rf"^{key}:\s+(\d+) kB", text or "", re.MULTILINE)
    return int(matched.group(1)) * 1024 if matched else None


def _write_whole(path: Path, content: memoryview) -> None:
    """On disk under its name only when whole: a record of it may outlive a power loss. Raises OutputNotWrittenError."""
    temporary = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink()  # on a full disk its bytes are wanted
        raise OutputNotWrittenError(f"{path} cannot be written: {error.strerror}") from error


def _die_with_parent() -> None:
    """Asks Linux to kill this process when the conductor dies, so that a hung inference does not outlive it.

    Elsewhere, and when the conductor died before this call, the end of stdin ends the worker.
    """
    with contextlib.suppress(ImportError, OSError, AttributeError):
        import ctypes  # not every board's Python has it

        pr_set_pdeathsig = 1  # linux/prctl.h
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, int(signal.SIGKILL), 0, 0, 0)


def _private_stdout() -> int:
    """A private copy of stdout; whatever else is printed to stdout from here on goes to stderr."""
    sys.stdout.flush()
    fd = os.dup(1)
    os.dup2(2, 1)
    return fd


def work() -> int:
    """The worker's loop: a JSON line in, a JSON line out, until stdin ends."""
    _die_with_parent()
    # Only the conductor ends a worker: signals to everyone in a service or at a terminal are for the conductor.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    replies = os.fdopen(_private_stdout(), "wb", buffering=0)
    requests = os.fdopen(os.dup(0), "rb")
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    process = WorkerProcess()
    for line in requests:
        request: dict[str, Any] = json.loads(line)
        try:
            reply = getattr(process, request.pop("do"))(**request)
        except Exception as error:  # a runtime raises what it likes; all of it belongs on record
            reply = {"error": type(error).__name__, "message": str(error), "traceback": traceback.format_exc()}
        content = json.dumps(reply).encode("ascii") + b"\n"
        while content:
            content = content[replies.write(content) or 0 :]
    # Interpreter shutdown runs destructors of runtimes that have been seen to crash there, after all is measured.
    sys.stderr.flush()
    os._exit(0)


def describe(model: str, runtime: str, threads: int, accelerator: str, options: dict[str, str]) -> int:
    """Prints a model's inputs and outputs as one JSON object; on failure one with `error` and `message`, exit 1."""
    fd = _private_stdout()
    try:
        adapter = _adapter(runtime, threads, accelerator, options)
        adapter.load(model, {})
        answer: dict[str, Any] = {
            "runtime": runtime,
            "runtime_version": adapter.version,
            "inputs": adapter.inputs(),
            "outputs": adapter.outputs(),
        }
    except Exception as error:  # a runtime raises what it likes
        answer = {"error": type(error).__name__, "message": one_line(str(error))}
    with os.fdopen(fd, "w", encoding="utf-8") as stdout:
        stdout.write(json.dumps(answer) + "\n")
    return 1 if "error" in answer else 0


# --- Command line -------------------------------------------------------------------------------------------------


def main(argv: Sequence[str]) -> int:
    """Returns the exit code."""
    # What lies beside this file must not stand in for a module that a runtime imports.
    here = str(Path(__file__).resolve().parent)
    sys.path[:] = [entry for entry in sys.path if str(Path(entry or ".").resolve()) != here]

    parser = argparse.ArgumentParser(prog="python_runner.py", description="Runs a bakeoff plan on this machine.")
    parser.add_argument("plan", nargs="?", type=Path, help="plan.json")
    parser.add_argument("records", nargs="?", type=Path, help="records.jsonl, created or continued")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--describe", metavar="MODEL", help="print the model's inputs and outputs as JSON")
    parser.add_argument("--runtime", choices=sorted(ADAPTERS), help="runtime to describe the model with")
    parser.add_argument("--threads", type=int, default=1, help="threads to describe the model with")
    parser.add_argument("--accelerator", default="cpu", help="accelerator to describe the model with")
    parser.add_argument("--accelerator-option", metavar="NAME=VALUE", action="append", default=[], help="for it")
    arguments = parser.parse_args(argv)
    if arguments.worker:
        return work()
    if arguments.describe is not None:
        if arguments.runtime is None:
            _usage(parser, "--describe needs --runtime")
        options = dict(option.partition("=")[::2] for option in arguments.accelerator_option)
        return describe(arguments.describe, arguments.runtime, arguments.threads, arguments.accelerator, options)
    if arguments.plan is None or arguments.records is None:
        _usage(parser, "give plan.json and records.jsonl")
    return conduct(arguments.plan, arguments.records)


def _usage(parser: argparse.ArgumentParser, problem: str) -> NoReturn:
    parser.error(problem)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
