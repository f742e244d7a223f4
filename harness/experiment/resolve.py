"""An experiment with everything looked up: models read, items matched, codecs made. The user's faults show here,
before any device is touched.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from harness.errors import UserError
from harness.experiment.scores_file import read_scores
from harness.models.static_copy import sizes_in_words, static_copy
from harness.tasks.item_groups import groups_of, with_groups

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from devices.runtimes.spec import RuntimeSpec
    from harness.experiment.declaration import Arm
    from harness.experiment.file import ExperimentFile
    from harness.experiment.scores_file import ScoresFile
    from harness.models.model_file import ModelFile
    from harness.models.static_copy import StaticCopy
    from harness.tasks.item import TaskItem
    from harness.tasks.registry import Codec
    from harness.tasks.task import AnyTask


@dataclass(frozen=True)
class ResolvedArm:
    """One arm with its model read and its runtime found."""

    id: str
    arm: Arm
    model: ModelFile
    codec: Codec
    runtime: RuntimeSpec
    runtime_version: str
    static: StaticCopy | None = None
    """The copy with fixed sizes that its engine needs, where the model's are free."""

    @property
    def device_model(self) -> ModelFile:
        """The file that a device gets."""
        return self.model if self.static is None else self.static.model


@dataclass(frozen=True)
class Resolved:
    """The experiment, ready for devices."""

    file: ExperimentFile
    arms: list[ResolvedArm]
    """The baseline first."""
    items: list[TaskItem]
    latency_item: int
    """Index of the item used for latency and memory."""
    notes: list[str]
    """What a person should know and nothing is wrong with."""
    scores: dict[str, ScoresFile] = field(default_factory=dict)
    """Quantity → the values that were made elsewhere."""

    @property
    def task(self) -> AnyTask:
        """What the items are."""
        return self.file.experiment.task


def resolve(file: ExperimentFile, advance: Callable[[int, int], None]) -> Resolved:
    """Look everything up; `advance(done, total)` is called while items are read. Raises `UserError` for the first
    thing that is wrong.
    """
    experiment = file.experiment
    arms = [
        _resolve_arm(f"a{index}", arm, file) for index, arm in enumerate([experiment.baseline, *experiment.candidates])
    ]
    items = experiment.task.find_items(experiment.data, file.resolve)
    for item in items:
        for arm in arms:
            experiment.task.check_item(arm.model, arm.codec, item)
    _refuse_unwritable_paths(
        [file.folder, *(arm.model.path for arm in arms), items[0].input_path, items[0].reference_path]
    )
    latency_item = _latency_item(file, items)
    arms = [_with_static_copy(experiment.task, arm, items) for arm in arms]
    items = with_groups(items, experiment.data, file.resolve, experiment.task.nouns.singular)
    _refuse_unknown_groups(file, items)
    items = experiment.task.read_items(items, advance)
    notes = _notes(experiment.task, arms)
    if experiment.task.notes_on_items is not None:
        notes += experiment.task.notes_on_items(experiment.data, file.resolve, items)
    scores = _scores(file, items)
    return Resolved(
        file=file,
        arms=arms,
        items=items,
        latency_item=latency_item,
        notes=[*notes, *_notes_on_scores(scores, items, arms)],
        scores=scores,
    )


def _refuse_unknown_groups(file: ExperimentFile, items: list[TaskItem]) -> None:
    known = list(groups_of(items))
    for rule in file.experiment.rules:
        if rule.group is not None and rule.group not in known:
            raise UserError(
                f"a rule is on the group {rule.group!r} of {rule.quantity}, and no item is in it",
                f"The groups are {', '.join(map(repr, known))}.",
            )


def _scores(file: ExperimentFile, items: list[TaskItem]) -> dict[str, ScoresFile]:
    experiment = file.experiment
    stems, names = {item.stem for item in items}, {arm.name for arm in experiment.arms}
    leaves_out = experiment.data.limit is not None
    return {
        one.quantity: read_scores(file.resolve(one.file), one.quantity, stems, names, others_are_known=leaves_out)
        for one in experiment.scores
    }


def _notes_on_scores(scores: dict[str, ScoresFile], items: list[TaskItem], arms: list[ResolvedArm]) -> list[str]:
    stems, names = [item.stem for item in items], [arm.arm.name for arm in arms]
    return [
        f"{one.path.name} has no {quantity} of {arm} for {count:,} of {len(items):,} items"
        for quantity, one in scores.items()
        for arm, count in one.missing(stems, names).items()
    ]


def _refuse_unwritable_paths(paths: list[Path]) -> None:
    """JSON and HTML hold text: a path whose bytes are none cannot be written down."""
    for path in paths:
        try:
            str(path).encode()
        except UnicodeEncodeError:
            raise UserError(f"{path}: the path is not UTF-8 text", "Rename it, or move it.") from None


def _resolve_arm(identifier: str, arm: Arm, file: ExperimentFile) -> ResolvedArm:
    from devices.errors import PermanentError
    from devices.runtimes.registry import resolve as resolve_runtime
    from harness.models.model_file import read_model

    model = read_model(file.resolve(arm.model))
    try:
        spec, version = resolve_runtime(arm.runtime)
    except PermanentError as error:
        raise UserError(f"arm {arm.name!r}: {error.what}", error.remedy) from None
    if model.format not in spec.formats:
        raise UserError(
            f"arm {arm.name!r}: {spec.name} cannot run {model.path.name} ({model.format})",
            f"It runs {' and '.join(sorted(spec.formats))} models.",
        )
    refuse_accelerator(arm, spec)
    return ResolvedArm(
        id=identifier,
        arm=arm,
        model=model,
        codec=_codec(model, arm, file),
        runtime=spec,
        runtime_version=version,
    )


