"""The search: begin it, go on with it, run by run, until one commit is left."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from scipy.special import stdtrit

from harness import __version__
from harness.commands.bisect.paired_step import (
    Measured,
    NotMeasurableError,
    measure_step,
    paired_experiment,
    quantity_named,
)
from harness.commands.run import Overrides
from harness.documents.bisect import Bisect, BisectResult, BisectStep
from harness.documents.folder import DiskError, RunFolder, read_model, write_model
from harness.errors import UserError
from harness.experiment.file import read_experiment
from harness.history.changes.causes import commit_in_words
from harness.history.changes.limits import least_change
from harness.history.rows import effect_of
from harness.nightly.git.models import commits_between, find_commit, find_model, model_file
from harness.nightly.git.repository import open_repository
from harness.quantity import Quantity
from harness.statistics.noisy_search import first_bad_probabilities, likely_range, log_odds_bad, next_to_measure
from harness.words.printable import printable
from harness.words.sentences import counted

if TYPE_CHECKING:
    from harness.documents.nightly import CommitOfModel
    from harness.experiment.file import ExperimentFile
    from harness.nightly.git.command import GitFolder
    from harness.runs.session.progress import Progress

STATE_FILE: Final = "bisect.json"
MOST_RUNS_OF_THE_END: Final = 3
"""So often the bad commit is measured before it is said not to be bad here."""
MOST_RUNS: Final = 200
_FLOOR: Final = 0.25
"""The share of the least change that one run differs from the next by, at least."""
_CLEAR: Final = 0.999
"""The whole change is there where it is further from none than this quantile of Student's t."""


@dataclass(frozen=True)
class Asked:
    """What the command line says."""

    experiment: Path
    arm: str | None
    quantity: str
    device: str
    repository: str
    base: Path
    """The folder that the repository is relative to."""
    path: str
    good: str
    bad: str
    pairs: int | None = None


def begin(asked: Asked, folder: Path) -> Bisect:
    """Look everything up and write the state. Raises `UserError`, and then nothing is written."""
    quantity_named(asked.quantity)
    file = read_experiment(asked.experiment)
    arm = _arm(file, asked.arm)
    state = folder / STATE_FILE
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(
            f"{folder}: is there already", "Name another folder, or go on with: bakeoff bisect --resume DIR"
        )
    repository = open_repository(asked.repository, asked.base, fetch=False)
    good = find_model(repository, arm, asked.good, asked.path)
    find_model(repository, arm, asked.bad, asked.path)
    commits = commits_between(repository, arm, find_commit(repository, asked.good), asked.bad, asked.path)
    if not commits:
        raise UserError(
            f"no commit after {printable(asked.good)} and up to {printable(asked.bad)} changed {printable(asked.path)}",
            "Look for the change elsewhere: in the runtime, the experiment or the device.",
        )
    bisect = Bisect(
        bakeoff_version=__version__,
        experiment=str(asked.experiment.absolute()),
        arm=arm,
        quantity=asked.quantity,
        device=asked.device,
        pairs=asked.pairs,
        repository=str(repository.path),
        good=good,
        commits=commits,
    )
    folder.mkdir(parents=True, exist_ok=True)
    write_model(state, bisect)
    return bisect


def go_on(folder: Path, progress: Progress, *, no_wait: bool = False) -> Bisect:
    """Measure until it is found. Raises as a run does, and then `go_on` can be called again; `UserError` where the bad
    commit is not bad on this device, or cannot be measured.
    """
    state = folder / STATE_FILE
    if not state.is_file():
        raise UserError(f"{folder}: is no search (it has no {STATE_FILE})", "`bakeoff bisect` makes one.")
    bisect = read_model(state, Bisect)
    if bisect.result is not None:
        return bisect
    search = _Search(folder, bisect, Overrides(pairs=bisect.pairs, no_wait=no_wait), progress)
    while search.bisect.result is None:
        search.step()
        write_model(state, search.bisect)
    return search.bisect


