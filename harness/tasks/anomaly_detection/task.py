"""Anomaly detection as a task: pictures or tensors in, scores and maps against which items are anomalous."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import UserError
from harness.tasks.anomaly_detection.codec import AnomalyCodec, make_codec
from harness.tasks.anomaly_detection.dataset import ANOMALOUS, find_items, read_items, read_mask
from harness.tasks.anomaly_detection.options import AnomalyTensor, Data
from harness.tasks.draft import DraftData, TaskDraft
from harness.tasks.drawing import Drawing, ItemToDraw
from harness.tasks.fingerprint import file_sha256
from harness.tasks.image_file import SUFFIXES
from harness.tasks.looks import Looks
from harness.tasks.model_input.items import InputItem, check_input, input_shapes, read_given
from harness.tasks.nouns import Nouns
from harness.tasks.shown_pictures.views import PICTURE_VIEWS
from harness.tasks.task import Resolve, Task
from metrics.registry import of_family

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.models.model_file import ModelFile
    from harness.models.tensor_info import TensorInfo
    from metrics.anomaly.anomaly import AnomalyOutput, AnomalyReference
    from metrics.metric import MetricSettings

DEFAULT_METRICS = ("auroc", "f1_at_baseline")


def _no_reference(path: Path) -> AnomalyReference:
    msg = f"{path}: an item has a label, and no reference without it"
    raise ValueError(msg)


def _read_labelled(label: str, path: Path) -> AnomalyReference:
    """A reference that is the input itself says only of normal items where they are anomalous: nowhere."""
    import numpy as np

    from metrics.anomaly.anomaly import AnomalyReference

    is_anomalous = label == ANOMALOUS
    if path.suffix.lower() not in SUFFIXES:
        return AnomalyReference(is_anomalous)
    mask = read_mask(path)
    return AnomalyReference(is_anomalous, mask if is_anomalous else np.zeros(mask.shape, np.bool_))


def _items_in_words(count: int, of_scenes: str, data: Data) -> str:
    noun = "picture" if data.content == "pictures" else "tensor"
    masked = ", with masks" if data.masks is not None else ""
    return f"{count:,} labelled {noun}{'' if count == 1 else 's'}{of_scenes}{masked}"


def _make_codec(model: ModelFile, tensor: AnomalyTensor, data: Data) -> AnomalyCodec:
    low, high = data.map_range
    if low >= high:
        raise UserError(f"data.map_range runs from the smallest value to the largest; {[low, high]} does not")
    return make_codec(model, tensor, data.content)


def _check_item(model: ModelFile, codec: AnomalyCodec, item: InputItem) -> None:
    check_input(model, codec.given, item)


def _notes(model: ModelFile, codec: AnomalyCodec) -> list[str]:
    notes = []
    if len(model.outputs) > 1:
        names = " and ".join(repr(info.name) for _, info in codec.outputs)
        notes.append(f"of its {len(model.outputs)} outputs {names} are scored")
    if codec.score_output is None and codec.map_output is not None:
        notes.append(f"its score is the largest value of its map {codec.map_output.name!r}")
    return notes


def _notes_on_items(data: Data, _: Resolve, items: Sequence[InputItem]) -> list[str]:
    counts = Counter(item.label or "" for item in items)
    told = " and ".join(f"{count} {label}" for label, count in sorted(counts.items()))
    notes = [f"labels: {told}; normal are those labelled {', '.join(data.normal)}"]
    if len(counts) == 1:
        notes.append("all items are of one class: AUROC and F1 have no value, the rest is measured")
    return notes


def _looks(_: Data, __: Sequence[str], devices: Sequence[str], arms: Sequence[str]) -> Looks:
    from harness.tasks.anomaly_detection.anomaly_looks import AnomalyLooks

    return AnomalyLooks(devices, arms)


def _tensors(codec: AnomalyCodec) -> tuple[Sequence[TensorInfo], Sequence[TensorInfo]]:
    return [codec.given.tensor], [info for _, info in codec.outputs]


def _input_shapes(codec: AnomalyCodec, item: InputItem) -> dict[str, list[int]]:
    return input_shapes(codec.given, item)


def _encode(codec: AnomalyCodec, given: NDArray[np.generic]) -> list[NDArray[np.generic]]:
    return [codec.given.encode(given)]


def _outputs_needed(codec: AnomalyCodec) -> Sequence[int]:
    return [index for index, _ in codec.outputs]


def _decode(codec: AnomalyCodec, outputs: Sequence[NDArray[np.generic]], _: NDArray[np.generic]) -> AnomalyOutput:
    return codec.decode(outputs)


def _output_bytes(codec: AnomalyCodec, item: InputItem) -> int:
    import numpy as np

    pixels = math.prod(item.input_size or (1,))
    return sum(
        np.dtype(info.dtype).itemsize
        * (1 if info is codec.score_output else max(pixels, math.prod(_fixed(info)) if _fixed(info) else 1))
        for _, info in codec.outputs
    )


def _fixed(info: TensorInfo) -> list[int]:
    return [size for size in info.shape if isinstance(size, int) and size > 0]


def _check_outputs(
    model: ModelFile, codec: AnomalyCodec, arm: str, item: InputItem, shapes: Sequence[Sequence[int]]
) -> None:
    """A map of another size than a mask is said of that item's score alone: the rest of the run stands."""
    for index, info in codec.outputs:
        if index >= len(shapes):
            raise UserError(f"{arm}: put out {len(shapes)} tensor(s), and {info.name!r} is number {index + 1}")
        number = math.prod(shapes[index])
        if info is codec.score_output and number != 1:
            raise UserError(
                f"{arm}: puts out {list(shapes[index])} as {info.name!r} for {item.stem} ({model.path}), which is not"
                " one number",
                "Where it is a map, name it as [data.tensor] map.",
            )


