"""A whole night: what is asked for is looked up, measured within its minutes, kept, judged, written down, and told."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

from harness.commands.nightly.begin_night import asked_of, expected_minutes, make_state, read_state
from harness.commands.nightly.find_devices import find_devices
from harness.commands.nightly.judge_night import decide_night, measure_suspects, read_series
from harness.commands.nightly.keep_results import NightlyHistory
from harness.commands.nightly.measure_run import Came
from harness.commands.nightly.night import Night
from harness.commands.nightly.nightly_document import make_nightly, read_results
from harness.commands.nightly.prepare_experiments import prepare_experiments
from harness.commands.nightly.quarantine import check_quarantined, failures_in_a_row, quarantine_failing
from harness.commands.nightly.take_turns import finish, measure_first
from harness.commands.nightly.tell_night import render_night, tell_night
from harness.documents.folder import read_model, write_model
from harness.documents.nightly import Nightly
from harness.errors import UserError
from harness.history.device_lease import device_lease
from harness.nightly.budget import Budget
from harness.nightly.device_lock import file_lock
from harness.nightly.night_folder import NightFolder, nights_before
from harness.nightly.night_label import checked_night, night_to_measure, now
from harness.nightly.state import DeviceOfNight
from harness.runs.session.stop_request import StopRequest
from harness.words.sentences import counted

if TYPE_CHECKING:
    from harness.history.changes.suspects import Suspect
    from harness.nightly.suite_file import SuiteFile
    from harness.runs.session.progress import Progress

_NIGHTS_LOOKED_AT: Final = 30


@dataclass(frozen=True)
class NightOptions:
    """What the command line says."""

    night: str | None = None
    """The date it is of; None: today's."""
    again: bool = False
    """Measure all of it anew, though it is done."""
    nights: Path | None = None
    """Folder of the nights, in place of the suite's."""


@dataclass(frozen=True)
class NightResult:
    """What a night came to."""

    nightly: Nightly
    folder: Path
    is_stored: bool
    """Whether it was done already, and nothing was measured now."""


def run_night(suite: SuiteFile, options: NightOptions, progress: Progress) -> NightResult:
    """Measure a suite's night, or go on with it where it was cut, or give what it came to where it is done.

    Nothing is written before all that the suite names was found. Raises `UserError`, and `InterruptedRunError` where
    the user asks to stop: the same command then goes on.
    """
    suite_folder = suite.nights_folder(options.nights)
    label = checked_night(options.night) if options.night is not None else night_to_measure(suite_folder, now())
    budget = Budget(suite.suite.budget_minutes)
    history = NightlyHistory(suite.suite.history.url)
    history.check()
    experiments = prepare_experiments(suite, progress)
    folder = NightFolder(suite_folder / label)
    stop = StopRequest()
    with _claimed(folder, budget, stop, progress):
        before = read_state(folder, suite.suite, label)
        asked = asked_of(suite.suite, experiments)
        if before is not None and before.is_finished and before.asked == asked and not options.again:
            return NightResult(read_model(folder.document, Nightly), folder.path, is_stored=True)
        earlier = list(islice(nights_before(suite_folder, label), _NIGHTS_LOOKED_AT))
        found = find_devices(suite.suite, earlier, progress, stop)
        state, sentences = make_state(suite.suite, label, experiments, found, before, again=options.again)
        night = Night(
            suite=suite,
            folder=folder,
            state=state,
            experiments={each.declared.name: each for each in experiments},
            budget=Budget(suite.suite.budget_minutes, state.spent_s + budget.spent_s),
            progress=progress,
            stop=stop,
            expected_minutes=expected_minutes(earlier),
        )
        night.save()
        _announce(night)
        for sentence in sentences:
            night.warn(sentence)
        for job in state.jobs:
            problem = night.experiments[job.experiment].problem
            if job.progress != "done" and problem is not None:
                finish(night, job, Came("failed", problem))
            elif job.progress != "done" and job.device in found.missing:
                finish(night, job, Came("missing", found.missing[job.device]))
        with night.within_its_minutes():
            suspects = _measure(night, history, earlier)
        return NightResult(_conclude(night, history, suspects, earlier), folder.path, is_stored=False)


@contextmanager
def _claimed(folder: NightFolder, budget: Budget, stop: StopRequest, progress: Progress) -> Iterator[None]:
    """One bakeoff at a time works on a night; one that was started twice waits, and finds it done."""

    def wait(seconds: float) -> bool:
        with stop.listening():
            stop.sleep(seconds)
        return not budget.is_over

    def say() -> None:
        progress.say("this machine", "another bakeoff is at work on this night; waiting for it")

    with file_lock(folder.claim, wait, say) as had:
        if not had:
            raise UserError(
                f"{folder.path}: another bakeoff is at work on this night", "Wait for it, or stop it first."
            )
        try:
            yield
        finally:
            _leave_nothing_empty(folder)


