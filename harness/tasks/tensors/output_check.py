"""Whether the shapes of a model's outputs are those of an item's references."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.errors import UserError

if TYPE_CHECKING:
    from harness.models.model_file import ModelFile
    from harness.tasks.tensors.codec import TensorCodec
    from harness.tasks.tensors.dataset import TensorItem


def check_outputs(
    model: ModelFile, codec: TensorCodec, arm: str, item: TensorItem, shapes: Sequence[Sequence[int]]
) -> None:
    """Raise `UserError` naming the output, both shapes and the arm, where they differ."""
    if len(shapes) != len(codec.outputs):
        raise UserError(f"{model.path}: puts out {len(shapes)} tensors, and its file names {len(codec.outputs)}")
    for name, header in item.references.items():
        index = codec.output_of(name)
        if list(shapes[index]) != list(header.shape):
            raise UserError(
                f"{arm}: its output {codec.outputs[index].name!r} has the shape {list(shapes[index])} for"
                f" {item.input_path.name}, and its reference {header.path} {list(header.shape)}",
                "Nothing is reshaped or broadcast: correct the references or the model.",
            )
