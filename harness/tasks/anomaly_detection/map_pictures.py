"""Maps of anomalies as pictures: one scale of colours for all arms and items, over the picture that the model saw."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from harness.tasks.model_input.laid_over import enlarged, laid_over, seen_in_grey
from harness.tasks.shown_pictures.color_scale import ColorScale, painted
from harness.tasks.shown_pictures.worst_place import worst_place
from metrics.anomaly.anomaly import AnomalyOutput, AnomalyReference

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from harness.tasks.anomaly_detection.codec import AnomalyCodec

_STEPS: Final = 5
_ANOMALOUS: Final = (252, 253, 191)
"""The lightest of the scale's colours, which are dark where nothing is odd."""
_NORMAL: Final = (0, 0, 8)


def map_scale(map_range: tuple[float, float]) -> ColorScale:
    """Of the smallest and the largest value of maps."""
    return ColorScale("Map of anomalies", "", tuple(float(each) for each in np.linspace(*map_range, _STEPS)))


def as_picture(
    codec: AnomalyCodec,
    given: NDArray[np.generic],
    shown: AnomalyOutput | AnomalyReference,
    map_range: tuple[float, float],
) -> NDArray[np.uint8] | None:
    """uint8 (height, width, 3): a map in colours, or a mask, over the picture; the picture alone for a reference
    without a mask. None for what holds no map, and where inputs are tensors and there is no mask.
    """
    if isinstance(shown, AnomalyReference):
        if shown.mask is None:
            grey = seen_in_grey(codec.given, given)
            return None if grey is None else enlarged(grey)
        colors = np.where(shown.mask[..., None], np.array(_ANOMALOUS), np.array(_NORMAL)).astype(np.uint8)
        return laid_over(colors, codec.given, given)
    if shown.map is None:
        return None
    return laid_over(painted(shown.map, map_scale(map_range)), codec.given, given)


def furthest_apart(
    _: NDArray[np.uint8], baseline: NDArray[np.uint8], candidate: NDArray[np.uint8], side: int
) -> tuple[int, int, int] | None:
    """The square where two maps differ most: a map has no reference that it should be equal to."""
    return worst_place(baseline, baseline, candidate, side)
