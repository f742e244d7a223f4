"""Pictures to tensors and back, by what the model says of its tensors.

A codec is made per arm. Float tensors hold `range`; integer tensors go through the model's own scale and zero point.
A model that sees luma only gets Y; for pictures and RGB scores its output is joined with chroma upscaled bicubically,
as super-resolution papers do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field

from harness.errors import UserError
from harness.models.tensor_info import TensorInfo
from harness.tasks.image_to_image.asked_twice import refuse_asked_twice
from harness.tasks.image_to_image.tiles_of_model import check_tiles, make_tiling
from harness.tasks.image_to_image.tiling import Tiling
from harness.tasks.model_input.half_resized import refuse_half_resized
from harness.tasks.model_input.options import Kernel
from harness.tasks.model_input.resizing import Size, resize_picture, resized_size
from harness.tasks.picture_tensor import (
    CHANNELS_REMEDY,
    FLOATS,
    INTEGERS,
    Layout,
    Normalisation,
    check_levels,
    level_range,
    luma_of,
    picture_layout,
    refuse_no_picture,
    shape_in_words,
    size_in_words,
    to_dtype,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.models.model_file import ModelFile
    from harness.tasks.image_to_image.dataset import Item
    from harness.tasks.image_to_image.options import Tensor


_BAND_VALUES = 60_000
"""Values that are decoded at once: 480 kB of float64."""


class Codec(BaseModel):
    """How one arm's tensors hold pictures. Kept in run.json, so that outputs can be read without the model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    input: TensorInfo
    output: TensorInfo
    input_layout: Layout
    output_layout: Layout
    channels: Literal[1, 3]
    luma: Literal["studio", "full"]
    input_range: tuple[float, float]
    output_range: tuple[float, float]
    """Values for black and white, after dequantisation."""
    order: Literal["rgb", "bgr"] = "rgb"
    """The three channels' values."""
    input_normalisation: Normalisation | None = None
    output_normalisation: Normalisation | None = None
    output_index: int = Field(default=0, ge=0, le=1_000_000)
    """Place of `output` among the model's outputs."""
    tiling: Tiling | None = None
    """None: pictures go through whole."""
    resize: Size | str | None = None
    """What inputs are brought to; a text is a share, such as `1/2`."""
    kernel: Kernel | None = None

    def resized(self, size: tuple[int, int]) -> tuple[int, int]:
        """(height, width) of what the model is given of a picture of `size`."""
        if isinstance(self.resize, str):
            parts = int(self.resize.split("/")[1])
            return max(1, size[0] // parts), max(1, size[1] // parts)
        return resized_size(size, self.resize)

    def resize_in_words(self) -> str:
        """`1/2 (bicubic)`, `96 pixels at the shorter side (lanczos)`, `64×48 (box)`."""
        if isinstance(self.resize, tuple):
            return f"{self.resize[1]}×{self.resize[0]} ({self.kernel})"
        shown = self.resize if isinstance(self.resize, str) else f"{self.resize} pixels at the shorter side"
        return f"{shown} ({self.kernel})"

    def parts(self, size: tuple[int, int]) -> int:
        """The number of inferences that a picture of (height, width) takes."""
        return self.tiling.count(size) if self.tiling is not None else 1

    def output_size(self, item: Item) -> tuple[int, int]:
        """The (height, width) that one inference is to make for an item: of its reference, or of a tile of it."""
        if self.tiling is None:
            return item.reference_size
        height, width = (
            side * after // before
            for side, before, after in zip(self.tiling.size, item.input_size, item.reference_size, strict=True)
        )
        return height, width

    def encode_part(self, image: NDArray[np.uint8], place: int) -> NDArray[np.generic]:
        """As `encode`, of the tile at `place`; of the whole picture where there is no tiling."""
        return self.encode(self.tiling.cut(image, place) if self.tiling is not None else image)

    def join(self, tensors: Iterable[NDArray[np.generic]], image: NDArray[np.uint8]) -> NDArray[np.generic]:
        """The output tensors of all parts of an input picture as that of the whole. Raises ValueError."""
        import numpy as np

        if self.tiling is None:
            (tensor,) = tensors
            return tensor
        channels_first = self.output_layout == "NCHW"

        def tiles() -> Iterator[NDArray[np.generic]]:
            for tensor in tensors:
                if tensor.ndim != 4 or tensor.shape[0] != 1:
                    raise ValueError(f"a tile has the shape {tuple(tensor.shape)}, not that of one picture")
                yield tensor[0].transpose(1, 2, 0) if channels_first else tensor[0]

        whole = self.tiling.join(tiles(), (image.shape[0], image.shape[1]))
        return np.ascontiguousarray(whole.transpose(2, 0, 1) if channels_first else whole)[None]

    def encode(self, image: NDArray[np.uint8]) -> NDArray[np.generic]:
        """uint8 (height, width, 3) RGB → the input tensor, dtype and shape as the model takes them."""
        import numpy as np

        if self.kernel is not None:
            image = resize_picture(image, self.resized((image.shape[0], image.shape[1])), self.kernel)
        planes = image.astype(np.float64) if self.channels == 3 else luma_of(image, self.luma)[..., None]
        if self.order == "bgr":
            planes = planes[..., ::-1]
        low, high = self.input_range
        values = low + planes / 255.0 * (high - low)
        if self.input_normalisation is not None:
            values = (values - self.input_normalisation.mean) / np.array(self.input_normalisation.std)
        tensor = values[None].transpose(0, 3, 1, 2) if self.input_layout == "NCHW" else values[None]
        result: NDArray[np.generic] = np.ascontiguousarray(to_dtype(tensor, self.input))
        return result

    def decode(self, tensor: NDArray[np.generic], image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The output tensor → uint8 (height, width, 3) RGB, rounded and clipped. `image` is the item's input picture.

        Raises ValueError when the tensor's shape is not that of a picture or it holds NaN.
        """
        import numpy as np

        if tensor.dtype.kind == "f" and not (finite := np.isfinite(tensor)).all():
            raise ValueError(f"the output holds {finite.size - np.count_nonzero(finite)} values that are not finite")
        values = self._values(tensor)
        height, width = values.shape[:2]
        picture = np.empty((height, width, 3), dtype=np.uint8)
        # Band by band: whole planes of float64 would leave the cache between one step and the next.
        rows = height if self.channels == 1 else max(1, _BAND_VALUES // (3 * width))
        for first in range(0, height, rows):
            levels = self._levels(values[first : first + rows])
            if self.channels == 1:
                levels = join_luma(levels[..., 0], image, self.luma)
            band = picture[first : first + rows]
            for channel in range(3):
                plane = np.rint(levels[..., 2 - channel if self.order == "bgr" else channel])
                band[..., channel] = np.clip(plane, 0, 255, out=plane).astype(np.uint8)
        return picture

    def planes(self, tensor: NDArray[np.generic]) -> NDArray[np.float64]:
        """The output tensor's own values, dequantised, as float64 (height, width, channels). Raises ValueError when its
        shape is not that of one picture.
        """
        return self._dequantised(self._values(tensor))

    def _values(self, tensor: NDArray[np.generic]) -> NDArray[np.generic]:
        """The output tensor as (height, width, channels). Raises ValueError as `planes` does."""
        if tensor.ndim != 4 or tensor.shape[0] != 1:
            raise ValueError(f"the output has the shape {tuple(tensor.shape)}, not that of one picture")
        values: NDArray[np.generic] = tensor[0].transpose(1, 2, 0) if self.output_layout == "NCHW" else tensor[0]
        if values.shape[2] != self.channels:
            raise ValueError(f"the output has {values.shape[2]} channels, and {self.channels} were expected")
        return values

    def _dequantised(self, values: NDArray[np.generic]) -> NDArray[np.float64]:
        import numpy as np

        made = values.astype(np.float64)
        if self.output.scale is not None and self.output.dtype in INTEGERS:
            made = (made - (self.output.zero_point or 0)) * self.output.scale
        return made

    def _levels(self, values: NDArray[np.generic]) -> NDArray[np.float64]:
        """As levels of 0..255, neither rounded nor clipped, channels in the tensor's own order."""
        import numpy as np

        planes = self._dequantised(values)
        if self.output_normalisation is not None:
            planes = planes * np.array(self.output_normalisation.std) + self.output_normalisation.mean
        low, high = self.output_range
        levels: NDArray[np.float64] = (planes - low) / (high - low) * 255.0
        return levels

    @property
    def takes_any_size(self) -> bool:
        """Whether height and width are open, or a single pixel, which is how a converter writes down that they are."""
        sides = self.input.shape[2:] if self.input_layout == "NCHW" else self.input.shape[1:3]
        return not all(isinstance(side, int) and side > 1 for side in sides)

    @property
    def fixed_size(self) -> tuple[int, int] | None:
        """The only (height, width) that the model takes; None where it leaves one open."""
        height, width = self.input.shape[2:] if self.input_layout == "NCHW" else self.input.shape[1:3]
        if isinstance(height, int) and isinstance(width, int) and min(height, width) > 1:
            return height, width
        return None

    def input_shape(self, size: tuple[int, int]) -> list[int]:
        """Shape of the input tensor for a picture of (height, width)."""
        height, width = self.resized(size)
        return [1, self.channels, height, width] if self.input_layout == "NCHW" else [1, height, width, self.channels]


def make_codec(model: ModelFile, tensor: Tensor, scale: int | None = None) -> Codec:
    """How a model's tensors hold pictures; `scale`, where it is known, tells outputs of other sizes apart.

    Raises `UserError` where that cannot be known or done, `TensorQuestionError` where the experiment can say it.
    """
    if len(model.inputs) != 1:
        names = ", ".join(repr(each.name) for each in model.inputs)
        raise UserError(
            f"{model.path}: takes {len(model.inputs)} inputs ({names}); a picture fills one",
            "Export it with one input, and whatever else it takes as constants.",
        )
    given = model.inputs[0]
    _refuse_no_picture(model, given, tensor)
    layout = picture_layout(model, given, tensor.layout)
    channels = given.shape[1] if layout == "NCHW" else given.shape[3]
    if channels not in {1, 3}:
        raise UserError(
            f"{model.path}: tensor {given.name!r} ({shape_in_words(given)} as {layout}) has"
            f" {size_in_words(channels)} channels",
            CHANNELS_REMEDY,
        )
    if tensor.color != "auto" and (tensor.color in {"rgb", "bgr"}) != (channels == 3):
        raise UserError(f"{model.path}: takes {channels} channel(s), and the experiment says color = {tensor.color!r}")
    result = pick_output(model, tensor, layout, channels, scale if tensor.resize is None else None)
    _refuse_no_picture(model, result, tensor)
    output_layout = _output_layout(result, layout)
    made = result.shape[1] if output_layout == "NCHW" else result.shape[3]
    if isinstance(made, int) and made > 0 and made != channels:
        raise UserError(
            f"{model.path}: takes pictures of {channels} channel(s) and its output {result.name!r} has {made}"
            f" ({shape_in_words(result)} as {output_layout})",
            "Only models that put out such a picture as they take in can be scored against references."
            + _other_outputs(model, result),
        )
    bounds = {"input_range": tensor.input_range or tensor.range, "output_range": tensor.output_range or tensor.range}
    for low, high in bounds.values():
        if low >= high:
            raise UserError(f"the range of a tensor runs from black to white; {[low, high]} does not")
    refuse_asked_twice(model, tensor, given, result)
    refuse_half_resized(
        tensor.resize, tensor.kernel, 'Say the one that the application uses: kernel = "bicubic", or another.'
    )
    if tensor.resize is not None and tensor.tiles is not None:
        raise UserError(
            "[data.tensor]: resize and tiles both bring pictures to the size of a model", "Take one of the two out."
        )
    taken, put_out = _normalisations(model, tensor, 1 if channels == 1 else 3)
    check_levels(model, given, bounds["input_range"], taken, "input_range")
    check_levels(model, result, bounds["output_range"], put_out, "output_range")
    return Codec(
        input=given,
        output=result,
        input_layout=layout,
        output_layout=output_layout,
        channels=1 if channels == 1 else 3,
        luma="full" if tensor.color == "y_full" else "studio",
        input_range=level_range(given, bounds["input_range"]),
        output_range=level_range(result, bounds["output_range"]),
        order="bgr" if tensor.color == "bgr" else "rgb",
        input_normalisation=taken,
        output_normalisation=put_out,
        output_index=model.outputs.index(result),
        resize=tensor.resize,
        kernel=tensor.kernel,
        tiling=make_tiling(model, given.shape[2:] if layout == "NCHW" else given.shape[1:3], tensor.tiles),
    )


def pick_output(model: ModelFile, tensor: Tensor, layout: Layout, channels: object, scale: int | None) -> TensorInfo:
    """The output that is scored: the one that the experiment names, else the first that is a picture of the channels
    and, as far as it says its size, of `scale` times the input's; the first of all where none is.
    """
    if tensor.output is not None:
        found = next((each for each in model.outputs if each.name == tensor.output), None)
        if found is None:
            raise UserError(
                f"{model.path}: has no output {tensor.output!r}",
                f"It puts out {', '.join(repr(each.name) for each in model.outputs)}.",
            )
        return found
    fitting = [each for each in model.outputs if _may_be_picture(model.inputs[0], each, layout, channels, scale)]
    return (fitting or model.outputs)[0]


def _may_be_picture(given: TensorInfo, info: TensorInfo, layout: Layout, channels: object, scale: int | None) -> bool:
    if len(info.shape) != 4 or info.dtype not in FLOATS | INTEGERS:
        return False
    own = _output_layout(info, layout)
    made = info.shape[1] if own == "NCHW" else info.shape[3]
    if isinstance(made, int) and made > 0 and made != channels:
        return False
    if scale is None:
        return True
    taken = given.shape[2:] if layout == "NCHW" else given.shape[1:3]
    sides = info.shape[2:] if own == "NCHW" else info.shape[1:3]
    return all(_may_be_scaled(side, before, scale) for side, before in zip(sides, taken, strict=True))


def _may_be_scaled(side: int | str | None, before: int | str | None, scale: int) -> bool:
    """Whether a side may be `scale` times another: a symbol of one name is one size."""
    if isinstance(side, str) and side:
        return side != before or scale == 1
    if isinstance(side, int) and isinstance(before, int) and side > 1 and before > 1:
        return side == before * scale
    return True


def _other_outputs(model: ModelFile, result: TensorInfo) -> str:
    others = [f"{each.name!r} ({shape_in_words(each)})" for each in model.outputs if each is not result]
    return f" It also puts out {', '.join(others)}: name one with [data.tensor] output." if others else ""


def _refuse_no_picture(model: ModelFile, each: TensorInfo, tensor: Tensor) -> None:
    refuse_no_picture(
        model, each, _other_outputs(model, each) if each in model.outputs and tensor.output is None else ""
    )


def _normalisations(
    model: ModelFile, tensor: Tensor, channels: int
) -> tuple[Normalisation | None, Normalisation | None]:
    """Of the input and of the output."""
    found: list[Normalisation | None] = []
    for mean, std, names in (
        (tensor.mean, tensor.std, "mean and std"),
        (tensor.output_mean, tensor.output_std, "output_mean and output_std"),
    ):
        if mean is None and std is None:
            found.append(None)
            continue
        wrong = next((each for each in (mean, std) if each is not None and len(each) != channels), None)
        if wrong is not None:
            raise UserError(
                f"{model.path}: takes {channels} channel(s), and the experiment gives {names} for {len(wrong)}",
                "Give one value for each channel of the model.",
            )
        if std is not None and min(std) <= 0.0:
            raise UserError(f"{names} of [data.tensor]: a standard deviation is above 0")
        found.append(Normalisation(mean=mean or (0.0,) * channels, std=std or (1.0,) * channels))
    return found[0], found[1]


def check_item(model: ModelFile, codec: Codec, item: Item) -> None:
    """Whether a picture and its reference fit a model with fixed sizes. Raises `UserError` naming both sizes; nothing
    is resized.
    """
    if codec.tiling is not None:
        check_tiles(model, codec.output, codec.output_layout, codec.tiling, item)
        return
    wanted, has = codec.input.shape, codec.input_shape(item.input_size)
    for want, have in zip(wanted, has, strict=True) if not codec.takes_any_size else ():
        if isinstance(want, int) and want > 0 and want != have:
            axes = (2, 3) if codec.input_layout == "NCHW" else (1, 2)
            takes = "×".join(str(wanted[axis]) for axis in reversed(axes))
            raise UserError(
                f"{item.input_path}: is {has[axes[1]]}×{has[axes[0]]}, and {model.path} takes only {takes}",
                "Have the middle of all pictures compared (data.crop), export the model with a dynamic height and"
                " width, or have pictures cut into tiles: [data.tensor] tiles = { overlap = 16 }.",
            )
    height, width = codec.output.shape[2:] if codec.output_layout == "NCHW" else codec.output.shape[1:3]
    if codec.takes_any_size and codec.input.shape[0] == 1 and 1 in codec.input.shape[1:3]:
        return  # what is written of the output holds for a single pixel
    for makes, has_reference in zip((height, width), item.reference_size, strict=True):
        if isinstance(makes, int) and makes > 0 and makes != has_reference:
            raise UserError(
                f"{model.path}: puts out {width}×{height}, and the reference {item.reference_path} is"
                f" {item.reference_size[1]}×{item.reference_size[0]}",
                "Nothing is resized: correct the references, data.scale or the model.",
            )


def join_luma(
    luma_plane: NDArray[np.float64], image: NDArray[np.uint8], luma: Literal["studio", "full"]
) -> NDArray[np.float64]:
    """Y from a model with bicubically upscaled chroma of the input picture: float64 (height, width, 3), not clipped.

    Only differences of colour to luma are upscaled, so that grey stays grey whatever the luma model did.
    """
    import numpy as np
    from PIL import Image

    height, width = luma_plane.shape
    own = luma_of(image, luma)
    gain = 255.0 / 219.0 if luma == "studio" else 1.0
    black = 16.0 if luma == "studio" else 0.0
    planes = []
    for channel in range(3):
        difference = image[..., channel].astype(np.float64) - (own - black) * gain
        plane = Image.fromarray(difference.astype(np.float32), "F").resize((width, height), Image.Resampling.BICUBIC)
        planes.append((luma_plane - black) * gain + np.asarray(plane, dtype=np.float64))
    return np.stack(planes, axis=-1)


def _output_layout(result: TensorInfo, layout: Layout) -> Layout:
    first, last = result.shape[1] in {1, 3}, result.shape[3] in {1, 3}
    return layout if first == last else "NCHW" if first else "NHWC"
