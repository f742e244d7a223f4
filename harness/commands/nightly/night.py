"""What the parts of a night share: its state on disk, its minutes, and who may end it."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from harness.documents.folder import DiskError, write_model
from harness.nightly.state import JobOfNight, NightState, RunOfNight
from harness.runs.session.stop_request import InterruptedRunError, StopRequest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.commands.nightly.prepare_experiments import PreparedExperiment
    from harness.nightly.budget import Budget
    from harness.nightly.night_folder import NightFolder
    from harness.nightly.suite_file import SuiteFile
    from harness.runs.session.progress import Progress

_BEAT_S: Final = 15.0


@dataclass
class Night:
    """A night that is being measured. Its state is changed under `lock` and written by `save`."""

    suite: SuiteFile
    folder: NightFolder
    state: NightState
    experiments: dict[str, PreparedExperiment]
    budget: Budget
    progress: Progress
    stop: StopRequest = field(default_factory=StopRequest)
    expected_minutes: dict[tuple[str, str], float] = field(default_factory=dict)
    """Experiment and device → how long a run takes there, by the nights before."""
    out_of_time: threading.Event = field(default_factory=threading.Event)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def save(self) -> None:
        """Write night.json. Raises `DiskError`."""
        with self.lock:
            self.state.spent_s = self.budget.spent_s
            write_model(self.folder.state, self.state)

    def warn(self, text: str) -> None:
        """Something that whoever reads of this night should know; told once."""
        with self.lock:
            if text not in self.state.warnings:
                self.state.warnings.append(text)
                self.progress.say(self.state.suite, text)

    def wait(self, seconds: float) -> bool:
        """Wait, and say whether there is time for anything more. Raises `InterruptedRunError` where the user asks to
        stop.
        """
        if self.budget.is_over:
            return False
        try:
            self.stop.sleep(min(seconds, self.budget.left_s))
        except InterruptedRunError:
            if not self.out_of_time.is_set():
                raise
        return not self.budget.is_over and not self.out_of_time.is_set()

    def new_folder(self, job: JobOfNight) -> str:
        """The name of a folder for one more run of a job; names that look alike as file names get different ones. To be
        called, and written down, under `lock`.
        """
        taken = {run.folder for each in self.state.jobs for run in each.runs}
        return self.folder.new_run_name(job.experiment, job.device, taken)

    def new_run(self, job: JobOfNight) -> RunOfNight:
        """One more run of a job, written down."""
        with self.lock:
            attempt = max((run.attempt for run in job.runs), default=job.earlier_attempts) + 1
            run = RunOfNight(folder=self.new_folder(job), attempt=attempt)
            job.runs.append(run)
            self.save()
        return run

    @contextlib.contextmanager
    def within_its_minutes(self) -> Iterator[None]:
        """While this lasts what goes on at the end of the budget is stopped, and night.json knows what was spent."""

        def ask() -> None:
            self.out_of_time.set()
            self.stop.ask()

        over = self.budget.watch(ask, self.stop.ask_at_once)

        def beat() -> None:
            while not over.wait(_BEAT_S):
                with contextlib.suppress(DiskError):  # whoever has something to write down says so
                    self.save()

        beating = threading.Thread(target=beat, daemon=True)
        beating.start()
        try:
            yield
        finally:
            over.set()
            beating.join()
