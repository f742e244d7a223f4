"""How a runner is started on a device, and how it comes to the runtimes there. One way a file: `python_setup`,
`native_setup`; `runner_choice` chooses between them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.runs.preparing.runner_choice import ArmNeeds, RunnerChoice, RunnerKind, choose_runner

if TYPE_CHECKING:
    from devices.base import Device
    from devices.identity import Identity
    from harness.documents.runner_record import RunnerRecord
    from harness.experiment.resolve import Resolved, ResolvedArm
    from harness.runs.session.progress import Progress


@dataclass(frozen=True)
class RunnerSetup:
    """A runner that stands ready on a device."""

    conductor: list[str]
    """argv prefix before `plan.json records.jsonl`."""
    workers: dict[str, list[str]]
    """Arm id → argv prefix of its worker."""
    libraries: dict[str, str]
    """Arm id → the runtime's shared library there, for the native runner."""
    record: RunnerRecord
    """Which runner it is and why, for the run's files."""
    accelerator_libraries: dict[str, str] = field(default_factory=dict)
    """Arm id → the library there that drives its accelerator, where the native runner needs one."""

    def describe(self, arm: ResolvedArm, model: str) -> list[str]:
        """argv that has the arm's runtime open a model and say what it takes."""
        ask = ["--describe", model, "--runtime", arm.runtime.name]
        if arm.arm.accelerator != "cpu":
            ask += ["--accelerator", arm.arm.accelerator]
        for name, value in arm.arm.accelerator_options.items():
            ask += ["--accelerator-option", f"{name}={value}"]
        if arm.id in self.accelerator_libraries:
            ask += ["--accelerator-library", self.accelerator_libraries[arm.id]]
        if arm.id not in self.libraries:
            return [*self.workers[arm.id], self.conductor[-1], *ask]
        return [*self.conductor, *ask, "--library", self.libraries[arm.id]]


def set_up_runner(
    device: Device,
    identity: Identity,
    resolved: Resolved,
    progress: Progress,
    retry: Callable[..., object],
    wanted: RunnerKind | None,
) -> RunnerSetup:
    """Make the chosen runner and every arm's runtime ready. Raises `DeviceError`.

    Where the native runner was chosen for a Linux device and not asked for, and cannot be had on this host or does not
    start there, Python's takes its place, and it is said.
    """
    from harness.runs.preparing.native_offer import native_offer
    from harness.runs.preparing.native_setup import NATIVE_FAULTS, set_up_native
    from harness.runs.preparing.python_setup import set_up_python

    arms = resolved.arms
    needs = [ArmNeeds(arm.runtime.name, arm.runtime_version, arm.arm.accelerator) for arm in arms]
    choice = choose_runner(identity, needs, native_offer(identity, needs), wanted)
    progress.say(device.name, f"{choice.name}: {choice.reason}")
    if choice.runner == "native":
        try:
            return set_up_native(device, identity, arms, choice, progress, retry)
        except NATIVE_FAULTS as error:
            if wanted is not None or identity.android is not None or choice.portable:
                raise
            why = f"the native runner cannot be had: {error.what}"
            choice = RunnerChoice("python", why)
            progress.say(device.name, f"{choice.name} instead: {why}")
    return set_up_python(device, arms, choice, progress, retry)
