"""Measuring on one device: start the runner, follow its records, restart it if it dies, bring the outputs home.

The runner needs nobody while it works. This side may lose the connection, be killed, or sleep; what it has is a
prefix of the device's file, and it goes on from the last whole line.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from devices.base import ProcessHandle
from devices.errors import CorruptTransferError, DeviceError, PermanentError, TransientError
from devices.retry import with_reconnect
from harness.run_folder import write_model
from harness.run_state import DeviceState, Process

if TYPE_CHECKING:
    from devices.base import Device
    from harness.progress import Progress
    from harness.run_folder import DeviceFolder

RECONNECT_S = 3600.0
"""How long a lost device is waited for: the runner works on meanwhile."""
IDLE_S = 1.0
SILENCE_BEFORE_LOOKING_S = 10.0
"""Asking a device whether the runner lives starts a process there: not done while records come."""
STOP_WAIT_S = 30.0
RESTARTS_WITHOUT_PROGRESS = 3
FETCH_BATCH = 64

_T = TypeVar("_T")


class InterruptedRunError(Exception):
    """The user asked to stop; the run can be resumed."""


@dataclass
class DeviceRun:
    """One device of one run, from start to fetched outputs. `run` can be called again after any crash."""

    device: Device
    folder: DeviceFolder
    state: DeviceState
    progress: Progress
    stop: threading.Event
    on_record: Callable[[dict[str, Any]], None]
    """Called once with every record, also with those of an earlier try; may raise to end the run."""
    total_steps: int
    _done_steps: set[int] = field(default_factory=set)
    _runner: ProcessHandle | None = None
    """The runner that wrote the newest `runner_started` record."""
    _finished: str | None = None
    _stop_asked_at: float | None = None

    def run(self) -> None:
        """Go from wherever this device is to `fetched`.

        Raises `DeviceError`, `InterruptedRunError`, or what `on_record` raises (the runner is stopped then).
        """
        self._retry(self.device.connect)
        self._read_local_records()
        if self.state.stage in {"planned", "started"}:
            try:
                self._measure()
            except (DeviceError, InterruptedRunError):
                raise
            except Exception:
                self._end_runner()
                raise
            self._advance_state("measured")
        if self.state.stage == "measured":
            self._fetch()
            self._advance_state("fetched")

    # --- measuring ---------------------------------------------------------------------------------------------------

    def _measure(self) -> None:
        if self._finished in {"complete", "bound"}:
            return
        remote = self.state.remote_folder
        self._retry(lambda: self.device.remove([f"{remote}/stop"]))
        if self.state.stage == "planned":
            plan = self.folder.plan.read_bytes()
            self._retry(lambda: self.device.write(f"{remote}/plan.json", plan))
        if not self._is_alive():
            self._start()
        fruitless = 0
        while True:
            before = self._local_size()
            self._follow()
            if self._finished in {"complete", "bound"}:
                return
            if self.stop.is_set():
                raise InterruptedRunError
            if self._finished == "stopped":
                raise PermanentError(
                    f"{self.device.name}: the runner was stopped there", "`bakeoff run --resume` goes on."
                )
            fruitless = 0 if self._local_size() > before else fruitless + 1
            if fruitless >= RESTARTS_WITHOUT_PROGRESS:
                last = self._last_log_line()
                raise PermanentError(
                    f"{self.device.name}: the runner ended {fruitless} times without a new record: {last}"
                )
            self.progress.say(self.device.name, "the runner is gone; starting it again")
            self._start()

    def _start(self) -> None:
        remote = self.state.remote_folder
        argv = [*self.state.conductor, f"{remote}/plan.json", f"{remote}/records.jsonl"]
        self._finished = None
        self._advance_state("started")
        process = self._retry(lambda: self.device.start(argv, log=f"{remote}/runner.log", cwd=remote))
        self.state = self.state.model_copy(
            update={"process": Process(pid=process.pid, start_ticks=process.start_ticks, boot_id=process.boot_id)}
        )
        write_model(self.folder.state, self.state)

    def _is_alive(self) -> bool:
        """Whether a runner works on this plan: the one that was started last, or the one that last wrote a record.

        They can differ: where this side was killed between starting a runner and writing that down, a second one is
        started, and ends at once because the first holds the lock.
        """
        handles = [self._runner] if self._runner else []
        if self.state.process is not None:
            handles.append(ProcessHandle(**self.state.process.model_dump()))
        return any(self._retry(lambda each=handle: self.device.is_running(each)) for handle in handles)  # type: ignore[misc]

    def _follow(self) -> None:
        """Copy records until the runner says it is finished or is seen to be gone."""
        while True:
            try:
                if self._follow_once():
                    return
            except TransientError as error:
                if self.stop.is_set():
                    raise InterruptedRunError from None
                self.progress.say(self.device.name, f"{error.what}; the runner works on, reconnecting")
                self._retry(self.device.connect)

    def _follow_once(self) -> bool:
        """True when the runner is finished or gone; raises `TransientError` when the connection is lost."""
        last_news = time.monotonic()
        tail = b""
        with (
            self.folder.records.open("ab") as local,
            closing(self.device.follow(self._remote_records, self._local_size(), idle_s=IDLE_S)) as chunks,  # type: ignore[type-var]
        ):
            for chunk in chunks:
                if chunk:
                    last_news = time.monotonic()
                    *lines, tail = (tail + chunk).split(b"\n")
                    if lines:
                        local.write(b"".join(line + b"\n" for line in lines))
                        local.flush()
                        os.fsync(local.fileno())
                    for line in lines:
                        self._take(line)
                    if self._finished is not None:
                        return True
                if self.stop.is_set() and self._ask_to_stop():
                    return True
                if time.monotonic() - last_news > SILENCE_BEFORE_LOOKING_S:
                    last_news = time.monotonic()
                    # Looked at twice: what it wrote just before it ended may still be on its way.
                    if not self._is_alive() and self._nothing_more():
                        return True
        return False

    def _nothing_more(self) -> bool:
        """Whether the device's file holds no whole line that is not here yet."""
        with closing(self.device.follow(self._remote_records, self._local_size(), idle_s=IDLE_S)) as chunks:  # type: ignore[type-var]
            for chunk in chunks:
                if not chunk:
                    return True
                if b"\n" in chunk:
                    return False
        return True

    def _take(self, line: bytes) -> None:
        record: dict[str, Any] = json.loads(line)
        kind = record["record"]
        if kind == "runner_started":
            self._finished = None
            self._runner = ProcessHandle(record["pid"], None, record["context"].get("boot_id"))
        elif kind == "runner_finished":
            self._finished = record["reason"]
        if record.get("step") is not None and kind != "warm_up_block":
            self._done_steps.add(record["step"])
        self.progress.advance(self.device.name, "measuring", len(self._done_steps), self.total_steps)
        self.on_record(record)

    # --- stopping ----------------------------------------------------------------------------------------------------

    def _ask_to_stop(self) -> bool:
        """Ask the runner to stop; True when it had long enough and was ended by a signal."""
        if self._stop_asked_at is None:
            self._stop_asked_at = time.monotonic()
            self.progress.say(self.device.name, "stopping after this block")
            self.device.write(f"{self.state.remote_folder}/stop", b"")
        if time.monotonic() - self._stop_asked_at < STOP_WAIT_S:
            return False
        self._end_runner()
        return True

    def _end_runner(self) -> None:
        handle = self._runner
        if handle is None and self.state.process is not None:
            handle = ProcessHandle(**self.state.process.model_dump())
        if handle is not None:
            self.device.signal(handle, "TERM")

    # --- outputs -----------------------------------------------------------------------------------------------------

    def _fetch(self) -> None:
        wanted = [each for each in self._outputs() if not _is_whole(self.folder.path / each["path"], each["sha256"])]
        remote = self.state.remote_folder
        for first in range(0, len(wanted), FETCH_BATCH):
            batch = wanted[first : first + FETCH_BATCH]
            self._retry(lambda batch=batch: self._fetch_batch(batch))  # type: ignore[misc]
            self.progress.advance(self.device.name, "fetching outputs", first + len(batch), len(wanted))
            if self.stop.is_set():
                raise InterruptedRunError
        self._retry(lambda: self.device.fetch([(f"{remote}/runner.log", self.folder.log)]))
        self._retry(lambda: self.device.remove([remote]))

    def _fetch_batch(self, batch: list[dict[str, Any]]) -> None:
        here = self.folder.path
        self.device.fetch([(f"{self.state.remote_folder}/{each['path']}", here / each["path"]) for each in batch])
        for each in batch:
            if not _is_whole(here / each["path"], each["sha256"]):
                raise CorruptTransferError(f"{self.device.name}: {each['path']} arrived damaged")

    def _outputs(self) -> list[dict[str, Any]]:
        """Output files by path; of a file written twice (a restarted step) the last record counts."""
        files: dict[str, dict[str, Any]] = {}
        with self.folder.records.open("rb") as local:
            for line in local:
                record = json.loads(line)
                if record["record"] == "quality_output":
                    files.update({each["path"]: each for each in record["outputs"]})
        return list(files.values())

    # --- local side --------------------------------------------------------------------------------------------------

    @property
    def _remote_records(self) -> str:
        return f"{self.state.remote_folder}/records.jsonl"

    def _local_size(self) -> int:
        return self.folder.records.stat().st_size if self.folder.records.exists() else 0

    def _read_local_records(self) -> None:
        """Take in what an earlier try brought home; a partial last line is cut off."""
        if not self.folder.records.exists():
            return
        content = self.folder.records.read_bytes()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            os.truncate(self.folder.records, whole)
        for line in content[:whole].splitlines():
            self._take(line)

    def _advance_state(self, stage: str) -> None:
        self.state = self.state.model_copy(update={"stage": stage, "problem": None})
        write_model(self.folder.state, self.state)

    def _last_log_line(self) -> str:
        log = f"{self.state.remote_folder}/runner.log"
        done = self._retry(lambda: self.device.run(["tail", "-n", "1", log], timeout_s=15.0))
        return done.stdout.decode("utf-8", "replace").strip() or "its log is empty"

    def _retry(self, operation: Callable[[], _T]) -> _T:
        def waiting(message: str, seconds: float) -> None:
            if self.stop.is_set():
                raise InterruptedRunError
            self.progress.say(self.device.name, f"{message.splitlines()[0]}; trying again in {seconds:.0f} s")

        return with_reconnect(self.device, operation, total_s=RECONNECT_S, on_wait=waiting)


def _is_whole(path: Path, sha256: str) -> bool:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest() == sha256
    except FileNotFoundError:
        return False