class _Search:
    """A search in its folder."""

    def __init__(self, folder: Path, bisect: Bisect, overrides: Overrides, progress: Progress) -> None:
        self.folder, self.bisect, self._overrides, self._progress = folder, bisect, overrides, progress
        self._quantity: Quantity = quantity_named(bisect.quantity)
        self._file = read_experiment(Path(bisect.experiment))
        self._repository: GitFolder = open_repository(bisect.repository, folder, fetch=False)

    def step(self) -> None:
        """One run, or the result."""
        commits = self.bisect.commits
        whole = self._whole()
        if whole is None:
            self._measure(len(commits) - 1)
            return
        measurable = [commit.sha not in self.bisect.skipped for commit in commits]
        probabilities = first_bad_probabilities(len(commits), self._evidence(whole))
        index = next_to_measure(probabilities, measurable)
        if index is not None and len(self.bisect.steps) < MOST_RUNS:
            self._measure(index)
            return
        first, last = likely_range(probabilities, measurable)
        probability = float(probabilities[first : last + 1].sum())
        found = commits[first : last + 1]
        result = BisectResult(commits=found, probability=probability, sentence=self._sentence(found, probability))
        self.bisect = self.bisect.model_copy(update={"result": result})

    def _whole(self) -> float | None:
        """The effect of the bad commit, once it is clear; raises `UserError` where it is none."""
        last = self.bisect.commits[-1]
        runs = [each for each in self.bisect.steps if each.sha == last.sha]
        if not runs:
            if last.sha in self.bisect.skipped:
                raise UserError(
                    f"the bad commit {last.sha[:12]} cannot be measured: {self.bisect.skipped[last.sha]}",
                    "Give a bad commit that runs.",
                )
            return None
        pairs = [self._effect(each) for each in runs]
        effect = sum(each for each, _ in pairs) / len(runs)
        error = math.hypot(*(each for _, each in pairs)) / len(runs)
        clear = float(stdtrit(sum(_degrees(each) for each in runs), _CLEAR))
        if abs(effect) >= max(clear * error, self._least):
            return effect
        if len(runs) < MOST_RUNS_OF_THE_END:
            return None
        raise UserError(
            f"commit {last.sha[:12]} does not differ from {self.bisect.good.sha[:12]} in {self._quantity.subject} on "
            f"{printable(self.bisect.device)}: {runs[-1].words}",
            "Name another --quantity, another device, or an older --good.",
        )

    @property
    def _least(self) -> float:
        return least_change(self._quantity.name, self._quantity.scale)

    def _effect(self, step: BisectStep) -> tuple[float, float]:
        """On the scale of changes, with its standard error."""
        scale = self._quantity.scale
        effect, low, high = (effect_of(scale, each) for each in (step.estimate, step.low, step.high))
        level = 0.95 if step.level is None else step.level
        quantile = float(stdtrit(_degrees(step), (1.0 + level) / 2.0))
        return effect, math.hypot((high - low) / (2.0 * quantile), _FLOOR * self._least)

    def _evidence(self, whole: float) -> Mapping[int, Sequence[float]]:
        places = {commit.sha: index for index, commit in enumerate(self.bisect.commits)}
        evidence: dict[int, list[float]] = {}
        for step in self.bisect.steps:
            effect, error = self._effect(step)
            evidence.setdefault(places[step.sha], []).append(log_odds_bad(effect, error, _degrees(step), whole))
        return evidence

    def _measure(self, index: int) -> None:
        commit = self.bisect.commits[index]
        name = f"{len(self.bisect.steps) + len(self.bisect.skipped) + 1:03d}-{commit.sha[:12]}"
        self._progress.say("bisect", f"run {name[:3]}: {commit_in_words(commit)}")
        try:
            measured = self._run(commit, RunFolder(self.folder / "runs" / name))
        except NotMeasurableError as error:
            self._progress.say("bisect", f"skipped {commit.sha[:7]}: {error}")
            skipped = {**self.bisect.skipped, commit.sha: str(error)}
            self.bisect = self.bisect.model_copy(update={"skipped": skipped})
            return
        self._progress.say("bisect", f"{commit.sha[:7]} is {measured.words}")
        step = BisectStep(
            sha=commit.sha,
            run=f"runs/{name}",
            estimate=measured.estimate,
            low=measured.low,
            high=measured.high,
            level=measured.level,
            n=measured.n,
            words=measured.words,
        )
        self.bisect = self.bisect.model_copy(update={"steps": [*self.bisect.steps, step]})

    def _run(self, commit: CommitOfModel, folder: RunFolder) -> Measured:
        good = model_file(self._repository, self.bisect.good, fetch=False)
        try:
            tested = model_file(self._repository, commit, fetch=False)
        except UserError as error:
            raise NotMeasurableError(error.what) from None
        file = paired_experiment(self._file, self.bisect.arm, self._quantity, good, tested)
        _refuse_unreadable(tested)
        try:
            return measure_step(file, self.bisect.device, self._quantity, folder, self._overrides, self._progress)
        except DiskError:
            raise
        except UserError as error:
            # The same experiment ran with another commit's model before.
            if not self.bisect.steps or folder.manifest.exists():
                raise
            raise NotMeasurableError(error.what) from None

    def _sentence(self, found: Sequence[CommitOfModel], probability: float) -> str:
        last = found[-1]
        # Rounded down: nobody is surer than that.
        sure = f"{math.floor(probability * 1000.0) / 10.0:g} % sure"
        runs = counted(len(self.bisect.steps), "run")
        change = next(each.words for each in self.bisect.steps if each.sha == self.bisect.commits[-1].sha)
        what = f"{self._quantity.subject} {change} on {printable(self.bisect.device)}"
        if len(found) == 1:
            return (
                f"It is commit {commit_in_words(last)} by {printable(last.author)} of {printable(last.committed_at)}: "
                f"{what} ({sure}, after {runs})."
            )
        shas = ", ".join(commit.sha[:7] for commit in found)
        skipped = sum(commit.sha in self.bisect.skipped for commit in found)
        why = f"; {counted(skipped, 'commit')} of them could not be measured" if skipped else ""
        return f"It is one of {len(found)} commits ({shas}): {what} ({sure}, after {runs}){why}."


def _degrees(step: BisectStep) -> float:
    """The degrees of freedom of a run's interval; of an exact value as many as there are."""
    return 1e6 if step.level is None else max(step.n - 1.0, 1.0)


def _refuse_unreadable(model: Path) -> None:
    """A file that is no model is the commit's fault."""
    from harness.models.model_file import read_model as read_model_file

    try:
        read_model_file(model)
    except UserError as error:
        raise NotMeasurableError(error.what.removeprefix(f"{model}: ")) from None


def _arm(file: ExperimentFile, name: str | None) -> str:
    arms = file.experiment.arms
    if name is None:
        candidates = [arm.name for arm in arms if arm.role == "candidate"]
        if len(candidates) == 1:
            return candidates[0]
        raise UserError("the experiment has several candidates", f"Name one with --arm: {', '.join(candidates)}")
    if name not in {arm.name for arm in arms}:
        raise UserError(f"the experiment has no arm {name!r}", f"It has {', '.join(arm.name for arm in arms)}.")
    return name
