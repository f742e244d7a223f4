"""Classification as a task: pictures or tensors in, labels against scores of classes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness.tasks.classification.codec import ClassCodec, make_codec, output_values
from harness.tasks.classification.dataset import are_places, find_items, with_classes
from harness.tasks.classification.options import ClassTensor, Data
from harness.tasks.classification.output_check import check_label, check_outputs
from harness.tasks.draft import DraftData, TaskDraft
from harness.tasks.drawing import Drawing, ItemToDraw
from harness.tasks.fingerprint import file_sha256
from harness.tasks.first_look import FirstLook
from harness.tasks.looks import Looks
from harness.tasks.model_input.items import (
    InputItem,
    check_input,
    input_shapes,
    read_given,
    read_input_whole,
)
from harness.tasks.nouns import Nouns
from harness.tasks.read_each import read_each
from harness.tasks.task import Advance, Resolve, Task
from metrics.registry import of_family

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.models.model_file import ModelFile
    from harness.models.tensor_info import TensorInfo
    from metrics.labels.class_scores import ClassScores
    from metrics.metric import MetricSettings

DEFAULT_METRICS = ("top1", "class_accuracy", "brier_score", "calibration_error")
_FEW_OF_A_CLASS = 10


def _read_items(items: Sequence[InputItem], advance: Advance) -> list[InputItem]:
    return read_each(items, advance, read_input_whole)


def _no_reference(path: Path) -> str:
    msg = f"{path}: an item has a label, and no reference"
    raise ValueError(msg)


def _label(label: str, _: Path) -> str:
    return label


def _items_in_words(count: int, of_scenes: str, data: Data) -> str:
    noun = "picture" if data.content == "pictures" else "tensor"
    return f"{count:,} labelled {noun}{'' if count == 1 else 's'}{of_scenes}"


def _make_codec(model: ModelFile, tensor: ClassTensor, data: Data) -> ClassCodec:
    return make_codec(model, tensor, data.content)


def _check_item(model: ModelFile, codec: ClassCodec, item: InputItem) -> None:
    check_input(model, codec.given, item)
    check_label(model, codec, item)


def _notes(model: ModelFile, codec: ClassCodec) -> list[str]:
    notes = []
    if len(model.outputs) > 1:
        notes.append(f"of its {len(model.outputs)} outputs {codec.scores_output.name!r} is scored")
    if codec.scores == "auto":
        notes.append("whether it puts out logits or probabilities is told from the values: say it with scores = …")
    return notes


def _notes_on_items(data: Data, resolve: Resolve, items: Sequence[InputItem]) -> list[str]:
    classes = with_classes(data.tensor, resolve).classes
    labels = [item.label or "" for item in items]
    counts = dict(sorted(Counter(labels).items()))
    fewest = min(counts, key=lambda label: (counts[label], label))
    notes = [f"labels: {len(counts)} classes, of which {fewest} has the fewest items ({counts[fewest]})"]
    if len(counts) == 1:
        notes = [f"labels: every item is of the class {fewest}, so that what is told is how often that is found"]
    elif counts[fewest] < _FEW_OF_A_CLASS:
        notes[0] += ": its accuracy is mostly chance"
    if classes is None and are_places(labels, None):
        notes.append("labels are places in the model's output, 0 its first: no names are declared")
    return notes


def _first_look(arm: str, model: ModelFile, codec: ClassCodec, items: Sequence[InputItem], _: Data) -> FirstLook:
    from harness.tasks.classification.first_look import first_look

    return first_look(arm, model, codec, items)


def _looks(_: Data, __: Sequence[str], devices: Sequence[str], arms: Sequence[str]) -> Looks:
    from harness.tasks.classification.label_looks import LabelLooks

    return LabelLooks(devices, arms)


def _tensors(codec: ClassCodec) -> tuple[Sequence[TensorInfo], Sequence[TensorInfo]]:
    return [codec.given.tensor], [codec.scores_output]


def _input_shapes(codec: ClassCodec, item: InputItem) -> dict[str, list[int]]:
    return input_shapes(codec.given, item)


def _encode(codec: ClassCodec, given: NDArray[np.generic]) -> list[NDArray[np.generic]]:
    return [codec.given.encode(given)]


def _outputs_needed(codec: ClassCodec) -> Sequence[int]:
    return (codec.scores_index,)


def _decode(codec: ClassCodec, outputs: Sequence[NDArray[np.generic]], _: NDArray[np.generic]) -> ClassScores:
    return codec.decode(outputs[0])


def _output_bytes(codec: ClassCodec, _: InputItem) -> int:
    import numpy as np

    return output_values(codec.scores_output, codec.classes) * np.dtype(codec.scores_output.dtype).itemsize


def _metric_settings(_: Data) -> MetricSettings:
    from metrics.metric import MetricSettings

    return MetricSettings()


def _draw(home: Path, item: ItemToDraw) -> Drawing:
    from harness.tasks.classification.gallery import draw

    return draw(home, item)


def _draft(given: DraftData) -> TaskDraft:
    from harness.tasks.classification.draft import draft

    return draft(given)


def _guess(given: DraftData) -> str | None:
    from harness.tasks.classification.draft import guess

    return guess(given)


CLASSIFICATION: Task[Data, ClassTensor, InputItem, ClassCodec] = Task(
    name="classification",
    nouns=Nouns(singular="example", content="inputs", output="scores of classes"),
    find_items=find_items,
    read_items=_read_items,
    fingerprint=file_sha256,
    read_input=read_given,
    read_reference=_no_reference,
    read_labelled=_label,
    with_files=with_classes,
    items_in_words=_items_in_words,
    make_codec=_make_codec,
    check_item=_check_item,
    notes=_notes,
    notes_on_items=_notes_on_items,
    first_look=_first_look,
    looks=_looks,
    tensor_is_a_factor=True,
    tensors=_tensors,
    input_shapes=_input_shapes,
    encode=_encode,
    outputs_needed=_outputs_needed,
    decode=_decode,
    output_bytes=_output_bytes,
    check_outputs=check_outputs,
    metrics=of_family("labels"),
    default_metrics=DEFAULT_METRICS,
    metric_settings=_metric_settings,
    shows_pictures=False,
    draw=_draw,
    draft=_draft,
    guess=_guess,
)
