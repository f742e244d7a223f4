"""Measuring on one device: start the runner, follow its records, restart it if it dies, bring the outputs home.

The runner needs nobody while it works. This side may lose the connection, be killed, or sleep; what it has is a
prefix of the device's file, and it goes on from the last whole line.
"""

from __future__ import annotations

import contextlib
import itertools
import posixpath
import time
from collections.abc import Callable, Collection, Generator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from devices.base import ProcessHandle
from devices.errors import (
    DeviceError,
    PermanentError,
    TransientError,
)
from devices.posix.hold import Held, Hold
from harness.documents.folder import DiskError, write_model
from harness.documents.held_record import HeldFile, HeldRecord
from harness.documents.record_file import RecordFile
from harness.documents.records import QualityOutput
from harness.documents.state import DeviceState, Process, Stage
from harness.runs.measuring.exclusive_run import defer_to_earlier_run, refuse_second_run
from harness.runs.measuring.fetch_outputs import MOST_OUTPUT_BYTES, fetch_outputs, kept_outputs
from harness.runs.measuring.keep_awake import AnotherRunError, DeviceCare, keep_awake_again, kept_awake
from harness.runs.measuring.kept_records import KeptRecords
from harness.runs.measuring.note_phone_state import Moment, note_phone_state
from harness.runs.measuring.reconnecting import Reconnecting
from harness.runs.measuring.run_kind import RunKind
from harness.runs.measuring.runner_process import RunnerProcess
from harness.runs.measuring.runner_status import RunnerStatus
from harness.runs.session.stop_request import InterruptedRunError

if TYPE_CHECKING:
    from devices.base import Device
    from harness.documents.folder import DeviceFolder
    from harness.documents.plan import Plan
    from harness.documents.records import Record
    from harness.runs.measuring.early_ending import EarlyEnding
    from harness.runs.measuring.unplugged import UnpluggedPass
    from harness.runs.session.progress import Progress
    from harness.runs.session.stop_request import StopRequest

FIRST_CONNECT_S = 60.0
IDLE_S = 1.0
SILENCE_BEFORE_LOOKING_S = 10.0
"""Asking a device whether the runner lives starts a process there: not done while records come."""
RESTARTS_WITHOUT_PROGRESS = 3
REMOVE_S = 20.0
"""How long a device that is lost at the very end is waited for, so that nothing is left there."""

_T = TypeVar("_T")


