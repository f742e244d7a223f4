"""The runner's process on a device: started so that its exit code outlives the connection, found again, ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from devices.base import ProcessHandle
from devices.errors import NoSpaceError, PermanentError
from devices.posix.command_lines import pattern_of
from devices.posix.shell import NO_SPACE_REMEDY
from devices.said_number import whole_number
from harness.runs.measuring.disk_space import raise_if_full

if TYPE_CHECKING:
    from collections.abc import Sequence

    from devices.base import Completed, Device

UNUSABLE, CANNOT_WRITE = 65, 74
"""Exit codes of the runner after which starting it again would not help (see devices/python_runner/contract.py)."""

# $1 is the run's folder there. The code becomes part of a file's name: on a full disk a file can still be renamed, and
# nothing can be written into it.
_WRAPPER = 'd=$1; shift; true >"$d/exit.$$"; "$@"; mv -f -- "$d/exit.$$" "$d/exit.$$.$?"'
_COMMAND_TIMEOUT_S = 30.0


@dataclass(frozen=True)
class RunnerProcess:
    """The runners of one run on one device; at most one of them works, the others ended or found it locked."""

    device: Device
    folder: str
    """The run's folder on the device."""
    command: str = "bakeoff run"
    """What a person goes on with."""

    def start(self, conductor: Sequence[str]) -> ProcessHandle:
        """Start a runner on the plan there. Raises `DeviceError`."""
        argv = ["sh", "-c", _WRAPPER, "sh", self.folder, *conductor, f"{self.folder}/plan.json", self.records]
        return self.device.start(argv, log=f"{self.folder}/runner.log", cwd=self.folder)

    @property
    def records(self) -> str:
        """Where it writes."""
        return f"{self.folder}/records.jsonl"

    def lines_after(self, offset: int) -> int:
        """How many whole lines of records are there after so many bytes. A command's answer, not a quiet stream's: one
        that is slow to begin looks like one that has nothing to say.
        """
        # A file that is not there yet holds none.
        script = '[ ! -f "$1" ] || tail -c "+$2" -- "$1" | wc -l'
        counted = self._run(["sh", "-c", script, "sh", self.records, str(offset + 1)]).stdout
        return whole_number(counted.decode("ascii", "replace")) or 0

    def writes(self, pid: int) -> bool:
        """Whether the process of this id, read from a record, is a runner of this run: ids are used again, and so
        its command line is asked.
        """
        return self._run(["grep", "-q", "--", pattern_of(self.records), f"/proc/{pid}/cmdline"]).exit_code == 0

    def end(self, handle: ProcessHandle) -> None:
        """End it without waiting for the block in flight: that is what a second signal says to it."""
        # Two of a kind can arrive as one.
        self.device.signal(handle, "TERM", "INT")

    def has_plan(self) -> bool:
        """Whether the run's folder is there, with its plan."""
        return self._run(["test", "-f", f"{self.folder}/plan.json"]).exit_code == 0

    def exit_code(self, started: ProcessHandle) -> int | None:
        """How the runner ended that was started as `started`; None where that is not known (it was killed)."""
        prefix = f"exit.{started.pid}."
        names = self._run(["ls", self.folder]).stdout.decode("utf-8", "replace").split()
        codes = [name.removeprefix(prefix) for name in names if name.startswith(prefix)]
        return whole_number(codes[0]) if codes else None

    def raise_unless_restartable(self, exit_code: int | None) -> None:
        """Raise what made a runner end where starting it again will not help. `exit_code` may be unknown: a full disk
        does not even keep that.
        """
        name = self.device.name
        if exit_code == UNUSABLE:
            raise PermanentError(f"{name}: the runner cannot go on there: {self.last_log_lines()}", "Start a new run.")
        if exit_code is None or exit_code == CANNOT_WRITE:
            raise_if_full(self.device, self.folder, after=f"Then `{self.command} --resume` goes on.")
        if exit_code == CANNOT_WRITE:
            said = self.last_log_lines()
            if any(
                sign in said for sign in ("No space left on device", "uota exceeded")
            ):  # for what it wanted to write
                raise NoSpaceError(
                    f"{name}: the disk is full there: {said}",
                    f"{NO_SPACE_REMEDY} Then `{self.command} --resume` goes on.",
                )
            raise PermanentError(
                f"{name}: the runner could not write there: {said}",
                f"Look at the device's disk. Then `{self.command} --resume` goes on.",
            )

    def wiped(self) -> PermanentError:
        """Of a run whose folder is gone, though it had begun."""
        return PermanentError(
            f"{self.device.name}: {self.folder} is no longer there, and with it what was measured",
            "Something removed it on the device. Start a new run.",
        )

    def last_log_lines(self) -> str:
        """The last line of its log."""
        done = self._run(["tail", "-n", "1", f"{self.folder}/runner.log"])
        return done.stdout.decode("utf-8", "replace").strip().removeprefix("[runner] ") or "its log is empty"

    def _run(self, argv: list[str]) -> Completed:
        return self.device.run(argv, timeout_s=_COMMAND_TIMEOUT_S)
