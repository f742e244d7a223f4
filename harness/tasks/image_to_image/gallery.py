"""The pictures of one item side by side: both arms', the reference, and where the candidate differs from it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from harness.tasks.drawing import Drawing, ItemToDraw, Role
from harness.tasks.image_to_image.error_maps import draw_maps

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DIFFERENCE_GAIN = 8.0


def draw(home: Path, item: ItemToDraw) -> Drawing:
    """Write PNG files into `home`. Raises ValueError where an output is no picture."""
    import numpy as np

    from harness.tasks.image_file import write_image

    reference: NDArray[np.uint8] = item.reference
    pictures: dict[Literal["baseline", "candidate", "reference", "difference"], NDArray[np.uint8]] = {
        "reference": reference
    }
    for role, (codec, outputs) in item.outputs.items():
        pictures[role] = codec.decode(outputs[0], item.given)
    made = pictures.get("candidate")
    if made is not None and made.shape == reference.shape:
        error = np.abs(made.astype(np.float64) - reference.astype(np.float64))
        pictures["difference"] = np.clip(np.rint(error * DIFFERENCE_GAIN), 0, 255).astype(np.uint8)
    for name, picture in pictures.items():
        write_image(home / f"{name}.png", picture)
    arms: dict[Role, NDArray[np.uint8]] = {
        role: pictures[role] for role in item.outputs if pictures[role].shape == reference.shape
    }
    return Drawing(
        maps=draw_maps(home, reference, arms, item.metrics),
        pictures={name: home / f"{name}.png" for name in pictures},
        difference_gain=DIFFERENCE_GAIN if "difference" in pictures else None,
    )
