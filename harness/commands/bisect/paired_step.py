"""One step of a search: a run of the good commit's model against another commit's, with the settings of one arm."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from harness.commands.run import Outcome, Overrides, resume_run, start_run
from harness.documents.folder import RunFolder
from harness.errors import UserError
from harness.experiment.declaration import Arm, Experiment, Rule
from harness.experiment.file import ExperimentFile
from harness.quantity import QUANTITIES, Quantity
from harness.words.changes import change_in_words
from harness.words.printable import printable

if TYPE_CHECKING:
    from harness.documents.comparison import DeviceResult
    from harness.runs.session.progress import Progress

GOOD: Final = "good"
TESTED: Final = "tested"


class NotMeasurableError(Exception):
    """This commit's model gives no result; another one's may."""


@dataclass(frozen=True)
class Measured:
    """What a run says of the commit under test against the good one."""

    estimate: float
    low: float
    high: float
    level: float | None
    n: int
    words: str


def paired_experiment(file: ExperimentFile, arm: str, quantity: Quantity, good: Path, tested: Path) -> ExperimentFile:
    """The experiment with both models under one arm's settings, which measures no more than the quantity needs."""
    declared = next(each for each in file.experiment.arms if each.name == arm)

    def of(name: str, role: str, model: Path) -> Arm:
        return declared.model_copy(update={"name": name, "role": role, "model": str(model)})

    measure = file.experiment.measure
    changes: dict[str, object] = {}
    if quantity.measured_in != "memory":
        changes["memory_repeats"] = 0
    if quantity.measured_in != "energy":
        changes["energy"] = measure.energy.model_copy(update={"cycles": 0, "min_cycles": None})
    if quantity.measured_in != "sustained":
        changes["sustained"] = measure.sustained.model_copy(update={"cycles": 0})
    if quantity.measured_in != "page":
        changes["page"] = measure.page.model_copy(update={"repeats": 0})
    rule = Rule.model_validate(
        {"quantity": quantity.name, "no_worse_than": f"{_shown(quantity)} {quantity.change_unit}".strip()}
    )
    experiment: Experiment = file.experiment.model_copy(
        update={
            "question": "Does this commit have the change?",
            "arms": [of(GOOD, "baseline", good), of(TESTED, "candidate", tested)],
            "measure": measure.model_copy(update=changes),
            "rules": [rule],
        }
    )
    return ExperimentFile(experiment, file.content, file.folder)


def measure_step(
    file: ExperimentFile, device: str, quantity: Quantity, folder: RunFolder, overrides: Overrides, progress: Progress
) -> Measured:
    """Run, or go on with a run that was cut. Raises `NotMeasurableError` where the commit's model is to blame,
    `UserError` and `DeviceError` where it is not.
    """
    if folder.manifest.exists():
        outcome = resume_run(folder, progress)
    else:
        # What was cut before it was a run is nothing that could be gone on with.
        shutil.rmtree(folder.path, ignore_errors=True)
        folder.path.parent.mkdir(parents=True, exist_ok=True)
        outcome = start_run(file, [device], folder, overrides, progress)
    return _measured(outcome, quantity)


def _measured(outcome: Outcome, quantity: Quantity) -> Measured:
    result = outcome.comparison.devices[0]
    found = next((each for each in result.contrasts if each.quantity == quantity.name), None)
    effect = None if found is None else found.effect
    if effect is None or effect.kind != "effect":
        _refuse(outcome, result, quantity, None if effect is None else effect.reason)
    assert effect is not None
    assert effect.kind == "effect"
    interval = effect.interval
    low, high = (effect.estimate, effect.estimate) if interval is None else (interval.low, interval.high)
    words = change_in_words(quantity, effect.estimate, low, high)
    return Measured(effect.estimate, low, high, None if interval is None else interval.level, effect.n, words)


def _refuse(outcome: Outcome, result: DeviceResult, quantity: Quantity, reason: str | None) -> None:
    """Raise what fits: the tested model is to blame where it failed and the good one did not."""
    failed = {arm.arm: arm.failures for arm in result.arms if arm.status == "failed"}
    if TESTED in failed and GOOD not in failed:
        raise NotMeasurableError(printable((failed[TESTED] or ["it failed"])[0]))
    problem = next(iter(outcome.problems.values()), None) or result.problem or reason or "it is not in the result"
    raise UserError(
        f"{printable(result.device)}: {quantity.subject} was not measured: {printable(problem)}",
        "When that is mended, go on with: bakeoff bisect --resume DIR",
    )


def _shown(quantity: Quantity) -> str:
    """What is negligible of it, as a rule is written."""
    return f"{quantity.negligible * (100.0 if quantity.scale == 'ratio' else 1.0):g}"


def quantity_named(name: str) -> Quantity:
    """Raises `UserError` for one that there is not."""
    if name not in QUANTITIES:
        import difflib

        close = difflib.get_close_matches(name, QUANTITIES, 1)
        raise UserError(
            f"{name!r} is no quantity", f"Did you mean {close[0]!r}?" if close else f"One of: {', '.join(QUANTITIES)}"
        )
    return QUANTITIES[name]
