"""Which of a model's outputs is scored, where it is not told by its shape."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.errors import UserError
from harness.tasks.picture_tensor import TensorQuestionError, shape_in_words

if TYPE_CHECKING:
    from harness.models.model_file import ModelFile
    from harness.models.tensor_info import TensorInfo


def scored_output(model: ModelFile, name: str | None) -> TensorInfo:
    """The output that is named, or the only one. Raises `UserError`."""
    shown = ", ".join(f"{each.name!r} ({shape_in_words(each)})" for each in model.outputs)
    if name is None:
        if len(model.outputs) > 1:
            raise TensorQuestionError(
                f"{model.path}: puts out {len(model.outputs)} tensors: {shown}",
                f'Name the one that is scored: [data.tensor] output = "{model.outputs[0].name}", or another.',
                "output",
            )
        return model.outputs[0]
    found = next((each for each in model.outputs if each.name == name), None)
    if found is None:
        raise UserError(f"{model.path}: has no output {name!r}", f"It puts out {shown}.")
    return found
