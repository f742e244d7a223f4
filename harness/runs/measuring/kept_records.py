"""What a device sends of its records, written down here: whole lines that are records, within what its plan allows."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from devices.errors import PermanentError, TransientError
from harness.documents.record_intake import NotARecordError, RecordIntake
from harness.documents.records import LatencyBlock
from harness.runs.measuring.line_splitter import LineSplitter, LineTooLongError

if TYPE_CHECKING:
    from harness.documents.plan import Plan
    from harness.documents.record_file import RecordFile
    from harness.documents.records import Record

TORN_LINES_BEFORE_GIVING_UP = 4


class KeptRecords:
    """The records of one device that come home, and how long none came or a pass went on."""

    def __init__(self, device_name: str, file: RecordFile, plan: Plan, resume_command: str) -> None:
        self.file = file
        self.intake = RecordIntake(device_name, plan)
        """How lines are read and counted."""
        self._device_name = device_name
        self._plan = plan
        self._resume_command = resume_command
        self._splitter = LineSplitter(self.intake.allowance.line_bytes)
        self._torn = 0
        self._silent_s = 0.0
        self._latency_since: float | None = None

    def begin_anew(self) -> None:
        """Count from nothing: all that is here already is read again."""
        self.intake = RecordIntake(self._device_name, self._plan)

    def begin_stream(self) -> None:
        """What comes from now on begins with a whole line."""
        self._splitter = LineSplitter(self.intake.allowance.line_bytes)

    def keep(self, chunk: bytes, remote_path: str) -> list[Record]:
        """Write down the lines that a chunk of the device's file (`remote_path`) completes, and read them.

        A line that is no record may be one that was torn by a full disk or a crash, seen just before a restarted runner
        cut it off: then it is gone when looked at again, and `TransientError` is raised. Raises `PermanentError` where
        it stays, and for what is beyond the plan's allowance.
        """
        intake = self.intake
        try:
            lines = self._splitter.take(chunk)
        except LineTooLongError as error:
            raise intake.beyond(str(error)) from None
        try:
            records = self.file.append(lines, intake)
        except NotARecordError as error:
            self._torn += 1
            torn = f"{self._device_name}: {remote_path} holds a line that is no record ({error})"
            if self._torn < TORN_LINES_BEFORE_GIVING_UP:
                raise TransientError(torn) from None
            self.file.append(lines[: error.place], intake)
            refused = lines[error.place :]
            place = self.file.keep_refused(refused)
            raise PermanentError(
                torn,
                f"The device's disk or memory may be failing. {len(refused)} line(s) from there on are kept in"
                f" {place.name} beside the records. Start a new run.",
            ) from None
        if records:
            self._torn = 0
            self._silent_s = 0.0
        return records

    def bear_silence(self, looked_at: float) -> float:
        """Count the time since `looked_at`, in which the connection was there; returns now. A runner that lives and
        says nothing for longer than anything in its plan takes is ended: raises `PermanentError`.
        """
        now = time.monotonic()
        self._silent_s += now - looked_at
        if self._silent_s > self.intake.allowance.silence_s:
            raise PermanentError(
                f"{self._device_name}: its runner is said to live, and has written no record for"
                f" {self._silent_s / 60:.0f} minutes; nothing in its plan takes so long",
                f"Look at the device. When mended, `{self._resume_command} --resume` goes on.",
            )
        return now

    def bear_latency_pass(self, record: Record) -> None:
        """Count the time since the first block of latency; raises `PermanentError` where that pass is long over."""
        if not isinstance(record, LatencyBlock):
            return
        self._latency_since = time.monotonic() if self._latency_since is None else self._latency_since
        lasted_s = time.monotonic() - self._latency_since
        if lasted_s > self.intake.allowance.latency_pass_s:
            raise self.intake.beyond(
                f"blocks of latency for {lasted_s / 60:.0f} minutes, where its plan ends that pass after"
                f" {self._plan.latency.max_ns / 60e9:g}"
            )