def _metric_settings(data: Data) -> MetricSettings:
    from metrics.metric import MetricSettings

    return MetricSettings(map_range=data.map_range)


def _draw(home: Path, item: ItemToDraw, map_range: tuple[float, float] = (0.0, 1.0)) -> Drawing:
    from harness.tasks.anomaly_detection.gallery import draw

    return draw(home, item, map_range)


def _as_shown(
    codec: AnomalyCodec,
    given: NDArray[np.generic],
    shown: AnomalyOutput | AnomalyReference,
    map_range: tuple[float, float] = (0.0, 1.0),
) -> NDArray[np.uint8] | None:
    from harness.tasks.anomaly_detection.map_pictures import as_picture

    return as_picture(codec, given, shown, map_range)


def _furthest_apart(
    reference: NDArray[np.uint8], baseline: NDArray[np.uint8], candidate: NDArray[np.uint8], side: int
) -> tuple[int, int, int] | None:
    from harness.tasks.anomaly_detection.map_pictures import furthest_apart

    return furthest_apart(reference, baseline, candidate, side)


_VIEWS = replace(PICTURE_VIEWS, as_shown=_as_shown, worst_place=_furthest_apart)


def _reads(data: Data) -> dict[str, Any]:
    return {
        "draw": partial(_draw, map_range=data.map_range),
        "views": replace(_VIEWS, as_shown=partial(_as_shown, map_range=data.map_range)),
    }


def _draft(given: DraftData) -> TaskDraft:
    from harness.tasks.anomaly_detection.draft import draft

    return draft(given)


def _guess(given: DraftData) -> str | None:
    from harness.tasks.anomaly_detection.draft import guess

    return guess(given)


ANOMALY_DETECTION: Task[Data, AnomalyTensor, InputItem, AnomalyCodec] = Task(
    name="anomaly_detection",
    nouns=Nouns(singular="example", content="inputs", output="a score of anomaly"),
    find_items=find_items,
    read_items=read_items,
    fingerprint=file_sha256,
    read_input=read_given,
    read_reference=_no_reference,
    read_labelled=_read_labelled,
    items_in_words=_items_in_words,
    make_codec=_make_codec,
    check_item=_check_item,
    notes=_notes,
    notes_on_items=_notes_on_items,
    looks=_looks,
    tensor_is_a_factor=True,
    tensors=_tensors,
    input_shapes=_input_shapes,
    encode=_encode,
    outputs_needed=_outputs_needed,
    decode=_decode,
    output_bytes=_output_bytes,
    check_outputs=_check_outputs,
    metrics=of_family("anomaly"),
    default_metrics=DEFAULT_METRICS,
    metric_settings=_metric_settings,
    shows_pictures=False,
    draw=_draw,
    draft=_draft,
    guess=_guess,
    reads=_reads,
    views=_VIEWS,
)
