"""A whole run: prepare every device, fix the manifest and the plans, measure on all devices at once, take up what was
cut.

Nothing is written before every device has answered or failed, so a fault of the user's leaves nothing half-made.
"""

from __future__ import annotations

import secrets
import tempfile
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from devices.errors import DeviceError
from devices.identity import Identity
from devices.open_device import open_device
from harness import __version__
from harness.errors import UserError
from harness.experiment_file import ExperimentFile
from harness.manifest import Manifest, ManifestArm, ManifestDevice, ManifestItem
from harness.measure import DeviceRun, InterruptedRunError
from harness.output_check import OutputCheck
from harness.plan import Plan
from harness.planning import make_plan
from harness.prepare import PreparedDevice, prepare
from harness.resolve import Resolved, resolve
from harness.run_folder import RunFolder, safe_name, write_atomically, write_model
from harness.run_state import DeviceState
from harness.tensor_blobs import encode_items

if TYPE_CHECKING:
    from devices.base import Device
    from harness.progress import Progress

QUICK_PAIRS, QUICK_BLOCK_MS, QUICK_MEMORY_REPEATS = 8, 100.0, 2


@dataclass(frozen=True)
class Overrides:
    """What the command line says over the experiment."""

    pairs: int | None = None
    quick: bool = False


def start_run(
    file: ExperimentFile, device_names: Sequence[str], folder: RunFolder, overrides: Overrides, progress: Progress
) -> dict[str, str]:
    """Run from the beginning. Returns device name → problem, for devices that are not done.

    Raises `UserError`, `DeviceError` when no device could be made ready, `InterruptedRunError`.
    """
    file = _overridden(file, overrides)
    resolved = resolve(file)
    for note in resolved.notes:
        progress.say(file.experiment.name, note)
    devices = [open_device(name) for name in dict.fromkeys(device_names)]
    with _closing(devices):
        with tempfile.TemporaryDirectory(prefix="bakeoff-") as scratch:
            ready = _prepare_all(devices, resolved, Path(scratch), progress)
        _refuse_unusable_models(ready, resolved)
        manifest = _make_manifest(resolved, devices, overrides)
        for index, each in enumerate(ready):
            _write_plan(folder, manifest, index, each)
        write_atomically(folder.experiment, file.content)
        write_model(folder.manifest, manifest)  # last: from here on the folder is a run that can be resumed
        return _measure_all(folder, manifest, resolved, devices, progress)


def resume_run(folder: RunFolder, progress: Progress) -> dict[str, str]:
    """Go on where a run was cut, also with devices that could not be reached then. Returns as `start_run` does."""
    manifest = folder.read_manifest()
    resolved = resolve_again(folder, manifest)
    devices = [open_device(entry.name) for entry in manifest.devices]
    with _closing(devices):
        unplanned = [i for i, entry in enumerate(manifest.devices) if not folder.device(entry).plan.exists()]
        if unplanned:
            with tempfile.TemporaryDirectory(prefix="bakeoff-") as scratch:
                ready = _prepare_all([devices[i] for i in unplanned], resolved, Path(scratch), progress)
            for index, each in zip(unplanned, ready, strict=True):
                _write_plan(folder, manifest, index, each)
        return _measure_all(folder, manifest, resolved, devices, progress)


def resolve_again(folder: RunFolder, manifest: Manifest) -> Resolved:
    """The run's experiment looked up once more. Raises `UserError` where a model or a picture is no longer what it
    was.
    """
    home = Path(manifest.experiment_folder)
    resolved = resolve(ExperimentFile(manifest.experiment, folder.experiment.read_bytes(), home))
    for arm, then in zip(resolved.arms, manifest.arms, strict=True):
        if arm.model.sha256 != then.model_sha256:
            raise UserError(f"{arm.model.path}: has changed since this run began", "Start a new run.")
    if [item.stem for item in resolved.items] != [item.stem for item in manifest.items]:
        raise UserError(f"{folder.path}: the pictures are no longer those this run began with", "Start a new run.")
    return resolved


def new_run_folder(out: Path | None, name: str) -> RunFolder:
    """`out`, or a new folder below `runs/`. Raises `UserError` where there is something already."""
    if out is None:
        stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
        out = Path("runs") / f"{stamp}-{safe_name(name)}"
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UserError(
            f"{out}: is there already", "Name another folder, or `bakeoff run --resume` to go on with a run."
        )
    return RunFolder(out)


# --- preparing -------------------------------------------------------------------------------------------------------


def _prepare_all(
    devices: Sequence[Device], resolved: Resolved, scratch: Path, progress: Progress
) -> list[PreparedDevice | DeviceError]:
    """Each device ready, or why it is not. Raises the first error when none is ready."""
    tensors = encode_items(
        resolved, scratch, lambda done, total: progress.advance("this machine", "encoding pictures", done, total)
    )

    def one(device: Device) -> PreparedDevice | DeviceError:
        try:
            return prepare(device, resolved, tensors, progress)
        except DeviceError as error:
            progress.say(device.name, error.what)
            return error

    with ThreadPoolExecutor(max_workers=len(devices)) as threads:
        ready = list(threads.map(one, devices))
    errors = [each for each in ready if isinstance(each, DeviceError)]
    if len(errors) == len(ready):
        raise errors[0]
    return ready


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


