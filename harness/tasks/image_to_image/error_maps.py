"""Maps of where each arm is how far from the reference: absolute error, and what the run's metrics can say."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.tasks.drawing import DrawnMap, Role
from harness.tasks.shown_pictures.color_scale import ABSOLUTE_ERROR, SCALES, ColorScale, colors, painted

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def draw_maps(
    home: Path, reference: NDArray[np.uint8], arms: Mapping[Role, NDArray[np.uint8]], metrics: Mapping[str, Any]
) -> list[DrawnMap]:
    """Write a PNG file for every arm and map into `home`; a metric that cannot take the pictures makes none.

    Args:
        home: the item's folder.
        reference: (height, width, 3), uint8.
        arms: what the arms made, of the reference's shape.
        metrics: opened metrics by name.
    """
    from metrics.errors import MetricInputError
    from metrics.metric import MapsErrors

    if not arms:
        return []
    drawn = [
        _draw(home, "absolute_error", ABSOLUTE_ERROR, {role: _error(one, reference) for role, one in arms.items()})
    ]
    for name, metric in metrics.items():
        if name not in SCALES:
            continue
        try:
            prepared = metric.prepare(reference)
            if isinstance(prepared, MapsErrors):
                maps = {role: prepared.error_map(one) for role, one in arms.items()}
                drawn.append(_draw(home, name, SCALES[name], maps))
        except MetricInputError:  # its score says why
            continue
    return drawn


def _error(made: NDArray[np.uint8], reference: NDArray[np.uint8]) -> NDArray[np.float64]:
    """|made − reference|, the mean over channels, in levels of 255."""
    import numpy as np

    error: NDArray[np.float64] = np.abs(made.astype(np.int16) - reference).mean(axis=2)
    return error


def _draw(home: Path, name: str, scale: ColorScale, maps: Mapping[Role, NDArray[Any]]) -> DrawnMap:
    from harness.tasks.image_file import write_image

    files = {role: home / f"map-{name}-{role}.png" for role in maps}
    for role, values in maps.items():
        write_image(files[role], painted(values, scale))
    return DrawnMap(name, scale.label, scale.unit, scale.ticks, colors(), files)
