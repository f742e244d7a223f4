"""How a runner is started on a device, and how it comes to the runtimes there. One way a file: `python_setup`,
`native_setup`; `runner_choice` chooses between them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.documents.plan import WebArm
    from harness.documents.runner_record import RunnerRecord
    from harness.experiment.resolve import ResolvedArm
    from harness.runs.preparing.refusal import Refusal


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
    web: dict[str, WebArm] = field(default_factory=dict)
    """Arm id → what a tab of a browser is given for it, where it runs in one."""
    refused: dict[str, Refusal] = field(default_factory=dict)
    """Arm id → why it cannot be started there, where that is known already."""
    needs: dict[str, list[str]] = field(default_factory=dict)
    """Arm id → libraries that its runtime's own needs and that were not brought along: a device is to have them."""

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
        return [*(self.workers[arm.id] or self.conductor), *ask, "--library", self.libraries[arm.id]]
