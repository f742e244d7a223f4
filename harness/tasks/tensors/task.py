"""Tensors in, tensors out, as a task."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.tasks.draft import DraftData, TaskDraft
from harness.tasks.drawing import Drawing, ItemToDraw
from harness.tasks.nouns import Nouns
from harness.tasks.task import Resolve, Task
from harness.tasks.tensors.codec import TensorCodec, check_item, make_codec
from harness.tasks.tensors.dataset import TensorItem, find_items, fingerprint, read_items, read_references, read_tensors
from harness.tasks.tensors.options import Data, TensorNames
from harness.tasks.tensors.output_check import check_outputs
from metrics.registry import of_family

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.models.model_file import ModelFile
    from harness.models.tensor_info import TensorInfo
    from metrics.metric import MetricSettings

_DEFAULT_METRICS = ("max_abs_error", "cosine_similarity", "snr")


def _find_items(data: Data, resolve: Resolve) -> list[TensorItem]:
    inputs, references = resolve(data.inputs), resolve(data.references)
    return find_items(inputs, references, data.scene_separator, data.limit, data.groups, data.scored)


def _items_in_words(count: int, of_scenes: str, _: Data) -> str:
    return f"{count:,} example{'' if count == 1 else 's'}{of_scenes}, tensors from .npy files"


def _make_codec(model: ModelFile, names: TensorNames, data: Data) -> TensorCodec:
    return make_codec(model, names, data.scored)


def _reads(data: Data) -> dict[str, Any]:
    return {} if data.scored is None else {"read_reference": partial(read_references, scored=tuple(data.scored))}


def _notes(_: ModelFile, codec: TensorCodec) -> list[str]:
    notes = [f"its input {name!r} is {value:g} everywhere" for name, value in codec.constants.items()]
    left = [info.name for place, info in enumerate(codec.outputs) if place not in codec.places]
    return notes + ([f"its outputs {', '.join(map(repr, left))} are not compared"] if left else [])


def _tensors(codec: TensorCodec) -> tuple[Sequence[TensorInfo], Sequence[TensorInfo]]:
    return codec.inputs, [codec.outputs[place] for place in codec.places]


def _input_shapes(codec: TensorCodec, item: TensorItem) -> dict[str, list[int]]:
    return {
        info.name: codec.input_shape(info, item)
        for info in codec.inputs
        if not all(isinstance(size, int) and size > 0 for size in info.shape)
    }


def _encode(codec: TensorCodec, given: Mapping[str, NDArray[np.generic]]) -> list[NDArray[np.generic]]:
    return codec.encode(given)


def _outputs_needed(codec: TensorCodec) -> Sequence[int]:
    return codec.places


def _decode(
    codec: TensorCodec, outputs: Sequence[NDArray[np.generic]], _: Mapping[str, NDArray[np.generic]]
) -> dict[str, NDArray[np.generic]]:
    return codec.decode(outputs)


def _output_bytes(codec: TensorCodec, item: TensorItem) -> int:
    """Of outputs with a reference its shape is known; of others what the model's file says, open sizes taken as 1."""
    import numpy as np

    shapes = {codec.output_of(name): header.shape for name, header in item.references.items()}
    fixed = [[size if isinstance(size, int) and size > 0 else 1 for size in info.shape] for info in codec.outputs]
    return sum(
        math.prod(shapes.get(index, fixed[index])) * np.dtype(info.dtype).itemsize
        for index, info in enumerate(codec.outputs)
    )


def _metric_settings(_: Data) -> MetricSettings:
    from metrics.metric import MetricSettings

    return MetricSettings()


def _draw(home: Path, item: ItemToDraw) -> Drawing:
    from harness.tasks.tensors.gallery import draw

    return draw(home, item)


def _draft(given: DraftData) -> TaskDraft:
    from harness.tasks.tensors.draft import draft

    return draft(given)


def _guess(given: DraftData) -> str | None:
    from harness.tasks.tensors.draft import guess

    return guess(given)


TENSORS: Task[Data, TensorNames, TensorItem, TensorCodec] = Task(
    name="tensors",
    nouns=Nouns(singular="example", content="tensors", output="tensors"),
    find_items=_find_items,
    read_items=read_items,
    fingerprint=fingerprint,
    read_input=read_tensors,
    read_reference=read_tensors,
    items_in_words=_items_in_words,
    make_codec=_make_codec,
    check_item=check_item,
    notes=_notes,
    tensor_is_a_factor=False,
    tensors=_tensors,
    input_shapes=_input_shapes,
    encode=_encode,
    outputs_needed=_outputs_needed,
    decode=_decode,
    output_bytes=_output_bytes,
    check_outputs=check_outputs,
    metrics=of_family("tensors"),
    default_metrics=_DEFAULT_METRICS,
    metric_settings=_metric_settings,
    shows_pictures=False,
    draw=_draw,
    draft=_draft,
    guess=_guess,
    reads=_reads,
)
