"""The experiments of a suite, read, with the models that are from git in the place of the files they name."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import UserError
from harness.experiment.file import ExperimentFile, read_experiment
from harness.nightly.git.models import find_model, model_file
from harness.nightly.git.repository import FetchError, open_repository
from harness.plain_file import open_plain_file

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.documents.nightly import CommitOfModel
    from harness.experiment.scores_file import DeclaredScores
    from harness.nightly.git.command import GitFolder
    from harness.nightly.suite import ModelFromGit, SuiteExperiment
    from harness.nightly.suite_file import SuiteFile
    from harness.runs.session.progress import Progress


@dataclass(frozen=True)
class PreparedExperiment:
    """An experiment of tonight."""

    declared: SuiteExperiment
    file: ExperimentFile
    """The experiment as it is measured."""
    commits: tuple[CommitOfModel, ...]
    fingerprint: str
    """Hash of all that is measured; what a night has measured already is known by it."""
    problem: str | None = None
    """Why it cannot be measured tonight, though another night may do."""


def prepare_experiments(suite: SuiteFile, progress: Progress) -> list[PreparedExperiment]:
    """Those of the suite, in the order in which they are measured.

    Raises `UserError` for an experiment, an arm, a model, a repository, a ref or a path that is not there.
    """
    files = {each.name: _read(suite, each) for each in suite.suite.in_order}
    _refuse_two_meanings(suite, files)
    repositories = _Repositories(suite, progress)
    return [_prepare(each, files[each.name], repositories) for each in suite.suite.in_order]


def _read(suite: SuiteFile, declared: SuiteExperiment) -> ExperimentFile:
    path = suite.experiment_path(declared)
    try:
        file = read_experiment(path)
    except UserError as error:
        if path.is_file():
            raise
        raise UserError(f"{suite.path}: experiment {declared.name!r}: {error.what}", "Mend its `file`.") from None
    arms = [arm.name for arm in file.experiment.arms]
    for model in declared.models:
        if model.arm not in arms:
            raise UserError(
                f"{suite.path}: experiment {declared.name!r} has no arm {model.arm!r}",
                f"Its arms are {', '.join(map(repr, arms))}.",
            )
    return file


def _refuse_two_meanings(suite: SuiteFile, files: Mapping[str, ExperimentFile]) -> None:
    """Raise `UserError` where two experiments declare a score of one name differently: a night has one meaning of it,
    and would judge the one by the other's margin.
    """
    first: dict[str, tuple[str, DeclaredScores]] = {}
    for name, file in files.items():
        for scores in file.experiment.scores:
            other, known = first.setdefault(scores.quantity, (name, scores))
            if known.score.model_copy(update={"source": "", "meaning": ""}) != scores.score.model_copy(
                update={"source": "", "meaning": ""}
            ):
                raise UserError(
                    f"{suite.path}: the experiments {other!r} and {name!r} declare the score {scores.quantity!r}"
                    " differently",
                    "Give it one margin, unit, direction and label in both, or two names.",
                )


class _Repositories:
    """Each repository opened, and fetched, once."""

    def __init__(self, suite: SuiteFile, progress: Progress) -> None:
        self._suite = suite
        self._progress = progress
        self._open: dict[str, GitFolder | FetchError] = {}

    @property
    def fetch(self) -> bool:
        return self._suite.suite.fetch

    def get(self, name: str) -> GitFolder:
        if name not in self._open:
            try:
                self._open[name] = open_repository(name, self._suite.folder, fetch=self.fetch)
            except FetchError as error:
                self._progress.say("this machine", error.what)
                self._open[name] = error
        found = self._open[name]
        if isinstance(found, FetchError):
            raise found
        return found


def _prepare(declared: SuiteExperiment, file: ExperimentFile, repositories: _Repositories) -> PreparedExperiment:
    commits, taken = [], {}
    try:
        for model in declared.models:
            commit, path = _from_git(model, repositories)
            commits.append(commit)
            taken[model.arm] = path
    except FetchError as error:
        return PreparedExperiment(declared, file, tuple(commits), _fingerprint(declared, file, {}), str(error))
    arms = [
        arm.model_copy(update={"model": str(taken[arm.name])}) if arm.name in taken else arm
        for arm in file.experiment.arms
    ]
    measured = ExperimentFile(file.experiment.model_copy(update={"arms": arms}), file.content, file.folder)
    models = {arm.name: _sha256(measured.resolve(arm.model)) for arm in arms}
    return PreparedExperiment(declared, measured, tuple(commits), _fingerprint(declared, file, models))


def _from_git(model: ModelFromGit, repositories: _Repositories) -> tuple[CommitOfModel, Path]:
    folder = repositories.get(model.repository)
    commit = find_model(folder, model.arm, model.ref, model.path)
    return commit, model_file(folder, commit, fetch=repositories.fetch)


def _fingerprint(declared: SuiteExperiment, file: ExperimentFile, models: dict[str, str]) -> str:
    facts = {
        "experiment": file.experiment.model_dump(mode="json", by_alias=True),
        "pairs": declared.pairs,
        "models": models,
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _sha256(path: Path) -> str:
    try:
        with open_plain_file(path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UserError(
            f"{path}: cannot be read: {error.strerror}", "Is it the model that the arm is to have?"
        ) from None
