"""Colours that a file names in its tags, without a profile: Adobe RGB in Exif, primaries and curves in TIFF.

They are not converted: a tag is not what the camera did, and half of the programs that write one ignore it. So the user
is asked to decide.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from PIL import Image

_EXIF_IFD: Final = 0x8769
_INTEROPERABILITY_IFD: Final = 0xA005
_COLOR_SPACE: Final = 0xA001
_ADOBE_RGB: Final = 2
"""No value of Exif 2.32, which knows 1 (sRGB) and 0xFFFF, but what cameras write."""
_R03: Final = "R03"
"""The interoperability index of DCF's option, Adobe RGB."""
_WHITE_POINT: Final = 318
_PRIMARIES: Final = 319
_TRANSFER_FUNCTION: Final = 301
_SRGB_WHITE: Final = (0.3127, 0.3290)
_SRGB_PRIMARIES: Final = (0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
_NEAR: Final = 0.005


def tagged_color(image: Image.Image) -> str | None:
    """What an open picture's tags say of its colours, where that is not sRGB, in words; None where they say nothing,
    or are damaged.
    """
    return _by_tiff(image) if image.format == "TIFF" else _by_exif(image)


def _by_exif(image: Image.Image) -> str | None:
    if image.format not in ("JPEG", "MPO", "WEBP") or "exif" not in image.info:
        return None
    try:
        exif = image.getexif()
        space = exif.get_ifd(_EXIF_IFD).get(_COLOR_SPACE)
        index = exif.get_ifd(_INTEROPERABILITY_IFD).get(1)
    except (SyntaxError, ValueError, KeyError, TypeError, IndexError, OSError, struct.error):
        return None
    return "Adobe RGB by its Exif" if space == _ADOBE_RGB or str(index).strip("\x00 ") == _R03 else None


def _by_tiff(image: Image.Image) -> str | None:
    tags: Any = getattr(image, "tag_v2", {})
    if tags.get(_TRANSFER_FUNCTION) is not None:
        return "told by a transfer function of the TIFF's own"
    for tag, usual in ((_WHITE_POINT, _SRGB_WHITE), (_PRIMARIES, _SRGB_PRIMARIES)):
        said = tags.get(tag)
        try:
            is_other = said is not None and any(
                abs(float(one) - known) > _NEAR for one, known in zip(said, usual, strict=True)
            )
        except (TypeError, ValueError, ZeroDivisionError):
            is_other = True
        if is_other:
            return "told by primaries of the TIFF's own"
    return None
