"""How images become tensors and back, and where they are: what experiment.toml says of it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from harness.tasks.declared_table import DeclaredTable
from harness.tasks.task_data import TaskData


class Tensor(DeclaredTable):
    """How an image becomes the model's input tensor, and its output tensor an image."""

    task: SkipJsonSchema[Literal["image_to_image"]] = Field(default="image_to_image", exclude=True)
    """Whose table it is; the experiment fills it in from `data.task`."""
    layout: Literal["auto", "NCHW", "NHWC"] = "auto"
    color: Literal["auto", "rgb", "y", "y_full"] = "auto"
    """`y` and `y_full`: the model sees luma only, in studio range (MATLAB) or full range (JPEG, Pillow); chroma is
    upscaled bicubically and put back for RGB scores and pictures.
    """
    range: tuple[float, float] = (0.0, 1.0)
    """Values of the float tensor for black and white; int8/uint8 tensors go through the model's own quantisation."""


class Data(TaskData):
    """Pictures, in two folders."""

    task: Literal["image_to_image"] = "image_to_image"
    scale: int = Field(default=1, ge=1, le=16)
    """References are this many times larger than inputs; also the border cropped for luma metrics."""
    tensor: Tensor = Tensor()
