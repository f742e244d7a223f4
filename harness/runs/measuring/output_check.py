"""The first outputs are looked at while a run goes on: wrong shapes are said at once, not after an hour."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.documents.records import QualityOutput
from harness.errors import UserError
from harness.runs.planning.inferences import inferences_of

if TYPE_CHECKING:
    from harness.documents.records import Record
    from harness.experiment.resolve import Resolved


class WrongOutputError(UserError):
    """What a device says of an output does not fit its reference. It is the device's word: where the others say
    otherwise it is that device's fault.
    """


class OutputCheck:
    """Compares the shapes of each item's outputs with its reference. Called with every record."""

    def __init__(self, resolved: Resolved) -> None:
        self._resolved = resolved
        self._arms = {arm.id: arm for arm in resolved.arms}
        self._items = {
            (arm, inference): item
            for item, inferences in zip(resolved.items, inferences_of(resolved), strict=True)
            for arm, ids in inferences.items()
            for inference in ids
        }

    def __call__(self, record: Record) -> None:
        """Raise `WrongOutputError` naming the item, both shapes and the arm, where they differ."""
        if not isinstance(record, QualityOutput):
            return
        arm = self._arms[record.arm]
        item = self._items.get((arm.id, record.item))
        if item is None:  # the plan has no such inference of this arm
            return
        shapes = [output.shape for output in record.outputs]
        try:
            self._resolved.task.check_outputs(arm.model, arm.codec, arm.arm.name, item, shapes)
        except UserError as error:
            raise WrongOutputError(error.what, error.remedy) from None
