"""Pictures that are too large for a page: a smaller one of the whole, and a lossless one of the region that matters."""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

_SIDES: Final = (640, 480, 320, 240, 160, 96)
_REGIONS: Final = (256, 192, 128, 96, 64)
_MOST_PIXELS: Final = 64_000_000


@dataclass(frozen=True)
class Encoded:
    """A picture's file, its kind as a media type has it, and its size in pixels."""

    content: bytes
    kind: str
    width: int
    height: int


def made_smaller(png: bytes, limit_bytes: int) -> Encoded | None:
    """The whole picture as JPEG in at most `limit_bytes`, or as near as a side of 96 pixels comes; None where it cannot
    be read.
    """
    picture = _opened(png)
    if picture is None:
        return None
    smaller = None
    for side in _SIDES:
        shrunk = picture.copy()
        shrunk.thumbnail((side, side))
        buffer = io.BytesIO()
        shrunk.save(buffer, "JPEG", quality=85)
        smaller = Encoded(buffer.getvalue(), "jpeg", *shrunk.size)
        if len(smaller.content) <= limit_bytes:
            break
    return smaller


def lossless_details(
    pictures: Mapping[str, bytes], guide: bytes, limit_bytes: int, around: tuple[int, int] | None = None
) -> dict[str, Encoded]:
    """The square where `guide` is brightest, or the one `around` a place in pixels from the left and the top, cut out
    of every one of `pictures` and of one place in all. The largest side of which none takes more than `limit_bytes`;
    empty where none fits, or the pictures have not one size.
    """
    import numpy as np

    opened = {role: _opened(png) for role, png in pictures.items()}
    known = {role: picture for role, picture in opened.items() if picture is not None}
    bright = _opened(guide)
    if bright is None or not known or {picture.size for picture in known.values()} != {bright.size}:
        return {}
    strength = np.asarray(bright, dtype=np.float64).mean(axis=2)
    height, width = strength.shape
    for side in _REGIONS:
        if side > min(width, height):
            continue
        if around is not None:
            left, top = (
                max(0, min(middle - side // 2, most - side)) for middle, most in zip(around, bright.size, strict=True)
            )
        else:
            left, top = _brightest(strength, side)
        place = (left, top, left + side, top + side)
        cut = {role: _png(picture.crop(place)) for role, picture in known.items()}
        if all(len(one.content) <= limit_bytes for one in cut.values()):
            return cut
    return {}


def _brightest(strength: NDArray[np.float64], side: int) -> tuple[int, int]:
    """Left and top of the square of this side with the largest sum."""
    import numpy as np

    sums = np.pad(strength.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    of_squares = sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]
    top, left = np.unravel_index(int(of_squares.argmax()), of_squares.shape)
    return int(left), int(top)


def _png(picture: Image) -> Encoded:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return Encoded(buffer.getvalue(), "png", *picture.size)


def _opened(png: bytes) -> Image | None:
    """As RGB; None for a file that is broken or far too large: it may be somebody else's."""
    from PIL import Image as Pillow

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            picture = Pillow.open(io.BytesIO(png), formats=("PNG",))
            if picture.width * picture.height > _MOST_PIXELS:
                return None
            return picture.convert("RGB")
    except (OSError, ValueError, SyntaxError, Pillow.DecompressionBombError):
        return None
