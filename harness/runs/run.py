"""A whole run: prepare every device, fix the manifest and the plans, measure on all devices at once, take up what was
cut.

Nothing is written before every device has answered or failed, so a fault of the user's leaves nothing half-made.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from devices.errors import DeviceError
from devices.open_device import open_device, open_devices
from harness.analysis.recompute import recompute
from harness.doctor.profile import DeviceProfile
from harness.doctor.profile_store import find_profile
from harness.errors import UserError
from harness.experiment.file import ExperimentFile
from harness.experiment.resolve import Resolved, resolve
from harness.pictures.tensor_blobs import encode_items
from harness.runs.device_threads import in_threads
from harness.runs.folder import DiskError, RunFolder, read_model, safe_name, write_atomically, write_model
from harness.runs.make_manifest import make_manifest
from harness.runs.manifest import Manifest
from harness.runs.measure_all import measure_all
from harness.runs.output_space import check_space_here
from harness.runs.planning import make_plan
from harness.runs.prepare import PreparedDevice, prepare
from harness.runs.run_claim import claimed
from harness.runs.state import DeviceState
from harness.runs.stop_request import StopRequest

if TYPE_CHECKING:
    from devices.base import Device
    from harness.comparison import Comparison
    from harness.runs.progress import Progress
    from harness.runs.runner_choice import RunnerKind

QUICK_PAIRS, QUICK_BLOCK_MS, QUICK_MEMORY_REPEATS = 8, 100.0, 2
QUICK_ENERGY_CYCLES, QUICK_ENERGY_BLOCK_S, QUICK_ENERGY_IDLE_S = 2, 5.0, 3.0


@dataclass(frozen=True)
class Overrides:
    """What the command line says over the experiment."""

    pairs: int | None = None
    quick: bool = False
    runner: RunnerKind | None = None


@dataclass(frozen=True)
class Outcome:
    """What a run came to."""

    comparison: Comparison
    problems: dict[str, str]
    """Device name → problem, for devices that are not done."""


def start_run(
    file: ExperimentFile, device_names: Sequence[str], folder: RunFolder, overrides: Overrides, progress: Progress
) -> Outcome:
    """Run from the beginning.

    Raises `UserError`, `DeviceError` when no device could be made ready, `InterruptedRunError`.
    """
    file = _overridden(file, overrides)
    resolved = resolve(file, partial(progress.advance, "this machine", "reading pictures"))
    for note in resolved.notes:
        progress.say(file.experiment.name, note)
    devices = [device for name in dict.fromkeys(device_names) for device in open_devices(name)]
    check_space_here(folder.path, resolved, len(devices))
    stop = StopRequest()
    with ExitStack() as held:
        with _closing(devices):
            ready = _prepare_all(devices, resolved, progress, stop, overrides.runner)
            errors = [each for each in ready if isinstance(each, DeviceError)]
            if len(errors) == len(ready):
                raise errors[0]
            _refuse_unusable_models(ready, resolved)
            names = [device.name for device in devices]
            manifest = make_manifest(resolved, names, quick=overrides.quick, runner=overrides.runner)
            _make_folder(folder)
            held.enter_context(claimed(folder))
            _refuse_used(folder)
            write_atomically(folder.experiment, file.content)
            write_model(folder.manifest, manifest)  # from here on the folder is a run that can be resumed
            for index, each in enumerate(ready):
                _write_plan(folder, manifest, index, each)
            problems = measure_all(folder, manifest, resolved, devices, progress, stop)
        return Outcome(recompute(folder, progress), problems)


def resume_run(folder: RunFolder, progress: Progress) -> Outcome:
    """Go on where a run was cut, also with devices that could not be reached then. Raises as `start_run` does, but for
    devices: what is wrong with them is in the outcome.
    """
    manifest = folder.read_manifest()
    with claimed(folder):
        unplanned = [i for i, entry in enumerate(manifest.devices) if not folder.device(entry).plan.exists()]
        if not unplanned and _all_fetched(folder, manifest):
            return Outcome(recompute(folder, progress), {})
        resolved = resolve_again(folder, manifest, progress)
        devices = [open_device(entry.name) for entry in manifest.devices]
        stop = StopRequest()
        with _closing(devices):
            if unplanned:
                ready = _prepare_all([devices[i] for i in unplanned], resolved, progress, stop, manifest.runner)
                for index, each in zip(unplanned, ready, strict=True):
                    _write_plan(folder, manifest, index, each)
            problems = measure_all(folder, manifest, resolved, devices, progress, stop)
        return Outcome(recompute(folder, progress), problems)


def resolve_again(folder: RunFolder, manifest: Manifest, progress: Progress) -> Resolved:
    """The run's experiment looked up once more. Raises `UserError` where a model or a picture is no longer what it
    was.
    """
    home = Path(manifest.experiment_folder)
    file = ExperimentFile(manifest.experiment, b"", home)
    resolved = resolve(file, partial(progress.advance, "this machine", "reading pictures"))
    for arm, then in zip(resolved.arms, manifest.arms, strict=True):
        if arm.model.sha256 != then.model_sha256:
            raise UserError(f"{arm.model.path}: has changed since this run began", "Start a new run.")
    if [item.stem for item in resolved.items] != [item.stem for item in manifest.items]:
        raise UserError(f"{folder.path}: the pictures are no longer those this run began with", "Start a new run.")
    for item, known in zip(resolved.items, manifest.items, strict=True):
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


def new_run_folder(out: Path | None, name: str) -> RunFolder:
    """`out`, or a new folder below `runs/`. Raises `UserError` where there is something already, or nothing can be
    made.
    """
    if out is None:
        stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
        out = Path("runs") / f"{stamp}-{safe_name(name)}"
    folder = RunFolder(out)
    _refuse_used(folder)
    place = next(parent for parent in (out.absolute(), *out.absolute().parents) if parent.exists())
    if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        raise UserError(
            f"{out}: cannot be made: {place} is no folder that you may write to", "Name another with --out."
        )
    return folder


def _refuse_used(folder: RunFolder) -> None:
    out = folder.path
    if out.exists() and (not out.is_dir() or any(each != folder.claim for each in out.iterdir())):
        raise UserError(
            f"{out}: is there already", "Name another folder, or `bakeoff run --resume` to go on with a run."
        )


def _make_folder(folder: RunFolder) -> None:
    try:
        folder.path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DiskError.of(folder.path, error) from None


# --- preparing -------------------------------------------------------------------------------------------------------


def _prepare_all(
    devices: Sequence[Device],
    resolved: Resolved,
    progress: Progress,
    stop: StopRequest,
    runner: RunnerKind | None = None,
) -> list[PreparedDevice | DeviceError]:
    """Each device ready, or why it is not. A KeyboardInterrupt does not wait for them."""
    with tempfile.TemporaryDirectory(prefix="bakeoff-", ignore_cleanup_errors=True) as scratch:
        tensors = encode_items(resolved, Path(scratch), partial(progress.advance, "this machine", "encoding pictures"))

        def one(device: Device) -> PreparedDevice | DeviceError:
            try:
                return prepare(device, resolved, tensors, progress, stop, runner)
            except DeviceError as error:
                progress.say(device.name, error.what)
                return error

        try:
            return in_threads([partial(one, device) for device in devices], stop)
        except KeyboardInterrupt:
            stop.ask()
            raise


def _refuse_unusable_models(ready: Sequence[PreparedDevice | DeviceError], resolved: Resolved) -> None:
    """A model that opens nowhere is the user's to mend; one that opens on some devices only is a result."""
    prepared = [each for each in ready if isinstance(each, PreparedDevice)]
    for arm in resolved.arms:
        reasons = [each.refused[arm.id] for each in prepared if arm.id in each.refused]
        if len(reasons) == len(prepared):
            raise UserError(
                f"{arm.model.path}: {arm.runtime.name} {arm.runtime_version} cannot open it: {reasons[0]}",
                "Export it again for this runtime, or name another runtime for the arm.",
            )


