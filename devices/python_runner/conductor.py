"""The conductor: walks the plan, one worker at a time."""

from __future__ import annotations

import contextlib
import fcntl
import functools
import os
import re
import select
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from devices.python_runner.clock import clock_ns
from devices.python_runner.contract import (
    BOUND_REASON,
    EXIT_DATA,
    EXIT_IO,
    EXIT_LOCKED,
    RECORDS_SCHEMA,
    RUNNER_VERSION,
    WARM_UP_BLOCK_MIN_INFERENCES,
)
from devices.python_runner.gates import Gate
from devices.python_runner.journal import Journal, UnusableError
from devices.python_runner.log import log, one_line
from devices.python_runner.machine import ContextReader
from devices.python_runner.output_file import OutputNotWrittenError
from devices.python_runner.plan import read_plan
from devices.python_runner.probes import Probes
from devices.python_runner.progress import Progress, picked
from devices.python_runner.reference_work import calibrated_reference_bytes, reference_work
from devices.python_runner.sampler import Sampler
from devices.python_runner.stop import PassStoppedError, StoppedError, StopRequests
from devices.python_runner.warm_up import is_settled, median
from devices.python_runner.worker_process import WorkerFailedError, WorkerProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


PASS_OF_KIND = {"warm_up": "latency", "latency_pair": "latency", "energy": "energy"}
"""Kinds of steps that belong to a pass which may be ended alone."""


class ArmFailedError(Exception):
    """An arm failed and that is on record."""


