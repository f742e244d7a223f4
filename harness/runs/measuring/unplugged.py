"""A phone whose cable is pulled while it measures its energy: what to tell whoever holds the cable, and when."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.documents.records import EnergyBlock, GateWaiting, PassStopped, RunnerFinished

if TYPE_CHECKING:
    from harness.documents.plan import Plan
    from harness.documents.records import Record

PATIENCE_S = 3600.0
"""How much longer than its plan needs a phone that measures without its cable is waited for."""


@dataclass
class UnpluggedPass:
    """Follows the records of one phone that is to be unplugged."""

    plan: Plan
    _is_asked: bool = False
    """Somebody was asked to pull the cable, and the energy pass is not through."""
    _is_told: bool = False
    """What happens now that it is out was said."""

    def take(self, record: Record) -> str | None:
        """What a record gives reason to say, in place of what is said of such a record elsewhere."""
        if isinstance(record, GateWaiting):
            if record.of_pass != "energy" or "battery_status" not in record.failed:
                return None
            self._is_asked, self._is_told = True, False
            minutes, status = self._minutes(record.step), record.values.get("battery_status")
            return (
                f"unplug the phone now (its battery's status is {status}); it measures on its own for about {minutes} "
                "min; plug it back in (or leave it on Wi-Fi) after that"
            )
        if not self._is_asked:
            return None
        is_last = isinstance(record, EnergyBlock) and self.seconds(record.step + 1) == 0
        if is_last or isinstance(record, (RunnerFinished, PassStopped)):
            self._is_asked = False
            return "the blocks without a cable are done: the phone may be plugged in again"
        if isinstance(record, EnergyBlock) and not self._is_told:
            self._is_told = True
            return f"it discharges, and measures without its cable for about {self._minutes(record.step + 1)} min"
        return None

    def lost(self) -> tuple[bool, str | None]:
        """Of a connection that is lost now: whether that is the pulled cable, and what to say of it (once)."""
        if not self._is_asked:
            return False, None
        words = None if self._is_told else "the cable is out: the phone measures on its own; waiting until it is back"
        self._is_told = True
        return True, words

    def seconds(self, first_step: int = 0) -> float:
        """How long the energy blocks from a step on take."""
        lead_in_ns = self.plan.energy.lead_in_ns
        steps = [step for step in self.plan.steps if step.kind == "energy" and step.step >= first_step]
        return sum(step.duration_ns + lead_in_ns for step in steps) / 1e9

    @property
    def longest_absence_s(self) -> float:
        """How long the phone is waited for."""
        gates = self.plan.gates.get("energy")
        waits_s = 0.0 if gates is None else gates.longest_waits_ns / 1e9
        return self.plan.energy.rest_ns / 1e9 + self.seconds() + waits_s + PATIENCE_S

    def _minutes(self, first_step: int) -> int:
        return max(1, math.ceil(self.seconds(first_step) / 60.0))
