"""Getting one device ready: reached, identified, runtimes provisioned, blobs pushed, every model opened once there.

Nothing of a run exists yet while this goes on; a second time most of it is found done.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from devices.base import Blob, DeviceCommands, DeviceFiles
from devices.errors import PermanentError
from devices.json_answer import JsonAnswer, parse_answer
from devices.posix.core_clocks import cores_for
from devices.retry import with_reconnect
from harness.runs.measuring.exclusive_run import refuse_second_run
from harness.runs.measuring.wait_until_booted import wait_until_booted
from harness.runs.planning.make_plan import Placement
from harness.runs.planning.sensing import look_around
from harness.runs.preparing.output_space import check_device_space
from harness.runs.preparing.refusal import CANNOT_OPEN_REMEDY, Refusal, refused_by
from harness.runs.preparing.set_up_runner import set_up_runner

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from devices.base import Device
    from devices.identity import Identity
    from harness.documents.runner_record import RunnerKind, RunnerRecord
    from harness.experiment.resolve import Resolved, ResolvedArm
    from harness.runs.preparing.encode_items import TensorBlobs
    from harness.runs.session.progress import Progress
    from harness.runs.session.stop_request import StopRequest

OPEN_MODEL_TIMEOUT_S = 300.0
FIRST_CONNECT_S = 10.0
_MOST_SAID = 4000

_T = TypeVar("_T")


class _Refusal(JsonAnswer):
    """What a runner prints of a model that its runtime does not open."""

    error: str
    message: str
    stage: str | None = None
    """How far it came: `start` where the runtime itself does not start."""


@dataclass(frozen=True)
class PreparedDevice:
    """A device that can begin to measure."""

    device: Device
    identity: Identity
    conductor: list[str]
    """argv prefix of the conductor, before the plan and the records."""
    placement: Placement
    refused: dict[str, Refusal]
    """Arm id → why its runtime could not open its model here."""
    runner: RunnerRecord
    """Which runner will measure it, and why."""


def prepare(
    device: Device,
    resolved: Resolved,
    tensors: TensorBlobs,
    progress: Progress,
    stop: StopRequest,
    runner: RunnerKind | None = None,
) -> PreparedDevice:
    """Get a device ready; `runner` overrides what would be chosen.

    Raises `DeviceError` (what is transient was retried already), and `InterruptedRunError` as soon as a stop is asked
    for and the device has answered.
    """

    def waiting(message: str, seconds: float) -> None:
        stop.check()
        progress.say(device.name, f"{message.splitlines()[0]}; again in {seconds:g} s")

    def retry(operation: Callable[[], _T], total_s: float = 300.0) -> _T:
        stop.check()
        return with_reconnect(device, operation, total_s=total_s, on_wait=waiting, sleep=stop.sleep)

    retry(device.connect, total_s=FIRST_CONNECT_S)
    retry(lambda: wait_until_booted(device, partial(progress.say, device.name), stop.sleep))
    retry(lambda: refuse_second_run(device))
    identity = retry(device.identify)
    retry(lambda: check_device_space(device, resolved))
    sensing = retry(lambda: look_around(device, resolved.file.experiment))
    for note in sensing.notes:
        progress.say(device.name, note)
    setup = set_up_runner(device, identity, resolved.arms, progress, retry, runner)
    paths = retry(lambda: _push_all(device, resolved, tensors, progress))
    placement = Placement(
        models={arm.id: paths[arm.device_model.sha256] for arm in resolved.arms},
        workers=setup.workers,
        libraries=setup.libraries,
        accelerator_libraries=setup.accelerator_libraries,
        cores=retry(lambda: _cores(device, resolved)),
        inputs={
            # What no blob has is an output that will lie in the run's folder.
            inference: {arm: [paths.get(name, name) for name in names] for arm, names in of_arms.items()}
            for inference, of_arms in tensors.inputs.items()
        },
        input_shapes={arm.id: _input_shapes(arm, resolved) for arm in resolved.arms},
        sensing=sensing,
        web=setup.web,
    )
    refused = dict(setup.refused)
    for missing in refused.values():
        progress.say(device.name, missing.reason)
    for arm in resolved.arms:
        if arm.id in setup.web:
            continue  # a page opens it: what it takes, its file says, and whether it opens, its first step
        argv = setup.describe(arm, paths[arm.device_model.sha256])
        refusal = retry(partial(_open_once, device, identity, argv, setup.needs.get(arm.id, [])))
        if refusal is not None:
            refused[arm.id] = refusal
            progress.say(device.name, f"{arm.arm.name} cannot be opened: {refusal.reason}")
    return PreparedDevice(
        device=device,
        identity=identity,
        conductor=setup.conductor,
        placement=placement,
        refused=refused,
        runner=setup.record,
    )


def _cores(device: DeviceCommands, resolved: Resolved) -> dict[str, list[int]]:
    """Arm id → core numbers on this device, for the arms that ask for some."""
    return {arm.id: cores_for(device, arm.arm.cores) for arm in resolved.arms if arm.arm.cores is not None}


def _push_all(device: DeviceFiles, resolved: Resolved, tensors: TensorBlobs, progress: Progress) -> dict[str, str]:
    """SHA-256 → path there, for the models and all input tensors."""
    models = {arm.device_model.sha256: arm.device_model for arm in resolved.arms}
    blobs = [
        *(Blob(path=model.path, sha256=model.sha256, bytes=model.bytes) for model in models.values()),
        *tensors.blobs,
    ]
    total = sum(blob.bytes for blob in blobs)
    sent = 0

    def moved(count: int) -> None:
        nonlocal sent
        sent = min(sent + count, total)
        progress.advance(device.name, "pushing (kB)", sent // 1000, total // 1000)

    return device.push(blobs, moved)


def _input_shapes(arm: ResolvedArm, resolved: Resolved) -> dict[str, list[int]]:
    """The shape of the latency item, for a model whose sizes are not fixed."""
    return resolved.task.input_shapes(arm.codec, resolved.items[resolved.latency_item])


def _open_once(device: DeviceCommands, identity: Identity, argv: Sequence[str], needs: Sequence[str]) -> Refusal | None:
    """Have a runtime open a model on the device; None when that works, else why not."""
    done = device.run(argv, timeout_s=OPEN_MODEL_TIMEOUT_S)
    if done.exit_code == 0:
        return None
    answer = parse_answer(done.stdout, _Refusal)
    if answer is not None:
        return refused_by(answer.model_dump(), device, identity, argv, needs)
    lines = (done.stderr or done.stdout).decode("utf-8", "replace").strip().splitlines()
    last = lines[-1][:_MOST_SAID] if lines else "it printed nothing"
    if done.exit_code in {126, 127}:
        raise PermanentError(f"{device.name}: {argv[0]} cannot be run there any more: {last}")
    return Refusal("model", f"exit code {done.exit_code}: {last}", CANNOT_OPEN_REMEDY)
