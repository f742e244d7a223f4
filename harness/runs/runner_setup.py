"""How a runner is started on a device, and how it comes to the runtimes there. One way a file: `python_setup`,
`native_setup`; the choice between them is here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from devices.base import Device
    from devices.identity import Identity
    from harness.experiment.resolve import Resolved, ResolvedArm
    from harness.runs.progress import Progress

RunnerKind = Literal["python", "native"]


@dataclass(frozen=True)
class RunnerSetup:
    """A runner that stands ready on a device."""

    conductor: list[str]
    """argv prefix before `plan.json records.jsonl`."""
    workers: dict[str, list[str]]
    """Arm id → argv prefix of its worker."""
    libraries: dict[str, str]
    """Arm id → the runtime's shared library there, for the native runner."""
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


def choose_runner(identity: Identity, wanted: RunnerKind | None) -> RunnerKind:
    """The native runner on phones, which have no Python; the python runner elsewhere; `wanted` overrides."""
    if wanted is not None:
        return wanted
    return "native" if identity.kind == "adb" or identity.android is not None else "python"


def set_up_runner(
    device: Device,
    identity: Identity,
    resolved: Resolved,
    progress: Progress,
    retry: Callable[..., object],
    wanted: RunnerKind | None,
) -> RunnerSetup:
    """Make the chosen runner and every arm's runtime ready. Raises `DeviceError`."""
    if choose_runner(identity, wanted) == "native":
        from harness.runs.native_setup import set_up_native

        return set_up_native(device, identity, resolved.arms, progress, retry)
    from harness.runs.python_setup import set_up_python

    return set_up_python(device, resolved.arms, progress, retry)
