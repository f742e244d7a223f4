"""How frames become tensors and back, and where clips are: what experiment.toml says of it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from harness.tasks.image_to_image.bicubic_floor import DEFAULT_BELOW_DB
from harness.tasks.image_to_image.options import Tensor
from harness.tasks.task_data import TaskData

TensorName = Annotated[str, Field(min_length=1, max_length=500)]
FrameOffset = Annotated[int, Field(ge=-64, le=64)]


class FrameTensor(Tensor):
    """How a frame becomes the model's input tensor, its output tensor a frame, and what goes from one to the next."""

    task: SkipJsonSchema[Literal["sequence"]] = Field(default="sequence", exclude=True)  # type: ignore[assignment]
    """Whose table it is; the experiment fills it in from `data.task`."""
    state: dict[TensorName, TensorName] = Field(default={}, max_length=64)
    """The model's recurrent state: output → input that it fills with the next frame, such as { h_out = "h_in" }. A clip
    begins with zeros.
    """
    frames: (
        Annotated[list[FrameOffset], Field(min_length=2, max_length=64)]
        | Annotated[dict[TensorName, FrameOffset], Field(min_length=2, max_length=64)]
        | None
    ) = None
    """The frames that the model is given at once, counted from the one that it makes: [-1, 0, 1] where one input holds
    them, in this order, or { before = -1, now = 0, behind = 1 } where each has an input. None: that frame alone.
    """


class Data(TaskData):
    """Clips: folders of frames, in two folders."""

    task: Literal["sequence"]
    scale: int = Field(default=1, ge=1, le=16)
    """Frames of references are this many times larger than those of inputs; also the border cropped for luma metrics.
    """
    below_bicubic_db: float = Field(default=DEFAULT_BELOW_DB, ge=0, le=100)
    """How far below plain bicubic of its inputs an arm may lie, in dB of PSNR, before its scores are doubted."""
    tensor: FrameTensor = FrameTensor()
