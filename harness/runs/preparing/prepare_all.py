"""Every device of a run made ready at once, and what each of them will do written down."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from devices.errors import DeviceError
from harness.documents.folder import write_atomically, write_model
from harness.documents.profile import DeviceProfile
from harness.documents.profile_store import find_profile
from harness.documents.state import DeviceState
from harness.runs.preparing.encode_items import encode_items
from harness.runs.preparing.prepare import PreparedDevice, prepare
from harness.runs.session.device_threads import in_threads
from harness.scratch_folder import scratch_folder

if TYPE_CHECKING:
    from devices.base import Device, DeviceIdentity
    from harness.documents.folder import DeviceFolder
    from harness.documents.plan import Plan
    from harness.documents.runner_record import RunnerKind
    from harness.experiment.resolve import Resolved
    from harness.runs.planning.make_plan import Placement
    from harness.runs.session.progress import Progress
    from harness.runs.session.stop_request import StopRequest


def prepare_all(
    devices: Sequence[Device],
    resolved: Resolved,
    progress: Progress,
    stop: StopRequest,
    runner: RunnerKind | None = None,
) -> list[PreparedDevice | DeviceError]:
    """Each device ready, or why it is not. A KeyboardInterrupt does not wait for them."""
    with scratch_folder() as scratch:
        encoding = f"encoding {resolved.task.nouns.content}"
        tensors = encode_items(resolved, scratch, partial(progress.advance, "this machine", encoding))

        def one(device: Device) -> PreparedDevice | DeviceError:
            try:
                return prepare(device, resolved, tensors, progress, stop, runner)
            except DeviceError as error:
                if len(devices) > 1:  # of a single one it is what the command ends with
                    progress.say(device.name, error.what)
                return error

        try:
            return in_threads([partial(one, device) for device in devices], stop)
        except KeyboardInterrupt:
            stop.ask()
            raise


def refuse_unusable(ready: Sequence[PreparedDevice | DeviceError], resolved: Resolved) -> None:
    """Raise where no device is ready, or where a model opens nowhere: that is the user's to mend. One that opens on
    some devices only is a result.
    """
    errors = [each for each in ready if isinstance(each, DeviceError)]
    if len(errors) == len(ready):
        raise errors[0]
    prepared = [each for each in ready if isinstance(each, PreparedDevice)]
    for arm in resolved.arms:
        refused = [(each.refused[arm.id], each.device.name) for each in prepared if arm.id in each.refused]
        if len(refused) == len(prepared):
            refusal, device = refused[0]
            raise refusal.error(arm, device if refusal.kind != "model" else "")


def write_prepared(
    files: DeviceFolder,
    remote_name: str,
    ready: PreparedDevice | DeviceError,
    make_plan: Callable[[Placement], Plan],
) -> None:
    """What a device will do; the plan itself last, since a device without one is prepared again by resume."""
    if isinstance(ready, DeviceError):
        state = DeviceState(stage="unprepared", remote_folder="", conductor=[], problem=str(ready))
        write_model(files.state, state)
        return
    write_model(files.identity, ready.identity)
    write_model(files.runner, ready.runner)
    write_atomically(files.survey, ready.placement.sensing.survey_text.encode())
    profile = find_profile(ready.device.name, ready.identity)
    if isinstance(profile, DeviceProfile):
        write_model(files.profile, profile)
    state = DeviceState(
        stage="planned",
        remote_folder=f"{ready.device.workdir}/runs/{remote_name}",
        conductor=ready.conductor,
    )
    write_model(files.state, state)
    write_model(files.plan, make_plan(replace(ready.placement, run_folder=state.remote_folder)))


@contextmanager
def closing_all(devices: Sequence[DeviceIdentity]) -> Iterator[None]:
    """Let go of every connection at the end."""
    try:
        yield
    finally:
        for device in devices:
            device.close()
