"""Items to the input tensor, and the outputs to a score and a map of anomalies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from harness.errors import UserError
from harness.models.tensor_info import TensorInfo
from harness.tasks.anomaly_detection.options import AnomalyTensor
from harness.tasks.model_input.codec import InputCodec, make_input_codec
from harness.tasks.model_input.options import Content
from harness.tasks.picture_tensor import FLOATS, INTEGERS, TensorQuestionError, shape_in_words

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.models.model_file import ModelFile
    from metrics.anomaly.anomaly import AnomalyOutput


class AnomalyCodec(BaseModel):
    """How one arm's tensors hold items and anomalies. Kept in run.json, so that outputs can be read without the
    model.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    given: InputCodec
    score_output: TensorInfo | None = None
    score_index: int | None = Field(default=None, ge=0, le=1_000_000)
    """Place of the output among the model's; the same of the map."""
    map_output: TensorInfo | None = None
    map_index: int | None = Field(default=None, ge=0, le=1_000_000)

    @property
    def outputs(self) -> list[tuple[int, TensorInfo]]:
        """Places and tensors that are read: the score's, then the map's."""
        pairs = ((self.score_index, self.score_output), (self.map_index, self.map_output))
        return [(index, info) for index, info in pairs if index is not None and info is not None]

    def decode(self, tensors: Sequence[NDArray[np.generic]]) -> AnomalyOutput:
        """The tensors of `outputs`. Raises ValueError with the reason where they are no score or no map."""
        import numpy as np

        from metrics.anomaly.anomaly import AnomalyOutput

        left = list(tensors)
        score = None
        if self.score_output is not None:
            values = _values(left.pop(0), self.score_output)
            if values.size != 1:
                raise ValueError(f"the score has the shape {list(values.shape)}, and is not one number")
            score = float(values.ravel()[0])
        found = None
        if self.map_output is not None:
            values = _values(left.pop(0), self.map_output)
            sides = [size for size in values.shape if size != 1] if values.ndim > 2 else list(values.shape)
            if values.ndim > 2 and len(sides) < 2:
                sides = list(values.shape[-2:])
            if len(sides) != 2 or values.size != sides[0] * sides[1]:
                raise ValueError(f"the map has the shape {list(values.shape)}, not that of one plane")
            found = np.ascontiguousarray(values.reshape(sides))
        if score is None:
            if found is None:
                raise ValueError("there is neither a score nor a map")
            score = float(found.max())
        return AnomalyOutput(score, found)


def make_codec(model: ModelFile, tensor: AnomalyTensor, content: Content) -> AnomalyCodec:
    """How a model's tensors hold items and anomalies. Raises `UserError`, `TensorQuestionError` where the experiment
    can say what is not known.
    """
    given = make_input_codec(model, tensor, content)
    score, found = _named(model, tensor.score), _named(model, tensor.map)
    if score is None and found is None:
        if len(model.outputs) > 1:
            shown = ", ".join(f"{each.name!r} ({shape_in_words(each)})" for each in model.outputs)
            raise TensorQuestionError(
                f"{model.path}: puts out {len(model.outputs)} tensors: {shown}",
                "Name those that are scored: [data.tensor] score, map, or both.",
                "score",
            )
        only = model.outputs[0]
        score, found = (only, None) if is_one_number(only) else (None, only)
    for info in (score, found):
        if info is not None and info.dtype not in FLOATS and (info.dtype not in INTEGERS or info.scale is None):
            raise UserError(
                f"{model.path}: output {info.name!r} holds {info.dtype}, and scores are floats or quantised",
                "Export it without its last step, such as a threshold.",
            )
    if score is not None and not is_one_number(score):
        raise UserError(
            f"{model.path}: output {score.name!r} ({shape_in_words(score)}) is not one number",
            "Name it as [data.tensor] map where it is a map: the score is then its largest value.",
        )
    return AnomalyCodec(
        given=given,
        score_output=score,
        score_index=None if score is None else model.outputs.index(score),
        map_output=found,
        map_index=None if found is None else model.outputs.index(found),
    )


def is_one_number(info: TensorInfo) -> bool:
    """Whether an output is one number, as far as its file says: open sizes are those of a batch."""
    sizes = list(info.shape)
    return all(size == 1 for size in sizes[1:]) and (not sizes or not isinstance(sizes[0], int) or sizes[0] in {1, -1})


def _named(model: ModelFile, name: str | None) -> TensorInfo | None:
    if name is None:
        return None
    found = next((each for each in model.outputs if each.name == name), None)
    if found is None:
        shown = ", ".join(repr(each.name) for each in model.outputs)
        raise UserError(f"{model.path}: has no output {name!r}", f"It puts out {shown}.")
    return found


def _values(tensor: NDArray[np.generic], info: TensorInfo) -> NDArray[np.float64]:
    import numpy as np

    values: NDArray[np.float64] = tensor.astype(np.float64)
    if info.scale is not None and info.dtype in INTEGERS:
        values = (values - (info.zero_point or 0)) * info.scale
    odd = int(values.size - np.count_nonzero(np.isfinite(values)))
    if odd:
        raise ValueError(f"output {info.name!r} holds {odd} values that are not finite")
    return values
