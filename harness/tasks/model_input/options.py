"""How an item becomes a model's input tensor: what experiment.toml says of it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from harness.tasks.declared_table import DeclaredTable
from harness.tasks.task_data import ItemData

Content = Literal["pictures", "tensors"]
Side = Annotated[int, Field(ge=1, le=16_384)]
Kernel = Literal["nearest", "box", "bilinear", "bicubic", "lanczos", "bilinear_plain"]
"""`nearest` to `lanczos` are Pillow's, which widens them when it shrinks; `bilinear_plain` mixes two pixels each way
and no more, as OpenCV and TensorFlow do.
"""
ChannelValues = Annotated[list[float], Field(min_length=1, max_length=3)]


class InputTensor(DeclaredTable):
    """Ranges, order and size of what a model takes. None of it is asked of inputs that are tensors already."""

    layout: Literal["auto", "NCHW", "NHWC"] = "auto"
    color: Literal["auto", "rgb", "bgr", "grey"] = "auto"
    """`auto` is RGB for a model with three channels, grey for one with one; `bgr`: blue comes first, as with OpenCV;
    `grey` is .299 R + .587 G + .114 B.
    """
    range: tuple[float, float] = (0.0, 1.0)
    """Values of the float tensor for black and white; integer tensors go through the model's own quantisation."""
    mean: ChannelValues | None = None
    std: ChannelValues | None = None
    """The input is (value - mean) / std, channel by channel, after `range`; in the model's own order of channels."""
    resize: Side | tuple[Side, Side] | None = None
    """The shorter side in pixels, the other in proportion; or [height, width]."""
    kernel: Kernel | None = None
    """By which kernel `resize` does it: they give different pixels, and models are trained with one of them."""
    crop: Side | tuple[Side, Side] | None = None
    """The middle so large, or [height, width], after `resize`."""


class InputData(ItemData):
    """Items whose inputs are files in a folder."""

    content: Content = "pictures"
    """What the inputs are: pictures, or .npy files with a tensor each."""
