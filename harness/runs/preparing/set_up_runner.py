"""Making the chosen runner and every arm's runtime ready on a device."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from harness.documents.runner_record import RunnerKind
from harness.runs.preparing.runner_choice import ArmNeeds, RunnerChoice, choose_runner
from harness.runs.preparing.runner_setup import RunnerSetup

if TYPE_CHECKING:
    from devices.base import Device
    from devices.identity import Identity
    from harness.experiment.resolve import ResolvedArm
    from harness.runs.preparing.web_setup import WebNeeds
    from harness.runs.session.progress import Progress


def set_up_runner(
    device: Device,
    identity: Identity,
    arms: Sequence[ResolvedArm],
    progress: Progress,
    retry: Callable[..., object],
    wanted: RunnerKind | None,
    more_web: Sequence[WebNeeds] = (),
) -> RunnerSetup:
    """Make the chosen runner and every arm's runtime ready. Raises `DeviceError`.

    `more_web`: what runs in a browser beside the arms.

    Where the native runner was chosen for a Linux device and not asked for, and cannot be had on this host or does not
    start there, Python's takes its place, and it is said.
    """
    from harness.runs.preparing.native_offer import native_offer
    from harness.runs.preparing.native_setup import NATIVE_FAULTS, set_up_native
    from harness.runs.preparing.python_setup import set_up_python

    needs = [ArmNeeds(web.runtime.name, web.version, web.accelerator, in_browser=True) for web in more_web]
    needs += [
        ArmNeeds(arm.runtime.name, arm.runtime_version, arm.arm.accelerator, in_browser=arm.runtime.web is not None)
        for arm in arms
    ]
    choice = choose_runner(identity, needs, native_offer(identity, needs), wanted)
    progress.say(device.name, f"{choice.name}: {choice.reason}")
    if choice.runner == "native":
        try:
            return set_up_native(device, identity, arms, choice, progress, retry, more_web)
        except NATIVE_FAULTS as error:
            if wanted is not None or identity.android is not None or choice.portable:
                raise
            why = f"the native runner cannot be had: {error.what}"
            choice = RunnerChoice("python", why)
            progress.say(device.name, f"{choice.name} instead: {why}")
    return set_up_python(device, identity, arms, choice, progress, retry, more_web)
