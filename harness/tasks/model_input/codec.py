"""An item's input to a model's input tensor, by what the experiment says of pictures and the model of its tensor."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict

from harness.errors import UserError
from harness.models.tensor_info import TensorInfo
from harness.tasks.model_input.half_resized import refuse_half_resized
from harness.tasks.model_input.options import Content, InputTensor, Kernel
from harness.tasks.model_input.resizing import Size, crop_middle, crop_size, resize_picture, resized_size
from harness.tasks.picture_tensor import (
    CHANNELS_REMEDY,
    OWN_LEVELS,
    Layout,
    TensorQuestionError,
    level_range,
    luma_of,
    picture_layout,
    real_range,
    refuse_no_picture,
    shape_in_words,
    size_in_words,
    to_dtype,
)
from harness.tasks.tensor_values import to_dtype_of_file

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.models.model_file import ModelFile

_LEAST_OVERLAP = 0.75
"""Share of the range from black to white that a quantised input must be able to hold."""


class InputCodec(BaseModel):
    """How one arm's input tensor holds items. Kept in run.json."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    content: Content
    tensor: TensorInfo
    layout: Layout | None = None
    """None for tensors, as are the rest."""
    color: Literal["rgb", "bgr", "grey"] | None = None
    range: tuple[float, float] | None = None
    mean: list[float] | None = None
    std: list[float] | None = None
    resize: Size | None = None
    kernel: Kernel | None = None
    crop: Size | None = None

    def encode(self, given: NDArray[np.generic]) -> NDArray[np.generic]:
        """uint8 (height, width, 3) RGB, or a file's tensor → the input tensor, dtype and shape as the model takes
        them.
        """
        import numpy as np

        if self.content == "tensors":
            return np.ascontiguousarray(to_dtype_of_file(given, self.tensor))
        picture = self.seen(given.astype(np.uint8, copy=False)).astype(np.float64)
        low, high = self.range or (0.0, 1.0)
        values = low + picture / 255.0 * (high - low)
        if self.mean is not None or self.std is not None:
            values = (values - np.array(self.mean or [0.0])) / np.array(self.std or [1.0])
        tensor = values[None].transpose(0, 3, 1, 2) if self.layout == "NCHW" else values[None]
        return np.ascontiguousarray(to_dtype(tensor, self.tensor))

    def seen(self, picture: NDArray[np.uint8]) -> NDArray[np.generic]:
        """The part of a picture that the model sees, in its size: (height, width, channels), levels of 0 to 255, in the
        model's own order of channels.
        """
        size = resized_size((picture.shape[0], picture.shape[1]), self.resize)
        if self.kernel is not None:
            picture = resize_picture(picture, size, self.kernel)
        cropped = crop_size(self.crop)
        if cropped is not None:
            picture = crop_middle(picture, cropped)
        if self.color == "grey":
            return luma_of(picture, "full")[..., None]
        return picture[..., ::-1] if self.color == "bgr" else picture

    def seen_size(self, size: tuple[int, int]) -> tuple[int, int]:
        """(height, width) that the model is given of a picture of `size`."""
        return crop_size(self.crop) or resized_size(size, self.resize)

    def input_shape(self, size: tuple[int, int]) -> list[int]:
        """Shape of the input tensor for a picture of (height, width)."""
        height, width = self.seen_size(size)
        channels = 1 if self.color == "grey" else 3
        return [1, channels, height, width] if self.layout == "NCHW" else [1, height, width, channels]


def make_input_codec(model: ModelFile, tensor: InputTensor, content: Content) -> InputCodec:
    """How a model's only input holds items. Raises `UserError` where that cannot be known or done,
    `TensorQuestionError` where the experiment can say it.
    """
    if len(model.inputs) != 1:
        names = ", ".join(repr(each.name) for each in model.inputs)
        raise UserError(
            f"{model.path}: takes {len(model.inputs)} inputs ({names}); an item fills one",
            "Export it with one input, and whatever else it takes as constants.",
        )
    given = model.inputs[0]
    if content == "tensors":
        _refuse_said_of_tensors(tensor)
        return InputCodec(content="tensors", tensor=given)
    refuse_no_picture(model, given)
    layout = picture_layout(model, given, tensor.layout)
    channels = given.shape[1] if layout == "NCHW" else given.shape[3]
    if channels not in {1, 3}:
        raise UserError(
            f"{model.path}: tensor {given.name!r} ({shape_in_words(given)} as {layout}) has"
            f" {size_in_words(channels)} channels",
            CHANNELS_REMEDY,
        )
    if tensor.color != "auto" and (tensor.color == "grey") != (channels == 1):
        raise UserError(f"{model.path}: takes {channels} channel(s), and the experiment says color = {tensor.color!r}")
    low, high = tensor.range
    if low >= high:
        raise UserError(f"the range of a tensor runs from black to white; {[low, high]} does not")
    _check_normalisation(model, given, tensor, 1 if channels == 1 else 3)
    refuse_half_resized(
        tensor.resize, tensor.kernel, 'Say the one that the model was trained with: kernel = "bilinear", or another.'
    )
    return InputCodec(
        content="pictures",
        tensor=given,
        layout=layout,
        color="grey" if channels == 1 else "bgr" if tensor.color == "bgr" else "rgb",
        range=level_range(given, tensor.range),
        mean=tensor.mean,
        std=tensor.std,
        resize=tensor.resize,
        kernel=tensor.kernel,
        crop=tensor.crop,
    )


