"""Rows of the history out of finished run folders: what a night keeps, and what `bakeoff history import` finds."""

from __future__ import annotations

import os
import socket
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from harness.documents.comparison import DeviceResult, Effect
from harness.documents.folder import RunFolder, read_model
from harness.documents.nightly import Nightly
from harness.documents.received_folder import refuse_foreign_entries
from harness.documents.runner_record import RunnerRecord
from harness.errors import UserError
from harness.history.design import design_fingerprint
from harness.history.rows import Environment, ResultRow, RunRow, SeriesKey
from harness.history.waiting import Waiting
from harness.nightly.night_folder import NightFolder
from harness.nightly.state import NightState
from harness.quantity import QUANTITIES, Available

if TYPE_CHECKING:
    from harness.documents.comparison import Comparison, Contrast, Verdict
    from harness.documents.manifest import Manifest
    from harness.documents.nightly import CommitOfModel
    from harness.history.store import History

_WORST_FIRST: Final = ("hold", "undecided", "ship")
_DEEPEST: Final = 12
_MOST_FOLDERS: Final = 1_000_000


def rows_of_run(
    folder: RunFolder,
    *,
    suite: str = "",
    night: str | None = None,
    attempt: int = 1,
    experiment: str | None = None,
    commits: Sequence[CommitOfModel] = (),
) -> list[RunRow]:
    """One row a device, from run.json and comparison.json.

    `night` is the day on which the run began where it is not given, and `experiment` the name that the run's experiment
    has. Of `commits` those of the run's arms are kept. Raises `UserError` where the folder holds no finished run.
    """
    from reports.open_comparison import open_comparison

    manifest = folder.read_manifest()
    comparison = open_comparison(folder.comparison)
    if comparison.run_id != manifest.run_id:
        raise UserError(f"{folder.comparison}: is of another run than run.json", "Is the run folder whole?")
    arms = {arm.name for arm in manifest.arms}
    began = _moment(manifest.created_at)
    verdict = worst_verdict(comparison)
    name = experiment or comparison.name
    return [
        RunRow(
            run_id=manifest.run_id,
            suite=suite,
            night=night or began.astimezone().date().isoformat(),
            attempt=attempt,
            experiment=name,
            design=design_fingerprint(manifest),
            device=result.device,
            host=socket.gethostname(),
            folder=str(folder.path.absolute()),
            measured_at=_moment(result.started_at) if result.started_at is not None else began,
            environment=_environment(folder, manifest, result),
            commits=tuple(commit for commit in commits if commit.arm in arms),
            decision=None if verdict is None else verdict.decision,
            results=tuple(_result(suite, name, result.device, contrast) for contrast in result.contrasts),
            sentence=None if verdict is None else verdict.sentence,
        )
        for result in comparison.devices
    ]


def _result(suite: str, experiment: str, device: str, contrast: Contrast) -> ResultRow:
    quantity = QUANTITIES.get(contrast.quantity)
    effect = contrast.effect if isinstance(contrast.effect, Effect) else None
    interval = effect.interval if effect is not None else None
    units = [
        value.unit for value in (contrast.baseline_value, contrast.candidate_value) if isinstance(value, Available)
    ]
    return ResultRow(
        key=SeriesKey(suite, experiment, device, contrast.candidate, contrast.quantity),
        scale=effect.scale if effect is not None else quantity.scale if quantity is not None else "ratio",
        unit=quantity.unit if quantity is not None else units[0] if units else "",
        better=quantity.better if quantity is not None else "lower",
        estimate=effect.estimate if effect is not None else None,
        low=interval.low if interval is not None else None,
        high=interval.high if interval is not None else None,
        level=interval.level if interval is not None else None,
        n=effect.n if effect is not None else None,
        baseline=contrast.baseline_value,
        candidate=contrast.candidate_value,
        unavailable=None if isinstance(contrast.effect, Effect) else contrast.effect.reason,
    )


