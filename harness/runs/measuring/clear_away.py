"""Leaving nothing of a run on its device, whatever became of it: for runs that nobody goes on with."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from devices.base import ProcessHandle
from harness.documents.folder import read_model
from harness.documents.state import DeviceState
from harness.runs.measuring.runner_process import RunnerProcess

if TYPE_CHECKING:
    from devices.base import Device
    from harness.documents.folder import DeviceFolder


def clear_away(device: Device, files: DeviceFolder) -> bool:
    """End the run's runner, where one is at work, and remove its folder there; whether there was anything to do. What
    was changed on the device for it is undone by the next connection, which finds no runner.

    Does nothing for a run that never came to the device, or whose folder is gone already. Raises `DeviceError`.
    """
    if not files.state.exists():
        return False
    state = read_model(files.state, DeviceState)
    home, name = posixpath.split(state.remote_folder)
    if state.stage in {"unprepared", "fetched"} or home != f"{device.workdir}/runs" or name in {"", ".", ".."}:
        return False
    device.connect()
    process = None if state.process is None else ProcessHandle(**state.process.model_dump())
    if process is not None and device.is_running(process):
        RunnerProcess(device, state.remote_folder).end(process)
    device.remove([state.remote_folder])
    return True
