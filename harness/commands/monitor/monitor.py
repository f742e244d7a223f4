"""Watching deployed models: on every device, round after round of continuous inference, until it is stopped.

A round is a soak in a folder that is gone afterwards: what it measured is in the metrics. Between two rounds the device
is let go of for some seconds, so that a night that waits for it gets it; and a device that fails is tried again, later
each time, while the others go on.
"""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from devices.errors import DeviceError
from devices.open_device import open_device
from harness.commands.monitor.live import Live
from harness.commands.monitor.serve import served
from harness.commands.soak import SoakAsked, start_soak
from harness.documents.folder import safe_name
from harness.documents.records import SoakWindow
from harness.documents.soak_folder import SoakFolder
from harness.documents.soak_manifest import SoakLength
from harness.errors import UserError
from harness.nightly.device_lock import device_lock, state_folder
from harness.runs.measuring.clear_away import clear_away
from harness.runs.preparing.distinct_phones import distinct_phones, open_asked
from harness.runs.session.begun_here import forget_begun
from harness.runs.session.device_threads import in_threads
from harness.runs.session.stop_request import InterruptedRunError, StopRequest
from reports.monitor_metrics import live_registry

if TYPE_CHECKING:
    from harness.documents.folder import DeviceFolder
    from harness.documents.records import Record
    from harness.documents.runner_record import RunnerKind
    from harness.experiment.file import ExperimentFile
    from harness.runs.session.progress import Progress

LET_GO_S: Final = 4.0
"""How long a device is let go of between rounds: a night looks whether it is free once a second."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 30.0, 900.0
"""Before a device that failed is tried again; twice as long after each further failure."""


@dataclass(frozen=True)
class MonitorAsked:
    """What the command line asks for."""

    arm: str | None
    window_s: float
    round_hours: float
    hours: float | None
    """How long in all; None until it is stopped."""
    address: str
    port: int
    runner: RunnerKind | None = None


def monitor(file: ExperimentFile, device_names: Sequence[str], asked: MonitorAsked, progress: Progress) -> None:
    """Watch until the time is over or a stop is asked for (Ctrl-C; twice: at once). Devices are left as they were
    found.

    Raises `UserError`, `DeviceError` for names that can be of no device.
    """
    stop = StopRequest()
    arm = _arm(file, asked.arm)
    names = _names(device_names, progress, stop)
    live = Live(names, file.experiment.name, arm, asked.window_s)
    ends = None if asked.hours is None else time.monotonic() + asked.hours * 3600.0
    with served(live_registry(live.look), asked.address, asked.port) as url:
        progress.say("this machine", f"metrics at {url}; Ctrl-C ends it")
        with stop.listening(), contextlib.suppress(InterruptedRunError):
            in_threads([partial(_watch, name, file, asked, arm, live, progress, stop, ends) for name in names], stop)


def _watch(
    name: str,
    file: ExperimentFile,
    asked: MonitorAsked,
    arm: str,
    live: Live,
    progress: Progress,
    stop: StopRequest,
    ends: float | None,
) -> None:
    """One device, to the end."""
    pause_s = FIRST_PAUSE_S
    while (left_s := _left(ends)) > 0:
        stop.check()
        hours = min(asked.round_hours, left_s / 3600.0)
        length = SoakLength(hours, min(asked.window_s, hours * 3600.0))
        problem = _round(name, file, SoakAsked(arm, length, asked.runner), live, progress, stop)
        if problem is None:
            pause_s = FIRST_PAUSE_S
            stop.sleep(min(LET_GO_S, _left(ends)))
            continue
        live.enter(name, "failed")
        progress.say(name, f"could not be watched: {problem}; tried again in {pause_s:.0f} s")
        stop.sleep(min(pause_s, _left(ends)))
        pause_s = min(LONGEST_PAUSE_S, 2.0 * pause_s)


def _round(
    name: str, file: ExperimentFile, asked: SoakAsked, live: Live, progress: Progress, stop: StopRequest
) -> str | None:
    """One round; what went wrong, in a sentence. Raises `UserError` where nothing was ever measured."""

    def wait(seconds: float) -> bool:
        stop.sleep(seconds)
        return True

    def say() -> None:
        live.enter(name, "waiting")
        progress.say(name, "a night is at work there; waiting for it")

    folder = SoakFolder(_place(name))
    with device_lock(name, wait, say):
        live.enter(name, "preparing")
        left = _clear(name, folder)  # of a monitor that was killed: its runner works on
        if left is not None:
            return left
        try:
            problems = start_soak(
                file, [name], folder, asked, progress, detach=False, stop=stop, watch=_Watcher(folder, live)
            )
        except UserError as error:
            if not live.has_measured(name):  # the experiment is wrong, and does not become right by waiting
                raise
            return error.what
        except DeviceError as error:
            return error.what
        else:
            return next(iter(problems.values()), None)
        finally:
            left = _clear(name, folder)
            if left is not None:
                progress.say(name, f"something of the monitor may be left there, for the next one to remove: {left}")


class _Watcher:
    """Takes a round's records to the live values; at the first it says what is deployed."""

    def __init__(self, folder: SoakFolder, live: Live) -> None:
        self._folder, self._live = folder, live
        self._named = threading.Event()

    def __call__(self, device: str, record: Record) -> None:
        if not self._named.is_set():
            arm = self._folder.read_manifest().arm
            runtime = f"{arm.runtime} {arm.runtime_version}"
            self._live.name_model(device, Path(arm.model_path).name, arm.model_sha256, runtime)
            self._named.set()
        if isinstance(record, SoakWindow):
            self._live.take(device, record)


def _place(name: str) -> Path:
    """Where a round lies while it lasts: always there, so that what a killed monitor left is found again."""
    which = f"{safe_name(name)}-{hashlib.sha256(name.encode()).hexdigest()[:12]}"
    return state_folder() / "monitor" / which


def _clear(name: str, folder: SoakFolder) -> str | None:
    """Leave nothing of a round behind, on the device and here. Where the device cannot be had, its folder here is kept
    for the next try; what was in the way, in a sentence.
    """
    try:
        if folder.manifest.exists():
            manifest = folder.read_manifest()
            _clear_device(name, folder.device(manifest.devices[0]))
            forget_begun(manifest.run_id)
    except DeviceError as error:
        return error.what
    except UserError:  # damaged by whatever ended the one before: nothing is known of it
        pass
    shutil.rmtree(folder.path, ignore_errors=True)
    return None


def _clear_device(name: str, files: DeviceFolder) -> None:
    with contextlib.closing(open_device(name)) as device:
        is_to_undo = clear_away(device, files)
    if is_to_undo:
        with contextlib.closing(open_device(name)) as device:
            device.connect()


def _names(device_names: Sequence[str], progress: Progress, stop: StopRequest) -> list[str]:
    opened = open_asked(device_names)
    try:
        return [device.name for device in distinct_phones(opened, progress, stop)]
    finally:
        for each in opened:
            each.device.close()


def _arm(file: ExperimentFile, name: str | None) -> str:
    """The arm that is deployed: the baseline, where none is named. Raises `UserError`."""
    arms = file.experiment.arms
    if name is None:
        return next(arm.name for arm in arms if arm.role == "baseline")
    if name not in {arm.name for arm in arms}:
        raise UserError(
            f"--arm {name}: the experiment has no such arm", f"It has {', '.join(arm.name for arm in arms)}."
        )
    return name


def _left(ends: float | None) -> float:
    return float("inf") if ends is None else max(0.0, ends - time.monotonic())