def _announce(night: Night) -> None:
    """Logs of several nights are one file, and its lines have no dates."""
    state = night.state
    left = sum(job.progress != "done" for job in state.jobs)
    devices = counted(len({job.device for job in state.jobs}), "device")
    minutes = f"{night.budget.left_s / 60.0:.0f} of {night.suite.suite.budget_minutes:g} minutes left"
    measurements = f"{counted(left, 'measurement')} to be done of {len(state.jobs)}"
    night.progress.say(state.suite, f"night of {state.night}: {measurements} on {devices}, {minutes}")


def _leave_nothing_empty(folder: NightFolder) -> None:
    """A night that was refused before it began leaves no folder."""
    with contextlib.suppress(OSError):
        if [each.name for each in folder.path.iterdir()] == [folder.claim.name]:
            folder.claim.unlink()
            for path in (folder.path, folder.path.parent, folder.path.parent.parent):
                path.rmdir()  # of those above only what holds no other night


def _measure(night: Night, history: NightlyHistory, earlier: Sequence[Nightly]) -> list[Suspect]:
    """All that fits: first what is measured for the first time, then suspects, then what was left aside for them."""
    suspects: dict[tuple[str, ...], Suspect] = {}
    if night.state.changes is not None:  # it was cut after all was decided
        return []
    hold = partial(_hold_elsewhere, night)
    _check_devices(night, history)
    reserved_s = night.suite.suite.changes.reserve * night.budget.total_s
    for reserve_s in (reserved_s, 0.0):
        measure_first(night, reserve_s, hold)
        history.keep_runs(night)
        measure_suspects(night, history, hold, suspects)
        if all(job.progress == "done" for job in night.state.jobs):
            break
    for job in night.state.jobs:
        if job.progress != "done":
            finish(night, job, Came("out of time", _why_not_begun(night, job.key)))
    _quarantine(night, history, earlier)
    return list(suspects.values())


def _why_not_begun(night: Night, key: tuple[str, str]) -> str:
    expected = night.expected_minutes.get(key)
    takes = f", and it takes about {expected:.1f}" if expected is not None else ""
    left = night.budget.left_s / 60.0
    total = night.suite.suite.budget_minutes
    return f"not begun: of the night's {total:g} minutes {left:.1f} were left{takes}"


def _check_devices(night: Night, history: NightlyHistory) -> None:
    """Devices in quarantine are tried, and their jobs left out where that fails."""
    devices = dict.fromkeys(job.device for job in night.state.jobs if job.progress != "done")
    with history.opened() as opened:
        for device in devices if opened is not None else ():
            try:
                known = check_quarantined(night, opened, device) if opened is not None else DeviceOfNight()
            except UserError as error:
                history.problem = error.what
                continue
            night.state.devices[device] = known
            for job in night.state.jobs:
                if known.status == "quarantined" and job.device == device and job.progress != "done":
                    finish(night, job, Came("quarantined", known.reason))


def _quarantine(night: Night, history: NightlyHistory, earlier: Sequence[Nightly]) -> None:
    with history.opened() as opened:
        for device in dict.fromkeys(job.device for job in night.state.jobs) if opened is not None else ():
            known = night.state.devices.get(device)
            if known is not None and known.status == "quarantined":
                continue
            try:
                failures = failures_in_a_row(night, device, earlier)
                kept_out = quarantine_failing(night, opened, device, failures) if opened is not None else None
            except UserError as error:
                history.problem = error.what
                continue
            if kept_out is not None:
                night.state.devices[device] = kept_out
                night.warn(f"{device} is let alone from the next night on: {kept_out.reason}")
    night.save()


@contextmanager
def _hold_elsewhere(night: Night, device: str) -> Iterator[bool]:
    def say() -> None:
        night.progress.say(device, "another computer is at work there; waiting for it")

    with device_lease(night.suite.suite.history.url, device, night.wait, say) as had:
        yield had


def _conclude(
    night: Night, history: NightlyHistory, suspects: Sequence[Suspect], earlier: Sequence[Nightly]
) -> Nightly:
    """nightly.json is whole before anybody is told, and written once more with what went wrong in telling."""
    changes = decide_night(night, history, suspects)
    read = read_series(night, history)
    series, told = read if read is not None else ([], [])
    results = read_results(night)
    known = [*told, *(changes or ())]

    def make() -> Nightly:
        return make_nightly(night, results, series, changes, known, history.tonight(), earlier)

    history.keep_night(make(), changes or ())
    if changes is None or history.problem is not None:
        night.warn(f"the history cannot be had: {history.problem}")
    nightly = make()
    write_model(night.folder.document, nightly)
    warned = len(night.state.warnings)
    render_night(night, nightly)
    tell_night(night, nightly)
    if len(night.state.warnings) > warned:
        nightly = nightly.model_copy(update={"warnings": list(night.state.warnings)})
        write_model(night.folder.document, nightly)
        render_night(night, nightly)
    night.state.is_finished = True
    night.save()
    return nightly
