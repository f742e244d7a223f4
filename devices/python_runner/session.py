"""One walk through a plan: what its steps share."""

from __future__ import annotations

import functools
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from devices.python_runner.arms import Arms, At
from devices.python_runner.clock import clock_ns
from devices.python_runner.contract import LAUNCH_COST_WEIGHT
from devices.python_runner.gates import Gate
from devices.python_runner.journal import Journal
from devices.python_runner.log import log
from devices.python_runner.machine import ContextReader
from devices.python_runner.probes import Probes
from devices.python_runner.progress import Progress
from devices.python_runner.reference_work import reference_work
from devices.python_runner.stop import StopRequests

if TYPE_CHECKING:
    from collections.abc import Iterable

    from devices.python_runner.worker_process import ArmWorker


class Launch:
    """The processes that pairs are measured in now."""

    def __init__(self) -> None:
        self.number: int | None = None
        """That of the plan's launch that they were started for; None before their first pair."""
        self.pairs = 0
        self.spent_ns = 0
        """What the pairs took, without what was waited before blocks."""


class Session:
    """The plan, its records so far, the device and the arms."""

    def __init__(
        self, plan: dict[str, Any], journal: Journal, folder: Path, stops: StopRequests, program: Path
    ) -> None:
        self.plan = plan
        self.steps: list[dict[str, Any]] = plan["steps"]
        self.latency: dict[str, Any] = plan["latency"]
        self.energy: dict[str, Any] = plan.get("energy", {})
        self.journal = journal
        self.stops = stops
        self.progress = Progress(journal.past)
        self.arms = Arms(plan, journal, self.progress, folder, stops, program)
        self.context = ContextReader()
        self.block_inferences: int = self.latency["block_min_inferences"]
        self._probes = Probes(plan.get("probes", []))
        self._gates = {
            of_pass: Gate(of_pass, gates, self._probes, self.context, stops)
            for of_pass, gates in plan.get("gates", {}).items()
        }
        for each in self._gates.values():
            each.begin()
        self._latency_begun_ns: int | None = None
        self.launch = Launch()
        self._rest_ns: int = self.energy.get("rest_ns", 0)

    def skip(self, step: dict[str, Any], reason: str) -> None:
        """Puts on record that a step will not be done."""
        self.journal.write("step_skipped", step=step["step"], reason=reason)
        self.progress.done.add(step["step"])

    def skip_for_all_arms(self, step: dict[str, Any]) -> None:
        """As `skip`, since no arm is left."""
        self.skip(step, "every arm of it failed: " + "; ".join(sorted(self.progress.failed.values())))

    def live(self, arms: Iterable[str]) -> list[str]:
        """Those that have not failed."""
        return [arm for arm in arms if arm not in self.progress.failed]

    def bound_arm(self, at: At, item: str) -> ArmWorker:
        """A worker that has the model loaded and the item's inputs set."""
        worker = self.arms.ready(at)
        self.arms.bind(at, item)
        return worker

    def latency_bound_reached(self) -> bool:
        """Whether the latency pass, over all sessions, has used up its time; its clock starts at the first call."""
        if self._latency_begun_ns is None:
            self._latency_begun_ns = clock_ns()
        elapsed_ns = self.progress.latency_elapsed_ns + clock_ns() - self._latency_begun_ns
        return bool(elapsed_ns >= self.latency["max_ns"])

    def keeps_processes(self) -> bool:
        """Whether a launch goes on in the processes of the one before it, since starting costs too much."""
        most, launch = self.latency.get("launch_pairs_most", 0), self.launch
        if launch.pairs == 0 or launch.pairs >= most:
            return False
        start_ns = sum(self.arms.start_ns.get(arm, 0) for arm in self.live(self.arms.start_ns))
        return launch.pairs * launch.spent_ns < LAUNCH_COST_WEIGHT * start_ns

    def rest_ns(self) -> int:
        """How long the device is to rest before this energy step: before the first of a session alone."""
        rest_ns, self._rest_ns = self._rest_ns, 0
        return rest_ns

    def reference(self) -> dict[str, list[int]]:
        """The fixed work, where it is calibrated: members of a record."""
        size_bytes = self.progress.reference_bytes
        durations_ns, cpu_ns = reference_work(size_bytes) if size_bytes is not None else ([], [])
        return {"reference_ns": durations_ns, "reference_cpu_ns": cpu_ns}

    def read(self, probes: Iterable[str], worker: ArmWorker | None) -> list[dict[str, Any]]:
        """One reading of each."""
        return [self._probes.read(probe, worker) for probe in probes]

    def settle(
        self, step: dict[str, Any], of_pass: str, duration_ns: int, worker: ArmWorker | None
    ) -> dict[str, Any] | None:
        """The pause before a block, and its gate where the pass has one."""
        gate = self._gates.get(of_pass)
        if gate is None:
            time.sleep(duration_ns / 1e9)
            return None
        return gate.settle(duration_ns, worker, functools.partial(self._on_gate_wait, step, of_pass))

    def _on_gate_wait(self, step: dict[str, Any], of_pass: str, look: dict[str, Any]) -> None:
        log(f"waiting before step {step['step']} for {', '.join(look['failed'])}")
        self.journal.write("gate_waiting", step=step["step"], of_pass=of_pass, **look)
