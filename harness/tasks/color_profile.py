"""What colours a file's numbers stand for: an ICC profile, or PNG's cICP, sRGB, gAMA and cHRM, converted to sRGB.

References and outputs are compared as sRGB, which is what models are trained on and what a file without a word means.
The same colours in Display P3 are other numbers, some 20 dB away.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import UserError
from harness.tasks.color_tags import tagged_color
from harness.tasks.orientation import png_chunks

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

REMEDY = "Convert it to sRGB first, so that you decide how."
_SAME_LEVELS = 2
"""A profile that moves no colour by more is sRGB under another name."""
_SRGB_PRIMARIES = (0.3127, 0.3290, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
"""x and y of white, red, green, blue (IEC 61966-2-1)."""
_BRADFORD = ((0.8951, 0.2664, -0.1614), (-0.7502, 1.7135, 0.0367), (0.0389, -0.0685, 1.0296))


@dataclass(frozen=True)
class SaidColor:
    """What a file says of its colours; None for each that it does not say, or that is sRGB's own."""

    profile: bytes | None
    gamma: float | None
    primaries: tuple[float, ...] | None


def color_of(path: Path, image: Image.Image) -> SaidColor:
    """Of an open picture, before it is loaded. Raises `UserError` for colours that are told without a profile, are not
    sRGB and are not converted: of a PNG by cICP, of a TIFF or a camera's file by tags.
    """
    profile = image.info.get("icc_profile")
    if profile:
        return SaidColor(bytes(profile), None, None)
    tagged = tagged_color(image)
    if tagged is not None:
        raise UserError(f"{path}: its colours are not sRGB ({tagged}), and it has no profile", REMEDY)
    return SaidColor(None, *_png_colours(path, image))


def color_in_words(path: Path, image: Image.Image) -> str | None:
    """What an open picture's file says of its colours, where that is not plain sRGB: `Display P3`, `gAMA 1`; a profile
    that is sRGB is named too. None where it says nothing, or sRGB in PNG's own words.
    """
    said = color_of(path, image)
    if said.profile is not None:
        return _description(path, said.profile)
    parts = [
        f"gAMA {said.gamma:g}" if said.gamma is not None else "",
        "cHRM of its own" if said.primaries is not None else "",
    ]
    return " and ".join(part for part in parts if part) or None


def to_srgb(path: Path, image: Image.Image, said: SaidColor) -> Image.Image:
    """A loaded RGB or grey picture as sRGB. `said` is what its file said when it was opened.

    Raises `UserError` for a profile that cannot be used, or is for another kind of picture.
    """
    if said.profile is not None:
        return _by_profile(path, image, said.profile)
    if said.gamma is None and said.primaries is None:
        return image
    return _by_gamma(path, image, said.gamma, said.primaries)


def _description(path: Path, profile: bytes) -> str:
    from PIL import ImageCms

    try:
        opened = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        return " ".join(ImageCms.getProfileDescription(opened).split())[:80] or "a profile without a name"
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        raise UserError(f"{path}: its colour profile is damaged", REMEDY) from None


def _by_profile(path: Path, image: Image.Image, profile: bytes) -> Image.Image:
    import numpy as np
    from PIL import Image as Pillow
    from PIL import ImageCms

    name = _description(path, profile)
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        space = source.profile.xcolor_space.strip()
        mode = {"RGB": "RGB", "GRAY": "L"}.get(space)
        if mode is None:
            raise UserError(f"{path}: its colour profile {name!r} is for {space} pictures", REMEDY)
        if mode == "L" and image.mode == "RGB":
            raise UserError(f"{path}: is in colour, and its colour profile {name!r} is for grey pictures", REMEDY)
        transform = ImageCms.buildTransform(
            source, ImageCms.createProfile("sRGB"), mode, "RGB", ImageCms.Intent.RELATIVE_COLORIMETRIC
        )
        if mode == "L":
            ramp = np.arange(256, dtype=np.uint8)[None]
        else:
            steps = np.linspace(0, 255, 9).astype(np.uint8)
            ramp = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(1, -1, 3)
        seen = np.asarray(ImageCms.applyTransform(Pillow.fromarray(ramp, mode), transform)).astype(int)
        given = ramp[..., None].astype(int) if mode == "L" else ramp.astype(int)
        if np.abs(seen - given).max() <= _SAME_LEVELS:
            return image
        converted = ImageCms.applyTransform(image if image.mode == mode else image.convert(mode), transform)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        raise UserError(f"{path}: its colour profile {name!r} cannot be used", REMEDY) from None
    if converted is None:
        raise UserError(f"{path}: its colour profile {name!r} cannot be used", REMEDY)
    return converted