@dataclass
class DeviceRun:
    """One device of one run, from start to fetched outputs. `run` can be called again after any crash."""

    device: Device
    folder: DeviceFolder
    state: DeviceState
    progress: Progress
    stop: StopRequest
    on_record: Callable[[Record], None]
    """Called once with every record, also with those of an earlier try; may raise to end the run."""
    plan: Plan
    early_end: EarlyEnding | None = None
    """Says when a pass has shown enough; None where every step is done."""
    hold: Hold = field(default_factory=Hold)
    """What is held still there while it measures."""
    unplugged_pass: UnpluggedPass | None = None
    """Where its cable is to be pulled in the energy pass."""
    kind: RunKind = field(default_factory=RunKind)
    most_output_bytes: int = MOST_OUTPUT_BYTES
    """The longest output tensor that is fetched from it."""
    left_there: Mapping[str, Collection[int]] = field(default_factory=dict)
    """Arm id → numbers of its outputs that are not fetched."""
    _status: RunnerStatus = field(init=False)
    _connection: Reconnecting = field(init=False)
    _kept: KeptRecords = field(init=False)
    _outputs: list[QualityOutput] = field(default_factory=list)
    _stop_asked_at: float | None = None

    def __post_init__(self) -> None:
        reconnect_s = self.kind.reconnect_s
        if self.unplugged_pass is not None:
            reconnect_s = max(reconnect_s, self.unplugged_pass.longest_absence_s)
        self._connection = Reconnecting(self.device, self.progress, self.stop, reconnect_s, self.unplugged_pass)
        self._kept = KeptRecords(self.device.name, RecordFile(self.folder.records), self.plan, self.kind.command)
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._status = RunnerStatus(self.device.name, self.plan, self.progress, self.unplugged_pass, self.kind.how_far)
        self._kept.begin_anew()
        self._outputs = []

    def run(self) -> None:
        """Go from wherever this device is to `fetched`.

        Raises `DeviceError`, `InterruptedRunError`, or what `on_record` raises (the runner is stopped then).
        """
        if self.state.stage == "fetched":
            return
        self._connect()
        with kept_awake(self.device, self._retry, self._device_care):
            self._measure_and_fetch()
        self._advance_state("fetched")
        # Only now: killed before this, `run` finds everything there and comes by here again.
        with contextlib.suppress(DeviceError):
            self._retry(lambda: self.device.remove([self.state.remote_folder]), total_s=REMOVE_S)

    def begin(self) -> None:
        """Have a runner at work there, and leave it to itself and the device awake, until `run` is called one day.

        Raises as `run` does, and `PermanentError` for a runner that ends at once.
        """
        if self.state.stage not in {"planned", "started"}:
            return
        self._connect()
        self._retry(lambda: keep_awake_again(self.device, self._device_care))
        self._take_up()
        if self._status.is_all or not self._start_unless_alive():
            return
        with closing(self._remote_records()) as chunks:
            for chunk in chunks:
                self.stop.check()
                if chunk:
                    return
                if not self._is_alive():
                    self._raise_unless_restartable()
                    last = self._retry(self._process.last_log_lines)
                    raise self.kind.ended_without_record(self.device.name, last)

    def _connect(self) -> None:
        self._retry(self.device.connect, total_s=FIRST_CONNECT_S)
        self._refuse_other_places()
        # Also where outputs alone are left to fetch: what is undone after that would be undone for the other run too.
        self._retry(lambda: refuse_second_run(self.device, self.state.remote_folder))

    def _refuse_other_places(self) -> None:
        """What is written and removed there is below its work directory, whatever state.json says."""
        home, name = posixpath.split(self.state.remote_folder)
        if home != f"{self.device.workdir}/runs" or name in {"", ".", ".."}:
            raise PermanentError(
                f"{self.device.name}: this run lies in {self.state.remote_folder} there, and not in"
                f" {self.device.workdir}, the work directory now",
                "Name the work directory that it was begun with, then go on.",
            )

    # --- measuring ---------------------------------------------------------------------------------------------------

    def _measure_and_fetch(self) -> None:
        try:
            self._take_up()
            if self.state.stage == "planned":  # once: later a runner is, or was, at work
                self._note_phone_state("before")
            if self.state.stage in {"planned", "started"}:
                self._measure()
                self._note_phone_state("after")
                self._advance_state("measured")
        except (DiskError, TransientError, InterruptedRunError):
            raise  # a runner at work is left to it: what it writes can be fetched later
        except Exception:  # this run will not be gone on with as it is
            with contextlib.suppress(DeviceError):
                self._end_runner()
            raise
        fetch_outputs(
            self.device,
            self.state.remote_folder,
            self.folder,
            kept_outputs(self._outputs, self.left_there),
            retry=self._retry,
            stop=self.stop,
            progress=self.progress,
            most_bytes=self.most_output_bytes,
        )

    def _take_up(self) -> None:
        """All records that are here already."""
        self._begin_anew()
        self._records.cut_partial_line()
        for record in self._records.read(self._kept.intake):
            self._take(record, is_news=False)

    def _start_unless_alive(self) -> bool:
        """Push the plan and start a runner, where none is at work; True where it was started."""
        remote = self.state.remote_folder
        self._retry(lambda: self.device.remove([f"{remote}/stop"]))
        if not self._retry(self._process.has_plan):
            if self._records.size_bytes:
                raise self._process.wiped()
            plan = self.folder.plan.read_bytes()
            self._retry(lambda: self.device.write(f"{remote}/plan.json", plan))
        if self._is_alive():
            return False
        self._start()
        return True

    def _measure(self) -> None:
        if self._status.is_all:
            return
        self._start_unless_alive()
        restarts_without_record = 0
        while True:
            before = self._records.size_bytes
            self._follow()
            if self._status.is_all:
                return
            self.stop.check()
            if self._status.finished == "stopped":
                raise self.kind.stopped_there(self.device.name)
            self._raise_unless_restartable()
            restarts_without_record = 0 if self._records.size_bytes > before else restarts_without_record + 1
            if restarts_without_record >= RESTARTS_WITHOUT_PROGRESS:
                last = self._retry(self._process.last_log_lines)
                raise self.kind.ended_without_record(self.device.name, last, times=restarts_without_record)
            self.progress.say(self.device.name, "the runner is gone; starting it again")
            self._retry(lambda: keep_awake_again(self.device, self._device_care))
            self._start()

    def _start(self) -> None:
        self._status.finished = None
        self._advance_state("started")
        process = self._retry(lambda: self._process.start(self.state.conductor))
        self.state = self.state.model_copy(
            update={"process": Process(pid=process.pid, start_ticks=process.start_ticks, boot_id=process.boot_id)}
        )
        write_model(self.folder.state, self.state)
        try:
            self._retry(lambda: defer_to_earlier_run(self.device, self.state.remote_folder))
        except AnotherRunError:
            self._end_runner()
            raise

    def _raise_unless_restartable(self) -> None:
        """The runner is gone before its time: raise where starting it again will not help."""
        if not self._retry(self._process.has_plan):
            raise self._process.wiped()
        started = self._started
        code = self._retry(lambda: self._process.exit_code(started)) if started is not None else None
        self._retry(lambda: self._process.raise_unless_restartable(code))

    def _is_alive(self) -> bool:
        """Whether a runner works on this plan: the one that was started last, or the one that last wrote a record.

        They can differ: where this side was killed between starting a runner and writing that down, a second one is
        started, and ends at once because the first holds the lock.
        """
        started, pid = self._started, self._status.runner_pid
        if started is not None and self._retry(lambda: self.device.is_running(started)):
            return True
        return pid is not None and self._retry(lambda: self._process.writes(pid))

    def _follow(self) -> None:
        """Copy records until the runner says it is finished or is seen to be gone."""
        silences = itertools.chain([self._silence_s], itertools.repeat(0.0))
        self._retry(lambda: self._follow_once(next(silences)), lost="the runner should work on")

    def _follow_once(self, first_silence_s: float) -> None:
        """As `_follow`; raises `TransientError` when the connection is lost.

        Whether the runner lives is asked after so much silence the first time: at once where a connection was lost,
        since it may have been a restart of the device.
        """
        self._connection.say_if_back()
        last_news = time.monotonic() - self._silence_s + first_silence_s
        looked_at, is_expected = time.monotonic(), False
        self._kept.begin_stream()
        with closing(self._remote_records()) as chunks:
            for chunk in chunks:
                if chunk:
                    last_news, is_expected = time.monotonic(), False
                    for record in self._kept.keep(chunk, self._process.records):
                        self._take(record)
                    if self._status.finished is not None:
                        return
                if self.stop.asked and self._stop_runner():
                    return
                self._end_passes_early()
                looked_at = self._kept.bear_silence(looked_at)
                if time.monotonic() - last_news > self._silence_s:
                    last_news = time.monotonic()
                    if not self._is_alive():
                        if not self._process.lines_after(self._records.size_bytes):
                            return
                        if is_expected:  # for long now: this stream is a dead one, however alive its connection looks
                            raise TransientError(f"{self.device.name}: its records came no further")
                        is_expected = True  # what it wrote just before it ended may be on its way

    def _remote_records(self) -> Generator[bytes, None, None]:
        return self.device.follow(self._process.records, self._records.size_bytes, idle_s=IDLE_S)

    def _take(self, record: Record, *, is_news: bool = True) -> None:
        if isinstance(record, QualityOutput):
            self._outputs.append(record)
        if is_news:
            self._kept.bear_latency_pass(record)
        self._status.take(record, is_news=is_news)
        if self.early_end is not None:
            self.early_end.take(record)
        self.on_record(record)

    def _end_passes_early(self) -> None:
        """Tell the runner of a pass that has shown enough."""
        due = self.early_end.due() if self.early_end is not None and not self.stop.asked else None
        if self.early_end is None or due is None:
            return
        file, why = due
        self.device.write(f"{self.state.remote_folder}/{file}", b"")
        self.early_end.dropped()
        self.progress.say(self.device.name, why)

    # --- stopping ----------------------------------------------------------------------------------------------------

    def _stop_runner(self) -> bool:
        """Ask the runner to stop; True when it had long enough, or was not to be waited for, and was ended."""
        if self._stop_asked_at is None:
            self._stop_asked_at = time.monotonic()
            self.progress.say(self.device.name, self.kind.stopping)
            try:
                self.device.write(f"{self.state.remote_folder}/stop", b"")
            except PermanentError:  # a full disk takes no stop file
                self._end_runner()
                return True
        if not self.stop.at_once and time.monotonic() - self._stop_asked_at < self.kind.stop_wait_s:
            return False
        self._end_runner()
        return True

    def _end_runner(self) -> None:
        pid, started = self._status.runner_pid, self._started
        if pid is not None and self._process.writes(pid):
            self._process.end(ProcessHandle(pid, None, None))
        elif started is not None:
            self._process.end(started)

    # --- parts -------------------------------------------------------------------------------------------------------

    @property
    def _records(self) -> RecordFile:
        return self._kept.file

    @property
    def _process(self) -> RunnerProcess:
        return RunnerProcess(self.device, self.state.remote_folder, self.kind.command)

    @property
    def _silence_s(self) -> float:
        return SILENCE_BEFORE_LOOKING_S + self.kind.unit_s

    @property
    def _started(self) -> ProcessHandle | None:
        """The runner that was started last, as far as that was written down."""
        return None if self.state.process is None else ProcessHandle(**self.state.process.model_dump())

    @property
    def _device_care(self) -> DeviceCare:
        """Once everything is measured nothing needs to be held."""
        return DeviceCare(
            hold=self.hold if self.state.stage in {"planned", "started"} else Hold(),
            unplugged=self.unplugged_pass is not None,
            on_held=self._note_held,
            say=lambda words: self.progress.say(self.device.name, words),
            sleep=self.stop.sleep,
        )

    def _note_held(self, held: list[Held]) -> None:
        files = [HeldFile(kind=each.kind, place=each.place, before=each.before, held=each.held) for each in held]
        write_model(self.folder.held, HeldRecord(files=files))

    def _note_phone_state(self, moment: Moment) -> None:
        note_phone_state(self.device, self.folder.phone_state, moment, self._retry, self._device_care.say)

    def _advance_state(self, stage: Stage) -> None:
        self.state = self.state.model_copy(update={"stage": stage, "problem": None})
        write_model(self.folder.state, self.state)

    def _retry(self, operation: Callable[[], _T], *, total_s: float | None = None, lost: str = "") -> _T:
        return self._connection.retry(operation, total_s=total_s, lost=lost)
