"""Where the records of a device come in: each validated once, against what a record is and what the plan asks for.

Behind this everything takes typed records. What a device sends beyond its plan ends that device.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pydantic import ValidationError

from devices.errors import PermanentError
from harness.documents.allowance import Allowance
from harness.documents.records import (
    EnergyBlock,
    LatencyBlock,
    MemoryMeasured,
    PageMeasured,
    QualityOutput,
    Record,
    SoakWindow,
    WarmUpBlock,
    WarmUpDone,
    parse_record,
)

if TYPE_CHECKING:
    from harness.documents.plan import Plan

_STEP_KINDS: dict[type, str] = {
    QualityOutput: "quality",
    MemoryMeasured: "memory",
    WarmUpBlock: "warm_up",
    WarmUpDone: "warm_up",
    LatencyBlock: "latency_pair",
    EnergyBlock: "energy",
    PageMeasured: "page",
    SoakWindow: "soak",
}


class NotARecordError(ValueError):
    """A line that is no record, or none of this plan; `place` is which of those that came together."""

    place: int = 0


class BeyondPlanError(PermanentError):
    """A device sent more than its plan asks for."""


@dataclass
class RecordIntake:
    """The lines of one device's records.jsonl, in their order."""

    device: str
    plan: Plan
    allowance: Allowance = field(init=False)
    count: int = 0
    """Records so far: the number that the next one carries."""
    size_bytes: int = 0

    def __post_init__(self) -> None:
        self.allowance = Allowance.of(self.plan)
        self._steps = {step.step: step for step in self.plan.steps}
        self._arms = {arm.id for arm in self.plan.arms}
        self._items = {item.id for item in self.plan.items}

    def read(self, lines: Sequence[bytes]) -> list[Record]:
        """Lines (without their newlines) as records; nothing is counted before `accept`.

        Raises `NotARecordError`, and `BeyondPlanError` for more than the plan asks for.
        """
        if self.count + len(lines) > self.allowance.records:
            raise self.beyond(f"more than the {self.allowance.records} records that its plan can have")
        if self.size_bytes + sum(len(line) + 1 for line in lines) > self.allowance.total_bytes:
            raise self.beyond(f"more than the {self.allowance.total_bytes / 1e6:,.0f} MB that its plan can have")
        records = []
        for place, line in enumerate(lines):
            try:
                records.append(self._read_one(line, self.count + place))
            except NotARecordError as error:
                error.place = place
                raise
        return records

    def accept(self, lines: Sequence[bytes]) -> None:
        """The lines are kept: others follow them."""
        self.count += len(lines)
        self.size_bytes += sum(len(line) + 1 for line in lines)

    def beyond(self, what: str) -> BeyondPlanError:
        """The error for a device that sends without end."""
        return BeyondPlanError(
            f"{self.device}: sent {what}",
            "Something other than bakeoff's runner writes there, or the device is not to be trusted. Start a new run"
            " without it.",
        )

    def _read_one(self, line: bytes, number: int) -> Record:
        try:
            record = parse_record(line)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False, include_context=False)[0]
            place = ".".join(str(part) for part in first["loc"][:8])
            raise NotARecordError(f"{f'{place}: ' if place else ''}{first['msg'][:200]}") from None
        if record.n != number:
            raise NotARecordError(f"is record {record.n} where record {number} was expected")
        self._refuse_foreign(record)
        return record

    def _refuse_foreign(self, record: Record) -> None:
        """Arms, items and steps are those of the plan, and a step is of the record's kind."""
        step = getattr(record, "step", None)
        if step is not None and step not in self._steps:
            raise NotARecordError(f"step {step} is not in the plan")
        arm = getattr(record, "arm", None)
        if arm is not None and arm not in self._arms:
            raise NotARecordError(f"arm {arm} is not in the plan")
        item = getattr(record, "item", None)
        if item is not None and item not in self._items:
            raise NotARecordError(f"item {item} is not in the plan")
        match record:
            case QualityOutput() | MemoryMeasured() | EnergyBlock() | PageMeasured() | SoakWindow():
                planned = self._steps[record.step]
                of_step = (planned.kind, getattr(planned, "arm", None))
                if of_step != (_STEP_KINDS[type(record)], record.arm) or (item and item != getattr(planned, "item", 0)):
                    raise NotARecordError(f"is not what step {record.step} of the plan does")
            case WarmUpBlock() | WarmUpDone() | LatencyBlock():
                if self._steps[record.step].kind != _STEP_KINDS[type(record)]:
                    raise NotARecordError(f"is not what step {record.step} of the plan does")
                if isinstance(record, LatencyBlock):
                    self._refuse_foreign_launch(record)
            case _:  # the others stand for no step, or for any
                pass

    def _refuse_foreign_launch(self, block: LatencyBlock) -> None:
        """A launch is what is counted: it is the planned one, or one before it whose processes were kept."""
        planned = getattr(self._steps[block.step], "launch", None)
        if (planned is None) != (block.launch is None) or (block.launch or 0) > (planned or 0):
            raise NotARecordError(f"launch {block.launch} is not that of step {block.step} of the plan, or before it")
