"""nightly.json, made from a night's state, its runs and its history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from devices.identity import shown_name
from devices.power.survey import parse_survey
from devices.readings.dumpsys_battery import DumpsysBattery, parse_dumpsys_battery
from devices.readings.unavailable import NotThere
from harness import __version__
from harness.commands.history_import import worst_verdict
from harness.commands.nightly.measure_run import read_comparison
from harness.commands.nightly.night_words import GIVEN, night_sentence, outcome_of
from harness.commands.nightly.quarantine import failures_in_a_row
from harness.commands.nightly.series_tonight import series_tonight
from harness.documents.nightly import NIGHTS_LOOKED_BACK, CommitOfModel, DeviceTonight, Job, Nightly
from harness.errors import UserError
from harness.nightly.state import DeviceOfNight
from harness.quantity import Available, Measured, Unavailable

if TYPE_CHECKING:
    from harness.commands.nightly.night import Night
    from harness.documents.comparison import Comparison
    from harness.documents.nightly import Change, DeviceStatus, HistoryTonight, JobStatus
    from harness.history.rows import Series
    from harness.nightly.state import JobOfNight

_DEVICE_STATUS: Final[dict[JobStatus, DeviceStatus]] = {"missing": "missing", "busy": "busy", "failed": "failing"}
_FEWEST_NIGHTS: Final = 4
"""Fewer nights, tonight's included, show no change of themselves."""

Comparisons = Mapping[tuple[str, str], "Comparison"]


def read_results(night: Night) -> dict[tuple[str, str], Comparison]:
    """Experiment and device → the result of its last run tonight; also of one that failed on its way there."""
    found = {}
    for job in night.state.jobs:
        done = [run for run in job.runs if run.progress == "done"]
        folder = night.folder.run(done[-1]) if done else None
        if folder is not None and folder.comparison.is_file():
            try:
                found[job.key] = read_comparison(folder)
            except UserError as error:
                night.warn(error.what)
    return found


def make_nightly(
    night: Night,
    results: Comparisons,
    series: Sequence[Series],
    changes: Sequence[Change] | None,
    known_changes: Sequence[Change],
    history: HistoryTonight,
    earlier: Sequence[Nightly],
) -> Nightly:
    """`changes`: tonight's, None where nobody can say; `known_changes`: all, tonight's included; `earlier`: the nights
    before, the newest first.
    """
    state = night.state
    jobs = [_job(night, job, results.get(job.key)) for job in state.jobs]
    nights = {point.night for each in series for point in each.points} | {state.night}
    finished = datetime.now(UTC).isoformat(timespec="seconds")
    has_result = any(job.status in GIVEN for job in jobs)
    before = (each.last_success_at for each in earlier if each.last_success_at)
    return Nightly(
        bakeoff_version=__version__,
        suite=state.suite,
        night=state.night,
        host=state.host,
        started_at=state.started_at,
        finished_at=finished,
        budget_minutes=night.suite.suite.budget_minutes,
        spent_minutes=round(night.budget.spent_s / 60.0, 3),
        outcome=outcome_of(jobs, changes),
        sentence=night_sentence(jobs, changes, len(nights) < _FEWEST_NIGHTS),
        changes=list(changes or ()),
        series=series_tonight(state.jobs, results, series, known_changes, state.night),
        jobs=jobs,
        devices=[_device(night, name, results, earlier) for name in dict.fromkeys(job.device for job in state.jobs)],
        commits=_commits(state.jobs),
        history=history,
        warnings=list(state.warnings),
        last_success_at=finished if has_result else next(before, None),
        missed_nights=_missed(state.night, [each.night for each in earlier]),
    )


def _job(night: Night, job: JobOfNight, result: Comparison | None) -> Job:
    verdict = worst_verdict(result) if result is not None and job.status in GIVEN else None
    done = [run for run in job.runs if run.progress == "done"]
    shown = done[-1] if done else None
    folder = night.folder.run(shown) if shown is not None else None
    return Job(
        experiment=job.experiment,
        device=job.device,
        status=job.status or "out of time",
        reason=job.reason,
        run=shown.folder if shown is not None and folder is not None and folder.path.is_dir() else None,
        report=f"{shown.folder}/report.html" if shown and folder and folder.report.is_file() else None,
        decision=verdict.decision if verdict is not None else None,
        sentence=verdict.sentence if verdict is not None else None,
        attempts=job.tries,
        minutes=round(job.minutes, 3),
        measured_again=len(done) > 1,
        earlier_run=done[0].folder if len(done) > 1 else None,
    )


def _device(night: Night, name: str, results: Comparisons, earlier: Sequence[Nightly]) -> DeviceTonight:
    known = night.state.devices.get(name, DeviceOfNight())
    jobs = [job for job in night.state.jobs if job.device == name]
    result = next((results[job.key] for job in reversed(jobs) if job.key in results), None)
    identity = result.devices[0].identity if result is not None else None
    status, reason = known.status, known.reason
    if status == "up" and not any(job.status in GIVEN for job in jobs):
        worst = next((job for job in jobs if job.status in _DEVICE_STATUS), None)
        if worst is not None and worst.status is not None:
            status, reason = _DEVICE_STATUS[worst.status], worst.reason
    not_measured = Unavailable(reason="nothing was measured on it tonight")
    return DeviceTonight(
        device=name,
        shown_name=shown_name(name, identity),
        status=status,
        reason=reason,
        failures_in_a_row=failures_in_a_row(night, name, earlier),
        battery_percent=_battery(night, jobs) if result is not None else not_measured,
        temperature_c=(
            result.devices[0].environment.get("temperature_after", Unavailable(reason="it does not say"))
            if result is not None
            else not_measured
        ),
    )


def _battery(night: Night, jobs: Sequence[JobOfNight]) -> Measured:
    """As the last run of tonight found it when it began."""
    for job in reversed(jobs):
        for run in reversed(job.runs):
            folder = night.folder.run(run)
            if run.progress != "done" or not folder.manifest.is_file():
                continue
            files = folder.device(folder.read_manifest().devices[0])
            if not files.survey.is_file():
                continue
            survey = parse_survey(files.survey.read_text(encoding="utf-8", errors="replace"))
            return _level(survey.answers.get("battery"))
    return Unavailable(reason="nothing was measured on it tonight")


def _level(text: str | None) -> Measured:
    if text is None:
        return Unavailable(reason="the device tells of no battery")
    battery = parse_dumpsys_battery(text)
    level = battery.level_percent if isinstance(battery, DumpsysBattery) else battery
    if isinstance(level, NotThere):
        return Unavailable(reason=level.reason)
    return Available(value=float(level), unit="%", source="dumpsys battery")


def _commits(jobs: Sequence[JobOfNight]) -> list[CommitOfModel]:
    found = {(each.arm, each.repository, each.path, each.sha): each for job in jobs for each in job.commits}
    return list(found.values())


def _missed(night: str, earlier: Sequence[str]) -> list[str]:
    """Nights since the suite's first, of the last thirty, of which there is nothing."""
    if not earlier:
        return []
    tonight, known = date.fromisoformat(night), set(earlier)
    days = (tonight - timedelta(days=back) for back in range(NIGHTS_LOOKED_BACK, 0, -1))
    first = min(earlier)
    return [day.isoformat() for day in days if first <= day.isoformat() and day.isoformat() not in known]
