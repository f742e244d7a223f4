"""A picture brought to the size that a model takes: by a kernel that the experiment names, and the middle cut out."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.tasks.model_input.options import Kernel

Size = int | tuple[int, int]
"""The shorter side in pixels, or (height, width)."""


def resized_size(size: tuple[int, int], resize: Size | None) -> tuple[int, int]:
    """(height, width) of a picture of `size` after `resize`; in proportion the longer side is cut to whole pixels, as
    torchvision does.
    """
    if resize is None:
        return size
    if not isinstance(resize, int):
        return resize
    height, width = size
    if height <= width:
        return resize, int(resize * width / height)
    return int(resize * height / width), resize


def crop_size(crop: Size | None) -> tuple[int, int] | None:
    """(height, width) that is cut out; None for the whole picture."""
    return (crop, crop) if isinstance(crop, int) else crop


def resize_picture(picture: NDArray[np.uint8], size: tuple[int, int], kernel: Kernel) -> NDArray[np.uint8]:
    """uint8 (h, w, 3) → uint8 (height, width, 3), rounded."""
    import numpy as np
    from PIL import Image

    if picture.shape[:2] == size:
        return picture
    if kernel == "bilinear_plain":
        return _bilinear_plain(picture, size)
    resampling = {
        "nearest": Image.Resampling.NEAREST,
        "box": Image.Resampling.BOX,
        "bilinear": Image.Resampling.BILINEAR,
        "bicubic": Image.Resampling.BICUBIC,
        "lanczos": Image.Resampling.LANCZOS,
    }[kernel]
    return np.asarray(Image.fromarray(picture, "RGB").resize((size[1], size[0]), resampling), dtype=np.uint8)


def crop_middle(picture: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """The middle (height, width) of a picture that is at least so large; an odd rest goes as Python rounds, as
    torchvision does.
    """
    top, left = (round((has - wants) / 2.0) for has, wants in zip(picture.shape[:2], size, strict=True))
    return picture[top : top + size[0], left : left + size[1]]


def _bilinear_plain(picture: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    import numpy as np

    mixed = picture.astype(np.float64)
    for axis in (0, 1):
        length, wanted = mixed.shape[axis], size[axis]
        # Centres of pixels lie at halves: output i is at (i + ½) · length/wanted − ½ of the input.
        place = np.clip((np.arange(wanted) + 0.5) * length / wanted - 0.5, 0.0, length - 1.0)
        low = np.floor(place).astype(np.intp)
        weight = (place - low).reshape((-1, 1, 1) if axis == 0 else (1, -1, 1))
        high = np.minimum(low + 1, length - 1)
        mixed = np.take(mixed, low, axis) * (1.0 - weight) + np.take(mixed, high, axis) * weight
    return np.clip(np.rint(mixed), 0, 255).astype(np.uint8)
