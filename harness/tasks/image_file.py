"""Reading pictures as 8-bit RGB, and refusing in words what is not that.

Grey pictures become RGB with three equal channels. What the file says of its picture is honoured: which way up it is
(`harness.tasks.orientation`) and which colours its numbers stand for (`harness.tasks.color_profile`). 16-bit pictures
and real transparency are refused unless the caller says what is to become of them: cutting depth or laying over a
background changes the data that everything after is judged by.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

from harness.errors import UserError
from harness.plain_file import open_plain_file
from harness.tasks.color_profile import color_in_words, color_of, to_srgb
from harness.tasks.orientation import orientation_of, upright, upright_size

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".jfif", ".jpe"})
FORMATS: Final = ("PNG", "JPEG", "BMP", "WEBP", "TIFF", "PPM")
"""What a picture may be by its content, whatever its ending says. Of the reader's other formats some start programs
(PostScript: Ghostscript) and none is meant.
"""
MOST_PIXELS: Final = 89_478_485
"""256 MiB of RGB: 9,400 × 9,400."""
DECODE_S: Final = 120.0
"""How long one picture may take. The largest take seconds."""

_T = TypeVar("_T")

_GREY_MODES = frozenset({"1", "L", "LA", "La"})
_LFS_POINTER = b"version https://git-lfs"
_TIFF_BITS_PER_SAMPLE = 258
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def image_size(path: Path) -> tuple[int, int]:
    """(height, width) from the header alone. Raises `UserError`."""
    return _read(path, lambda image: upright_size(path, image))


@dataclass(frozen=True)
class Allowed:
    """What is to become of pictures that are refused else."""

    deep: Literal["refuse", "round"] = "refuse"
    """16 bits a channel: `round` to 8."""
    alpha: str = "refuse"
    """Transparency: `ignore` what the alpha channel says, or `over #rrggbb`, laid over one colour."""


NOTHING_ALLOWED: Final = Allowed()


def read_image(path: Path, allowed: Allowed = NOTHING_ALLOWED) -> NDArray[np.uint8]:
    """A picture as uint8 (height, width, 3), RGB. Raises `UserError` naming the file and what is odd about it."""
    import numpy as np

    def decode(image: Any) -> NDArray[np.uint8]:
        turned, said = orientation_of(path, image), color_of(path, image)
        if allowed.deep == "round" and _is_deep(path, image):
            _refuse_frames(path, image)
            flat = _rounded(path, image)
        else:
            _refuse_deep(path, image)
            image.load()
            flat = image
        shown = to_srgb(path, _as_rgb_or_grey(path, flat, allowed.alpha), said)
        return np.array(upright(shown, turned).convert("RGB"), dtype=np.uint8)

    return _read(path, decode)


def _rounded(path: Path, image: Any) -> Any:
    from PIL import Image

    from harness.tasks.deep_picture import rounded

    with open_plain_file(path) as file:
        found = rounded(image, lambda: Image.open(file, formats=FORMATS))
        if found is None:
            raise UserError(
                f"{path}: holds 16 bits a channel in a form ({image.format}, {image.mode}) that cannot be read whole",
                "Save it as a PNG file of 16 bits.",
            )
        found.load()
    return found


def read_levels(path: Path) -> NDArray[np.uint8] | None:
    """The stored values of an indexed or grey picture, uint8 (height, width), whatever colours they stand for; None for
    a picture of colours. Raises `UserError` as `read_image` does.
    """
    import numpy as np

    def decode(image: Any) -> NDArray[np.uint8] | None:
        _refuse_deep(path, image)
        if image.mode not in {"P", "L"}:
            return None
        turned = orientation_of(path, image)
        image.load()
        return np.array(upright(image, turned), dtype=np.uint8)

    return _read(path, decode)


def _read(path: Path, look: Callable[[Any], _T]) -> _T:
    """Open a picture and look at it. Raises `UserError` in words for whatever is wrong with the file."""
    from PIL import Image

    def open_and_look() -> _T:
        with open_plain_file(path) as file, Image.open(file, formats=FORMATS) as image:
            if image.width * image.height > MOST_PIXELS:
                raise Image.DecompressionBombError
            return look(image)

    try:
        return _within(DECODE_S, path, open_and_look)
    except Image.DecompressionBombError:
        raise UserError(f"{path}: the picture is too large ({MOST_PIXELS:,} pixels at most)") from None
    except FileNotFoundError:
        raise UserError(f"{path}: the picture is not there") from None
    except PermissionError:
        raise UserError(f"{path}: the picture cannot be read: permission denied") from None
    except (OSError, SyntaxError, ValueError, IndexError, OverflowError) as error:
        if isinstance(error, OSError) and error.filename is not None:
            why = error.strerror or "not a file"
            raise UserError(f"{path}: the picture cannot be read: {why}") from None
        raise _unreadable(path) from None


def _within(seconds: float, path: Path, work: Callable[[], _T]) -> _T:
    """What the work gives or raises; `UserError` where it takes longer. A decoder cannot be stopped from outside: one
    that never ends is left behind in a thread that ends with the process.
    """
    done: list[_T] = []
    faults: list[BaseException] = []

    def one() -> None:
        try:
            done.append(work())
        except BaseException as fault:
            faults.append(fault)

    thread = threading.Thread(target=one, name=f"decoding {path.name}", daemon=True)
    thread.start()
    thread.join(seconds)
    if faults:
        raise faults[0]
    if not done:
        raise UserError(
            f"{path}: the picture was not decoded within {seconds:g} s",
            "Save it anew with another program, or leave it out.",
        )
    return done[0]


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
    return _read(
        path,
        lambda image: Described(
            image.mode in _GREY_MODES, orientation_of(path, image) != 1, color_in_words(path, image)
        ),
    )


def _unreadable(path: Path) -> UserError:
    """What is wrong with a file whose content is no picture."""
    try:
        with open_plain_file(path) as file:
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
    if _is_deep(path, image):
        raise UserError(
            f"{path}: has more than 8 bits a channel; bakeoff scores 8-bit pictures",
            "Convert it to 8 bits yourself, so that you decide how it is rounded; image_to_image does it where the"
            ' experiment says deep = "round" below [data].',
        )
    _refuse_frames(path, image)


def _is_deep(path: Path, image: Any) -> bool:
    return bool(image.mode.startswith(("I", "F"))) or _bits(path, image) > 8


def _refuse_frames(path: Path, image: Any) -> None:
    # A camera's JPEG may hold a preview or a second view behind the picture (MPF): the first is what viewers show.
    if getattr(image, "n_frames", 1) > 1 and image.format != "MPO":
        raise UserError(f"{path}: holds {image.n_frames} frames; give one picture a file")


def _bits(path: Path, image: Any) -> int:
    """Bits a channel in the file, where its format has several and says so; else 8."""
    with open_plain_file(path) as file:
        head = file.read(512)
    if head.startswith(_PNG_SIGNATURE) and len(head) > 24:
        return head[24]
    if image.format == "TIFF":
        return max(image.tag_v2.get(_TIFF_BITS_PER_SAMPLE, (8,)), default=8)
    if image.format == "PPM":
        words = re.sub(rb"#[^\n]*", b"", head).split()
        return 16 if words[0] in {b"P2", b"P3", b"P5", b"P6"} and int(words[3]) > 255 else 8
    return 8


def _as_rgb_or_grey(path: Path, image: Any, alpha: str) -> Any:
    if "transparency" in image.info:  # a colour, or an entry of the palette, that stands for nothing
        image = image.convert("RGBA")
    if image.mode in {"RGBA", "LA", "PA", "La", "RGBa"}:
        low, _ = image.getchannel("A").getextrema()
        if low < 255 and alpha.startswith("over "):
            return _laid_over(image.convert("RGBA"), alpha.removeprefix("over "))
        if low < 255 and alpha != "ignore":
            raise UserError(
                f"{path}: is partly transparent; a model sees no transparency",
                "Flatten it onto a background first; image_to_image does it where the experiment says so, such as"
                ' alpha = "over white" below [data].',
            )
        return image.convert("L" if image.mode in _GREY_MODES else "RGB")
    if image.mode in {"RGB", "L"}:
        return image
    if image.mode in {"1", "P"}:
        return image.convert("L" if image.mode == "1" else "RGB")
    raise UserError(f"{path}: has the colour mode {image.mode}; convert it to RGB")


def _laid_over(image: Any, color: str) -> Any:
    """An RGBA picture over one colour: round(a·picture + (1 − a)·colour), on the levels as the file has them."""
    import numpy as np
    from PIL import Image, ImageColor

    values = np.array(image, dtype=np.float64)
    share, background = values[..., 3:] / 255.0, np.array(ImageColor.getrgb(color)[:3], dtype=np.float64)
    return Image.fromarray(np.rint(share * values[..., :3] + (1.0 - share) * background).astype(np.uint8), "RGB")


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
