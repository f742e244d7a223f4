"""Items to the input tensor, and the output tensor to probabilities of classes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field

from harness.errors import UserError
from harness.models.tensor_info import TensorInfo
from harness.tasks.classification.options import ClassName, ClassTensor, Scores
from harness.tasks.model_input.codec import InputCodec, make_input_codec
from harness.tasks.model_input.options import Content
from harness.tasks.model_input.scored_output import scored_output
from harness.tasks.picture_tensor import FLOATS, INTEGERS, TensorQuestionError, shape_in_words

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.models.model_file import ModelFile
    from metrics.labels.class_scores import ClassScores

_SUM_WITHIN = 0.02
_MOST_SHOWN = 3


class ClassCodec(BaseModel):
    """How one arm's tensors hold items and classes. Kept in run.json, so that outputs can be read without the model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    given: InputCodec
    scores_output: TensorInfo
    scores_index: int = Field(ge=0, le=1_000_000)
    """Place of the output among the model's."""
    classes: list[ClassName]
    """The classes in the order of the output; empty where they are numbered and their number is open."""
    scores: Scores

    def decode(self, tensor: NDArray[np.generic]) -> ClassScores:
        """The output as probabilities of the classes. Raises ValueError with the reason where it is none."""
        import numpy as np

        from metrics.labels.class_scores import ClassScores

        values = self.values(tensor)
        classes = tuple(self.classes) or tuple(map(str, range(values.size)))
        if values.size == 1 and len(classes) == 2:
            sure = float(values[0]) if self.scores == "probabilities" else float(_sigmoid(values[0]))
            if not 0.0 <= sure <= 1.0:
                raise ValueError(f"the output is {sure:.4g}, and no probability")
            return ClassScores(classes, np.array([1.0 - sure, sure]))
        if values.size != len(classes):
            raise ValueError(f"the output holds {values.size} scores, and there are {len(classes)} classes")
        if self.read_as(values) == "logits":
            shares = np.exp(values - values.max())
            return ClassScores(classes, shares / shares.sum())
        if values.min() < -_SUM_WITHIN or values.max() > 1.0 + _SUM_WITHIN:
            raise ValueError(f"the output reaches from {values.min():.4g} to {values.max():.4g}: no probabilities")
        return ClassScores(classes, np.clip(values, 0.0, 1.0))

    def read_as(self, values: NDArray[np.float64]) -> Literal["logits", "probabilities"]:
        """What an output's values are: as declared, else told from them."""
        if self.scores != "auto":
            return self.scores
        step = self.scores_output.scale or 0.0
        within = _SUM_WITHIN + min(step * values.size / 2.0, 0.2)
        are_shares = values.min() >= -1e-6 and abs(float(values.sum()) - 1.0) <= within
        return "probabilities" if are_shares else "logits"

    def values(self, tensor: NDArray[np.generic]) -> NDArray[np.float64]:
        """The output's own values, dequantised, shape (k,). Raises ValueError where it is no row of finite numbers."""
        import numpy as np

        if sum(size != 1 for size in tensor.shape) > 1 or tensor.size == 0:
            raise ValueError(f"the output has the shape {list(tensor.shape)}, not that of one score for each class")
        values = tensor.astype(np.float64).ravel()
        if self.scores_output.scale is not None and self.scores_output.dtype in INTEGERS:
            values = (values - (self.scores_output.zero_point or 0)) * self.scores_output.scale
        odd = int(values.size - np.count_nonzero(np.isfinite(values)))
        if odd:
            raise ValueError(f"the output holds {odd} values that are not finite")
        return values


def make_codec(model: ModelFile, tensor: ClassTensor, content: Content) -> ClassCodec:
    """How a model's tensors hold items and classes; `tensor.classes` is a list or None. Raises `UserError`,
    `TensorQuestionError` where the experiment can say what is not known.
    """
    given = make_input_codec(model, tensor, content)
    output = scored_output(model, tensor.output)
    if output.dtype not in FLOATS and (output.dtype not in INTEGERS or output.scale is None):
        raise UserError(
            f"{model.path}: output {output.name!r} holds {output.dtype}"
            f"{' without a scale' if output.dtype in INTEGERS else ''}, and scores of classes are floats or quantised",
            "Export it without its last step, such as ArgMax.",
        )
    number = scores_in(output)
    if number == 0:
        raise UserError(
            f"{model.path}: output {output.name!r} ({shape_in_words(output)}) is no row of scores, one for each class",
            "Name the output that is one: [data.tensor] output.",
        )
    classes = tensor.classes if isinstance(tensor.classes, list) else None
    if number is not None:
        _refuse_other_number(model, output, number, classes)
        if number == 1 and tensor.scores == "auto":
            raise TensorQuestionError(
                f"{model.path}: output {output.name!r} is one number, which may be a logit or a probability",
                'Say which: [data.tensor] scores = "logits" or "probabilities".',
                "scores",
            )
    return ClassCodec(
        given=given,
        scores_output=output,
        scores_index=model.outputs.index(output),
        classes=classes if classes is not None else [] if number is None else list(map(str, range(number))),
        scores=tensor.scores,
    )


def scores_in(output: TensorInfo) -> int | None:
    """How many scores an output holds: None where that is open, 0 where its shape is no row."""
    sizes = [size if isinstance(size, int) and size > 0 else None for size in output.shape]
    if not sizes:
        return None
    if len(sizes) > 1 and sizes[0] is None:
        sizes = sizes[1:]  # the batch
    rows = [size for size in sizes if size != 1]
    if len(rows) > 1:
        return 0
    return rows[0] if rows else 1


def output_values(output: TensorInfo, classes: Sequence[str]) -> int:
    """About how many numbers an output holds."""
    fixed = [size for size in output.shape if isinstance(size, int) and size > 0]
    return max(math.prod(fixed), len(classes), 1)


def _refuse_other_number(model: ModelFile, output: TensorInfo, number: int, classes: list[str] | None) -> None:
    if classes is None:
        if number == 1:
            raise TensorQuestionError(
                f"{model.path}: output {output.name!r} is one number, and what it says is not known",
                'Name two classes, the one that it is sure of last: [data.tensor] classes = ["cat", "dog"].',
                "classes",
            )
        return
    if number == len(classes) or (number == 1 and len(classes) == 2):
        return
    more = ""
    if number == len(classes) + 1:
        more = ' Where the first is a background class, begin the list with it: "background".'
    shown = ", ".join(classes[:_MOST_SHOWN]) + (", …" if len(classes) > _MOST_SHOWN else "")
    raise UserError(
        f"{model.path}: output {output.name!r} ({shape_in_words(output)}) has {number} scores, and [data.tensor]"
        f" classes names {len(classes)} ({shown})",
        f"Name every class of the model, in its order.{more}",
    )


def _sigmoid(value: float) -> float:
    return 1.0 / (1.0 + math.exp(-value)) if value >= 0.0 else math.exp(value) / (1.0 + math.exp(value))
