"""Pictures of 16 bits a channel, rounded to the 8 that everything after is judged in: round(v / 257), so that black
and white stay what they are.

Of colours the reader gives only the upper byte of each value. Its raw modes for either byte order name one byte each,
so that the file is decoded twice and nothing is cut off: https://pillow.readthedocs.io/en/stable/handbook/concepts.html
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

_STEP: Final = 257
"""65535 / 255."""
_ORDERS: Final = {"16B": ("16B", "16L"), "16L": ("16L", "16B")}
"""A raw mode's byte order → those that give the upper bytes and the lower ones."""
_NATIVE: Final = "16L" if sys.byteorder == "little" else "16B"


def rounded(image: Any, again: Callable[[], Any]) -> Any | None:
    """An opened picture of 16 bits a channel as one of 8, in the mode `L`, `LA`, `RGB` or `RGBA`; `again` opens the
    same file anew. None where its values cannot be had whole.
    """
    from PIL import Image

    if image.mode in {"I;16", "I;16B", "I;16L"} or (image.mode == "I" and image.format in {"PNG", "PPM"}):
        return Image.fromarray(_to_eight_bits(_grey(image)), "L")
    if image.format == "PPM" and image.mode == "RGB":
        return image  # its decoder divides by the file's own largest value, and rounds
    tile = image.tile[0] if len(image.tile) == 1 else None
    if tile is None:
        return None
    kind, _, order = str(tile.args[0] if isinstance(tile.args, tuple) else tile.args).partition(";")
    found = _ORDERS.get(_NATIVE if order == "16N" else order)
    if found is None or kind not in {"RGB", "RGBA", "LA"} or image.mode != kind:
        return None
    high, low = (_bytes(_read_as(again(), f"{kind};{one}")).astype("uint16") for one in found)
    return Image.fromarray(_to_eight_bits(high * 256 + low), kind)


def _read_as(image: Any, raw_mode: str) -> Any:
    tile = image.tile[0]
    image.tile = [tile._replace(args=(raw_mode, *tile.args[1:]) if isinstance(tile.args, tuple) else raw_mode)]
    return image


def _bytes(image: Any) -> NDArray[np.uint8]:
    import numpy as np

    return np.array(image, dtype=np.uint8)


def _grey(image: Any) -> NDArray[np.uint16]:
    import numpy as np

    return np.array(image).astype(np.uint16)


def _to_eight_bits(values: NDArray[np.uint16]) -> NDArray[np.uint8]:
    import numpy as np

    return ((values.astype(np.uint32) + _STEP // 2) // _STEP).astype(np.uint8)
