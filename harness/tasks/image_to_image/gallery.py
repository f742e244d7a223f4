"""The pictures of one item side by side: both arms', the reference, and where the candidate differs from it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from harness.tasks.drawing import Drawing, ItemToDraw, Role
from harness.tasks.image_to_image.error_maps import draw_maps

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DIFFERENCE_GAIN = 8.0


def draw(home: Path, item: ItemToDraw) -> Drawing:
    """Write PNG files into `home`. Raises ValueError where an output is no picture."""
    made = {role: codec.decode(outputs[0], item.given) for role, (codec, outputs) in item.outputs.items()}
    return draw_beside(home, item.reference, made, item.metrics)


def draw_beside(
    home: Path, reference: NDArray[np.uint8], made: Mapping[Role, NDArray[np.uint8]], metrics: Mapping[str, Any]
) -> Drawing:
    """Write a reference, what arms made of it, the candidate's difference, and the maps of these opened metrics into
    `home`. All pictures are uint8 (height, width, 3).
    """
    import numpy as np

    from harness.tasks.image_file import write_image

    pictures: dict[Literal["baseline", "candidate", "reference", "difference"], NDArray[np.uint8]] = {
        "reference": reference
    }
    for role, picture in made.items():
        pictures[role] = picture
    candidate = made.get("candidate")
    if candidate is not None and candidate.shape == reference.shape:
        error = np.abs(candidate.astype(np.float64) - reference.astype(np.float64))
        pictures["difference"] = np.clip(np.rint(error * DIFFERENCE_GAIN), 0, 255).astype(np.uint8)
    for name, picture in pictures.items():
        write_image(home / f"{name}.png", picture)
    arms: dict[Role, NDArray[np.uint8]] = {
        role: picture for role, picture in made.items() if picture.shape == reference.shape
    }
    return Drawing(
        maps=draw_maps(home, reference, arms, metrics),
        pictures={name: home / f"{name}.png" for name in pictures},
        difference_gain=DIFFERENCE_GAIN if "difference" in pictures else None,
    )
