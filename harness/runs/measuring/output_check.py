"""The first outputs are looked at while a run goes on: wrong sizes of pictures are said at once, not after an hour."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.errors import UserError

if TYPE_CHECKING:
    from harness.experiment.resolve import Resolved


class OutputCheck:
    """Compares the shape of each output with its reference's size. Called with every record."""

    def __init__(self, resolved: Resolved) -> None:
        self._resolved = resolved
        self._arms = {arm.id: arm for arm in resolved.arms}

    def __call__(self, record: dict[str, Any]) -> None:
        """Raise `UserError` naming the item, both sizes and the arm, where they differ."""
        if record["record"] != "quality_output":
            return
        arm = self._arms[record["arm"]]
        item = self._resolved.items[int(record["item"][1:])]
        shape = arm.codec.scored_of(record["outputs"])["shape"]
        if len(shape) != 4:
            raise UserError(f"{arm.model.path}: puts out a tensor of shape {shape}, not a picture")
        channel, size = (shape[1], (shape[2], shape[3]))
        if arm.codec.output_layout == "NHWC":
            channel, size = (shape[3], (shape[1], shape[2]))
        if shape[0] != 1 or channel != arm.codec.channels:
            raise UserError(
                f"{arm.model.path}: puts out {shape} as {arm.codec.output_layout}, not one picture of"
                f" {arm.codec.channels} channel(s)",
                "Where the layout was guessed wrongly, say it: [data.tensor] layout.",
            )
        if size != item.reference_size:
            raise UserError(
                f"{arm.arm.name}: makes {size[1]}×{size[0]} from {item.input_path.name}, and its reference"
                f" {item.reference_path} is {item.reference_size[1]}×{item.reference_size[0]}",
                "Nothing is resized: correct the references, data.scale or the model.",
            )
