"""A whole soak: prepare every device, fix soak.json and the plans, have the devices infer for hours or days, or leave
them to it; take up what was cut.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from devices.errors import DeviceError
from devices.open_device import open_device
from harness.documents.folder import read_model, write_model
from harness.documents.soak_manifest import SoakLength, SoakManifest
from harness.documents.state import DeviceState
from harness.errors import UserError
from harness.experiment.file import ExperimentFile
from harness.experiment.resolve import Resolved, resolve
from harness.runs.measuring.device_run import DeviceRun
from harness.runs.measuring.measure_all import for_each_device
from harness.runs.measuring.run_kind import RunKind
from harness.runs.measuring.soak_progress import SoakProgress, failures_told
from harness.runs.planning.make_soak_manifest import make_soak_manifest
from harness.runs.planning.make_soak_plan import make_soak_plan
from harness.runs.preparing.distinct_phones import distinct_phones, open_asked
from harness.runs.preparing.prepare import PreparedDevice
from harness.runs.preparing.prepare_all import closing_all, prepare_all, refuse_unusable, write_prepared
from harness.runs.session.begun_here import note_begun, refuse_elsewhere
from harness.runs.session.folder_lock import claimed
from harness.runs.session.new_folder import make_folder, refuse_used
from harness.runs.session.stop_request import StopRequest

if TYPE_CHECKING:
    from devices.base import Device
    from harness.documents.folder import DeviceFolder
    from harness.documents.plan import Plan
    from harness.documents.records import Record
    from harness.documents.runner_record import RunnerKind
    from harness.documents.soak_folder import SoakFolder
    from harness.experiment.declaration import Experiment
    from harness.runs.session.progress import Progress

Watch = Callable[[str, "Record"], None]
"""The device's name and a record of it, in the order of its file."""

MOST_WINDOWS = 20_000
"""A record of a window is about a kilobyte: this many can still be fetched over a phone's cable and read in seconds."""
BEYOND_ITS_PLAN_S = 3600.0


@dataclass(frozen=True)
class SoakAsked:
    """What the command line asks for."""

    arm: str | None
    """Name of an arm; None where the experiment has one candidate only."""
    length: SoakLength
    runner: RunnerKind | None = None


def start_soak(
    file: ExperimentFile,
    device_names: Sequence[str],
    folder: SoakFolder,
    asked: SoakAsked,
    progress: Progress,
    *,
    detach: bool,
    stop: StopRequest | None = None,
    watch: Watch = lambda _device, _record: None,
) -> dict[str, str]:
    """Soak from the beginning; with `detach` return as soon as every device is at work. `stop` is how another thread
    ends it; `watch` is told every record as it comes home.

    Returns device name → problem, for devices that are not done (or, with `detach`, not at work). Raises `UserError`,
    `DeviceError` when no device could be made ready, `InterruptedRunError`.
    """
    _refuse_many_windows(asked.length)
    arm = _chosen_arm(file.experiment, asked.arm)
    # Before the items, which may be many: a device's name may be misspelt.
    asked_for = open_asked(device_names)
    reading = f"reading {file.experiment.task.nouns.content}"
    resolved = _only(resolve(file, partial(progress.advance, "this machine", reading)), arm)
    stop = stop or StopRequest()
    with ExitStack() as held:
        held.enter_context(closing_all([each.device for each in asked_for]))
        devices = distinct_phones(asked_for, progress, stop)
        ready = prepare_all(devices, resolved, progress, stop, asked.runner)
        refuse_unusable(ready, resolved)
        _refuse_one_machine_twice(ready)
        manifest = make_soak_manifest(resolved, [device.name for device in devices], asked.length, asked.runner)
        make_folder(folder)
        held.enter_context(claimed(folder))
        refuse_used(folder)
        note_begun(folder.path, manifest.run_id)
        write_model(folder.manifest, manifest)  # from here on the folder is a soak that can be resumed
        for index, each in enumerate(ready):
            _write_plan(folder, manifest, index, each)
        return _soak_all(folder, manifest, devices, progress, stop, detach=detach, watch=watch)


def resume_soak(folder: SoakFolder, progress: Progress, *, detach: bool, trusted: bool = False) -> dict[str, str]:
    """Go on where a soak was cut or left to itself, also with devices that could not be reached then. Returns and
    raises as `start_soak` does, but for devices: what is wrong with them is returned.
    """
    manifest = folder.read_manifest()
    with claimed(folder):
        unplanned = [i for i, entry in enumerate(manifest.devices) if not folder.device(entry).plan.exists()]
        states = [
            read_model(folder.device(entry).state, DeviceState)
            for index, entry in enumerate(manifest.devices)
            if index not in unplanned
        ]
        if not unplanned and all(state.stage == "fetched" for state in states):
            return {}
        refuse_elsewhere(folder.path, manifest.run_id, [entry.name for entry in manifest.devices], trusted=trusted)
        devices = [open_device(entry.name) for entry in manifest.devices]
        stop = StopRequest()
        with closing_all(devices):
            if unplanned:
                resolved = _resolve_again(manifest, progress)
                ready = prepare_all([devices[i] for i in unplanned], resolved, progress, stop, manifest.runner)
                for index, each in zip(unplanned, ready, strict=True):
                    _write_plan(folder, manifest, index, each)
            return _soak_all(folder, manifest, devices, progress, stop, detach=detach)


