"""What a search needs, from the suite that measures the model every night."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from harness.commands.bisect.search import Asked
from harness.errors import UserError
from harness.nightly.suite_file import read_suite

if TYPE_CHECKING:
    from harness.nightly.suite import ModelFromGit, SuiteExperiment


def asked_of_suite(path: Path, name: str, arm: str | None, quantity: str, device: str, good: str, bad: str) -> Asked:
    """Raises `UserError` where the suite has no such experiment, or takes no model of it from git."""
    file = read_suite(path)
    experiments = {each.name: each for each in file.suite.experiments}
    if name not in experiments:
        raise UserError(f"{path}: has no experiment {name!r}", f"It has {', '.join(experiments)}.")
    model = _model(path, experiments[name], arm)
    return Asked(
        experiment=file.experiment_path(experiments[name]),
        arm=model.arm,
        quantity=quantity,
        device=device,
        repository=model.repository,
        base=file.folder,
        path=model.path,
        good=good,
        bad=bad,
    )


def _model(path: Path, experiment: SuiteExperiment, arm: str | None) -> ModelFromGit:
    models = [each for each in experiment.models if arm in {None, each.arm}]
    if len(models) == 1:
        return models[0]
    if not models:
        whose = "none of its models" if arm is None else f"not the model of {arm!r}"
        raise UserError(
            f"{path}: takes {whose} in {experiment.name!r} from git", "Without --suite, name --repository and --path."
        )
    raise UserError(
        f"{path}: takes several models of {experiment.name!r} from git",
        f"Name one with --arm: {', '.join(each.arm for each in models)}",
    )