def _environment(folder: RunFolder, manifest: Manifest, result: DeviceResult) -> Environment:
    facts: dict[str, str | None] = {"runner": result.runner}
    identity = result.identity
    if identity is not None:
        android = identity.android
        build = android.build_fingerprint if android is not None else None
        facts |= {
            "model": identity.model,
            "cpu": identity.cpu_model,
            "serial": android.serial if android is not None else None,
            "os": f"{identity.os} ({build})" if build else identity.os,
            "kernel": identity.kernel,
            "libc": identity.libc,
        }
    libraries = _libraries(folder, manifest, result.device)
    for arm in result.arms:
        runtime = " ".join(filter(None, (arm.runtime, arm.runtime_version, libraries.get(arm.arm))))
        facts[f"runtime of {arm.arm}"] = runtime or None
        facts[f"accelerator of {arm.arm}"] = arm.accelerator
    return Environment({name: value for name, value in facts.items() if value})


def _libraries(folder: RunFolder, manifest: Manifest, device: str) -> dict[str, str]:
    """Arm → the begin of its runtime library's hash, on devices of the native runner."""
    entry = next((each for each in manifest.devices if each.name == device), None)
    if entry is None or not folder.device(entry).runner.is_file():
        return {}
    record = read_model(folder.device(entry).runner, RunnerRecord)
    names = {arm.id: arm.name for arm in manifest.arms}
    return {names.get(arm, arm): f"({library.sha256[:12]})" for arm, library in record.libraries.items()}


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UserError(f"{text[:40]!r} is no moment in time", "Is the run folder whole?") from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


@dataclass
class Imported:
    """What an import came to."""

    runs: int = 0
    """Runs on a device that were new."""
    known: int = 0
    """Those that the history had."""
    nights: int = 0
    skipped: dict[str, str] = field(default_factory=dict)
    """Folder → why it could not be read."""


def import_folder(
    history: History,
    folder: Path,
    *,
    suite: str = "",
    again: bool = False,
    told: Callable[[int, int], None] = lambda done, total: None,
) -> Imported:
    """Every finished run in `folder`, however deep, and the nights that told of them. One that cannot be read is in
    `skipped`. With `again` runs that are known are written anew. `told` hears how many runs of how many are read.

    Raises `UserError` where there is no such folder, and `HistoryError`.
    """
    if not folder.is_dir():
        raise UserError(f"{folder}: is no folder", "Name a run, or a folder of runs.")
    found = Imported()
    runs, nights = _look_through(folder)
    places = {path: place for path in nights if (place := _read_night(path, found)) is not None}
    # A run by itself, or a night's folder of runs, is still that night's.
    above = folder.absolute().parents[:2]
    around = {path: place for path in above if (place := _read_night(path, found)) is not None}
    known = around | places
    rows: dict[Path, list[RunRow]] = {}
    for done, path in enumerate(runs):
        told(done, len(runs))
        place = next((known[parent] for parent in path.parents if parent in known), None)
        try:
            refuse_foreign_entries(path)
            rows[path] = _rows(path, place, suite)
        except UserError as error:
            found.skipped[str(path)] = error.what
    keep = history.replace_runs if again else history.keep_runs
    for of_run in _with_attempts(rows, {path for place in known.values() for path in place.numbered}).values():
        kept = keep(of_run)
        found.runs += kept
        found.known += len(of_run) - kept
    for nightly in (place.nightly for place in places.values()):
        if nightly is not None:
            history.keep_night(nightly)
            history.keep_changes(nightly.suite, nightly.changes)
            found.nights += 1
    return found


def import_waiting(history: History) -> Imported:
    """What nightly jobs keep in files since their database could not be had, of every suite. Raises `HistoryError`."""
    came = Waiting().bring_in(history)
    broken = "it cannot be understood, and is kept under this name"
    return Imported(runs=came.runs, nights=came.nights, skipped=dict.fromkeys(came.broken, broken))