def _make_manifest(resolved: Resolved, devices: Sequence[Device], overrides: Overrides) -> Manifest:
    experiment = resolved.file.experiment
    now = datetime.now(UTC)
    seed = experiment.measure.seed
    return Manifest(
        bakeoff_version=__version__,
        run_id=f"{now.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(3)}",
        created_at=now.isoformat(timespec="seconds"),
        quick=overrides.quick,
        seed=secrets.randbits(32) if seed is None else seed,
        experiment=experiment,
        experiment_folder=str(resolved.file.folder),
        arms=[
            ManifestArm(
                id=arm.id,
                name=arm.arm.name,
                role=arm.arm.role,
                model_path=str(arm.model.path),
                model_sha256=arm.model.sha256,
                model_bytes=arm.model.bytes,
                format=arm.model.format,
                runtime=arm.runtime.name,
                runtime_version=arm.runtime_version,
                accelerator=arm.arm.accelerator,
                threads=arm.arm.threads,
                codec=arm.codec,
            )
            for arm in resolved.arms
        ],
        items=[
            ManifestItem(
                id=f"i{index}",
                stem=item.stem,
                scene=item.scene,
                input_path=str(item.input_path),
                reference_path=str(item.reference_path),
            )
            for index, item in enumerate(resolved.items)
        ],
        latency_item=f"i{resolved.latency_item}",
        devices=[
            ManifestDevice(name=device.name, folder=f"{index}-{safe_name(device.name)}")
            for index, device in enumerate(devices)
        ],
    )


def _write_plan(folder: RunFolder, manifest: Manifest, index: int, ready: PreparedDevice | DeviceError) -> None:
    files = folder.device(manifest.devices[index])
    if isinstance(ready, DeviceError):
        state = DeviceState(stage="unprepared", remote_folder="", conductor=[], problem=str(ready))
        write_model(files.state, state)
        return
    write_model(files.identity, ready.identity)
    state = DeviceState(
        stage="planned",
        remote_folder=f"{ready.device.workdir}/runs/{manifest.run_id}-{index}",
        conductor=ready.conductor,
    )
    write_model(files.state, state)
    write_model(files.plan, make_plan(manifest, ready.placement, index))


# --- measuring -------------------------------------------------------------------------------------------------------


def _measure_all(
    folder: RunFolder, manifest: Manifest, resolved: Resolved, devices: Sequence[Device], progress: Progress
) -> dict[str, str]:
    """All devices at once, except those that are one machine: these take turns. Returns device name → problem."""
    stop = threading.Event()
    turns: dict[str, threading.Lock] = {}
    problems: dict[str, str] = {}

    def one(index: int) -> None:
        entry = manifest.devices[index]
        files = folder.device(entry)
        state = DeviceState.model_validate_json(files.state.read_bytes())
        if state.stage == "unprepared":
            problems[entry.name] = state.problem or "not prepared"
            return
        identity = Identity.model_validate_json(files.identity.read_bytes())
        steps = len(Plan.model_validate_json(files.plan.read_bytes()).steps)
        run = DeviceRun(devices[index], files, state, progress, stop, OutputCheck(resolved), steps)
        try:
            with turns.setdefault(identity.boot_id or entry.name, threading.Lock()):
                if stop.is_set():
                    raise InterruptedRunError
                run.run()
        except DeviceError as error:
            problems[entry.name] = str(error)
            write_model(files.state, run.state.model_copy(update={"problem": str(error)}))
            progress.say(entry.name, error.what)

    threads = ThreadPoolExecutor(max_workers=len(devices))
    try:
        futures = [threads.submit(one, index) for index in range(len(devices))]
        _wait_interruptibly(futures, stop)
    finally:
        threads.shutdown(wait=True)
    return problems


def _wait_interruptibly(futures: Sequence[Future[None]], stop: threading.Event) -> None:
    """Wait for all; on Ctrl-C or on the first fault let the others stop at their next block. Raises that fault."""
    try:
        done, _ = wait(futures, return_when=FIRST_EXCEPTION)
    except KeyboardInterrupt:
        stop.set()
        wait(futures)
        raise InterruptedRunError from None
    if any(future.exception() for future in done):
        stop.set()
        wait(futures)
    faults = [fault for future in futures if (fault := future.exception()) is not None]
    for fault in sorted(faults, key=lambda fault: isinstance(fault, InterruptedRunError)):
        raise fault


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
        }
    if overrides.pairs is not None:
        changes["pairs"] = overrides.pairs
    if not changes:
        return file
    experiment = file.experiment.model_copy(update={"measure": measure.model_copy(update=changes)})
    return ExperimentFile(experiment, file.content, file.folder)
