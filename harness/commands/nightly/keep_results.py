"""What was measured goes into the history as soon as it is there; where that cannot be had it waits in files."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.commands.history_import import rows_of_run
from harness.documents.nightly import HistoryTonight
from harness.errors import UserError
from harness.history.address import read_address
from harness.history.faults import HistoryOutOfReachError
from harness.history.store import open_history
from harness.history.waiting import Kept, Waiting, keep_or_wait

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.commands.nightly.night import Night
    from harness.documents.nightly import Change, Nightly
    from harness.history.store import History
    from harness.nightly.state import JobOfNight, RunOfNight


class NightlyHistory:
    """The history of a suite as a night uses it: never a reason to end the night."""

    def __init__(self, url: str | None) -> None:
        self._url = url
        self.kept = Kept(in_history=True, waiting=0)
        """How the last thing that was to be kept fared."""
        self.shown = ""
        """Where it is, without a password."""
        self.problem: str | None = None
        """Why it could not be asked; None where it could."""

    def check(self) -> None:
        """Open it once; one that is not there yet is not made. Raises `UserError` for an address that is none, a
        refused login and a newer schema; a database that does not answer is none of these.
        """
        address = read_address(self._url)
        self.shown = address.shown
        if address.file is not None and not address.file.exists():
            return
        try:
            with open_history(self._url) as history:
                self.shown = history.url
        except HistoryOutOfReachError as error:
            self.problem = error.what

    @contextmanager
    def opened(self) -> Iterator[History | None]:
        """The history, or None where it cannot be had; `problem` says why. What fails in it after that is for whoever
        asks.
        """
        try:
            history = open_history(self._url)
        except UserError as error:
            self.problem = error.what
            yield None
            return
        with history:
            self.shown = history.url
            yield history

    def keep_runs(self, night: Night) -> None:
        """Keep the results of every run that is done and was not kept. A database that could not be had for one of them
        is not waited for again for each of the others. Raises `DiskError`.
        """
        is_there = True
        for job in night.state.jobs:
            for run in job.runs:
                if run.progress == "done" and not run.is_kept and job.status in {"measured", "partly"}:
                    is_there = self._keep_run(night, job, run, ask=is_there) and is_there

    def _keep_run(self, night: Night, job: JobOfNight, run: RunOfNight, *, ask: bool) -> bool:
        """Whether the database was there. Without `ask` it is not, and the rows wait in a file."""
        try:
            rows = rows_of_run(
                night.folder.run(run),
                suite=night.state.suite,
                night=night.state.night,
                attempt=run.attempt,
                experiment=job.experiment,
                commits=job.commits,
            )
        except UserError as error:
            night.warn(f"the results of {run.folder} are not in the history: {error.what}")
            return True
        if ask:
            self._note(keep_or_wait(self._url, rows))
        else:
            waiting = Waiting().of_suite(night.state.suite)
            waiting.put_runs(rows)
            self.kept = replace(self.kept, waiting=len(waiting.files()))
        with night.lock:
            run.is_kept = True
            night.save()
        return self.kept.in_history

    def keep_night(self, nightly: Nightly, changes: Sequence[Change]) -> None:
        """Keep what the night came to, and what it tells. Raises `DiskError`."""
        self._note(keep_or_wait(self._url, nightly=nightly, changes=(nightly.suite, changes)))

    def _note(self, kept: Kept) -> None:
        self.kept = kept
        if kept.reason is not None:
            self.problem = kept.reason

    def tonight(self) -> HistoryTonight:
        """How it is told of."""
        return HistoryTonight(
            url=self.shown,
            kept=self.kept.in_history,
            waiting=self.kept.waiting if not self.kept.in_history else len(Waiting().files()),
            reason=self.kept.reason or self.problem,
        )
