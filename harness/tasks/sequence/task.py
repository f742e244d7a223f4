"""Clips in, clips out, as a task."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.tasks.draft import DraftData, TaskDraft
from harness.tasks.drawing import Drawing, ItemToDraw
from harness.tasks.image_file import describe, grey_of
from harness.tasks.looks import Looks
from harness.tasks.nouns import Nouns
from harness.tasks.parts import Carried, Parts
from harness.tasks.sequence.codec import SequenceCodec, make_sequence_codec
from harness.tasks.sequence.dataset import Clip, find_clips, fingerprint, read_clip, read_clips
from harness.tasks.sequence.frame_files import frame_files
from harness.tasks.sequence.options import Data, FrameTensor
from harness.tasks.sequence.output_check import check_outputs
from harness.tasks.sequence.window import in_words
from harness.tasks.shown_pictures.views import PICTURE_VIEWS
from harness.tasks.task import Resolve, Task
from metrics.registry import FACTS, METRICS, of_family

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.models.model_file import ModelFile
    from harness.models.tensor_info import TensorInfo
    from metrics.metric import Metric, MetricSettings

_OF_PICTURES = tuple(name for name in of_family("image") if name in METRICS)


def _find_items(data: Data, resolve: Resolve) -> list[Clip]:
    inputs, references = resolve(data.inputs), resolve(data.references)
    return find_clips(inputs, references, data.scale, data.scene_separator, data.limit, data.groups)


def _items_in_words(count: int, of_scenes: str, data: Data) -> str:
    return f"{count:,} clip{'' if count == 1 else 's'}{of_scenes}, ×{data.scale}"


def _make_codec(model: ModelFile, tensor: FrameTensor, data: Data) -> SequenceCodec:
    return make_sequence_codec(model, tensor, data.scale)


def _check_item(model: ModelFile, codec: SequenceCodec, clip: Clip) -> None:
    codec.check(model, clip)


def _notes(_: ModelFile, codec: SequenceCodec) -> list[str]:
    notes = []
    offsets = codec.stacked.offsets if codec.stacked is not None else [0, *(other.offset for other in codec.others)]
    if len(offsets) > 1:
        notes.append(
            f"is given {len(offsets)} frames at once ({in_words(offsets)}); at a clip's ends its first and last are"
            " repeated"
        )
    if codec.states:
        names = ", ".join(repr(state.input.name) for state in codec.states)
        notes.append(f"carries a state from frame to frame ({names}); a clip begins with zeros")
    return notes


def _tensors(codec: SequenceCodec) -> tuple[Sequence[TensorInfo], Sequence[TensorInfo]]:
    return codec.inputs, [codec.frame.output]


def _input_shapes(codec: SequenceCodec, clip: Clip) -> dict[str, list[int]]:
    shapes = codec.input_shapes(clip.input_size)
    fixed = all(isinstance(size, int) and size > 0 for info in codec.inputs for size in info.shape)
    return {} if fixed and not codec.frame.takes_any_size else shapes


def _encode(codec: SequenceCodec, clip: NDArray[np.uint8]) -> list[NDArray[np.generic]]:
    """The first frame."""
    return [tensor for tensor in codec.encode(clip, 0) if not isinstance(tensor, Carried)]


def _outputs_needed(codec: SequenceCodec) -> Sequence[int]:
    return (codec.frame.output_index,)


def _decode(_: SequenceCodec, outputs: Sequence[NDArray[np.generic]], __: NDArray[np.uint8]) -> NDArray[np.uint8]:
    clip: NDArray[np.uint8] = outputs[0].astype("uint8", copy=False)
    return clip


def _output_bytes(codec: SequenceCodec, clip: Clip) -> int:
    import numpy as np

    height, width = codec.frame.output_size(clip.frame)
    tiles = codec.count_tiles(clip.input_size)
    symbols = codec.symbols(clip.input_size)
    states = sum(math.prod(state.shape(symbols)) * np.dtype(state.input.dtype).itemsize for state in codec.states)
    frame = height * width * codec.frame.channels * np.dtype(codec.frame.output.dtype).itemsize
    return clip.frames * tiles * (frame + states)


def _count(codec: SequenceCodec, clip: Clip) -> int:
    return clip.frames * codec.count_tiles(clip.input_size)


def _encode_frame(codec: SequenceCodec, clip: NDArray[np.uint8], place: int) -> Sequence[NDArray[np.generic] | Carried]:
    return codec.encode(clip, place)


def _join(
    codec: SequenceCodec, frames: Iterable[Sequence[NDArray[np.generic]]], clip: NDArray[np.uint8]
) -> list[NDArray[np.generic]]:
    return codec.join(frames, clip)


def _stays(codec: SequenceCodec) -> Collection[int]:
    return {state.output_index for state in codec.states} - {codec.frame.output_index}


def _metric_settings(data: Data) -> MetricSettings:
    from metrics.metric import MetricSettings

    return MetricSettings(scale=data.scale)


def _over_items(name: str, metric: Metric) -> Metric:
    """A metric of pictures is taken of every frame."""
    if name not in _OF_PICTURES:
        return metric
    from metrics.sequence.frame_mean import FrameMean

    return FrameMean(metric, FACTS[name].unit)


def _sample_for(reference_path: Path) -> Callable[[str, NDArray[np.uint8]], NDArray[np.uint8]]:
    """Grey files are luma themselves, as in image_to_image."""
    grey = all(describe(path).is_grey for path in frame_files(reference_path).values())
    return lambda metric, clip: grey_of(clip) if grey and metric.endswith("_y") else clip


def _looks(data: Data, metrics: Sequence[str], devices: Sequence[str], arms: Sequence[str]) -> Looks:
    from harness.tasks.sequence.clip_looks import ClipLooks

    return ClipLooks(data, metrics, devices, arms)


def _as_shown(_: SequenceCodec, __: NDArray[np.uint8], clip: NDArray[np.uint8]) -> NDArray[np.uint8]:
    from harness.tasks.sequence.gallery import clip_sheet

    return clip_sheet(clip)


def _draw(home: Path, item: ItemToDraw) -> Drawing:
    from harness.tasks.sequence.gallery import draw

    return draw(home, item)


def _draft(given: DraftData) -> TaskDraft:
    from harness.tasks.sequence.draft import draft

    return draft(given)


def _guess(given: DraftData) -> str | None:
    from harness.tasks.sequence.draft import guess

    return guess(given)


SEQUENCE: Task[Data, FrameTensor, Clip, SequenceCodec] = Task(
    name="sequence",
    nouns=Nouns(singular="clip", content="frames", output="a clip"),
    find_items=_find_items,
    read_items=read_clips,
    fingerprint=fingerprint,
    read_input=read_clip,
    read_reference=read_clip,
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
    check_outputs=check_outputs,
    parts=Parts(count=_count, encode=_encode_frame, join=_join, stays=_stays, times_last=True),
    metrics=(*_OF_PICTURES, *of_family("sequence")),
    default_metrics=("psnr", "psnr_y", "ssim_y", "worst_frame_psnr", "flicker"),
    metric_settings=_metric_settings,
    over_items=_over_items,
    most_at_once=1,
    sample_for=_sample_for,
    looks=_looks,
    shows_pictures=True,
    views=replace(PICTURE_VIEWS, as_shown=_as_shown),
    draw=_draw,
    draft=_draft,
    guess=_guess,
)
