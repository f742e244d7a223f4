"""The arms of a plan and their workers: started, loaded, asked, closed; what fails is put on record."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NamedTuple

from devices.python_runner.browser.tab_worker import TabWorkers
from devices.python_runner.clock import clock_ns
from devices.python_runner.journal import Journal
from devices.python_runner.log import log, one_line
from devices.python_runner.output_file import OutputNotWrittenError
from devices.python_runner.progress import Progress, picked
from devices.python_runner.stop import StopRequests
from devices.python_runner.worker_process import ArmWorker, WorkerFailedError, WorkerProcess


class ArmFailedError(Exception):
    """An arm failed and that is on record."""


class At(NamedTuple):
    """Where in the plan an arm is asked: what a failure names."""

    arm: str
    step: int
    stage: str


class Arms:
    """At most one worker an arm. A method that asks one raises ArmFailedError."""

    def __init__(
        self,
        plan: dict[str, Any],
        journal: Journal,
        progress: Progress,
        folder: Path,
        stops: StopRequests,
        program: Path,
    ) -> None:
        self._plan = plan
        self._journal = journal
        self._progress = progress
        self._folder = folder
        self._stops = stops
        self._program = program
        self._arms: dict[str, dict[str, Any]] = {arm["id"]: arm for arm in plan["arms"]}
        self._items: dict[str, dict[str, Any]] = {item["id"]: item for item in plan["items"]}
        self._workers: dict[str, ArmWorker] = {}
        self._tabs = TabWorkers(plan, folder, stops, program)
        self._bound_items: dict[str, str] = {}
        self.start_ns: dict[str, int] = {}
        """How long an arm's last start took, its model loaded."""

    def ready(self, at: At) -> ArmWorker:
        """A worker that has the arm's model loaded."""
        if at.arm not in self._workers:
            begun_ns = clock_ns()
            self.start(at)
            self.load(at)
            self.start_ns[at.arm] = clock_ns() - begun_ns
        return self._workers[at.arm]

    def start(self, at: At) -> ArmWorker:
        """A fresh worker."""
        plan_arm, at = self._arms[at.arm], at._replace(stage="start")
        worker: ArmWorker
        try:
            if plan_arm.get("web") is not None:
                worker = self._tabs.worker(at.arm)
            else:
                argv = [*plan_arm["worker"], str(self._program), "--worker"]
                worker = WorkerProcess(argv, self._folder, self._stops, self._plan["step_timeout_ns"])
        except WorkerFailedError as failure:
            raise self._failed(at, failure) from None
        self._workers[at.arm] = worker
        start = picked(plan_arm, "runtime", "threads", "accelerator")
        options, cores = plan_arm.get("accelerator_options", {}), plan_arm.get("cores")
        self.ask(at, "start", **start, options=options, cores=cores)
        return worker

    def load(self, at: At) -> dict[str, Any]:
        """Has the worker load its model; puts on record, and returns, what the runtime says of it."""
        plan_arm, worker, at = self._arms[at.arm], self._workers[at.arm], at._replace(stage="load")
        shapes = plan_arm.get("input_shapes", {})
        loaded: dict[str, Any] = self.ask(at, "load", model=plan_arm["model"], input_shapes=shapes)["loaded"]
        worker.working_pid = loaded["pid"]
        notes = list(loaded.pop("notes"))
        asked, got = plan_arm["runtime_version"], loaded["runtime_version"]
        if asked != got:
            notes.append(f"asked for {plan_arm['runtime']} {asked}, and the runtime says it is {got}")
        said = re.findall(r"Replacing (\d+) out of (\d+) node\(s\) with delegate", worker.log_tail)
        if said and loaded["accelerator"] == "cpu":
            loaded["delegated_nodes"], loaded["total_nodes"] = int(said[-1][0]), int(said[-1][1])
        self._journal.write("arm_loaded", arm=at.arm, **loaded, notes=notes)
        return loaded

    def is_bound(self, arm: str) -> bool:
        """Whether its worker has an item's inputs set."""
        return arm in self._bound_items

    def bind(self, at: At, item: str) -> None:
        """Has the worker set an item's inputs, unless it has."""
        if self._bound_items.get(at.arm) == item:
            return
        files = self._items[item]["inputs"].get(at.arm)
        if files is None:
            self._workers[at.arm].close()
            raise self._failed(
                at, WorkerFailedError("ValueError", f"the plan has no inputs of item {item} for arm {at.arm}")
            )
        self.ask(at, "bind", files=files)
        self._bound_items[at.arm] = item

    def keep(self, at: At, item: str) -> dict[str, Any]:
        """Has the worker infer once and keep the outputs."""
        # Absolute paths go down the pipe: a worker may have been started in another folder.
        return self.ask(at, "keep", folder=str(self._folder), arm=at.arm, item=item)

    def ask(self, at: At, do: str, **fields: Any) -> dict[str, Any]:
        """`WorkerProcess.request`, with its failure put on record."""
        try:
            return self._workers[at.arm].request(do, **fields)
        except WorkerFailedError as failure:
            raise self._failed(at, failure) from None

    def close(self, *, at_once: bool = False) -> None:
        """Ends all workers."""
        for worker in self._workers.values():
            if at_once:
                worker.kill()
            else:
                worker.close()
        self._tabs.close(at_once=at_once)
        self._workers.clear()
        self._bound_items.clear()

    def _failed(self, at: At, failure: WorkerFailedError) -> ArmFailedError:
        """Puts the failure of an arm on record. It is final for this plan: a model that crashes would crash again.

        Raises OSError where it was the disk that failed: this session ends, and another one does the step again.
        """
        if failure.error == OutputNotWrittenError.__name__:
            raise OSError(failure.message)
        log(f"arm {at.arm} failed at {at.stage}: {failure}")
        if failure.gone:
            log(f"the browser of {', '.join(failure.gone)} went with it: they are started anew when it is their turn")
        for arm in (at.arm, *failure.gone):
            self._workers.pop(arm, None)
            self._bound_items.pop(arm, None)
        self._journal.write("arm_failed", **at._asdict(), error=failure.error, message=failure.message)
        self._progress.failed[at.arm] = one_line(str(failure), 300)
        return ArmFailedError(one_line(str(failure), 300))
