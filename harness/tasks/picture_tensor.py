"""What is known of a tensor that holds a picture, whatever the task: layout, levels, normalisation, quantisation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from harness.errors import UserError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.models.model_file import ModelFile
    from harness.models.tensor_info import TensorInfo

Layout = Literal["NCHW", "NHWC"]

FLOATS = frozenset({"float32", "float16", "float64"})
INTEGERS = frozenset({"int8", "uint8", "int16", "uint16"})
OWN_LEVELS = frozenset({"int8", "uint8"})
"""Integers that hold the levels of a picture as they are where they say no scale."""
CHANNELS_REMEDY = "Export the model with as many channels as pictures have: 1 (luma) or 3 (RGB), not left open."
FEWEST_LEVELS = 24
"""Between black and white; a tensor quantised for pictures has some 200."""


ChannelValues = Annotated[tuple[float, ...], Field(min_length=1, max_length=3)]
"""A value for each channel of a model: one, or three."""


class Normalisation(BaseModel):
    """Channel by channel, in the model's own order: tensor = (value − mean) / std, where values lie in the range."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    mean: ChannelValues
    std: ChannelValues


class TensorQuestionError(UserError):
    """What a model does not say of its tensors, and the experiment can: `key` of [data.tensor] answers it."""

    def __init__(self, what: str, remedy: str, key: str) -> None:
        super().__init__(what, remedy)
        self.key = key


def luma_of(image: NDArray[np.uint8], luma: Literal["studio", "full"]) -> NDArray[np.float64]:
    """Y of uint8 RGB, float64 (height, width): BT.601 as in MATLAB's rgb2ycbcr (studio range) or JPEG (full range)."""
    import numpy as np

    from metrics.image.luma import luma as studio_luma

    return studio_luma(image) if luma == "studio" else image.astype(np.float64) @ np.array([0.299, 0.587, 0.114])


def real_range(info: TensorInfo) -> tuple[float, float] | None:
    """What a quantised tensor can hold, after dequantisation; None for other tensors."""
    import numpy as np

    if info.dtype not in INTEGERS or info.scale is None:
        return None
    limits = np.iinfo(info.dtype)
    zero = info.zero_point or 0
    return (int(limits.min) - zero) * info.scale, (int(limits.max) - zero) * info.scale


def check_levels(
    model: ModelFile, info: TensorInfo, bounds: tuple[float, float], normal: Normalisation | None, key: str
) -> None:
    """Refuse a range that a quantised tensor was plainly not made for: pictures would be a few levels, or cut off. The
    remedy names the key of this tensor alone, so that what answers it asks nothing of the other.
    """
    real = real_range(info)
    if real is None or info.scale is None:
        return
    span, real_span = bounds[1] - bounds[0], real[1] - real[0]
    if normal is not None:
        span /= min(normal.std)
    if span < FEWEST_LEVELS * info.scale or span > 4 * real_span:
        raise TensorQuestionError(
            f"{model.path}: tensor {info.name!r} holds {real[0]:.4g} to {real[1]:.4g} in steps of {info.scale:.3g};"
            f" black and white as {bounds[0]:g} and {bounds[1]:g} do not fit that",
            f"Say which values are black and white for this model: [data.tensor] {key}"
            + (" = [0, 255]." if real_span > 100 else "."),
            key,
        )


def level_range(info: TensorInfo, bounds: tuple[float, float]) -> tuple[float, float]:
    """Values of black and white: integers without a scale of their own hold the levels of a picture as they are."""
    if info.dtype in OWN_LEVELS and info.scale is None:
        return (0.0, 255.0) if info.dtype == "uint8" else (-128.0, 127.0)
    return bounds


def refuse_no_picture(model: ModelFile, each: TensorInfo, more: str = "") -> None:
    """Raise `UserError` for a tensor that no picture becomes; `more` ends the remedy."""
    if len(each.shape) != 4:
        raise UserError(
            f"{model.path}: tensor {each.name!r} has the shape {shape_in_words(each)}; a picture needs four dimensions",
            "Export the model with a batch dimension: NCHW or NHWC." + more,
        )
    if each.dtype not in FLOATS | INTEGERS:
        raise UserError(
            f"{model.path}: tensor {each.name!r} holds {each.dtype}, which no picture becomes",
            "Export it with floats, or with int8, uint8 or int16 and their scale." + more,
        )
    if each.dtype in INTEGERS - OWN_LEVELS and each.scale is None:
        raise UserError(
            f"{model.path}: tensor {each.name!r} holds {each.dtype} without a scale, so that its levels are not known",
            "Export it with its quantisation, or with floats.",
        )
    if isinstance(each.shape[0], int) and each.shape[0] not in {1, -1, 0}:
        raise UserError(f"{model.path}: tensor {each.name!r} takes batches of {each.shape[0]}; export it with 1")


def picture_layout(model: ModelFile, given: TensorInfo, declared: Literal["auto", "NCHW", "NHWC"]) -> Layout:
    """Where the channels of an input are. Raises `UserError`, `TensorQuestionError` where it cannot be told."""
    if declared != "auto":
        return declared
    first, last = given.shape[1] in {1, 3}, given.shape[3] in {1, 3}
    if not first and not last:
        raise UserError(
            f"{model.path}: tensor {given.name!r} has the shape {shape_in_words(given)}: neither its second size"
            " nor its last is 1 or 3, as a picture's channels are",
            CHANNELS_REMEDY,
        )
    if first == last and model.format == "tflite":
        return "NHWC"  # the only one that its own operators know
    if first == last:
        raise TensorQuestionError(
            f"{model.path}: whether {shape_in_words(given)} is NCHW or NHWC cannot be told",
            'Say it in the experiment: [data.tensor] layout = "NCHW".',
            "layout",
        )
    return "NCHW" if first else "NHWC"


def shape_in_words(tensor: TensorInfo) -> str:
    """`1×3×?×?`."""
    return "×".join(map(size_in_words, tensor.shape)) or "scalar"


def size_in_words(size: object) -> str:
    """A size, or `?` where it is open."""
    return "?" if size is None or size == -1 else str(size)


def to_dtype(values: NDArray[np.float64], tensor: TensorInfo) -> NDArray[np.generic]:
    """Values as the tensor holds them: rounded and clipped through its quantisation where it has one."""
    import numpy as np

    if tensor.dtype in INTEGERS:
        limits = np.iinfo(tensor.dtype)
        if tensor.scale is not None:
            values = values / tensor.scale + (tensor.zero_point or 0)
        return np.clip(np.rint(values), limits.min, limits.max).astype(tensor.dtype)
    return values.astype(tensor.dtype)