def _png_colours(path: Path, image: Image.Image) -> tuple[float | None, tuple[float, ...] | None]:
    """(gAMA, cHRM) of a PNG where they are not those of sRGB. cICP and sRGB come first, as in PNG's standard."""
    info = image.info
    if "gamma" not in info and "chromaticity" not in info and image.format != "PNG":
        return None, None
    cicp = png_chunks(path).get(b"cICP") if image.format == "PNG" else None
    if cicp is not None:
        if len(cicp) != 4 or cicp[0] != 1 or cicp[1] != 13:
            raise UserError(f"{path}: its colours are not sRGB (cICP {', '.join(map(str, cicp))})", REMEDY)
        return None, None
    if "srgb" in info:
        return None, None
    gamma = info.get("gamma")
    primaries = info.get("chromaticity")
    if gamma is not None and (gamma <= 0.0 or abs(gamma * 2.2 - 1.0) < 0.02):
        gamma = None
    if primaries is not None and all(
        abs(own - usual) < 0.005 for own, usual in zip(primaries, _SRGB_PRIMARIES, strict=False)
    ):
        primaries = None
    return gamma, primaries


def _by_gamma(path: Path, image: Image.Image, gamma: float | None, primaries: tuple[float, ...] | None) -> Image.Image:
    """Through linear light: samples^(1/gAMA), the primaries' matrix, and sRGB's curve."""
    import numpy as np
    from PIL import Image as Pillow

    levels = np.asarray(image.convert("RGB"), dtype=np.float64) / 255.0
    if gamma is not None:
        linear = levels ** (1.0 / gamma)
    else:
        linear = np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)
    if primaries is not None:
        try:
            matrix = np.linalg.solve(_to_xyz(_SRGB_PRIMARIES), _adapted(_to_xyz(primaries)))
        except (ZeroDivisionError, ValueError, np.linalg.LinAlgError):
            raise UserError(f"{path}: its primaries (cHRM) are no colours", REMEDY) from None
        linear = linear @ matrix.T
    linear = np.clip(linear, 0.0, 1.0)
    encoded = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1.0 / 2.4) - 0.055)
    return Pillow.fromarray(np.clip(np.rint(encoded * 255.0), 0, 255).astype(np.uint8), "RGB")


def _to_xyz(primaries: tuple[float, ...]) -> NDArray[np.float64]:
    """RGB → XYZ, so that RGB of one is the white (Lindbloom)."""
    import numpy as np

    white, *others = (
        np.array([x / y, 1.0, (1.0 - x - y) / y]) for x, y in zip(primaries[::2], primaries[1::2], strict=True)
    )
    columns = np.stack(others, axis=1)
    matrix: NDArray[np.float64] = columns * np.linalg.solve(columns, white)
    return matrix


def _adapted(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """White moved to that of sRGB by Bradford's transform."""
    import numpy as np

    cones = np.array(_BRADFORD)
    own, wanted = (cones @ each.sum(axis=1) for each in (matrix, _to_xyz(_SRGB_PRIMARIES)))
    moved: NDArray[np.float64] = np.linalg.solve(cones, np.diag(wanted / own) @ cones @ matrix)
    return moved
