"""A few pictures through a model before anything is measured: whether it makes pictures of the references' size,
whether they are better than plain bicubic, and whether another reading of its tensors would bring them much closer.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from statistics import fmean
from typing import TYPE_CHECKING, Any

from harness.errors import UserError
from harness.models.run_once import NotRunHereError, run_once
from harness.tasks.first_look import FirstLook
from harness.tasks.image_to_image.bicubic_floor import DEFAULT_BELOW_DB, floor_is_doubtful, plain_bicubic
from harness.tasks.image_to_image.other_readings import EXACT_DB, RANGES, TRIED, other_readings, psnr_db
from harness.tasks.image_to_image.output_faults import FAULT_WORDS, output_faults
from harness.tasks.image_to_image.picture_reading import PictureReading
from harness.tasks.picture_tensor import FEWEST_LEVELS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.models.model_file import ModelFile
    from harness.tasks.image_to_image.codec import Codec
    from harness.tasks.image_to_image.dataset import Item

_MOST_ITEMS = 3
_MOST_PIXELS = 4_000_000
"""The most pixels of a reference: larger pictures take a model too long for a look."""
_TRIED_PIXELS = 300_000
"""The most pixels of an input that is also put through with other readings."""
_GAIN_DB = 3.0
"""Stands for the infinite PSNR of identical pictures where gains are averaged."""
_TIMEOUT_S = 60.0
_MOST_PARTS = 36
"""The most tiles of a picture that is put through."""


@dataclass(frozen=True)
class PictureLook:
    """What was seen of one model."""

    psnr_db: float | None = None
    """Mean over the pictures that were put through; None where none was."""
    floor_db: float | None = None
    """Plain bicubic of the same pictures."""
    doubts: list[str] = field(default_factory=list)
    """Ends of a sentence that begins with the model's name."""
    reads_better: dict[str, Any] = field(default_factory=dict)
    """Keys of [data.tensor] that bring its pictures much closer to the references."""
    gain_db: float = 0.0
    not_run: str | None = None
    """Why nothing was looked at."""

    @property
    def suspicion(self) -> str | None:
        """The doubt that only running the model again could find: how its input is to be written."""
        if not self.reads_better:
            return None
        return (
            f"looks like another reading of its tensors: {in_keys(self.reads_better)} gives {self.gain_db:.1f} dB more"
        )

    def in_words(self) -> FirstLook:
        """For people, and for the rules."""
        said = None
        if self.not_run is not None:
            said = f"none was put through it here: {self.not_run}"
        elif self.psnr_db is not None and self.floor_db is not None:
            said = f"PSNR {self.psnr_db:.1f} dB, and plain bicubic of the same {self.floor_db:.1f} dB"
        return FirstLook(said, self.doubts, self.suspicion)


def in_keys(reads_better: dict[str, Any]) -> str:
    """`color = "bgr"`, `input_range = [0, 1] and output_range = [-1, 1]`, as experiment.toml has them."""
    return " and ".join(
        f'{key} = "{value}"' if isinstance(value, str) else f"{key} = [{', '.join(f'{each:g}' for each in value)}]"
        for key, value in reads_better.items()
    )


