"""Images in, images out, as a task: what the rest of the house knows of pictures."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.tasks.draft import DraftData, TaskDraft
from harness.tasks.drawing import Drawing, ItemToDraw
from harness.tasks.fingerprint import file_sha256
from harness.tasks.first_look import FirstLook
from harness.tasks.image_file import describe, grey_of, read_image
from harness.tasks.image_to_image.codec import Codec, check_item, make_codec
from harness.tasks.image_to_image.dataset import Item, read_items, read_whole
from harness.tasks.image_to_image.dataset_notes import notes_on_colors, notes_on_folders
from harness.tasks.image_to_image.derive import DERIVES_PICTURES
from harness.tasks.image_to_image.made_up import write_convolution, write_noise
from harness.tasks.image_to_image.options import Data, Tensor
from harness.tasks.image_to_image.output_check import check_outputs
from harness.tasks.image_to_image.picture_reading import reading_of
from harness.tasks.looks import Looks
from harness.tasks.made_up import MadeUp
from harness.tasks.nouns import Nouns
from harness.tasks.parts import Parts
from harness.tasks.shown_pictures.views import PICTURE_VIEWS
from harness.tasks.task import Resolve, Task
from metrics.registry import of_family

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.models.model_file import ModelFile
    from harness.models.tensor_info import TensorInfo
    from metrics.metric import MetricSettings

_DTYPE_BYTES = {"float64": 8, "float32": 4, "float16": 2, "int16": 2, "uint16": 2, "int8": 1, "uint8": 1}


def _find_items(data: Data, resolve: Resolve) -> list[Item]:
    inputs, references = resolve(data.inputs), resolve(data.references)
    items = read_items(inputs, references, data.scale, data.scene_separator, data.limit, data.groups)
    return [reading_of(data).sized(item) for item in items]


def _reads(data: Data) -> dict[str, Any]:
    reading = reading_of(data)
    return {
        "read_items": partial(read_whole, allowed=reading.allowed),
        "read_input": reading.input,
        "read_reference": reading.reference,
    }


def _items_in_words(count: int, of_scenes: str, data: Data) -> str:
    return f"{count:,} picture{'' if count == 1 else 's'}{of_scenes}, ×{data.scale}"


def _notes(model: ModelFile, codec: Codec) -> list[str]:
    resized = [] if codec.resize is None else [f"its inputs are resized to {codec.resize_in_words()}"]
    if len(model.outputs) == 1:
        return resized
    which = "first" if codec.output_index == 0 else "one that is a picture"
    return [*resized, f"of its {len(model.outputs)} outputs the {which}, {codec.output.name!r}, is scored"]


def _notes_on_items(data: Data, resolve: Resolve, items: Sequence[Item]) -> list[str]:
    inputs, references = resolve(data.inputs), resolve(data.references)
    said = [
        *(
            [f"pictures of 16 bits a channel are rounded to 8 (data.deep = {data.deep!r})"]
            if data.deep != "refuse"
            else []
        ),
        *([f"transparent pictures are taken by data.alpha = {data.alpha!r}"] if data.alpha != "refuse" else []),
        *([f"the middle of every picture is compared (data.crop = {data.crop})"] if data.crop is not None else []),
    ]
    return [*said, *notes_on_folders(inputs, references, data.groups), *notes_on_colors(items)]


def _make_codec(model: ModelFile, tensor: Tensor, data: Data) -> Codec:
    return make_codec(model, tensor, data.scale)


def _tensors(codec: Codec) -> tuple[Sequence[TensorInfo], Sequence[TensorInfo]]:
    return [codec.input], [codec.output]


def _input_shapes(codec: Codec, item: Item) -> dict[str, list[int]]:
    if not codec.takes_any_size and all(isinstance(size, int) and size > 0 for size in codec.input.shape):
        return {}
    size = codec.tiling.size if codec.tiling is not None else item.input_size
    return {codec.input.name: codec.input_shape(size)}


def _encode(codec: Codec, image: NDArray[np.uint8]) -> list[NDArray[np.generic]]:
    return [codec.encode(image)]


def _outputs_needed(codec: Codec) -> Sequence[int]:
    return (codec.output_index,)


def _decode(codec: Codec, outputs: Sequence[NDArray[np.generic]], image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return codec.decode(outputs[0], image)


def _output_bytes(codec: Codec, item: Item) -> int:
    """A picture of the reference's size; with tiles what they share comes on top."""
    height, width = item.reference_size
    if codec.tiling is not None:
        shares = [tile / side for tile, side in zip(codec.tiling.size, item.input_size, strict=True)]
        height, width = (math.ceil(side * share) for side, share in zip((height, width), shares, strict=True))
    return codec.parts(item.input_size) * height * width * codec.channels * _DTYPE_BYTES[codec.output.dtype]