@dataclass(frozen=True)
class _Night:
    """A night's folder."""

    suite: str
    night: str
    experiments: dict[Path, str]
    """Run folder → what its suite calls the experiment."""
    numbered: dict[Path, int]
    """Run folder → which attempt it was, where the night wrote that down."""
    commits: dict[Path, tuple[CommitOfModel, ...]]
    every_commit: tuple[CommitOfModel, ...]
    nightly: Nightly | None
    """What it came to; None where it did not get there."""


def _read_night(path: Path, found: Imported) -> _Night | None:
    """From its state, which knows every attempt, or else from what it came to."""
    folder = NightFolder(path)
    try:
        nightly = read_model(folder.document, Nightly) if folder.document.is_file() else None
        state = read_model(folder.state, NightState) if folder.state.is_file() else None
    except UserError as error:
        found.skipped[str(path)] = error.what
        return None
    if state is not None:
        runs = [(path / run.folder, run, job) for job in state.jobs for run in job.runs]
        return _Night(
            suite=state.suite,
            night=state.night,
            experiments={place: job.experiment for place, _, job in runs},
            numbered={place: run.attempt for place, run, _ in runs},
            commits={place: tuple(job.commits) for place, _, job in runs},
            every_commit=(),
            nightly=nightly,
        )
    if nightly is None:
        return None
    runs_of = ((job, run) for job in nightly.jobs for run in (job.run, job.earlier_run))
    named = {path / run: job.experiment for job, run in runs_of if run is not None}
    return _Night(nightly.suite, nightly.night, named, {}, {}, tuple(nightly.commits), nightly)


def _look_through(folder: Path) -> tuple[list[Path], list[Path]]:
    """Folders of runs, and of nights. Links are not followed, and what lies in a run is not looked at."""
    runs, nights = [], []
    top = folder.absolute()
    for seen, (place, folders, files) in enumerate(os.walk(top), start=1):
        path = Path(place)
        if seen > _MOST_FOLDERS:
            raise UserError(f"{folder}: holds more than {_MOST_FOLDERS:,} folders", "Name one of them.")
        if "nightly.json" in files or "night.json" in files:
            nights.append(path)
        if "run.json" in files:
            runs.append(path)
            folders.clear()
        elif len(path.parts) - len(top.parts) >= _DEEPEST:
            folders.clear()
        folders.sort()
    return runs, nights


def _rows(path: Path, night: _Night | None, suite: str) -> list[RunRow]:
    folder = RunFolder(path)
    if not folder.comparison.is_file():
        raise UserError(f"{path}: has no comparison.json yet", f"bakeoff analyze {path}")
    if night is None:
        return rows_of_run(folder, suite=suite)
    return rows_of_run(
        folder,
        suite=night.suite,
        night=night.night,
        attempt=night.numbered.get(path, 1),
        experiment=night.experiments.get(path),
        commits=night.commits.get(path, night.every_commit),
    )


def _with_attempts(rows: dict[Path, list[RunRow]], numbered: set[Path]) -> dict[Path, list[RunRow]]:
    """Where nobody wrote it down: in a night of a suite, the same experiment on the same device is a first and further
    attempts, in order of time.
    """
    attempts: dict[tuple[str, str, str, str], int] = defaultdict(int)
    counted: dict[Path, list[RunRow]] = {}
    for path, of_run in sorted(
        rows.items(),
        key=lambda item: (min((row.measured_at for row in item[1]), default=datetime.max.replace(tzinfo=UTC)), item[0]),
    ):
        counted[path] = []
        for row in of_run:
            place = (row.suite, row.night, row.experiment, row.device)
            attempts[place] += 1
            by_time = attempts[place] if row.suite else 1
            counted[path].append(row if path in numbered else replace(row, attempt=by_time))
    return counted


def worst_verdict(comparison: Comparison) -> Verdict | None:
    """The verdict that a run is told by where it has several candidates."""
    return min(comparison.verdicts, key=lambda each: _WORST_FIRST.index(each.decision), default=None)
