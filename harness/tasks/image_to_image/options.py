"""How images become tensors and back, and where they are: what experiment.toml says of it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from harness.tasks.declared_table import DeclaredTable
from harness.tasks.image_to_image.bicubic_floor import DEFAULT_BELOW_DB
from harness.tasks.image_to_image.tiling import Blend, Padding
from harness.tasks.model_input.options import Kernel, Side
from harness.tasks.picture_tensor import ChannelValues
from harness.tasks.task_data import TaskData

Resize = Side | tuple[Side, Side] | Annotated[str, Field(pattern=r"^1/[2-8]$")]


class Tiles(DeclaredTable):
    """How pictures of other sizes go through a model that takes one: in tiles, blended again. Lengths are pixels of the
    input.
    """

    overlap: int = Field(ge=0, le=2048)
    """Neighbouring tiles share at least so many pixels; at most half a tile."""
    margin: int = Field(default=0, ge=0, le=1024)
    """What a tile puts out this close to an edge that has a neighbour is not used."""
    blend: Blend = "linear"
    """How one tile passes into the next, over the overlap without its margins; `cut`: at once, in the middle."""
    padding: Padding = "reflect"
    """What stands below and to the right of a picture that is smaller than a tile."""
    side: int | None = Field(default=None, ge=8, le=8192)
    """Height and width of a tile where the model leaves them open."""


class Tensor(DeclaredTable):
    """How an image becomes the model's input tensor, and its output tensor an image."""

    task: SkipJsonSchema[Literal["image_to_image"]] = Field(default="image_to_image", exclude=True)
    """Whose table it is; the experiment fills it in from `data.task`."""
    layout: Literal["auto", "NCHW", "NHWC"] = "auto"
    color: Literal["auto", "rgb", "bgr", "y", "y_full"] = "auto"
    """`bgr`: blue comes first in what the model takes and puts out, as with OpenCV.

    `y` and `y_full`: the model sees luma only, in studio range (MATLAB) or full range (JPEG, Pillow); chroma is
    upscaled bicubically and put back for RGB scores and pictures.
    """
    range: tuple[float, float] = (0.0, 1.0)
    """Values of the float tensor for black and white; integer tensors go through the model's own quantisation."""
    input_range: tuple[float, float] | None = None
    output_range: tuple[float, float] | None = None
    """Where the input or the output has a range of its own, such as 0 to 1 in and -1 to 1 out."""
    mean: ChannelValues | None = None
    std: ChannelValues | None = None
    """The input is (value - mean) / std, channel by channel, after `range`; in the model's own order of channels."""
    output_mean: ChannelValues | None = None
    output_std: ChannelValues | None = None
    """The output is normalised likewise, and brought back: value = output * std + mean."""
    output: str | None = Field(default=None, max_length=500)
    """Name of the output that is the picture; None takes the first that can be one."""
    resize: Resize | None = None
    """Inputs are brought to this size for the arm: the shorter side in pixels, or [height, width], or a share such as
    `1/2`. References are not: what the model makes of it still has their size.
    """
    kernel: Kernel | None = None
    """By which kernel `resize` does it: they give different pixels."""
    tiles: Tiles | None = None
    """None: every picture goes through the model whole, and one that does not fit is refused."""


class Data(TaskData):
    """Pictures, in two folders."""

    task: Literal["image_to_image"] = "image_to_image"
    scale: int = Field(default=1, ge=1, le=16)
    """References are this many times larger than inputs; also the border cropped for luma metrics."""
    below_bicubic_db: float = Field(default=DEFAULT_BELOW_DB, ge=0, le=100)
    """How far below plain bicubic of its inputs an arm may lie, in dB of PSNR, before its scores are doubted: a network
    that is trained for looks alone may need more.
    """
    crop: Side | tuple[Side, Side] | None = None
    """The middle of every input so large, or [height, width], and of its reference what shows the same."""
    deep: Literal["refuse", "round"] = "refuse"
    """Pictures of 16 bits a channel, inputs and references: refused, or rounded to 8."""
    alpha: Annotated[str, Field(pattern=r"^(refuse|ignore|over (white|black|#[0-9a-fA-F]{6}))$")] = "refuse"
    """Partly transparent pictures, inputs and references: refused, taken as if opaque, or laid over a colour."""
    tensor: Tensor = Tensor()
