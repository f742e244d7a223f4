"""What is looked at before each block, and waited for."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from devices.python_runner.clock import clock_ns
from devices.python_runner.contract import BUSY_SPAN_MIN_NS
from devices.python_runner.gate_condition import gate_holds, gate_value
from devices.python_runner.machine import ContextReader
from devices.python_runner.probes import Probes
from devices.python_runner.stop import StopRequests
from devices.python_runner.worker_process import ArmWorker

if TYPE_CHECKING:
    from collections.abc import Callable


class Gate:
    """What is looked at before each block of one pass, and waited for within its bounds."""

    def __init__(
        self, of_pass: str, options: dict[str, Any], probes: Probes, machine: ContextReader, stops: StopRequests
    ) -> None:
        self._of_pass = of_pass
        self._options = options
        self._probes = probes
        self._machine = machine
        self._stops = stops
        self._first: dict[str, float | str] = {}
        own_ns = {each["id"]: each.get("max_wait_ns") for each in options.get("conditions", [])}
        # By condition that has bounds of its own; of all others, and of the load, those of the gate under "".
        self._max_wait_ns: dict[str, int] = {name: most for name, most in own_ns.items() if most is not None}
        budgets_ns = {each["id"]: each.get("budget_ns") for each in options.get("conditions", [])}
        self._budget_ns = {
            name: 2 * most if budgets_ns[name] is None else budgets_ns[name] for name, most in self._max_wait_ns.items()
        }
        self._max_wait_ns[""] = options.get("max_wait_ns", 0)
        self._budget_ns[""] = options.get("budget_ns", 0)

    def begin(self) -> None:
        """The session starts: what is to be held against that is read now."""
        for condition in self._options.get("conditions", []):
            if condition.get("first_at_start"):
                value = gate_value(condition, self._probes.read(condition["probe"], None)["text"])
                if value is not None:
                    self._first[condition["id"]] = value

    def settle(
        self, duration_ns: int, worker: ArmWorker | None, on_wait: Callable[[dict[str, Any]], None]
    ) -> dict[str, Any]:
        """Pauses, looks, waits; returns the outcome in the shape of `harness.documents.records.GateOutcome`.

        `on_wait` gets the first look where it is going to be waited. Raises StoppedError and PassStoppedError.
        """
        look = self._look(self._pause(duration_ns), worker)
        waited_ns = 0
        left_ns = {name: min(most, self._budget_ns[name]) for name, most in self._max_wait_ns.items()}
        waited_for = self._waited_for(look["failed"], left_ns)
        if waited_for:
            on_wait(look)
        while waited_for:
            begun_ns = clock_ns()
            most_ns = max(left_ns[name] for name in waited_for)
            look = self._look(self._pause(min(self._options["poll_ns"], most_ns)), worker)
            took_ns = clock_ns() - begun_ns
            waited_ns += took_ns
            for name in waited_for:
                left_ns[name] -= took_ns
                self._budget_ns[name] -= took_ns
            waited_for = self._waited_for(look["failed"], left_ns)
        return {"waited_ns": waited_ns, **look}

    def _waited_for(self, failed: list[str], left_ns: dict[str, int]) -> list[str]:
        """Whose bounds a wait counts to: those of conditions with bounds of their own first, then the gate's."""
        own = [name for name in failed if left_ns.get(name, 0) > 0]
        if own:
            return own
        return [""] if left_ns[""] > 0 and any(name not in left_ns for name in failed) else []

    def _pause(self, duration_ns: int) -> float | None:
        """Sleeps; the cores that others kept busy over that time, where they have a bound and can be counted."""
        if self._options.get("others_busy_cores_at_most") is None:
            self._stops.pause(duration_ns, self._of_pass)
            return None
        before = self._machine.cpu_ticks()
        self._stops.pause(max(duration_ns, BUSY_SPAN_MIN_NS), self._of_pass)
        after = self._machine.cpu_ticks()
        if before is None or after is None or after[1] <= before[1]:
            return None
        return (after[0] - before[0]) / (after[1] - before[1]) * (os.cpu_count() or 1)

    def _look(self, busy_cores: float | None, worker: ArmWorker | None) -> dict[str, Any]:
        values: dict[str, float | str | None] = {}
        failed: list[str] = []
        texts: dict[str, str | None] = {}
        for condition in self._options.get("conditions", []):
            name, probe = condition["id"], condition["probe"]
            if probe not in texts:
                texts[probe] = self._probes.read(probe, worker)["text"]
            values[name] = value = gate_value(condition, texts[probe])
            if value is not None and not gate_holds(condition, value, self._first.setdefault(name, value)):
                failed.append(name)
        at_most = self._options.get("others_busy_cores_at_most")
        if at_most is not None:
            values["others_busy_cores"] = busy_cores
            if busy_cores is not None and busy_cores > at_most:
                failed.append("others_busy_cores")
        return {"values": values, "failed": failed}
