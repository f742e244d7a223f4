"""What the outputs look like beside their references, found while they are scored: the floor, faults of single outputs,
and what other readings of them would give.

None of it enters a score. It says whether the scores can be what the models do, which two arms that share a mistake do
not show by their difference.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from harness.tasks.image_file import grey_of
from harness.tasks.image_to_image.bicubic_floor import FLOOR_METRICS, plain_bicubic
from harness.tasks.image_to_image.error_place import error_cells
from harness.tasks.image_to_image.other_readings import (
    Offset,
    gain_if_moved_db,
    offset_of,
    other_readings,
    psnr_db,
)
from harness.tasks.image_to_image.output_faults import Fault, output_faults
from harness.tasks.image_to_image.seams import seam_step

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.tasks.image_to_image.codec import Codec

TRIED_ITEMS = 12
"""Items, spread over all, on which other readings are tried: a mistake of an experiment shows on every one."""
_THUMBNAIL = 12


@dataclass(frozen=True)
class ItemFloor:
    """Plain bicubic of one item against its reference."""

    item: str
    psnr_db: float
    values: dict[str, float]
    """Those of `FLOOR_METRICS` that the experiment asks for."""
    offset: Offset | None
    """Where the bicubic picture lies beside the reference; only on items where other readings are tried."""
    cells: NDArray[np.float64] | None = None
    """Its error in each cell of `error_place`; only on those items too."""


@dataclass(frozen=True)
class OutputLook:
    """One output of one arm."""

    item: str
    psnr_db: float | None
    """Over all channels; None where it is no picture of the reference's size."""
    faults: tuple[Fault, ...] = ()
    readings: dict[str, float] = field(default_factory=dict)
    """Other reading in words → dB of PSNR that it would bring; empty where none were tried."""
    offset: Offset | None = None
    gain_if_moved_db: float = 0.0
    seam_step: float | None = None
    """The step in levels of 255 where its tiles meet, where it stands out."""
    cells: NDArray[np.float64] | None = None
    """The error in each cell of `error_place`; None where other readings were not tried."""


@dataclass(frozen=True)
class Plausibility:
    """Of a whole run."""

    floor: list[ItemFloor]
    looks: dict[tuple[str, str], list[OutputLook]]
    """(device, arm) → its outputs."""
    mispaired: dict[str, str]
    """Item whose input looks much more like another item's reference than like its own → that other item."""


PairLook: TypeAlias = "tuple[NDArray[np.float64], NDArray[np.float64]]"
"""Small copies of an input and of its reference."""

Score: TypeAlias = Callable[[str, Any], float | None]
"""(metric, picture) → its score against an item's reference; None where there is none."""


class PairLooks:
    """Small copies of all inputs and references, by which pairs that were mixed up are found."""

    def __init__(self) -> None:
        self._items: list[str] = []
        self._inputs: list[NDArray[np.float64]] = []
        self._references: list[NDArray[np.float64]] = []

    def add(self, item: str, pair: PairLook) -> None:
        """Keep what is left of both, 432 numbers each."""
        self._items.append(item)
        self._inputs.append(pair[0])
        self._references.append(pair[1])

    def mispaired(self) -> dict[str, str]:
        """Items whose input is nearer to another reference by far: at most a fifth of the distance to its own, which is
        itself that of different pictures.
        """
        import numpy as np

        if len(self._items) < 2:
            return {}
        inputs, references = np.stack(self._inputs), np.stack(self._references)
        found: dict[str, str] = {}
        for place, item in enumerate(self._items):
            distances = np.mean((references - inputs[place]) ** 2, axis=1)
            nearest = int(np.argmin(distances))
            if distances[place] > 100.0 and distances[nearest] < distances[place] / 5.0:
                found[item] = self._items[nearest]
        return found


def pair_look(image: NDArray[np.uint8], reference: NDArray[np.uint8]) -> PairLook:
    """What `PairLooks` keeps of a pair."""
    return _thumbnail(image), _thumbnail(reference)


def _thumbnail(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    import numpy as np
    from PIL import Image

    small = Image.fromarray(picture, "RGB").resize((_THUMBNAIL, _THUMBNAIL), Image.Resampling.BOX)
    return np.asarray(small, dtype=np.float64).ravel()


def is_tried(place: int, total: int) -> bool:
    """Whether other readings are tried on the item at `place` of `total`."""
    stride = max(1, total // TRIED_ITEMS)
    return place % stride == 0 and place // stride < TRIED_ITEMS


def item_floor(
    item: str,
    image: NDArray[np.uint8],
    reference: NDArray[np.uint8],
    scale: int,
    wanted: list[str],
    *,
    try_offset: bool,
    grey: bool = False,
    score: Score | None = None,
) -> ItemFloor | None:
    """Plain bicubic of one item; None where its size is not `scale` times the input's, or a metric cannot be had of a
    picture so small. `wanted` are the experiment's metrics; `grey` where the reference's file is grey. `score` is that
    of the run's own metrics, where they are at hand with the reference prepared.
    """
    picture = plain_bicubic(image, scale)
    if picture.shape != reference.shape:
        return None
    score = score or _scored_against(reference, scale, grey=grey)
    found = {name: score(name, picture) for name in FLOOR_METRICS if name in wanted}
    values = {name: value for name, value in found.items() if value is not None}
    offset = offset_of(picture, reference) if try_offset else None
    cells = error_cells(picture, reference) if try_offset else None
    return ItemFloor(item, psnr_db(picture, reference), values, offset, cells)


def _scored_against(reference: NDArray[np.uint8], scale: int, *, grey: bool) -> Score:
    from metrics.errors import MetricInputError
    from metrics.metric import MetricSettings
    from metrics.registry import METRICS

    def score(name: str, picture: NDArray[np.uint8]) -> float | None:
        as_luma = grey and name.endswith("_y")
        shown, wanted = (grey_of(each) if as_luma else each for each in (picture, reference))
        try:
            return METRICS[name](MetricSettings(scale=scale)).prepare(wanted).score(shown)
        except MetricInputError:
            return None

    return score


def look_at_output(
    item: str,
    codec: Codec,
    tensor: NDArray[np.generic],
    image: NDArray[np.uint8],
    reference: NDArray[np.uint8],
    *,
    try_others: bool,
    decoded: Callable[[], NDArray[np.uint8] | None] | None = None,
) -> OutputLook:
    """What one output looks like. `decoded` gives its picture where that is at hand, None where it is none."""
    try:
        picture = decoded() if decoded is not None else codec.decode(tensor, image)
    except ValueError:
        picture = None
    if picture is not None and picture.shape != reference.shape:
        return OutputLook(item, None)
    faults = tuple(output_faults(codec, tensor, picture, reference))
    if picture is None:
        return OutputLook(item, None, faults)
    psnr = psnr_db(picture, reference)
    seam = None
    if codec.tiling is not None:
        seam = seam_step(picture, reference, codec.tiling, picture.shape[0] // image.shape[0])
    if not try_others or math.isinf(psnr):
        return OutputLook(item, psnr, faults, seam_step=seam)
    offset = offset_of(picture, reference)
    moved = gain_if_moved_db(picture, reference, offset) if offset is not None else 0.0
    readings, cells = other_readings(codec, tensor, image, reference), error_cells(picture, reference)
    return OutputLook(item, psnr, faults, readings, offset, moved, seam, cells)
