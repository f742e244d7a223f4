"""Several frames given to a model at once, such as the one before, this one and the one behind: stacked in one input,
or each in an input of its own. At the ends of a clip its first and last frame are repeated.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field

from harness.errors import UserError
from harness.models.tensor_info import TensorInfo
from harness.tasks.image_to_image.codec import Codec
from harness.tasks.picture_tensor import Layout, TensorQuestionError, shape_in_words

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.models.model_file import ModelFile
    from harness.tasks.sequence.options import FrameTensor

Offset = int
"""Which frame, counted from the one that is made: -1 is the one before."""


class Stacked(BaseModel):
    """Frames in one input."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    offsets: list[Offset] = Field(min_length=2)
    along: Literal["channels", "frames"]
    """Behind each other in its channels, or along a dimension of their own, the second."""

    def shape(self, of_one: Sequence[int], layout: Layout) -> list[int]:
        """The input's shape, of that of a single frame, (1, …)."""
        count = len(self.offsets)
        if self.along == "frames":
            return [of_one[0], count, *of_one[1:]]
        axis = 1 if layout == "NCHW" else 3
        return [size * count if place == axis else size for place, size in enumerate(of_one)]

    def stack(self, frames: Sequence[NDArray[np.generic]], layout: Layout) -> NDArray[np.generic]:
        """Single frames' tensors, (1, …), as the input."""
        import numpy as np

        if self.along == "frames":
            return np.ascontiguousarray(np.stack(frames, axis=1))
        return np.ascontiguousarray(np.concatenate(frames, axis=1 if layout == "NCHW" else 3))


class OtherFrame(BaseModel):
    """A frame in an input of its own, beside that of the frame that is made."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    input_index: int = Field(ge=0, le=1_000_000)
    offset: Offset
    codec: Codec


def in_words(offsets: Sequence[Offset]) -> str:
    """`-1, 0, +1`."""
    return ", ".join(f"{offset:+d}" if offset else "0" for offset in offsets)


def check_offsets(tensor: FrameTensor) -> None:
    """Raise `UserError` where the frame that is made is not among them, or one is named twice."""
    if tensor.frames is None:
        return
    offsets = list(tensor.frames.values() if isinstance(tensor.frames, dict) else tensor.frames)
    if len(set(offsets)) != len(offsets):
        raise UserError(f"[data.tensor] frames: {in_words(offsets)} names one frame twice", "Name each once.")
    if 0 not in offsets:
        raise UserError(
            f"[data.tensor] frames: {in_words(offsets)} has no 0, the frame that is made",
            "Count from that frame: -1 is the one before it, 1 the one behind.",
        )


def one_of_stacked(
    model: ModelFile, info: TensorInfo, offsets: Sequence[Offset], layout: Literal["auto", "NCHW", "NHWC"]
) -> tuple[TensorInfo, Stacked]:
    """What an input would be if it held a single frame, and how it holds so many. Raises `UserError`."""
    count, shape = len(offsets), info.shape
    if len(shape) == 5 and shape[1] == count:
        one = info.model_copy(update={"shape": [shape[0], *shape[2:]]})
        return one, Stacked(offsets=list(offsets), along="frames")
    if len(shape) == 4:
        fitting: list[Layout] = [
            name for name, axis in _CHANNELS.items() if shape[axis] in {count, 3 * count} and layout in {"auto", name}
        ]
        if len(fitting) > 1:
            raise TensorQuestionError(
                f"{model.path}: whether {shape_in_words(info)} is NCHW or NHWC cannot be told",
                'Say it in the experiment: [data.tensor] layout = "NCHW".',
                "layout",
            )
        if fitting:
            axis = _CHANNELS[fitting[0]]
            channels = int(shape[axis] or 0) // count
            one = info.model_copy(
                update={"shape": [channels if place == axis else size for place, size in enumerate(shape)]}
            )
            return one, Stacked(offsets=list(offsets), along="channels")
    raise UserError(
        f"{model.path}: its input {info.name!r} ({shape_in_words(info)}) does not hold {count} frames of 1 or 3"
        " channels, which [data.tensor] frames names",
        f"Frames lie behind each other in the channels ({count} or {3 * count} of them), or along the second of five"
        " dimensions.",
    )


_CHANNELS: dict[Layout, int] = {"NCHW": 1, "NHWC": 3}
