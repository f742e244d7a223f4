"""Items to the input tensor, and the output tensor to the class of each pixel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field

from harness.errors import UserError
from harness.models.tensor_info import TensorInfo
from harness.tasks.model_input.codec import InputCodec, make_input_codec
from harness.tasks.model_input.options import Content
from harness.tasks.model_input.scored_output import scored_output
from harness.tasks.picture_tensor import shape_in_words
from harness.tasks.segmentation.options import MaskTensor
from harness.tasks.tensor_file import FLOATS, INTEGERS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.models.model_file import ModelFile

Holds = Literal["scores first", "scores last", "numbers"]
"""Scores of classes along the second or the last dimension, or the number of each pixel's class."""


class MaskCodec(BaseModel):
    """How one arm's tensors hold items and classes of pixels. Kept in run.json, so that outputs can be read without the
    model.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    given: InputCodec
    mask_output: TensorInfo
    mask_output_index: int = Field(ge=0, le=1_000_000)
    """Place of the output among the model's."""
    holds: Holds
    number_of_classes: int = Field(ge=1, le=1000)

    def decode(self, tensor: NDArray[np.generic]) -> NDArray[np.int64]:
        """The class of each pixel, shape (height, width); of equal scores the first. Raises ValueError where the output
        is no such thing.
        """
        import numpy as np

        if self.holds == "numbers":
            sides = tensor.shape[-2:] if tensor.ndim < 4 or tensor.shape[-1] != 1 else tensor.shape[1:3]
            if tensor.size == 0 or len(sides) != 2 or tensor.size != sides[0] * sides[1]:
                raise ValueError(f"the output has the shape {list(tensor.shape)}, not that of one mask")
            values = tensor.astype(np.float64)
            if not np.isfinite(values).all() or (values != np.rint(values)).any():
                raise ValueError("the output holds values that are no numbers of classes")
            return values.astype(np.int64).reshape(sides)
        axis = 1 if self.holds == "scores first" else 3
        if tensor.ndim != 4 or tensor.shape[0] != 1 or tensor.shape[axis] != self.number_of_classes:
            raise ValueError(
                f"the output has the shape {list(tensor.shape)}, not that of scores of {self.number_of_classes} classes"
            )
        scores = tensor.astype(np.float64)
        odd = int(scores.size - np.count_nonzero(np.isfinite(scores)))
        if odd:
            raise ValueError(f"the output holds {odd} values that are not finite")
        return np.asarray(scores[0].argmax(axis=axis - 1), dtype=np.int64)


def make_codec(model: ModelFile, tensor: MaskTensor, content: Content, classes: int) -> MaskCodec:
    """How a model's tensors hold items and classes. Raises `UserError`, `TensorQuestionError` where the experiment can
    say what is not known.
    """
    given = make_input_codec(model, tensor, content)
    output = scored_output(model, tensor.output)
    return MaskCodec(
        given=given,
        mask_output=output,
        mask_output_index=model.outputs.index(output),
        holds=holds_of(model, output, classes),
        number_of_classes=classes,
    )


def holds_of(model: ModelFile, output: TensorInfo, classes: int) -> Holds:
    """What an output holds, by its shape. Raises `UserError` where it is no class for each pixel."""
    shape = output.shape
    if len(shape) == 4 and shape[1] == classes:
        return "scores first"
    if len(shape) == 4 and shape[3] == classes:
        return "scores last"
    is_one_plane = len(shape) == 3 or (len(shape) == 4 and 1 in (shape[1], shape[3]))
    if is_one_plane and output.dtype in FLOATS | INTEGERS:
        return "numbers"
    raise UserError(
        f"{model.path}: output {output.name!r} ({shape_in_words(output)}) holds no scores of {classes} classes, and no"
        " mask",
        "Name every class of the model in data.classes, or another output in [data.tensor] output.",
    )
