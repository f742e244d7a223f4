"""What changed tonight: suspects are found, measured again in fresh runs, and only then decided on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from harness.commands.nightly.broken_rules import broken_rules, jobs_with_news, without_rules
from harness.commands.nightly.take_turns import HoldElsewhere, measure_again
from harness.errors import UserError
from harness.history.changes.decide import decide
from harness.history.changes.suspects import Suspect, find_suspects

_MOST_NIGHTS: Final = 400

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.commands.nightly.keep_results import NightlyHistory
    from harness.commands.nightly.night import Night
    from harness.documents.nightly import Change
    from harness.history.rows import Series
    from harness.history.store import History
    from harness.nightly.state import JobOfNight


def measure_suspects(
    night: Night, history: NightlyHistory, hold_elsewhere: HoldElsewhere, known: dict[tuple[str, ...], Suspect]
) -> None:
    """Find suspects that are not in `known`, put them there, and measure them again where that is asked for and there
    is time. Raises as `measure_again` does.
    """
    read = read_series(night, history)
    if read is None:
        return
    series, told = read
    own = {job.key: job for job in night.state.jobs if job.status in {"measured", "partly"}}
    fresh = [
        each
        for each in find_suspects(_first_attempts(night, series), without_rules(told), night.state.night)
        # Other computers' devices are theirs to measure again.
        if _name(each) not in known and (each.key.experiment, each.key.device) in own
    ]
    known |= {_name(each): each for each in fresh}
    asked = {(each.key.experiment, each.key.device) for each in fresh}
    asked |= {job.key for job in jobs_with_news(night, told)}
    jobs = [job for key, job in own.items() if key in asked and not _was_measured_again(job)]
    if not jobs or not night.suite.suite.changes.measure_again:
        return
    for job in jobs:
        night.progress.say(job.device, f"{job.experiment} seems to have got worse or better, and is measured again")
    measure_again(night, jobs, hold_elsewhere)
    history.keep_runs(night)


def decide_night(night: Night, history: NightlyHistory, suspects: Sequence[Suspect]) -> list[Change] | None:
    """What changed; None where nobody can say, since the history cannot be had. It is written down before anybody is
    told. Raises `DiskError`.
    """
    if night.state.changes is None:
        read = read_series(night, history)
        if read is None:
            return None
        series, told = read
        with night.lock:
            changes = decide(series, suspects, without_rules(told), night.state.night)
            night.state.changes = [*changes, *broken_rules(night, told, changes)]
            night.save()
    return night.state.changes


def read_series(night: Night, history: NightlyHistory) -> tuple[list[Series], list[Change]] | None:
    """All series of the suite, and what nights before this one told; None where the history cannot be had."""
    with history.opened() as opened:
        if opened is None:
            return None
        try:
            return _read(opened, night)
        except UserError as error:
            history.problem = error.what
            return None


def _read(history: History, night: Night) -> tuple[list[Series], list[Change]]:
    suite, tonight = night.state.suite, night.state.night
    # Nights of later dates are there where an earlier one is measured after them.
    series = [
        replace(each, points=tuple(point for point in each.points if point.night <= tonight))
        for each in history.series(suite, last_nights=_MOST_NIGHTS)
    ]
    told = [change for change in history.changes(suite) if change.id not in night.state.told_before]
    return [each for each in series if each.points], told


def _first_attempts(night: Night, series: Sequence[Series]) -> list[Series]:
    """Without what was measured again tonight already, by a start that was cut after that."""
    again = {
        (job.experiment, job.device, run.attempt) for job in night.state.jobs for run in job.runs[1:] if run.is_kept
    }
    tonight = night.state.night

    def is_first(each: Series, attempt: int) -> bool:
        return (each.key.experiment, each.key.device, attempt) not in again

    return [
        replace(each, points=tuple(p for p in each.points if p.night != tonight or is_first(each, p.attempt)))
        for each in series
    ]


def _name(suspect: Suspect) -> tuple[str, ...]:
    key = suspect.key
    return key.experiment, key.device, key.candidate, key.quantity


def _was_measured_again(job: JobOfNight) -> bool:
    return len(job.runs) > 1 and job.runs[1].progress == "done"
