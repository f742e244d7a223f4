"""The picture that went into a model, small enough for a page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from harness.tasks.image_file import write_image

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LARGEST_SIDE: Final = 320
SMALLEST_SIDE: Final = 64
"""A smaller picture is enlarged pixel by pixel, so that something can be seen."""


def write_thumbnail(home: Path, given: NDArray[np.generic]) -> Path | None:
    """`input.png` below `home` of a picture, uint8 (height, width, 3); None for what is no picture."""
    import numpy as np
    from PIL import Image

    if given.dtype != np.uint8 or given.ndim != 3 or given.shape[2] != 3:
        return None
    picture = given.astype(np.uint8, copy=False)
    height, width = picture.shape[:2]
    if max(height, width) > LARGEST_SIDE:
        scale = LARGEST_SIDE / max(height, width)
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        picture = np.asarray(Image.fromarray(picture, "RGB").resize(size, Image.Resampling.BOX))
    elif max(height, width) < SMALLEST_SIDE:
        times = SMALLEST_SIDE // max(height, width)
        picture = picture.repeat(times, axis=0).repeat(times, axis=1)
    path = home / "input.png"
    write_image(path, picture)
    return path