def _write_plan(folder: RunFolder, manifest: Manifest, index: int, ready: PreparedDevice | DeviceError) -> None:
    """What a device will do; the plan itself last, since a device without one is prepared again by resume."""
    files = folder.device(manifest.devices[index])
    if isinstance(ready, DeviceError):
        state = DeviceState(stage="unprepared", remote_folder="", conductor=[], problem=str(ready))
        write_model(files.state, state)
        return
    write_model(files.identity, ready.identity)
    write_model(files.runner, ready.runner)
    write_atomically(files.survey, ready.placement.sensing.survey_text.encode())
    profile = find_profile(manifest.devices[index].name, ready.identity)
    if isinstance(profile, DeviceProfile):
        write_model(files.profile, profile)
    state = DeviceState(
        stage="planned",
        remote_folder=f"{ready.device.workdir}/runs/{manifest.run_id}-{index}",
        conductor=ready.conductor,
    )
    write_model(files.state, state)
    write_model(files.plan, make_plan(manifest, ready.placement, index))


def _all_fetched(folder: RunFolder, manifest: Manifest) -> bool:
    states = (read_model(folder.device(entry).state, DeviceState) for entry in manifest.devices)
    return all(state.stage == "fetched" for state in states)


@contextmanager
def _closing(devices: Sequence[Device]) -> Iterator[None]:
    try:
        yield
    finally:
        for device in devices:
            device.close()


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
        }
    if overrides.pairs is not None:
        changes["pairs"] = overrides.pairs
    if not changes:
        return file
    experiment = file.experiment.model_copy(update={"measure": measure.model_copy(update=changes)})
    return ExperimentFile(experiment, file.content, file.folder)
