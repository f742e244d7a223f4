"""A look at a soak that goes on by itself: what its devices have recorded since, and whether they are at work.

Nothing is started or stopped there. What was fetched is a prefix of the device's records as ever, so that
`bakeoff soak --resume` goes on from it.
"""

from __future__ import annotations

from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

from devices.base import ProcessHandle
from devices.errors import DeviceError
from devices.open_device import open_device
from devices.said_number import whole_number
from harness.documents.folder import read_model
from harness.documents.plan import Plan
from harness.documents.record_file import RecordFile
from harness.documents.record_intake import NotARecordError, RecordIntake
from harness.documents.records import RunnerStarted
from harness.documents.state import DeviceState
from harness.runs.measuring.line_splitter import LineSplitter, LineTooLongError
from harness.runs.measuring.runner_process import RunnerProcess
from harness.runs.session.begun_here import refuse_elsewhere
from harness.runs.session.device_threads import in_threads
from harness.runs.session.folder_lock import ClaimedElsewhereError, claimed
from harness.runs.session.stop_request import StopRequest

if TYPE_CHECKING:
    from devices.base import Device
    from harness.documents.folder import DeviceFolder
    from harness.documents.soak_folder import SoakFolder
    from harness.documents.soak_result import Activity
    from harness.runs.session.progress import Progress

IDLE_S = 1.0
_COMMAND_TIMEOUT_S = 30.0


def look(folder: SoakFolder, progress: Progress, *, trusted: bool = False) -> dict[str, Activity]:
    """Fetch new records, and say of every device that is not done whether its runner is at work: device name →
    `at work`, `stopped`, or `unknown` where it does not answer.

    Where another bakeoff follows this soak, nothing is asked of the devices: it has their records. Raises `UserError`.
    """
    manifest = folder.read_manifest()
    try:
        with claimed(folder):
            refuse_elsewhere(folder.path, manifest.run_id, [entry.name for entry in manifest.devices], trusted=trusted)
            works = [
                partial(_look_at, entry.name, folder.device(entry), progress)
                for entry in manifest.devices
                if folder.device(entry).state.exists()
            ]
            names = [entry.name for entry in manifest.devices if folder.device(entry).state.exists()]
            found = in_threads(works, StopRequest())
            return {name: activity for name, activity in zip(names, found, strict=True) if activity is not None}
    except ClaimedElsewhereError:
        return {entry.name: "at work" for entry in manifest.devices}


def _look_at(name: str, files: DeviceFolder, progress: Progress) -> Activity | None:
    state = read_model(files.state, DeviceState)
    if state.stage == "planned":
        return "stopped"
    if state.stage != "started":
        return None
    try:
        device = open_device(name)
        try:
            device.connect()
            _fetch_new(device, files, state)
            return "at work" if _is_alive(device, files, state) else "stopped"
        finally:
            device.close()
    except DeviceError as error:
        progress.say(name, f"does not answer, so this is what was known before: {error.what}")
        return "unknown"


def _fetch_new(device: Device, files: DeviceFolder, state: DeviceState) -> None:
    """As much as there is when this begins: short windows would keep a look busy to the soak's end."""
    records = RecordFile(files.records)
    records.cut_partial_line()
    intake = _intake(device, files)
    for _ in records.read(intake):  # counted, so that what follows is seen to follow
        pass
    remote = RunnerProcess(device, state.remote_folder).records
    counted = device.run(["wc", "-c", remote], timeout_s=_COMMAND_TIMEOUT_S).stdout.split()
    there = (whole_number(counted[0].decode("ascii", "replace")) if counted else None) or 0
    if there <= records.size_bytes:
        return
    splitter = LineSplitter(intake.allowance.line_bytes)
    read = records.size_bytes
    with closing(device.follow(remote, records.size_bytes, idle_s=IDLE_S)) as chunks:
        for chunk in chunks:
            try:
                records.append(splitter.take(chunk), intake)
            except (NotARecordError, LineTooLongError):  # a torn line, which the next runner cuts off
                return
            read += len(chunk)
            if not chunk or read >= there:
                return


def _is_alive(device: Device, files: DeviceFolder, state: DeviceState) -> bool:
    process = state.process
    if process is not None and device.is_running(ProcessHandle(**process.model_dump())):
        return True
    records = RecordFile(files.records).read(_intake(device, files))
    started = [record for record in records if isinstance(record, RunnerStarted)]
    return bool(started) and RunnerProcess(device, state.remote_folder).writes(started[-1].pid)


def _intake(device: Device, files: DeviceFolder) -> RecordIntake:
    return RecordIntake(device.name, read_model(files.plan, Plan))
