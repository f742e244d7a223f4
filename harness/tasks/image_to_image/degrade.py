"""A smaller, noisier picture of a reference: what a super-resolution model is given."""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.tasks.derived_data import Recipe

KERNELS: Final = {
    "bicubic": "MATLAB's imresize, antialiased, rounded between its two passes: what papers call bicubic",
    "bilinear": "a triangle over the pixels that become one (Pillow's BILINEAR, antialiased)",
    "box": "the mean of the pixels that become one (Pillow's BOX)",
    "lanczos": "a windowed sinc of three lobes (Pillow's LANCZOS, antialiased)",
    "nearest": "one pixel of those that become one (Pillow's NEAREST): aliased, as cheap scalers are",
}
"""Name → what it is, in words."""


def cropped(reference: NDArray[np.uint8], scale: int) -> NDArray[np.uint8]:
    """Without the rows at the bottom and the columns at the right that are no multiple of `scale`."""
    height, width = (size - size % scale for size in reference.shape[:2])
    return reference[:height, :width]


def degraded(reference: NDArray[np.uint8], recipe: Recipe, name: str) -> NDArray[np.uint8]:
    """uint8 (H, W, 3) or (H, W), of sizes that are multiples of the scale → uint8 (H/scale, W/scale[, 3]).

    Resized, then Gaussian noise, then JPEG (4:2:0, as cameras and chats write it), as a camera's picture comes about.
    `name` and the seed alone decide the noise: a set may grow and its old items stay the same.
    """
    import numpy as np

    small = _resized(reference, recipe)
    if recipe.noise_levels > 0.0:
        seed = hashlib.sha256(f"{recipe.seed}\0{name}".encode()).digest()
        noise = np.random.default_rng(int.from_bytes(seed[:16], "big")).normal(0.0, recipe.noise_levels, small.shape)
        small = np.clip(np.rint(small + noise), 0, 255).astype(np.uint8)
    return small if recipe.jpeg_quality is None else _through_jpeg(small, recipe.jpeg_quality)


def _resized(reference: NDArray[np.uint8], recipe: Recipe) -> NDArray[np.uint8]:
    import numpy as np
    from PIL import Image

    from metrics.image.bicubic import imresize

    if recipe.scale == 1:
        return reference
    if recipe.kernel == "bicubic":
        return imresize(reference, 1.0 / recipe.scale).astype(np.uint8)
    height, width = (size // recipe.scale for size in reference.shape[:2])
    method = Image.Resampling[recipe.kernel.upper()]
    return np.asarray(Image.fromarray(reference).resize((width, height), method), dtype=np.uint8)


def _through_jpeg(picture: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    import numpy as np
    from PIL import Image

    held = io.BytesIO()
    how = {} if picture.ndim == 2 else {"subsampling": "4:2:0"}
    Image.fromarray(picture).save(held, "JPEG", quality=quality, **how)
    with Image.open(held, formats=["JPEG"]) as read:
        return np.array(read, dtype=np.uint8)