class Conductor:
    """Walks a plan's steps in order, from where an earlier session ended."""

    def __init__(
        self, plan: dict[str, Any], journal: Journal, folder: Path, stops: StopRequests, program: Path
    ) -> None:
        self._plan = plan
        self._journal = journal
        self._folder = folder
        self._stops = stops
        self._program = program
        self._context = ContextReader()
        self._arms: dict[str, dict[str, Any]] = {arm["id"]: arm for arm in plan["arms"]}
        self._items: dict[str, dict[str, Any]] = {item["id"]: item for item in plan["items"]}
        self._steps: list[dict[str, Any]] = plan["steps"]
        self._options: dict[str, Any] = plan["latency"]
        self._energy_options: dict[str, Any] = plan.get("energy", {})
        self._probes = Probes(plan.get("probes", []))
        self._gates = {
            of_pass: Gate(of_pass, gates, self._probes, self._context, stops)
            for of_pass, gates in plan.get("gates", {}).items()
        }
        self._workers: dict[str, WorkerProcess] = {}
        self._bound_items: dict[str, str] = {}
        self._progress = Progress(journal.past)
        self._block_inferences: int = self._options["block_min_inferences"]
        self._latency_begun_ns: int | None = None

    def run(self) -> None:
        """Walks the plan to its end, to a stop, or to its bound."""
        system = os.uname()
        self._journal.write(
            "runner_started",
            schema=RECORDS_SCHEMA,
            runner="python",
            runner_version=RUNNER_VERSION,
            wall_time=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            pid=os.getpid(),
            machine=system.machine,
            system=f"{system.sysname} {system.release}",
            context=self._context.read(),
        )
        log(f"session {self._journal.session} of plan {self._plan['run_id']}, {len(self._steps)} steps")
        reason = "complete"
        try:
            for index, step in enumerate(self._steps):
                if not self._is_done(index):
                    self._do_or_stop_pass(index, step)
            if self._progress.bound_hit:
                reason = "bound"
        except StoppedError:
            reason = "stopped"
        finally:
            self._close_workers(at_once=reason == "stopped")
        self._journal.write("runner_finished", reason=reason, context=self._context.read())
        log(f"finished: {reason}")

    def _do_or_stop_pass(self, index: int, step: dict[str, Any]) -> None:
        try:
            self._stops.check(PASS_OF_KIND.get(step["kind"]))
            self._do(step)
        except PassStoppedError as stop:
            # A warm-up that is only made anew has been done.
            undone = (
                step
                for index, step in enumerate(self._steps[index:], index)
                if PASS_OF_KIND.get(step["kind"]) == stop.of_pass
                and not self._is_done(index)
                and step["step"] not in self._progress.block_inferences
            )
            self._journal.write("pass_stopped", step=next(undone, step)["step"], of_pass=stop.of_pass)
            self._progress.passes_stopped.add(stop.of_pass)

    def _do(self, step: dict[str, Any]) -> None:
        kinds: dict[str, Callable[[dict[str, Any]], None]] = {
            "quality": self._quality,
            "memory": self._memory,
            "warm_up": self._warm_up,
            "latency_pair": self._latency_pair,
            "energy": self._energy,
            "soak": self._soak,
        }
        do = kinds.get(step["kind"])
        if do is None:
            self._skip(
                step, f"runner version {RUNNER_VERSION} knows no steps of kind {one_line(str(step['kind']), 60)}"
            )
            return
        arm = step.get("arm")
        if arm in self._progress.failed:
            self._skip(step, f"arm {arm} failed before: {self._progress.failed[arm]}")
            return
        # An arm's failure is on record already; what is left to do is to say that the step has no result.
        try:
            do(step)
        except ArmFailedError as failure:
            self._skip(step, f"arm {arm} failed in this step: {failure}")

    def _is_done(self, index: int) -> bool:
        """Whether earlier sessions, or this one, left nothing to do in this step."""
        step = self._steps[index]
        if PASS_OF_KIND.get(step["kind"]) in self._progress.passes_stopped:
            return True
        if step["kind"] == "warm_up":
            # Warmth does not outlive a process, so it is made anew wherever pairs remain that lean on it.
            pairs = self._pairs_after(index)
            remaining = any(not self._is_done(pair) for pair in pairs)
            fixed = self._progress.block_inferences.get(step["step"])
            if not remaining and fixed is not None:
                return True
            return step["step"] in self._progress.done
        if step["kind"] == "latency_pair" and step["step"] not in self._progress.done:
            live = {arm for arm in step["order"] if arm not in self._progress.failed}
            return bool(live) and self._progress.has_whole_pair(step["step"], live)
        if step["kind"] == "soak" and self._progress.soaked(step["step"]).elapsed_ns >= step["duration_ns"]:
            return True
        return step["step"] in self._progress.done

    def _pairs_after(self, warm_up_index: int) -> Iterator[int]:
        for index in range(warm_up_index + 1, len(self._steps)):
            kind = self._steps[index]["kind"]
            if kind == "warm_up":
                return
            if kind == "latency_pair":
                yield index

    def _skip(self, step: dict[str, Any], reason: str) -> None:
        self._journal.write("step_skipped", step=step["step"], reason=reason)
        self._progress.done.add(step["step"])

    # Passes

    def _quality(self, step: dict[str, Any]) -> None:
        arm, item = step["arm"], step["item"]
        worker = self._ready_worker(arm, step, "quality")
        self._bind(worker, arm, item, step, "quality")
        # Absolute paths go down the pipe: a worker may have been started in another folder.
        reply = self._ask(worker, arm, step, "quality", "keep", folder=str(self._folder), arm=arm, item=item)
        self._journal.write(
            "quality_output", step=step["step"], arm=arm, item=item, **picked(reply, "outputs", "latency_ns")
        )

    def _memory(self, step: dict[str, Any]) -> None:
        self._close_workers()
        gate = self._settle(step, "memory", 0, None)
        arm, stage = step["arm"], "memory"
        worker = self._start_worker(arm, step)
        try:
            before = self._ask(worker, arm, step, stage, "memory")
            loaded = self._load(worker, arm, step)
            at_load = self._ask(worker, arm, step, stage, "memory")
            self._bind(worker, arm, step["item"], step, stage)
            first = self._ask(worker, arm, step, stage, "block", lead_in=0, count=1)
            reset = self._ask(worker, arm, step, stage, "reset_peak")
            self._ask(worker, arm, step, stage, "block", lead_in=0, count=step["inferences"])
            after = self._ask(worker, arm, step, stage, "memory")
            readings = [self._probes.read(probe, worker) for probe in self._plan.get("memory_probes", [])]
        finally:
            self._close_workers()
        notes = [note for reply in (before, at_load, reset, after) for note in reply["notes"]]
        self._journal.write(
            "memory",
            step=step["step"],
            arm=arm,
            repeat=step["repeat"],
            before_load_rss_bytes=before["rss_bytes"],
            load_ns=loaded["load_ns"],
            load_peak_rss_bytes=at_load["peak_rss_bytes"],
            first_inference_ns=first["latency_ns"][0],
            run_peak_rss_bytes=after["peak_rss_bytes"] if reset["reset"] else None,
            pss_bytes=after["pss_bytes"],
            inferences=step["inferences"],
            steady_rss_bytes=after["rss_bytes"],
            readings=readings,
            gate=gate,
            notes=sorted(set(notes)),
        )

    def _warm_up(self, step: dict[str, Any]) -> None:
        """Blocks in turn for every arm until each arm's medians agree or show no trend, within bounds."""
        fixed = self._progress.block_inferences.get(step["step"])
        if self._bound_reached():
            if fixed is None:
                self._skip(step, BOUND_REASON)
            return
        options = self._options
        medians: dict[str, list[float]] = {}
        settled: dict[str, bool] = {}
        for index in range(options["warm_up_max_blocks"]):
            for arm in [arm for arm in step["arms"] if arm not in self._progress.failed]:
                self._stops.check("latency")
                try:
                    median_ns = self._warm_up_block(step, arm, index)
                except ArmFailedError:
                    continue
                medians.setdefault(arm, []).append(median_ns)
            for arm in list(medians):
                if arm in self._progress.failed:
                    del medians[arm]
            settled = {arm: is_settled(values, options["warm_up_tolerance"]) for arm, values in medians.items()}
            if index + 1 >= options["warm_up_min_blocks"] and all(settled.values()):
                break
        if not medians:
            self._skip(step, "every arm of it failed")
            return
        if fixed is None:
            slowest_ns = max(median(values[-3:]) for values in medians.values())
            wanted = round(options["block_target_ns"] / max(1.0, slowest_ns))
            fixed = max(options["block_min_inferences"], min(options["block_max_inferences"], wanted))
        self._block_inferences = fixed
        self._progress.block_inferences[step["step"]] = fixed
        if self._progress.reference_bytes is None and options.get("reference_target_ns", 0) > 0:
            self._progress.reference_bytes = calibrated_reference_bytes(options["reference_target_ns"])
        notes = [
            f"arm {arm}: block medians still moved by more than {options['warm_up_tolerance']:g}, and not without a "
            f"trend, after {len(medians[arm])} warm-up blocks"
            for arm, is_settled in settled.items()
            if not is_settled
        ]
        self._journal.write(
            "warm_up_done",
            step=step["step"],
            settled=settled,
            block_inferences=fixed,
            reference_bytes=self._progress.reference_bytes,
            notes=notes,
        )

    def _warm_up_block(self, step: dict[str, Any], arm: str, index: int) -> float:
        options, stage = self._options, "warm_up"
        worker = self._ready_worker(arm, step, stage)
        self._bind(worker, arm, step["item"], step, stage)
        time.sleep(options["settle_ns"] / 1e9)
        reply = self._ask(
            worker,
            arm,
            step,
            stage,
            "block",
            lead_in=0,
            count=max(WARM_UP_BLOCK_MIN_INFERENCES, options["block_max_inferences"]),
            budget_ns=options["block_target_ns"] // 2,
        )
        latency_ns: list[int] = reply["latency_ns"]
        self._journal.write("warm_up_block", step=step["step"], arm=arm, index=index, latency_ns=latency_ns)
        return median(latency_ns)

    def _latency_pair(self, step: dict[str, Any]) -> None:
        if self._bound_reached():
            self._skip(step, BOUND_REASON)
            self._progress.bound_hit = True
            return
        position = 0
        for arm in step["order"]:
            if arm in self._progress.failed:
                continue
            self._stops.check("latency")
            try:
                self._latency_block(step, arm, position)
            except ArmFailedError:
                continue
            position += 1
        if position == 0:
            self._skip(step, "every arm of it failed: " + "; ".join(sorted(self._progress.failed.values())))

    def _latency_block(self, step: dict[str, Any], arm: str, position: int) -> None:
        options, stage = self._options, "latency"
        worker = self._ready_worker(arm, step, stage)
        self._bind(worker, arm, step["item"], step, stage)
        gate = self._settle(step, "latency", options["settle_ns"], worker)
        reference = self._reference()
        before = self._context.read()
        lead_in, count = options["lead_in_inferences"], self._block_inferences
        reply = self._ask(worker, arm, step, stage, "block", lead_in=lead_in, count=count)
        self._journal.write(
            "latency_block",
            step=step["step"],
            pair=step["pair"],
            position=position,
            arm=arm,
            item=step["item"],
            before=before,
            after=self._context.read(),
            gate=gate,
            **reference,
            **picked(reply, "started_ns", "ended_ns", "lead_in_ns", "latency_ns", "cpu_ns"),
        )

    def _bound_reached(self) -> bool:
        """Whether the latency pass, over all sessions, has used up its time; its clock starts at the first call."""
        if self._latency_begun_ns is None:
            self._latency_begun_ns = clock_ns()
        elapsed_ns = self._progress.latency_elapsed_ns + clock_ns() - self._latency_begun_ns
        return bool(elapsed_ns >= self._options["max_ns"])

    def _reference(self) -> dict[str, list[int]]:
        size_bytes = self._progress.reference_bytes
        durations_ns, cpu_ns = reference_work(size_bytes) if size_bytes is not None else ([], [])
        return {"reference_ns": durations_ns, "reference_cpu_ns": cpu_ns}

    def _settle(
        self, step: dict[str, Any], of_pass: str, duration_ns: int, worker: WorkerProcess | None
    ) -> dict[str, Any] | None:
        """The pause before a block, and its gate where the pass has one."""
        gate = self._gates.get(of_pass)
        if gate is None:
            time.sleep(duration_ns / 1e9)
            return None
        on_wait = functools.partial(self._on_gate_wait, step, of_pass)
        return gate.settle(duration_ns, worker, on_wait)

    def _on_gate_wait(self, step: dict[str, Any], of_pass: str, look: dict[str, Any]) -> None:
        log(f"waiting before step {step['step']} for {', '.join(look['failed'])}")
        self._journal.write("gate_waiting", step=step["step"], of_pass=of_pass, **look)

    def _energy(self, step: dict[str, Any]) -> None:
        arm, stage = step["arm"], "energy"
        if not self._load_energy_arms(step):
            self._skip(step, "every arm of it failed: " + "; ".join(sorted(self._progress.failed.values())))
            return
        if arm in self._progress.failed:
            raise ArmFailedError(self._progress.failed[arm])
        worker = None
        if arm is not None:
            worker = self._ready_worker(arm, step, stage)
            self._bind(worker, arm, step["item"], step, stage)
        gate = self._settle(step, "energy", self._options["settle_ns"], worker)
        options = self._energy_options
        boundary, sampled = options.get("boundary_probes", []), options.get("sampled_probes", [])
        readings: list[dict[str, Any]] = []

        def read(*probes: str) -> None:
            readings.extend(self._probes.read(probe, worker) for probe in probes)

        if options.get("lead_in_ns", 0) > 0:
            self._spend(step, worker, options["lead_in_ns"], None)
        before = self._context.read()
        at_ends = [probe for probe in sampled if probe not in boundary]
        read(*boundary, *at_ends)
        sampler = Sampler(functools.partial(read, *sampled), options["sample_every_ns"]) if sampled else None
        spent = self._spend(step, worker, step["duration_ns"], sampler)
        read(*at_ends, *boundary)
        self._journal.write(
            "energy_block",
            **picked(step, "step", "cycle", "position", "arm", "item"),
            **picked(spent, "started_ns", "ended_ns", "wall_started_ns", "wall_ended_ns", "inferences"),
            readings=readings,
            before=before,
            after=self._context.read(),
            gate=gate,
        )

    def _load_energy_arms(self, step: dict[str, Any]) -> bool:
        """Has every arm of the pass loaded, so that idling and working begin in the same state; False if none can."""
        items = {other["arm"]: other["item"] for other in reversed(self._steps) if other["kind"] == "energy"}
        items.pop(None, None)
        for arm, item in sorted(items.items()):
            if arm not in self._progress.failed and arm not in self._bound_items:
                with contextlib.suppress(ArmFailedError):  # on record; the others go on
                    self._bind(self._ready_worker(arm, step, "energy"), arm, item, step, "energy")
        return not items or not set(items) <= set(self._progress.failed)

    def _spend(
        self, step: dict[str, Any], worker: WorkerProcess | None, duration_ns: int, sampler: Sampler | None
    ) -> dict[str, Any]:
        """Works, or without a worker idles, for a time: inferences, and start and end by both clocks."""
        if worker is not None:
            return self._ask(
                worker,
                step["arm"],
                step,
                "energy",
                "infer_for",
                duration_ns=duration_ns,
                lasts_ns=duration_ns,
                meanwhile=sampler,
            )
        wall_started_ns, started_ns = time.time_ns(), clock_ns()
        left_ns = duration_ns
        while left_ns > 0:
            if sampler is not None:
                left_ns = min(left_ns, sampler.left_ns())
            if select.select([self._stops.wakeup_fd], [], [], left_ns / 1e9)[0]:
                self._stops.woken()
            if sampler is not None:
                sampler.take_if_due()
            left_ns = started_ns + duration_ns - clock_ns()
        return {
            "inferences": 0,
            "started_ns": started_ns,
            "ended_ns": clock_ns(),
            "wall_started_ns": wall_started_ns,
            "wall_ended_ns": time.time_ns(),
        }

    def _soak(self, step: dict[str, Any]) -> None:
        self._close_workers()
        arm, stage = step["arm"], "soak"
        worker = self._start_worker(arm, step)
        self._load(worker, arm, step)
        self._bind(worker, arm, step["item"], step, stage)
        soaked = self._progress.soaked(step["step"])
        while soaked.elapsed_ns < step["duration_ns"]:
            self._stops.check()
            reference = self._reference()
            window_ns = step["window_ns"]
            reply = self._ask(worker, arm, step, stage, "soak", window_ns=window_ns, lasts_ns=window_ns)
            readings = [self._probes.read(probe, worker) for probe in self._plan.get("soak_probes", [])]
            self._journal.write(
                "soak_window",
                step=step["step"],
                arm=arm,
                index=soaked.windows,
                **reply,
                **reference,
                readings=readings,
                context=self._context.read(),
            )
            soaked.add(reply)
        self._close_workers()

    # Workers

    def _ready_worker(self, arm: str, step: dict[str, Any], stage: str) -> WorkerProcess:
        worker = self._workers.get(arm)
        if worker is None:
            worker = self._start_worker(arm, step)
            self._load(worker, arm, step)
        return worker

    def _start_worker(self, arm: str, step: dict[str, Any]) -> WorkerProcess:
        plan_arm = self._arms[arm]
        argv = [*plan_arm["worker"], str(self._program), "--worker"]
        try:
            worker = WorkerProcess(argv, self._folder, self._stops, self._plan["step_timeout_ns"])
        except WorkerFailedError as failure:
            raise self._failed(arm, step, "start", failure) from None
        self._workers[arm] = worker
        start = picked(plan_arm, "runtime", "threads", "accelerator")
        options, cores = plan_arm.get("accelerator_options", {}), plan_arm.get("cores")
        self._ask(worker, arm, step, "start", "start", **start, options=options, cores=cores)
        return worker

    def _load(self, worker: WorkerProcess, arm: str, step: dict[str, Any]) -> dict[str, Any]:
        plan_arm = self._arms[arm]
        shapes = plan_arm.get("input_shapes", {})
        reply = self._ask(worker, arm, step, "load", "load", model=plan_arm["model"], input_shapes=shapes)
        loaded: dict[str, Any] = reply["loaded"]
        worker.working_pid = loaded["pid"]
        notes = list(loaded.pop("notes"))
        asked, got = plan_arm["runtime_version"], loaded["runtime_version"]
        if asked != got:
            notes.append(f"asked for {plan_arm['runtime']} {asked}, and the runtime says it is {got}")
        said = re.findall(r"Replacing (\d+) out of (\d+) node\(s\) with delegate", worker.log_tail)
        if said and loaded["accelerator"] == "cpu":
            loaded["delegated_nodes"], loaded["total_nodes"] = int(said[-1][0]), int(said[-1][1])
        self._journal.write("arm_loaded", arm=arm, **loaded, notes=notes)
        return loaded

    def _bind(self, worker: WorkerProcess, arm: str, item: str, step: dict[str, Any], stage: str) -> None:
        if self._bound_items.get(arm) == item:
            return
        files = self._items[item]["inputs"].get(arm)
        if files is None:
            failure = WorkerFailedError("ValueError", f"the plan has no inputs of item {item} for arm {arm}")
            raise self._failed(arm, step, stage, failure)
        self._ask(worker, arm, step, stage, "bind", files=files)
        self._bound_items[arm] = item

    def _ask(
        self, worker: WorkerProcess, arm_id: str, at_step: dict[str, Any], at_stage: str, do: str, **fields: Any
    ) -> dict[str, Any]:
        """`WorkerProcess.request`, with its failure put on record."""
        try:
            return worker.request(do, **fields)
        except WorkerFailedError as failure:
            raise self._failed(arm_id, at_step, at_stage, failure) from None

    def _failed(self, arm: str, step: dict[str, Any], stage: str, failure: WorkerFailedError) -> ArmFailedError:
        """Puts the failure of an arm on record. It is final for this plan: a model that crashes would crash again.

        Raises OSError where it was the disk that failed: this session ends, and another one does the step again.
        """
        if failure.error == OutputNotWrittenError.__name__:
            raise OSError(failure.message)
        log(f"arm {arm} failed at {stage}: {failure}")
        self._workers.pop(arm, None)
        self._bound_items.pop(arm, None)
        self._journal.write(
            "arm_failed", arm=arm, step=step["step"], stage=stage, error=failure.error, message=failure.message
        )
        self._progress.failed[arm] = one_line(str(failure), 300)
        return ArmFailedError(one_line(str(failure), 300))

    def _close_workers(self, *, at_once: bool = False) -> None:
        for worker in self._workers.values():
            if at_once:
                worker.kill()
            else:
                worker.close()
        self._workers.clear()
        self._bound_items.clear()


def conduct(plan_path: Path, records_path: Path, program: Path) -> int:
    """Runs the plan as far as it is not done yet; `program` is this runner, which is also its workers'. Returns the
    exit code.
    """
    folder = records_path.parent.resolve()
    try:
        plan = read_plan(plan_path)
        folder.mkdir(parents=True, exist_ok=True)
        lock_fd = os.open(str(folder / "runner.lock"), os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            log(f"another runner is writing {records_path}: follow that one, or stop it first")
            return EXIT_LOCKED
        journal = Journal.open(records_path)
        last = journal.past[-1] if journal.past else {}
        if last.get("record") == "runner_finished" and last.get("reason") in ("complete", "bound"):
            log("this plan is done already")
            return 0
        Conductor(plan, journal, folder, StopRequests(plan_path.parent / "stop"), program).run()
    except UnusableError as error:
        log(str(error))
        return EXIT_DATA
    except OSError as error:
        log(f"cannot write beside {records_path}: {error}")
        return EXIT_IO
    return 0