def first_look(
    name: str,
    model: ModelFile,
    codec: Codec,
    items: Sequence[Item],
    scale: int,
    *,
    below_db: float = DEFAULT_BELOW_DB,
    reading: PictureReading | None = None,
) -> PictureLook:
    """Put one picture of each size through the model (three at most). `name` is what people call it. Raises `UserError`
    where it makes pictures of another size than the references, or none.
    """
    chosen = [item for item in _chosen(items) if codec.parts(item.input_size) <= _MOST_PARTS]
    if not chosen:
        return PictureLook(not_run="its pictures are too large for a look")
    files = reading or PictureReading(scale=scale)
    images = [files.input(item.input_path) for item in chosen]
    variants = _variants(codec) if all(image[..., 0].size <= _TRIED_PIXELS for image in images) else []
    readings = [codec, *(codec.model_copy(update=update) for update, _ in variants)]
    counts = [codec.parts(item.input_size) for item in chosen]
    tensors = [
        one.encode_part(image, part)
        for one in readings
        for image, parts in zip(images, counts, strict=True)
        for part in range(parts)
    ]
    try:
        names, outputs = run_once(model.path, tensors, _TIMEOUT_S)
    except NotRunHereError as error:
        return PictureLook(not_run=str(error))
    place = names.index(codec.output.name) if codec.output.name in names else min(codec.output_index, len(names) - 1)
    each_part = iter(outputs)
    of_pictures = [list(islice(each_part, parts)) for _ in readings for parts in counts]
    for item, parts_made in zip(chosen, of_pictures, strict=False):
        _check_size(name, codec, item, names, parts_made[0], place)
    references = [files.reference(item.reference_path) for item in chosen]
    made = [
        codec.join((outputs_of_part[place] for outputs_of_part in parts_made), image)
        for parts_made, image in zip(of_pictures, images * len(readings), strict=True)
    ]
    count = len(chosen)
    return _judged(
        codec,
        [item.input_path.name for item in chosen],
        images,
        references,
        made[:count],
        [
            (keys, [made[count * number + which] for which in range(count)], reading)
            for number, ((_, keys), reading) in enumerate(zip(variants, readings[1:], strict=True), start=1)
        ],
        scale,
        below_db,
    )


def _chosen(items: Sequence[Item]) -> list[Item]:
    small = [item for item in items if item.reference_size[0] * item.reference_size[1] <= _MOST_PIXELS]
    by_size: dict[tuple[int, int], Item] = {}
    for item in sorted(small, key=lambda one: one.input_size[0] * one.input_size[1]):
        by_size.setdefault(item.input_size, item)
    first = list(by_size.values())[:_MOST_ITEMS]
    others = [item for item in small if item not in first]
    return first + others[: _MOST_ITEMS - len(first)]


def _variants(codec: Codec) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """(change of the codec, the same in keys of the experiment): other ways to write the input."""
    found: list[tuple[dict[str, Any], dict[str, Any]]] = []
    if codec.channels == 3:
        other = "rgb" if codec.order == "bgr" else "bgr"
        found.append(({"order": other}, {"color": other}))
    if codec.input_normalisation is None and codec.input.scale is None and "float" in codec.input.dtype:
        found += [
            ({"input_range": bounds}, {"input_range": bounds}) for bounds in RANGES if bounds != codec.input_range
        ]
    return found


def _check_size(
    name: str, codec: Codec, item: Item, names: list[str], made: list[NDArray[np.generic]], place: int
) -> None:
    sizes = {output: _picture_size(codec, each) for output, each in zip(names, made, strict=True)}
    size, wanted_size = sizes[names[place]], codec.output_size(item)
    if size == wanted_size:
        return
    fitting = [output for output, each in sizes.items() if each == wanted_size]
    wanted = f"{wanted_size[1]}×{wanted_size[0]}"
    what = f"{size[1]}×{size[0]}" if size is not None else f"a tensor of shape {list(made[place].shape)}"
    of_what = "" if codec.tiling is None else "a tile of "
    raise UserError(
        f"{name}: makes {what} from {of_what}{item.input_path.name}, and {of_what}its reference {item.reference_path}"
        f" is {wanted}",
        f'Its output {fitting[0]!r} is {wanted}: [data.tensor] output = "{fitting[0]}".'
        if fitting
        else "Nothing is resized: correct the references, data.scale or the model.",
    )


def _picture_size(codec: Codec, tensor: NDArray[np.generic]) -> tuple[int, int] | None:
    if tensor.ndim != 4 or tensor.shape[0] != 1:
        return None
    _, *sides = tensor.shape
    channels, height, width = (
        (sides[0], sides[1], sides[2]) if codec.output_layout == "NCHW" else (sides[2], sides[0], sides[1])
    )
    return (height, width) if channels == codec.channels else None