def check_picture(model: ModelFile, codec: InputCodec, path: Path, size: tuple[int, int]) -> None:
    """Whether a picture of (height, width) comes to the size that a model takes. Raises `UserError` naming both."""
    resized, cropped = resized_size(size, codec.resize), crop_size(codec.crop)
    if cropped is not None and (cropped[0] > resized[0] or cropped[1] > resized[1]):
        raise UserError(
            f"{path}: is {_size(size)}{'' if resized == size else f', {_size(resized)} once resized'}, and crop ="
            f" {_size(cropped)} is larger",
            "Nothing is padded: resize it to more, or crop less.",
        )
    shape, taken = codec.tensor.shape, codec.seen_size(size)
    sides = shape[2:] if codec.layout == "NCHW" else shape[1:3]
    for wants, has in zip(sides, taken, strict=True):
        if isinstance(wants, int) and wants > 0 and wants != has:
            raise UserError(
                f"{path}: is {_size(taken)}{'' if taken == size else ' once resized and cropped'}, and {model.path}"
                f" takes only {size_in_words(sides[1])}×{size_in_words(sides[0])}",
                f"Say how it is to be brought there: [data.tensor] resize = [{sides[0]}, {sides[1]}] and kernel ="
                ' "bilinear", as the model was trained.',
            )


def _refuse_said_of_tensors(tensor: InputTensor) -> None:
    said = sorted(tensor.model_fields_set & set(InputTensor.model_fields))
    if said:
        raise UserError(
            f"[data.tensor] {said[0]} is said of pictures, and the inputs are tensors",
            "Tensors go into the model as they are: take the line out.",
        )


def _check_normalisation(model: ModelFile, given: TensorInfo, tensor: InputTensor, channels: int) -> None:
    """Refuse what does not fit the channels, and what is asked twice: of integers that hold levels already."""
    for name, values in (("mean", tensor.mean), ("std", tensor.std)):
        if values is not None and len(values) != channels:
            raise UserError(
                f"{model.path}: takes {channels} channel(s), and [data.tensor] {name} has {len(values)} number(s)"
            )
    if tensor.std is not None and min(tensor.std) <= 0.0:
        raise UserError("std of [data.tensor]: a standard deviation is above 0")
    is_normalised = tensor.mean is not None or tensor.std is not None
    if given.dtype in OWN_LEVELS and given.scale is None:
        asked = "mean and std" if is_normalised else "range" if "range" in tensor.model_fields_set else None
        if asked is not None:
            raise UserError(
                f"{model.path}: tensor {given.name!r} takes the levels of a picture as they are ({given.dtype}), so"
                f" that the model normalises itself, and the experiment asks for {asked} again",
                "Take the line out of [data.tensor], or give this arm a tensor of its own.",
            )
        return
    real = real_range(given)
    if real is None:
        return
    low, high = tensor.range
    for place in range(channels):
        mean, std = (tensor.mean or [0.0] * channels)[place], (tensor.std or [1.0] * channels)[place]
        black, white = (low - mean) / std, (high - mean) / std
        overlap = max(0.0, min(white, real[1]) - max(black, real[0]))
        few_levels = white - black < 24 * (given.scale or 0.0)
        if overlap < _LEAST_OVERLAP * (white - black) or few_levels:
            twice = " Is it normalised twice?" if is_normalised else ""
            raise TensorQuestionError(
                f"{model.path}: tensor {given.name!r} holds {real[0]:.4g} to {real[1]:.4g} in steps of"
                f" {given.scale:.3g}; black and white as {black:.4g} and {white:.4g} do not fit that.{twice}",
                "Say what this model takes in [data.tensor]: range for black and white, mean and std only where it"
                " was trained with them.",
                "range",
            )


def _size(size: tuple[int, int]) -> str:
    return f"{size[1]}×{size[0]}"