def _parts(codec: Codec, item: Item) -> int:
    return codec.parts(item.input_size)


def _encode_part(codec: Codec, image: NDArray[np.uint8], place: int) -> list[NDArray[np.generic]]:
    return [codec.encode_part(image, place)]


def _join(
    codec: Codec, parts: Iterable[Sequence[NDArray[np.generic]]], image: NDArray[np.uint8]
) -> list[NDArray[np.generic]]:
    return [codec.join((tensors[0] for tensors in parts), image)]


def _sample_for(reference_path: Path) -> Callable[[str, NDArray[np.uint8]], NDArray[np.uint8]]:
    """A grey file is luma itself, as in MATLAB's protocols: taken for RGB its PSNR (Y) would be 1.32 dB higher."""
    grey = describe(reference_path).is_grey
    return lambda metric, picture: grey_of(picture) if grey and metric.endswith("_y") else picture


def _looks(data: Data, metrics: Sequence[str], devices: Sequence[str], arms: Sequence[str]) -> Looks:
    from harness.tasks.image_to_image.picture_looks import PictureLooks

    return PictureLooks(data, metrics, devices, arms)


def _first_look(arm: str, model: ModelFile, codec: Codec, items: Sequence[Item], data: Data) -> FirstLook:
    from harness.tasks.image_to_image.first_look import first_look

    return first_look(
        arm, model, codec, items, data.scale, below_db=data.below_bicubic_db, reading=reading_of(data)
    ).in_words()


def _metric_settings(data: Data) -> MetricSettings:
    from metrics.metric import MetricSettings

    return MetricSettings(scale=data.scale)


def _draw(home: Path, item: ItemToDraw) -> Drawing:
    from harness.tasks.image_to_image.gallery import draw

    return draw(home, item)


def _draft(given: DraftData) -> TaskDraft:
    from harness.tasks.image_to_image.draft import draft

    return draft(given)


IMAGE_TO_IMAGE: Task[Data, Tensor, Item, Codec] = Task(
    name="image_to_image",
    nouns=Nouns(singular="image", content="pictures", output="a picture"),
    find_items=_find_items,
    read_items=read_whole,
    fingerprint=file_sha256,
    read_input=read_image,
    read_reference=read_image,
    reads=_reads,
    items_in_words=_items_in_words,
    make_codec=_make_codec,
    check_item=check_item,
    notes=_notes,
    notes_on_items=_notes_on_items,
    first_look=_first_look,
    sample_for=_sample_for,
    looks=_looks,
    views=PICTURE_VIEWS,
    tensor_is_a_factor=True,
    tensors=_tensors,
    input_shapes=_input_shapes,
    encode=_encode,
    outputs_needed=_outputs_needed,
    decode=_decode,
    output_bytes=_output_bytes,
    parts=Parts(count=_parts, encode=_encode_part, join=_join),
    check_outputs=check_outputs,
    metrics=of_family("image"),
    default_metrics=("psnr", "psnr_y", "ssim", "ssim_y", "lpips_alex"),
    metric_settings=_metric_settings,
    shows_pictures=True,
    draw=_draw,
    draft=_draft,
    derives=DERIVES_PICTURES,
    made_up=MadeUp(write_model=write_convolution, write_item=write_noise),
)