def _judged(
    codec: Codec,
    names: list[str],
    images: list[NDArray[np.uint8]],
    references: list[NDArray[np.uint8]],
    made: list[NDArray[np.generic]],
    variants: list[tuple[dict[str, Any], list[NDArray[np.generic]], Codec]],
    scale: int,
    below_db: float,
) -> PictureLook:
    own, floor, doubts = [], [], []
    others: dict[str, list[float]] = {}
    for name, image, reference, tensor in zip(names, images, references, made, strict=True):
        floor.append(_bounded(psnr_db(plain_bicubic(image, scale), reference)))
        try:
            picture = codec.decode(tensor, image)
        except ValueError:
            picture = None
        doubts += [
            f"puts out {FAULT_WORDS[fault]} from {name}" for fault in output_faults(codec, tensor, picture, reference)
        ]
        if picture is None:
            return PictureLook(floor_db=fmean(floor), doubts=doubts)
        own.append(_bounded(psnr_db(picture, reference)))
        for words, value in other_readings(codec, tensor, image, reference).items():
            others.setdefault(words, []).append(value)
    mean = fmean(own)
    # Where bicubic is exact, as of one colour, a decibel says nothing.
    both = [pair for pair in zip(own, floor, strict=True) if max(pair) < EXACT_DB]
    if not both:
        return PictureLook(mean, fmean(floor), doubts)
    below, lowest = fmean(low - high for high, low in both), fmean(low for _, low in both)
    keys, best = _best_keys(codec, images, references, [({}, made, codec), *variants])
    gain = best - mean
    # A reading that is still no picture is no answer.
    if keys and (gain < _GAIN_DB or best < lowest - below_db):
        keys = {}
    # Where the output alone tells it, no key of the experiment may help: gamma, a turned picture.
    words, value = max(((text, fmean(each)) for text, each in others.items()), key=lambda one: one[1])
    if not keys and value >= _GAIN_DB:
        doubts.append(f"looks like {words}: that gives {value:.1f} dB more")
    elif not keys and below > below_db:
        doubts.append(
            f"lies {below:.1f} dB below plain bicubic of its inputs (PSNR {lowest - below:.1f} against {lowest:.1f}"
            f" dB); tried without success: {TRIED}"
        )
    if floor_is_doubtful(lowest, [mean]):
        doubts.append(f"is scored on pairs that may not match: plain bicubic reaches only {lowest:.1f} dB (PSNR)")
    return PictureLook(mean, fmean(floor), doubts, keys, gain if keys else 0.0)


def _best_keys(
    codec: Codec,
    images: list[NDArray[np.uint8]],
    references: list[NDArray[np.uint8]],
    tried: list[tuple[dict[str, Any], list[NDArray[np.generic]], Codec]],
) -> tuple[dict[str, Any], float]:
    """The keys of the best reading, empty for the one that is declared, and its mean PSNR."""
    found: list[tuple[float, int, dict[str, Any]]] = []
    for keys, tensors, reading in tried:
        for bounds in dict.fromkeys((codec.output_range, *_ranges_it_can_hold(codec))):
            other = reading.model_copy(update={"output_range": bounds})
            try:
                values = [
                    _bounded(psnr_db(other.decode(tensor, image), reference))
                    for tensor, image, reference in zip(tensors, images, references, strict=True)
                ]
            except ValueError:
                continue
            more = {} if bounds == codec.output_range else {"output_range": bounds}
            found.append((fmean(values), -len(keys | more), keys | more))
    best = max(found, key=lambda one: (round(one[0], 1), one[1]))
    return best[2], best[0]


def _ranges_it_can_hold(codec: Codec) -> list[tuple[float, float]]:
    """A quantised output says by its scale what it was made for."""
    step = codec.output.scale or 0.0
    return [bounds for bounds in RANGES if bounds[1] - bounds[0] >= FEWEST_LEVELS * step]


def _bounded(value: float) -> float:
    return value if math.isfinite(value) else EXACT_DB
