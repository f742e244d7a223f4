"""A grid of pixels all over a picture: what is in every pixel of it, or in a share of them, shows in these."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.tasks.image_to_image.codec import Codec

_ALONG_A_SIDE: Final = 254
"""With 64,516 pixels a share is known within 0.01, and PSNR within about 0.1 dB. It is no power of two, since pictures
are made in blocks of such.
"""


def spread_pixels(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(height, width, 3) of a picture, at most `_ALONG_A_SIDE` of both; the whole of a smaller picture."""
    rows, columns = (_places(side) for side in picture.shape[:2])
    return picture[rows][:, columns]


def spread_tensor(codec: Codec, tensor: NDArray[np.generic]) -> NDArray[np.generic]:
    """The same pixels of an output that holds a picture."""
    first = 2 if codec.output_layout == "NCHW" else 1
    for axis in (first, first + 1):
        tensor = tensor.take(_places(tensor.shape[axis]), axis)
    return tensor


def _places(side: int) -> NDArray[np.int64]:
    """The same from both ends, so that a turned picture has them where the picture has them."""
    import numpy as np

    if side <= _ALONG_A_SIDE:
        return np.arange(side)
    first = ((np.arange(_ALONG_A_SIDE // 2) + 0.5) * side / _ALONG_A_SIDE).astype(np.int64)
    return np.concatenate([first, side - 1 - first[::-1]])
