"""All devices of a run at once; those that are one machine take turns."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from devices.errors import DeviceError
from devices.identity import Identity
from devices.posix.hold import Hold
from harness.documents.folder import read_model, write_model
from harness.documents.plan import Plan
from harness.documents.state import DeviceState
from harness.runs.measuring.device_run import DeviceRun
from harness.runs.measuring.output_check import OutputCheck, WrongOutputError
from harness.runs.measuring.unplugged import UnpluggedPass
from harness.runs.preparing.output_space import longest_output_bytes
from harness.runs.session.device_threads import in_threads

if TYPE_CHECKING:
    from devices.base import Device
    from harness.documents.folder import DeviceFolder, RunFolder
    from harness.documents.manifest import Manifest, ManifestDevice
    from harness.documents.soak_folder import SoakFolder
    from harness.experiment.resolve import Resolved
    from harness.runs.measuring.early_ending import EarlyEnding
    from harness.runs.session.progress import Progress
    from harness.runs.session.stop_request import StopRequest

MakeRun = Callable[[int, "DeviceFolder", DeviceState, Plan], DeviceRun]
"""The index of a planned device, its folder, state and plan → its run."""


def measure_all(
    folder: RunFolder,
    manifest: Manifest,
    resolved: Resolved,
    devices: Sequence[Device],
    progress: Progress,
    stop: StopRequest,
    early_ending: Callable[[str | None], EarlyEnding] | None = None,
    faults: dict[str, Exception] | None = None,
) -> dict[str, str]:
    """Take every planned device to its end, as `for_each_device` does.

    `early_ending`: what a device showed of its sensors → what says when a pass of it has shown enough; None where every
    step is done.
    """
    measure, parts = manifest.experiment.measure, resolved.task.parts
    left_there = {} if parts is None else {arm.id: parts.stays(arm.codec) for arm in resolved.arms}

    def make_run(index: int, files: DeviceFolder, state: DeviceState, plan: Plan) -> DeviceRun:
        survey = files.survey.read_text(encoding="utf-8", errors="replace") if files.survey.exists() else None
        return DeviceRun(
            devices[index],
            files,
            state,
            progress,
            stop,
            OutputCheck(resolved),
            plan,
            early_ending(survey) if early_ending is not None else None,
            hold=Hold(governor=measure.hold.governor, charging_off=measure.hold.charging == "off"),
            unplugged_pass=UnpluggedPass(plan) if measure.energy.unplugged else None,
            most_output_bytes=longest_output_bytes(resolved),
            left_there=left_there,
        )

    return for_each_device(folder, manifest.devices, make_run, progress, stop, faults=faults)


def for_each_device(
    folder: RunFolder | SoakFolder,
    entries: Sequence[ManifestDevice],
    make_run: MakeRun,
    progress: Progress,
    stop: StopRequest,
    act: Callable[[DeviceRun], None] = DeviceRun.run,
    faults: dict[str, Exception] | None = None,
) -> dict[str, str]:
    """Do `act` with the run of every planned device. Returns device name → problem, for devices where that failed; the
    errors themselves, whose types say whether another try may help, go into `faults`.

    What one device says is that device's fault alone; `WrongOutputError` is raised where all of them say it, and it is
    the model's. Raises `InterruptedRunError`, `UserError`; KeyboardInterrupt where the user would not even wait for the
    devices to stop.
    """
    turns: dict[str, threading.Lock] = {}
    problems: dict[str, str] = {}
    wrong: list[WrongOutputError] = []
    at_work: list[str] = []

    def one(index: int) -> None:
        entry = entries[index]
        files = folder.device(entry)
        state = read_model(files.state, DeviceState)
        if state.stage == "unprepared":
            problems[entry.name] = state.problem or "not prepared"
            return
        at_work.append(entry.name)
        identity = read_model(files.identity, Identity)
        run = make_run(index, files, state, read_model(files.plan, Plan))
        try:
            with turns.setdefault(identity.boot_id or entry.name, threading.Lock()):
                stop.check()
                act(run)
        except (DeviceError, WrongOutputError) as error:
            if isinstance(error, WrongOutputError):
                wrong.append(error)
            problems[entry.name] = str(error)
            if faults is not None:
                faults[entry.name] = error
            write_model(files.state, run.state.model_copy(update={"problem": str(error)}))
            if len(entries) > 1 or isinstance(error, DeviceError):
                progress.say(entry.name, error.what)

    with stop.listening():
        in_threads([partial(one, index) for index in range(len(entries))], stop)
    if wrong and len(wrong) == len(at_work):
        raise wrong[0]
    return problems
