"""The first outputs are looked at while a run goes on: wrong shapes are said at once, not after an hour."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.experiment.resolve import Resolved


class OutputCheck:
    """Compares the shapes of each item's outputs with its reference. Called with every record."""

    def __init__(self, resolved: Resolved) -> None:
        self._resolved = resolved
        self._arms = {arm.id: arm for arm in resolved.arms}

    def __call__(self, record: dict[str, Any]) -> None:
        """Raise `UserError` naming the item, both shapes and the arm, where they differ."""
        if record["record"] != "quality_output":
            return
        arm = self._arms[record["arm"]]
        item = self._resolved.items[int(record["item"][1:])]
        shapes = [output["shape"] for output in record["outputs"]]
        self._resolved.task.check_outputs(arm.model, arm.codec, arm.arm.name, item, shapes)
