"""What the records say is done."""

from __future__ import annotations

from typing import Any

from devices.python_runner.contract import BOUND_REASON, KEPT_REASON
from devices.python_runner.log import one_line


class Soaked:
    """How far a soak has come, over all sessions."""

    def __init__(self) -> None:
        self.windows = 0
        self.elapsed_ns = 0

    def add(self, window: dict[str, Any]) -> None:
        """Counts one more window."""
        self.windows += 1
        self.elapsed_ns += window["ended_ns"] - window["started_ns"]


class Progress:
    """What records say is done."""

    def __init__(self, past: list[dict[str, Any]]) -> None:
        self.done: set[int] = set()
        self.failed: dict[str, str] = {}
        self.block_inferences: dict[int, int] = {}
        self.reference_bytes: int | None = None
        self.passes_stopped: set[str] = set()
        self.bound_hit = False
        self.latency_elapsed_ns = 0
        self._blocks: dict[tuple[int, int], set[str]] = {}
        self._soaks: dict[int, Soaked] = {}
        spans: dict[int, tuple[int, int]] = {}
        for record in past:
            kind, step, session = record["record"], record.get("step"), record["session"]
            if kind == "step_skipped" and record["reason"] == KEPT_REASON:
                continue  # these processes are gone
            if kind in ("quality_output", "memory", "energy_block", "page", "step_skipped"):
                self.done.add(record["step"])
                self.bound_hit = self.bound_hit or record.get("reason") == BOUND_REASON
            elif kind == "arm_failed":
                self.failed[record["arm"]] = one_line(f"{record['error']}: {record['message']}", 300)
            elif kind == "warm_up_done":
                self.block_inferences.setdefault(record["step"], record["block_inferences"])
                self.reference_bytes = self.reference_bytes or record.get("reference_bytes")
            elif kind == "soak_window":
                self.soaked(record["step"]).add(record)
            elif kind == "pass_stopped":
                self.passes_stopped.add(record["of_pass"])
            elif kind == "latency_block":
                self._blocks.setdefault((record["step"], session), set()).add(record["arm"])
            if kind in ("warm_up_block", "warm_up_done", "latency_block") and step is not None:
                begun, _ = spans.get(session, (record["monotonic_ns"], 0))
                spans[session] = (begun, record["monotonic_ns"])
        self.latency_elapsed_ns = sum(ended - begun for begun, ended in spans.values())

    def soaked(self, step: int) -> Soaked:
        """How far the soak of this step has come."""
        return self._soaks.setdefault(step, Soaked())

    def has_whole_pair(self, step: int, arms: set[str]) -> bool:
        """Whether one session has a block of every one of these arms."""
        return any(arms <= measured for (of_step, _), measured in self._blocks.items() if of_step == step)


def picked(source: dict[str, Any], *names: str) -> dict[str, Any]:
    """These members alone."""
    return {name: source[name] for name in names}
