"""Reading pictures as 8-bit RGB, and refusing in words what is not that.

Grey pictures become RGB with three equal channels. What the file says of its picture is honoured: which way up it is
(`harness.tasks.orientation`) and which colours its numbers stand for (`harness.tasks.color_profile`). 16-bit pictures
and real transparency are refused: cutting depth or laying over a background would change the data that everything
after is judged by.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import UserError
from harness.tasks.color_profile import color_in_words, to_srgb
from harness.tasks.orientation import orientation_of, upright, upright_size

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".jfif", ".jpe"})

_GREY_MODES = frozenset({"1", "L", "LA", "La"})
_LFS_POINTER = b"version https://git-lfs"
_TIFF_BITS_PER_SAMPLE = 258
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def image_size(path: Path) -> tuple[int, int]:
    """(height, width) from the header alone. Raises `UserError`."""
    from PIL import Image

    try:
        with Image.open(path) as image:
            return upright_size(image)
    except Image.DecompressionBombError:
        raise UserError(f"{path}: the picture is too large ({Image.MAX_IMAGE_PIXELS} pixels at most)") from None
    except FileNotFoundError:
        raise UserError(f"{path}: the picture is not there") from None
    except PermissionError:
        raise UserError(f"{path}: the picture cannot be read: permission denied") from None
    except (OSError, SyntaxError, ValueError, IndexError, OverflowError):
        raise _unreadable(path) from None


def read_image(path: Path) -> NDArray[np.uint8]:
    """A picture as uint8 (height, width, 3), RGB. Raises `UserError` naming the file and what is odd about it."""
    import numpy as np
    from PIL import Image

    try:
        with Image.open(path) as image:
            _refuse_deep(path, image)
            turned, said = orientation_of(image), {str(key): value for key, value in image.info.items()}
            image.load()
            shown = to_srgb(path, _as_rgb_or_grey(path, image), said)
            return np.array(upright(shown, turned).convert("RGB"), dtype=np.uint8)
    except Image.DecompressionBombError:
        raise UserError(f"{path}: the picture is too large ({Image.MAX_IMAGE_PIXELS} pixels at most)") from None
    except FileNotFoundError:
        raise UserError(f"{path}: the picture is not there") from None
    except PermissionError:
        raise UserError(f"{path}: the picture cannot be read: permission denied") from None
    except (OSError, SyntaxError, ValueError, IndexError, OverflowError):
        raise _unreadable(path) from None


@dataclass(frozen=True)
class Described:
    """What a picture's file says of it, from its header."""

    is_grey: bool
    is_turned: bool
    """Whether it says that it is to be seen otherwise than its pixels lie."""
    color: str | None
    """Its colour profile or gamma in words; None for plain sRGB."""


def describe(path: Path) -> Described:
    """What the file says of its picture. Raises `UserError`."""
    from PIL import Image

    try:
        with Image.open(path) as image:
            grey = image.mode in _GREY_MODES
            return Described(grey, orientation_of(image) != 1, color_in_words(path, image))
    except Image.DecompressionBombError:
        raise UserError(f"{path}: the picture is too large ({Image.MAX_IMAGE_PIXELS} pixels at most)") from None
    except (OSError, SyntaxError, ValueError, IndexError, OverflowError):
        raise _unreadable(path) from None


def _unreadable(path: Path) -> UserError:
    """What is wrong with a file whose content is no picture."""
    try:
        with path.open("rb") as file:
            pointer = file.read(len(_LFS_POINTER)) == _LFS_POINTER
    except OSError:
        pointer = False
    if pointer:
        return UserError(f"{path}: holds a Git LFS pointer, and not the picture", "Fetch the content: git lfs pull.")
    return UserError(f"{path}: the picture cannot be read: it is damaged or not a picture")


def _refuse_deep(path: Path, image: Any) -> None:
    """Refuse more than 8 bits a channel, also where the reader would cut them in silence: 16-bit RGB in PNG, TIFF and
    PPM.
    """
    if image.mode.startswith(("I", "F")) or _bits(path, image) > 8:
        raise UserError(
            f"{path}: has more than 8 bits a channel; bakeoff scores 8-bit pictures",
            "Convert it to 8 bits yourself, so that you decide how it is rounded.",
        )
    # A camera's JPEG may hold a preview or a second view behind the picture (MPF): the first is what viewers show.
    if getattr(image, "n_frames", 1) > 1 and image.format != "MPO":
        raise UserError(f"{path}: holds {image.n_frames} frames; give one picture a file")


def _bits(path: Path, image: Any) -> int:
    """Bits a channel in the file, where its format has several and says so; else 8."""
    with path.open("rb") as file:
        head = file.read(512)
    if head.startswith(_PNG_SIGNATURE) and len(head) > 24:
        return head[24]
    if image.format == "TIFF":
        return max(image.tag_v2.get(_TIFF_BITS_PER_SAMPLE, (8,)), default=8)
    if image.format == "PPM":
        words = re.sub(rb"#[^\n]*", b"", head).split()
        return 16 if words[0] in {b"P2", b"P3", b"P5", b"P6"} and int(words[3]) > 255 else 8
    return 8


def _as_rgb_or_grey(path: Path, image: Any) -> Any:
    if "transparency" in image.info:  # a colour, or an entry of the palette, that stands for nothing
        image = image.convert("RGBA")
    if image.mode in {"RGBA", "LA", "PA", "La", "RGBa"}:
        low, _ = image.getchannel("A").getextrema()
        if low < 255:
            raise UserError(
                f"{path}: is partly transparent; a model sees no transparency",
                "Flatten it onto a background first.",
            )
        return image.convert("L" if image.mode in _GREY_MODES else "RGB")
    if image.mode in {"RGB", "L"}:
        return image
    if image.mode in {"1", "P"}:
        return image.convert("L" if image.mode == "1" else "RGB")
    raise UserError(f"{path}: has the colour mode {image.mode}; convert it to RGB")


def grey_of(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """uint8 (height, width, 3) → (height, width): BT.601 over the full range, so that three equal channels stay."""
    import numpy as np

    grey: NDArray[np.uint8] = np.rint(picture.astype(np.float64) @ np.array([0.299, 0.587, 0.114])).astype(np.uint8)
    return grey


def write_image(path: Path, image: NDArray[np.uint8]) -> None:
    """Write uint8 (height, width, 3) RGB as PNG."""
    from PIL import Image

    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image, "RGB").save(path, format="PNG")
