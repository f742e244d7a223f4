"""Which way up a picture is: what its file says of it (Exif's Orientation), alike for JPEG, PNG, WebP and TIFF.

A phone that is held upright stores the pixels on their side and says so in the file; every viewer turns them.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.plain_file import open_plain_file

if TYPE_CHECKING:
    from PIL import Image

_ORIENTATION = 0x0112
_PNG_HEAD = 8
_ON_THEIR_SIDE = {5, 6, 7, 8}


def orientation_of(path: Path, image: Image.Image) -> int:
    """1 (as stored) to 8, by Exif 2.32; 1 where the file does not say. A TIFF is turned by its reader already.

    `image` is open, of the file at `path`; a PNG may be loaded by it.
    """
    if image.format == "TIFF" or (image.format == "PNG" and not _png_says_more(path, image)):
        return 1
    try:
        value: Any = image.getexif().get(_ORIENTATION, 1)
    except (SyntaxError, ValueError, KeyError, TypeError, IndexError, OSError, struct.error):
        return 1  # a damaged note about a whole picture: viewers show it as it is stored
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def upright(image: Image.Image, orientation: int) -> Image.Image:
    """The picture as its file says that it is to be seen."""
    from PIL.Image import Transpose

    turns = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    return image.transpose(turns[orientation]) if orientation in turns else image


def upright_size(path: Path, image: Image.Image) -> tuple[int, int]:
    """(height, width) as it is to be seen."""
    if orientation_of(path, image) in _ON_THEIR_SIDE:
        return image.width, image.height
    return image.height, image.width


def _png_says_more(path: Path, image: Image.Image) -> bool:
    """Whether a PNG has Exif anywhere, which may stand behind its pixels: seen without decoding those."""
    if {"exif", "Raw profile type exif", "xmp", "XML:com.adobe.xmp"} & set(image.info):
        return True
    return b"eXIf" in png_chunks(path)


def png_chunks(path: Path) -> dict[bytes, bytes]:
    """Kind → content (its first 64 bytes) of the chunks of a PNG, the first of each kind."""
    with open_plain_file(path) as file:
        file.seek(_PNG_HEAD)
        found: dict[bytes, bytes] = {}
        while len(head := file.read(8)) == 8:
            length, kind = struct.unpack(">I4s", head)
            content = file.read(min(length, 64))
            found.setdefault(kind, content)
            file.seek(length - len(content) + 4, 1)
        return found
