"""Segmentation as a task: pictures or tensors in, the class of each pixel against label masks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import UserError
from harness.tasks.draft import DraftData, TaskDraft
from harness.tasks.drawing import Drawing, ItemToDraw
from harness.tasks.fingerprint import file_sha256
from harness.tasks.image_file import image_size
from harness.tasks.model_input.items import InputItem, check_input, input_shapes, read_given
from harness.tasks.nouns import Nouns
from harness.tasks.segmentation.codec import MaskCodec, make_codec
from harness.tasks.segmentation.dataset import find_items, read_items
from harness.tasks.segmentation.masks import read_mask
from harness.tasks.segmentation.options import Data, MaskTensor
from harness.tasks.shown_pictures.views import PICTURE_VIEWS
from harness.tasks.task import Task
from metrics.registry import of_family

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.models.model_file import ModelFile
    from harness.models.tensor_info import TensorInfo
    from metrics.metric import MetricSettings

DEFAULT_METRICS = ("mean_iou",)


def _items_in_words(count: int, of_scenes: str, data: Data) -> str:
    noun = "picture" if data.content == "pictures" else "tensor"
    return f"{count:,} {noun}{'' if count == 1 else 's'}{of_scenes} with masks of {len(data.classes)} classes"


def _make_codec(model: ModelFile, tensor: MaskTensor, data: Data) -> MaskCodec:
    return make_codec(model, tensor, data.content, len(data.classes))


def _check_item(model: ModelFile, codec: MaskCodec, item: InputItem) -> None:
    check_input(model, codec.given, item)


def _notes(model: ModelFile, codec: MaskCodec) -> list[str]:
    if len(model.outputs) == 1:
        return []
    return [f"of its {len(model.outputs)} outputs {codec.mask_output.name!r} is scored"]


def _tensors(codec: MaskCodec) -> tuple[Sequence[TensorInfo], Sequence[TensorInfo]]:
    return [codec.given.tensor], [codec.mask_output]


def _input_shapes(codec: MaskCodec, item: InputItem) -> dict[str, list[int]]:
    return input_shapes(codec.given, item)


def _encode(codec: MaskCodec, given: NDArray[np.generic]) -> list[NDArray[np.generic]]:
    return [codec.given.encode(given)]


def _outputs_needed(codec: MaskCodec) -> Sequence[int]:
    return (codec.mask_output_index,)


def _decode(codec: MaskCodec, outputs: Sequence[NDArray[np.generic]], _: NDArray[np.generic]) -> NDArray[np.int64]:
    return codec.decode(outputs[0])


def _output_bytes(codec: MaskCodec, item: InputItem) -> int:
    import numpy as np

    planes = 1 if codec.holds == "numbers" else codec.number_of_classes
    return math.prod(image_size(item.reference_path)) * planes * np.dtype(codec.mask_output.dtype).itemsize


def _check_outputs(
    model: ModelFile, codec: MaskCodec, arm: str, item: InputItem, shapes: Sequence[Sequence[int]]
) -> None:
    if codec.mask_output_index >= len(shapes):
        raise UserError(f"{arm}: put out {len(shapes)} tensor(s), and {codec.mask_output.name!r} is another")
    shape = list(shapes[codec.mask_output_index])
    sides = {"scores first": shape[2:], "scores last": shape[1:3]}.get(
        codec.holds, shape[1:3] if len(shape) == 4 and shape[-1] == 1 else shape[-2:]
    )
    height, width = image_size(item.reference_path)
    if sides != [height, width]:
        shown = "×".join(map(str, reversed(sides)))
        raise UserError(
            f"{arm}: makes a mask of {shown} from {item.input_path.name}, and {item.reference_path} is {width}×{height}"
            f" ({model.path})",
            "Nothing is resized: correct the masks, [data.tensor] or the model.",
        )


def _metric_settings(data: Data) -> MetricSettings:
    from metrics.metric import MetricSettings

    return MetricSettings(classes=tuple(data.classes), ignored_class=data.ignore)


def _draw(_: Path, __: ItemToDraw) -> Drawing:
    return Drawing()  # of a task whose classes are not known: `_reads` knows them


def _draw_masks(home: Path, item: ItemToDraw, ignored: int | None, classes: tuple[str, ...]) -> Drawing:
    from harness.tasks.segmentation.gallery import draw

    return draw(home, item, ignored, classes)


def _as_shown(codec: MaskCodec, given: NDArray[np.generic], mask: NDArray[np.int64]) -> NDArray[np.uint8]:
    from harness.tasks.segmentation.colored import mask_picture

    return mask_picture(codec, given, mask)


def _reads(data: Data) -> dict[str, Any]:
    return {"draw": partial(_draw_masks, ignored=data.ignore, classes=tuple(data.classes))}


def _draft(given: DraftData) -> TaskDraft:
    from harness.tasks.segmentation.draft import draft

    return draft(given)


def _guess(given: DraftData) -> str | None:
    from harness.tasks.segmentation.draft import guess

    return guess(given)


def _read_mask(path: Path) -> NDArray[np.int64]:
    return read_mask(path)


SEGMENTATION: Task[Data, MaskTensor, InputItem, MaskCodec] = Task(
    name="segmentation",
    nouns=Nouns(singular="example", content="inputs", output="a mask"),
    find_items=find_items,
    read_items=read_items,
    fingerprint=file_sha256,
    read_input=read_given,
    read_reference=_read_mask,
    items_in_words=_items_in_words,
    make_codec=_make_codec,
    check_item=_check_item,
    notes=_notes,
    tensor_is_a_factor=True,
    tensors=_tensors,
    input_shapes=_input_shapes,
    encode=_encode,
    outputs_needed=_outputs_needed,
    decode=_decode,
    output_bytes=_output_bytes,
    check_outputs=_check_outputs,
    metrics=of_family("segmentation"),
    default_metrics=DEFAULT_METRICS,
    metric_settings=_metric_settings,
    shows_pictures=False,
    draw=_draw,
    draft=_draft,
    guess=_guess,
    reads=_reads,
    views=replace(PICTURE_VIEWS, as_shown=_as_shown),
)