def _soak_all(
    folder: SoakFolder,
    manifest: SoakManifest,
    devices: Sequence[Device],
    progress: Progress,
    stop: StopRequest,
    *,
    detach: bool,
    watch: Watch = lambda _device, _record: None,
) -> dict[str, str]:
    def make_run(index: int, files: DeviceFolder, state: DeviceState, plan: Plan) -> DeviceRun:
        device = devices[index]
        tell_failure = failures_told(partial(progress.say, device.name))

        def on_record(record: Record) -> None:
            tell_failure(record)
            watch(device.name, record)

        return DeviceRun(
            device,
            files,
            state,
            progress,
            stop,
            on_record,
            plan,
            kind=RunKind(
                "bakeoff soak",
                "window",
                manifest.window_s,
                reconnect_s=manifest.hours * 3600.0 + BEYOND_ITS_PLAN_S,
                how_far=SoakProgress(manifest.hours),
            ),
        )

    return for_each_device(
        folder, manifest.devices, make_run, progress, stop, DeviceRun.begin if detach else DeviceRun.run
    )


def _write_plan(folder: SoakFolder, manifest: SoakManifest, index: int, ready: PreparedDevice | DeviceError) -> None:
    write_prepared(
        folder.device(manifest.devices[index]),
        f"{manifest.run_id}-{index}",
        ready,
        lambda placement: make_soak_plan(manifest, placement),
    )


def _chosen_arm(experiment: Experiment, name: str | None) -> str:
    names = [arm.name for arm in experiment.arms]
    if name is None:
        if len(experiment.candidates) > 1:
            raise UserError(
                f"there are {len(experiment.candidates)} candidates: which is to soak?",
                f"Name one with --arm: {', '.join(names)}.",
            )
        return experiment.candidates[0].name
    if name not in names:
        raise UserError(f"--arm {name}: the experiment has no such arm", f"It has {', '.join(names)}.")
    return name


def _only(resolved: Resolved, arm_name: str) -> Resolved:
    """One arm, and of the items the one that latency is measured with."""
    return replace(
        resolved,
        arms=[arm for arm in resolved.arms if arm.arm.name == arm_name],
        items=[resolved.items[resolved.latency_item]],
        latency_item=0,
    )


def _resolve_again(manifest: SoakManifest, progress: Progress) -> Resolved:
    """The experiment looked up once more. Raises `UserError` where the model or the item is another now."""
    file = ExperimentFile(manifest.experiment, b"", Path(manifest.experiment_folder))
    reading = f"reading {manifest.experiment.task.nouns.content}"
    looked_up = resolve(file, partial(progress.advance, "this machine", reading))
    resolved = _only(looked_up, manifest.arm.name)
    arm, item = resolved.arms[0], resolved.items[0]
    for path, now, was in (
        (arm.model.path, arm.model.sha256, manifest.arm.model_sha256),
        (item.input_path, item.input_sha256, manifest.item.input_sha256),
    ):
        if now != was:
            raise UserError(f"{path}: has changed since this soak began", "Start a new soak.")
    # A runtime without a version in the experiment keeps the one this soak began with.
    return replace(resolved, arms=[replace(arm, runtime_version=manifest.arm.runtime_version)])


def _refuse_many_windows(length: SoakLength) -> None:
    if length.windows > MOST_WINDOWS:
        shortest = -(-length.hours * 3600.0 // MOST_WINDOWS)
        raise UserError(
            f"{length.hours:g} hours in windows of {length.window_s:g} s would be {length.windows} records",
            f"At most {MOST_WINDOWS} are sensible: give --window {shortest:g} or more.",
        )


def _refuse_one_machine_twice(ready: Sequence[PreparedDevice | DeviceError]) -> None:
    """Two soaks on one machine would take turns, days apart."""
    seen: dict[str, str] = {}
    for each in ready:
        boot_id = each.identity.boot_id if isinstance(each, PreparedDevice) else None
        if isinstance(each, PreparedDevice) and boot_id is not None:
            if boot_id in seen:
                raise UserError(
                    f"{each.device.name} is the same machine as {seen[boot_id]}", "Name each machine once with -d."
                )
            seen[boot_id] = each.device.name