def _with_static_copy(task: AnyTask, arm: ResolvedArm, items: list[TaskItem]) -> ResolvedArm:
    """For an engine that takes no free sizes, the copy with those of the items. Raises `UserError` where they have
    several.
    """
    web = arm.runtime.web
    if web is None or arm.arm.accelerator not in web.needs_static_shapes:
        return arm
    sizes: dict[str, list[str]] = {}
    asked: dict[str, list[int]] = {}
    for item in items:
        asked = task.input_shapes(arm.codec, item)
        sizes.setdefault(sizes_in_words(asked), []).append(item.stem)
    if not asked:
        return arm
    if len(sizes) > 1:
        told = "; ".join(f"{size} ({stems[0]})" for size, stems in list(sizes.items())[:3])
        raise UserError(
            f"arm {arm.arm.name!r}: {arm.runtime.name} on {arm.arm.accelerator} takes one size only, and the"
            f" {task.nouns.content} have {len(sizes)}: {told}",
            f"Give {task.nouns.content} of one size, or parts of one size where the task can cut them.",
        )
    return replace(arm, static=static_copy(arm.model, asked))


def _codec(model: ModelFile, arm: Arm, file: ExperimentFile) -> Codec:
    task, data = file.experiment.task, file.experiment.data
    codec: Codec = task.make_codec(model, task.with_files(arm.tensor or data.tensor, file.resolve), data)
    return codec


def refuse_accelerator(arm: Arm, spec: RuntimeSpec) -> None:
    """What no build of the runtime can do is said before a device is touched. Raises `UserError`."""
    if arm.accelerator not in spec.accelerators:
        hint = spec.accelerator_hints.get(arm.accelerator)
        raise UserError(
            f"arm {arm.name!r}: {spec.name} cannot be asked for accelerator {arm.accelerator!r}"
            + (f": {hint}" if hint else ""),
            f"It knows {', '.join(spec.accelerators)}.",
        )
    for name, value in arm.accelerator_options.items() if spec.option_patterns else ():
        if name not in spec.option_patterns:
            near = difflib.get_close_matches(name, spec.option_patterns, n=1, cutoff=0.5)
            known = f"Did you mean {near[0]}?" if near else f"It has {', '.join(sorted(spec.option_patterns))}."
            raise UserError(f"arm {arm.name!r}: {spec.name} has no option {name!r} of its {arm.accelerator}", known)
        if not re.fullmatch(spec.option_patterns[name], value):
            raise UserError(
                f"arm {arm.name!r}: accelerator_options.{name}: {value!r} is not what {spec.name} takes",
                f"It takes text that matches {spec.option_patterns[name]}",
            )


def _latency_item(file: ExperimentFile, items: list[TaskItem]) -> int:
    wanted = file.experiment.measure.latency_item
    if wanted is None:
        return 0
    for index, item in enumerate(items):
        if item.stem == wanted:
            return index
    raise UserError(f"measure.latency_item: there is no item {wanted!r}", f"The first is {items[0].stem!r}.")


def _notes(task: AnyTask, arms: list[ResolvedArm]) -> list[str]:
    first = arms[0]
    crowded = [
        f"{arm.arm.name}: its {arm.arm.threads} threads share {len(arm.arm.cores)} core(s)"
        for arm in arms
        if isinstance(arm.arm.cores, list) and len(arm.arm.cores) < arm.arm.threads
    ]
    crowded += [
        f"{arm.arm.name}: {arm.runtime.name} on {arm.arm.accelerator} takes no free sizes, so it gets a copy of"
        f" {arm.model.path.name} with its input fixed at {sizes_in_words(arm.static.shapes)}"
        f" (SHA-256 {arm.static.model.sha256[:12]}…)"
        for arm in arms
        if arm.static is not None
    ]
    outputs = crowded + [f"{arm.arm.name}: {note}" for arm in arms for note in task.notes(arm.model, arm.codec)]
    return outputs + [
        f"{arm.arm.name} and {first.arm.name} are one model in one runtime with the same settings: an A/A run"
        for arm in arms[1:]
        if not differences(first, arm)
    ]


def differences(baseline: ResolvedArm, candidate: ResolvedArm) -> list[str]:
    """What differs between two arms: `model`, `runtime`, `runtime version`, `accelerator`, `accelerator
    options`, `threads`, `cores`, `browser`.
    """
    same_runtime = baseline.runtime.name == candidate.runtime.name
    pairs = {
        "model": baseline.model.sha256 != candidate.model.sha256,
        "runtime": not same_runtime,
        "runtime version": same_runtime and baseline.runtime_version != candidate.runtime_version,
        "accelerator": baseline.arm.accelerator != candidate.arm.accelerator,
        "accelerator options": baseline.arm.accelerator_options != candidate.arm.accelerator_options,
        "threads": baseline.arm.threads != candidate.arm.threads,
        "cores": baseline.arm.cores != candidate.arm.cores,
        "browser": baseline.runtime.web is not None
        and candidate.runtime.web is not None
        and baseline.arm.browser != candidate.arm.browser,
    }
    return [name for name, differs in pairs.items() if differs]
