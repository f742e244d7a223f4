"""What `bakeoff check` finds: the experiment in plain words, or the first thing that is wrong with it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from harness.commands.items_for_margins import items_for_margins
from harness.commands.look_at_models import look_at_models
from harness.experiment.resolve import Resolved, ResolvedArm, differences, resolve
from harness.quantity import QUANTITIES
from harness.tasks.first_look import FirstLook
from harness.tasks.item_groups import groups_of
from harness.tasks.scenes_by_name import crops_told, scenes_by_name
from harness.words.groups import groups_in_words
from harness.words.rules import rule_in_words
from harness.words.sentences import cores_in_words, counted

if TYPE_CHECKING:
    from devices.base import Device
    from harness.documents.runner_record import RunnerKind, RunnerRecord
    from harness.experiment.declaration import Rule
    from harness.experiment.file import ExperimentFile
    from harness.models.tensor_info import TensorInfo
    from harness.runs.session.progress import Progress
    from harness.tasks.task import AnyTask

COLUMN = 10
"""Where a line's own text begins, after the word for what it is about."""


def check(
    file: ExperimentFile, device_names: Sequence[str], progress: Progress, runner: RunnerKind | None = None
) -> list[str]:
    """Validate; where devices are named, also reach them, provision runtimes and open the models there, in the runner
    that `bakeoff run` would use (`runner` overrides).

    Returns lines that say what the experiment is. Raises `UserError` or `DeviceError`.
    """
    from harness.runs.preparing.distinct_phones import open_asked

    # Before the items, which may be many: a device's name may be misspelt.
    devices = [each.device for each in open_asked(device_names)]
    resolved = resolve(file, partial(progress.advance, "this machine", f"reading {file.experiment.task.nouns.content}"))
    looks = look_at_models(resolved)
    lines = _in_words(resolved) + _looks_in_words(resolved, looks)
    lines += [f"margin    {text}" for text in items_for_margins(resolved)]
    if devices:
        lines += _on_devices(resolved, devices, progress, runner)
    else:
        lines.append("Models were read but not opened in their runtimes: add -d local for that.")
    doubted = any(look.told() for look in looks.values()) or bool(_doubts_on_items(resolved))
    state = "can be run, and its rules on quality would be doubted" if doubted else "ready to run"
    return [*lines, f"{file.experiment.name}: {state}."]


def _in_words(resolved: Resolved) -> list[str]:
    experiment = resolved.file.experiment
    baseline = resolved.arms[0]
    lines = [f"Question: {experiment.question}"]
    for arm in resolved.arms:
        lines.append(f"{arm.arm.role:9} {arm.arm.name}: {_arm(arm, experiment.task)}")
        if arm is not baseline:
            changed = differences(baseline, arm)
            lines.append(f"{'':9} differs in: {', '.join(changed) or 'nothing (an A/A run)'}")
    lines += [f"note      {note}" for note in resolved.notes]
    scenes = len({item.scene for item in resolved.items})
    of_scenes = f" of {counted(scenes, 'scene')}" if experiment.data.scene_separator else ""
    lines.append(f"items     {experiment.task.items_in_words(len(resolved.items), of_scenes, experiment.data)}")
    nouns = experiment.task.nouns
    if experiment.data.groups is not None:
        lines.append(f"groups    {groups_in_words(resolved.items, experiment.measure.min_items, nouns.singular)}")
    lines += [f"rule      {_rule(rule, resolved)}" for rule in experiment.rules]
    return lines + [f"doubt     {text}" for text in _doubts_on_items(resolved)]


def _rule(rule: Rule, resolved: Resolved) -> str:
    nouns = resolved.task.nouns
    words = f"{QUANTITIES[rule.quantity].label}: {rule_in_words(rule, QUANTITIES[rule.quantity], nouns)}"
    if rule.group is None:
        return words
    return f"{words} ({counted(len(groups_of(resolved.items)[rule.group]), nouns.singular)})"


