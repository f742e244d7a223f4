"""A whole run: prepare every device, fix the manifest and the plans, measure on all devices at once, take up what was
cut.

Nothing is written before every device has answered or failed, so a fault of the user's leaves nothing half-made.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from devices.open_device import open_device
from harness.analysis.stopping.early_end import EarlyEnd
from harness.commands.look_at_models import look_at_models, with_suspicions
from harness.commands.recompute import recompute
from harness.documents.folder import RunFolder, read_model, write_atomically, write_model
from harness.documents.manifest import Manifest
from harness.documents.state import DeviceState
from harness.errors import UserError
from harness.experiment.file import ExperimentFile
from harness.experiment.resolve import Resolved, resolve
from harness.runs.measuring.measure_all import measure_all
from harness.runs.measuring.output_check import WrongOutputError
from harness.runs.planning.make_manifest import make_manifest
from harness.runs.planning.make_plan import make_plan
from harness.runs.preparing.distinct_phones import distinct_phones, open_asked
from harness.runs.preparing.output_space import check_space_here
from harness.runs.preparing.prepare_all import closing_all, prepare_all, refuse_unusable, write_prepared
from harness.runs.session.begun_here import note_begun, refuse_elsewhere
from harness.runs.session.folder_lock import claimed
from harness.runs.session.new_folder import make_folder, refuse_used
from harness.runs.session.stop_request import StopRequest

if TYPE_CHECKING:
    from devices.base import Device
    from devices.errors import DeviceError
    from harness.documents.comparison import Comparison
    from harness.documents.runner_record import RunnerKind
    from harness.runs.preparing.prepare import PreparedDevice
    from harness.runs.session.progress import Progress

QUICK_PAIRS, QUICK_BLOCK_MS, QUICK_MEMORY_REPEATS = 8, 100.0, 3
QUICK_ENERGY_CYCLES, QUICK_ENERGY_BLOCK_S, QUICK_ENERGY_IDLE_S = 2, 5.0, 3.0
QUICK_COOL_WAIT_S = 10.0


@dataclass(frozen=True)
class Overrides:
    """What the command line says over the experiment."""

    pairs: int | None = None
    quick: bool = False
    runner: RunnerKind | None = None
    no_wait: bool = False
    """Look at the gates and name what failed, but wait for none."""


@dataclass(frozen=True)
class Outcome:
    """What a run came to."""

    comparison: Comparison
    problems: dict[str, str]
    """Device name → problem, for devices that are not done."""
    faults: dict[str, Exception] = field(default_factory=dict)
    """Device name → the error behind its problem, of whose type it follows whether another try may help."""


def start_run(
    file: ExperimentFile,
    device_names: Sequence[str],
    folder: RunFolder,
    overrides: Overrides,
    progress: Progress,
    stop: StopRequest | None = None,
) -> Outcome:
    """Run from the beginning; `stop` is whose who may end it before its time.

    Raises `UserError`, `DeviceError` when no device could be made ready, `InterruptedRunError`.
    """
    file = _overridden(file, overrides)
    # Before the items, which may be many: a device's name may be misspelt.
    asked = open_asked(device_names)
    resolved = resolve(file, partial(progress.advance, "this machine", f"reading {file.experiment.task.nouns.content}"))
    for note in resolved.notes:
        progress.say(file.experiment.name, note)
    looks = look_at_models(resolved)
    for arm in resolved.arms:
        for text in looks[arm.id].told() if arm.id in looks else ():
            progress.say(file.experiment.name, f"{arm.arm.name} {text}")
    stop = stop or StopRequest()
    faults: dict[str, Exception] = {}
    with ExitStack() as held:
        with closing_all([each.device for each in asked]):
            devices = distinct_phones(asked, progress, stop)
            check_space_here(folder.path, resolved, len(devices))
            ready = prepare_all(devices, resolved, progress, stop, overrides.runner)
            refuse_unusable(ready, resolved)
            names = [device.name for device in devices]
            manifest = make_manifest(resolved, names, quick=overrides.quick, runner=overrides.runner)
            manifest = with_suspicions(manifest, looks)
            make_folder(folder)
            held.enter_context(claimed(folder))
            refuse_used(folder)
            note_begun(folder.path, manifest.run_id)
            # The first file that is there: from here on the folder is a run that can be resumed, and before it a new
            # one takes the folder.
            write_model(folder.manifest, manifest)
            write_atomically(folder.experiment, file.content)
            for index, each in enumerate(ready):
                _write_plan(folder, manifest, index, each)
            try:
                problems = _measure(folder, manifest, resolved, devices, progress, stop, faults)
            except WrongOutputError:
                # The experiment is to be mended, and then it is another run's: nobody could go on with this one.
                shutil.rmtree(folder.path, ignore_errors=True)
                raise
        return Outcome(recompute(folder, progress), problems, faults)


def resume_run(
    folder: RunFolder, progress: Progress, *, trusted: bool = False, stop: StopRequest | None = None
) -> Outcome:
    """Go on where a run was cut, also with devices that could not be reached then. Raises as `start_run` does, but for
    devices: what is wrong with them is in the outcome; and `BegunElsewhereError` before a device is connected to that a
    run of somebody else's names, unless it is `trusted`.
    """
    manifest = folder.read_manifest()
    with claimed(folder):
        unplanned = [i for i, entry in enumerate(manifest.devices) if not folder.device(entry).plan.exists()]
        if not unplanned and _all_fetched(folder, manifest):
            return Outcome(recompute(folder, progress), {})
        refuse_elsewhere(folder.path, manifest.run_id, [entry.name for entry in manifest.devices], trusted=trusted)
        resolved = resolve_again(folder, manifest, progress)
        devices = [open_device(entry.name) for entry in manifest.devices]
        stop = stop or StopRequest()
        faults: dict[str, Exception] = {}
        with closing_all(devices):
            if unplanned:
                ready = prepare_all([devices[i] for i in unplanned], resolved, progress, stop, manifest.runner)
                for index, each in zip(unplanned, ready, strict=True):
                    _write_plan(folder, manifest, index, each)
                    if isinstance(each, Exception):
                        faults[manifest.devices[index].name] = each
            problems = _measure(folder, manifest, resolved, devices, progress, stop, faults)
        return Outcome(recompute(folder, progress), problems, faults)


def resolve_again(folder: RunFolder, manifest: Manifest, progress: Progress) -> Resolved:
    """The run's experiment looked up once more. Raises `UserError` where a model or an item is no longer what it
    was.
    """
    home = Path(manifest.experiment_folder)
    file = ExperimentFile(manifest.experiment, b"", home)
    nouns = manifest.experiment.task.nouns
    resolved = resolve(file, partial(progress.advance, "this machine", f"reading {nouns.content}"))
    for arm, then in zip(resolved.arms, manifest.arms, strict=True):
        if arm.model.sha256 != then.model_sha256:
            raise UserError(f"{arm.model.path}: has changed since this run began", "Start a new run.")
    if [item.stem for item in resolved.items] != [item.stem for item in manifest.items]:
        raise UserError(
            f"{folder.path}: the {nouns.content} are no longer those this run began with", "Start a new run."
        )
    for item, known in zip(resolved.items, manifest.items, strict=True):
        if item.label != known.label:
            raise UserError(f"{item.input_path}: its label has changed since this run began", "Start a new run.")
        for path, now, was in (
            (item.input_path, item.input_sha256, known.input_sha256),
            (item.reference_path, item.reference_sha256, known.reference_sha256),
        ):
            if was is not None and now != was:
                raise UserError(f"{path}: has changed since this run began", "Start a new run.")
    # A runtime without a version in the experiment keeps the one this run began with.
    arms = [
        replace(arm, runtime_version=then.runtime_version)
        for arm, then in zip(resolved.arms, manifest.arms, strict=True)
    ]
    return replace(resolved, arms=arms)


def _measure(
    folder: RunFolder,
    manifest: Manifest,
    resolved: Resolved,
    devices: Sequence[Device],
    progress: Progress,
    stop: StopRequest,
    faults: dict[str, Exception],
) -> dict[str, str]:
    """`measure_all`, told when to end a pass by what the analysis would say of what is there so far."""
    is_sequential = manifest.experiment.measure.design == "sequential"
    early_ending = partial(EarlyEnd, manifest) if is_sequential else None
    return measure_all(folder, manifest, resolved, devices, progress, stop, early_ending, faults)


def _write_plan(folder: RunFolder, manifest: Manifest, index: int, ready: PreparedDevice | DeviceError) -> None:
    write_prepared(
        folder.device(manifest.devices[index]),
        f"{manifest.run_id}-{index}",
        ready,
        lambda placement: make_plan(manifest, placement, index),
    )


def _all_fetched(folder: RunFolder, manifest: Manifest) -> bool:
    states = (read_model(folder.device(entry).state, DeviceState) for entry in manifest.devices)
    return all(state.stage == "fetched" for state in states)


def _overridden(file: ExperimentFile, overrides: Overrides) -> ExperimentFile:
    measure = file.experiment.measure
    changes: dict[str, object] = {}
    if overrides.quick:
        changes = {
            "pairs": min(measure.pairs, QUICK_PAIRS),
            "block_ms": min(measure.block_ms, QUICK_BLOCK_MS),
            "memory_repeats": min(measure.memory_repeats, QUICK_MEMORY_REPEATS),
            "energy": measure.energy.model_copy(
                update={
                    "cycles": min(file.experiment.energy_cycles, QUICK_ENERGY_CYCLES),
                    "block_s": min(measure.energy.block_s, QUICK_ENERGY_BLOCK_S),
                    "idle_s": min(measure.energy.idle_s, QUICK_ENERGY_IDLE_S),
                }
            ),
            "sustained": measure.sustained.model_copy(
                update={
                    "cycles": min(file.experiment.sustained_cycles, QUICK_ENERGY_CYCLES),
                    "block_s": min(measure.sustained.block_s, QUICK_ENERGY_BLOCK_S),
                    "rest_s": min(measure.sustained.rest_s, QUICK_ENERGY_IDLE_S),
                }
            ),
            "page": measure.page.model_copy(
                update={"repeats": min(file.experiment.page_repeats, QUICK_MEMORY_REPEATS)}
            ),
            "gates": measure.gates.model_copy(
                update={"cool_wait_s": min(measure.gates.cool_wait_s, QUICK_COOL_WAIT_S), "cool_first_s": 0.0}
            ),
        }
    if overrides.pairs is not None:
        changes["pairs"] = overrides.pairs
    if overrides.no_wait:
        never = {"max_wait_s": 0.0, "max_wait_total_s": 0.0, "cool_wait_s": 0.0, "cool_first_s": 0.0}
        changes["gates"] = measure.gates.model_copy(update=never)
    if not changes:
        return file
    experiment = file.experiment.model_copy(update={"measure": measure.model_copy(update=changes)})
    return ExperimentFile(experiment, file.content, file.folder)
