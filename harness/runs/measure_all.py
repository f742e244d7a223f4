"""All devices of a run at once; those that are one machine take turns."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from devices.errors import DeviceError
from devices.hold import Hold
from devices.identity import Identity
from harness.runs.cable_out import CableOut
from harness.runs.device_threads import in_threads
from harness.runs.early_end import EarlyEnd
from harness.runs.folder import read_model, write_model
from harness.runs.measure import DeviceRun
from harness.runs.output_check import OutputCheck
from harness.runs.plan import Plan
from harness.runs.state import DeviceState

if TYPE_CHECKING:
    from devices.base import Device
    from harness.experiment.resolve import Resolved
    from harness.runs.folder import RunFolder
    from harness.runs.manifest import Manifest
    from harness.runs.progress import Progress
    from harness.runs.stop_request import StopRequest


def measure_all(
    folder: RunFolder,
    manifest: Manifest,
    resolved: Resolved,
    devices: Sequence[Device],
    progress: Progress,
    stop: StopRequest,
) -> dict[str, str]:
    """Take every planned device to its end. Returns device name → problem, for devices that are not done.

    Raises `InterruptedRunError`, `UserError`; KeyboardInterrupt where the user would not even wait for the devices to
    stop.
    """
    measure = manifest.experiment.measure
    turns: dict[str, threading.Lock] = {}
    problems: dict[str, str] = {}

    def one(index: int) -> None:
        entry = manifest.devices[index]
        files = folder.device(entry)
        state = read_model(files.state, DeviceState)
        if state.stage == "unprepared":
            problems[entry.name] = state.problem or "not prepared"
            return
        identity = read_model(files.identity, Identity)
        plan = read_model(files.plan, Plan)
        early_end = EarlyEnd(manifest) if measure.design == "sequential" else None
        run = DeviceRun(devices[index], files, state, progress, stop, OutputCheck(resolved), plan, early_end)
        run.hold = Hold(governor=measure.hold.governor, charging_off=measure.hold.charging == "off")
        if measure.energy.unplugged:
            run.cable_out = CableOut(plan)
            run.reconnect_s = max(run.reconnect_s, run.cable_out.longest_absence_s)
        try:
            with turns.setdefault(identity.boot_id or entry.name, threading.Lock()):
                stop.check()
                run.run()
        except DeviceError as error:
            problems[entry.name] = str(error)
            write_model(files.state, run.state.model_copy(update={"problem": str(error)}))
            progress.say(entry.name, error.what)

    with stop.listening():
        in_threads([partial(one, index) for index in range(len(devices))], stop)
    return problems