def _doubts_on_items(resolved: Resolved) -> list[str]:
    """Why rules on scores will stay open, as far as the number and the names of the items say it."""
    experiment, nouns = resolved.file.experiment, resolved.file.experiment.task.nouns
    if not any(QUANTITIES[rule.quantity].measured_in == "quality" for rule in experiment.rules):
        return []
    by_scene, least = experiment.data.scene_separator is not None, experiment.measure.min_items
    count = len({item.scene if by_scene else item.stem for item in resolved.items})
    texts = []
    if count < least:
        texts.append(
            f"only {counted(count, 'scene' if by_scene else nouns.singular)}: rules on scores stay open below "
            f"{least} (measure.min_items)"
        )
    sizes = {
        group: len({item.scene if by_scene else item.stem for item in resolved.items if group in item.groups})
        for group in dict.fromkeys(rule.group for rule in experiment.rules if rule.group is not None)
    }
    texts += [
        f"only {counted(size, 'scene' if by_scene else nouns.singular)} of {group}: rules on it stay open below {least}"
        " (measure.min_items)"
        for group, size in sizes.items()
        if size < least
    ]
    told = None if by_scene else crops_told(scenes_by_name([item.stem for item in resolved.items]), nouns.plural)
    return [*texts, *([told] if told is not None else [])]


def _looks_in_words(resolved: Resolved, looks: dict[str, FirstLook]) -> list[str]:
    """What an item or three through each model came to."""
    lines = []
    for arm in resolved.arms:
        look = looks.get(arm.id, FirstLook())
        if look.said is not None:
            lines.append(f"{resolved.task.nouns.singular:{COLUMN}}{arm.arm.name}: {look.said}")
        lines += [f"doubt     {arm.arm.name} {text}" for text in look.told()]
    return lines


def _arm(arm: ResolvedArm, task: AnyTask) -> str:
    given, made = (", ".join(map(_tensor, tensors)) for tensors in task.tensors(arm.codec))
    return (
        f"{arm.model.path.name} ({_size(arm.model.bytes)}), {arm.runtime.name} {arm.runtime_version},"
        f" {_where(arm)}, {counted(arm.arm.threads, 'thread')},"
        f" {given} → {made}"
    )


def _size(size_bytes: int) -> str:
    return f"{size_bytes / 1000:.0f} kB" if size_bytes >= 10_000 else counted(size_bytes, "byte")


def _where(arm: ResolvedArm) -> str:
    on_cores = f" on cores {cores_in_words(arm.arm.cores)}" if arm.arm.cores is not None else ""
    return f"{arm.arm.accelerator}{on_cores}"


def _tensor(tensor: TensorInfo) -> str:
    shape = "×".join(str(size) if isinstance(size, int) and size > 0 else "?" for size in tensor.shape)
    return f"{tensor.dtype} {shape}"


def _on_devices(
    resolved: Resolved, devices: Sequence[Device], progress: Progress, runner: RunnerKind | None
) -> list[str]:
    from harness.runs.preparing.encode_items import encode_items
    from harness.runs.preparing.prepare import prepare
    from harness.runs.session.stop_request import StopRequest
    from harness.scratch_folder import scratch_folder

    lines = []
    with scratch_folder("check") as scratch:
        encoding = f"encoding {resolved.task.nouns.content}"
        tensors = encode_items(resolved, scratch, partial(progress.advance, "this machine", encoding))
        for device in devices:
            try:
                ready = prepare(device, resolved, tensors, progress, StopRequest(), runner)
            finally:
                device.close()
            for arm in resolved.arms:
                if arm.id in ready.refused:
                    raise ready.refused[arm.id].error(arm, device.name)
            in_pages = [arm for arm in resolved.arms if arm.id in ready.placement.web]
            opened = "every model opens" if not in_pages else "every model opens that runs in no page"
            lines.append(f"device    {device.name}: {opened if len(in_pages) < len(resolved.arms) else 'ready'}")
            lines += [
                f"{'':10}{arm.arm.name}: in {ready.runner.engines[arm.id].browser_product}, not opened; "
                f"bakeoff web-check {arm.model.path.name} does that"
                for arm in in_pages
            ]
            lines += _runner(ready.runner, resolved)
    return lines


def _runner(runner: RunnerRecord, resolved: Resolved) -> list[str]:
    """Which runner a device gets, why, and from where its libraries are."""
    names = {arm.id: arm.arm.name for arm in resolved.arms}
    return [f"{'':10}{runner.name}: {runner.reason}"] + [
        f"{'':10}{names[arm]}: {library.file} from {library.source}{f'; {library.note}' if library.note else ''}"
        for arm, library in runner.libraries.items()
    ]
