"""Other ways to read an output as a picture: what the usual mistakes in an experiment look like, tried one by one.

A mistake that both arms share changes nothing in their comparison, so it shows only here: where another channel order,
range, gamma, orientation or position brings an output much closer to its reference, the experiment most likely reads it
wrongly.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.tasks.image_to_image.spread_pixels import spread_pixels, spread_tensor

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from harness.tasks.image_to_image.codec import Codec

RANGES = ((0.0, 1.0), (-1.0, 1.0), (0.0, 255.0))
"""Values of black and white that models are trained with."""
TRIED = "range, limited range, channel order, gamma, a turned or mirrored picture, a shift of a pixel or less"
_LIMITED = {
    "a limited range (black and white of the output are 16 and 235 of 255, as in video)": (16.0 / 255.0, 235.0 / 255.0),
    "a range that was stretched (black and white of the references are 16 and 235 of 255, as in video)": (
        -16.0 / 219.0,
        239.0 / 219.0,
    ),
}
"""Words → black and white as shares of the declared range."""
_EXPONENTS = (0.45, 0.56, 0.67, 0.83, 1.2, 1.5, 1.8, 2.2)
_CROP = 256
"""Side in pixels of the middle that is looked at for a shift."""
_FARTHEST_PX = 2.0
EXACT_DB = 100.0
"""What identical pictures count as."""


@dataclass(frozen=True)
class Offset:
    """Where an output lies beside its reference, in pixels of the reference: positive is too far down, to the right."""

    down_px: float
    right_px: float

    def distance_px(self, other: Offset | None = None) -> float:
        """From another one, or from no offset at all."""
        down, right = (other.down_px, other.right_px) if other is not None else (0.0, 0.0)
        return float(((self.down_px - down) ** 2 + (self.right_px - right) ** 2) ** 0.5)


def psnr_db(picture: NDArray[np.uint8], reference: NDArray[np.uint8]) -> float:
    """Over all channels; infinite for identical pictures. Raises `metrics.errors.MetricInputError` for other shapes."""
    from metrics.image.psnr import Psnr
    from metrics.metric import MetricSettings

    return Psnr(MetricSettings()).prepare(reference).score(picture)


def other_readings(
    codec: Codec, tensor: NDArray[np.generic], image: NDArray[np.uint8], reference: NDArray[np.uint8]
) -> dict[str, float]:
    """Words for a mistake → by how many dB PSNR against the reference would be higher were it the one made. `image` is
    the input picture.

    `tensor` is an output that `codec` can decode to a picture of the reference's shape. What is compared is a grid of
    pixels all over it: a mistake of which decibels are to be told is in every pixel. Identical pictures have
    `EXACT_DB`.
    """
    tensor, reference = spread_tensor(codec, tensor), spread_pixels(reference)
    own = min(psnr_db(codec.decode(tensor, image), reference), EXACT_DB)
    return {
        words: min(psnr_db(picture, reference), EXACT_DB) - own
        for words, picture in _readings(codec, tensor, image, reference)
    }


def _readings(
    codec: Codec, tensor: NDArray[np.generic], image: NDArray[np.uint8], reference: NDArray[np.uint8]
) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    import numpy as np

    picture = codec.decode(tensor, image)
    if codec.channels == 3:
        yield (
            "another channel order (blue first, where the experiment says red first)",
            np.ascontiguousarray(picture[..., ::-1]),
        )
    for bounds in RANGES:
        if bounds != codec.output_range:
            low, high = (f"{value:g}" for value in bounds)
            other = codec.model_copy(update={"output_range": bounds})
            yield f"another range (the output with black and white as {low} and {high})", other.decode(tensor, image)
    for words, (black, white) in _LIMITED.items():
        start, width = codec.output_range[0], codec.output_range[1] - codec.output_range[0]
        bounds = (start + black * width, start + white * width)
        yield words, codec.model_copy(update={"output_range": bounds}).decode(tensor, image)
    if codec.channels == 1:
        other = codec.model_copy(update={"luma": "full" if codec.luma == "studio" else "studio"})
        key = "y_full" if codec.luma == "studio" else "y"
        yield f'another luma (`color = "{key}"`)', other.decode(tensor, image)
    yield "another gamma (the output is linear light)", _through(picture, _srgb_of_linear())
    yield "another gamma (the output is one sRGB curve too bright)", _through(picture, _linear_of_srgb())
    exponent = _exponent(picture, reference)
    if exponent is not None:
        yield f"another gamma (the output raised to the power of {exponent:g})", _through(picture, _power_of(exponent))
    for words, turned in (
        ("a picture turned by 180°", picture[::-1, ::-1]),
        ("a picture on its side", picture.transpose(1, 0, 2)[:, ::-1]),
        ("a picture on its other side", picture.transpose(1, 0, 2)[::-1]),
        ("a mirrored picture", picture[:, ::-1]),
        ("a picture upside down", picture[::-1]),
    ):
        if turned.shape == reference.shape:
            yield words, np.ascontiguousarray(turned)


def offset_of(picture: NDArray[np.uint8], reference: NDArray[np.uint8]) -> Offset | None:
    """How far a picture lies beside its reference, found from the slopes of both (Lucas and Kanade 1981, three steps);
    None where there is too little in the picture to tell, or it is farther than two pixels.
    """
    import numpy as np
    from scipy.ndimage import gaussian_filter, shift

    made = np.asarray(gaussian_filter(_middle(picture), 1.0), dtype=np.float64)
    wanted = np.asarray(gaussian_filter(_middle(reference), 1.0), dtype=np.float64)
    total = np.zeros(2)
    for _ in range(3):
        moved = np.asarray(shift(made, -total, order=3, mode="nearest"), dtype=np.float64) if total.any() else made
        down, right = (np.asarray(np.gradient(moved, axis=axis), dtype=np.float64) for axis in (0, 1))
        inner = (slice(4, -4), slice(4, -4))
        slopes = np.stack([down[inner].ravel(), right[inner].ravel()])
        products = slopes @ slopes.T
        if moved[inner].size == 0 or np.linalg.det(products) <= 1e-6 * max(np.trace(products), 1.0) ** 2:
            return None
        total = total - np.linalg.solve(products, slopes @ (moved - wanted)[inner].ravel())
        if np.abs(total).max() > _FARTHEST_PX:
            return None
    return Offset(float(total[0]), float(total[1]))


def gain_if_moved_db(picture: NDArray[np.uint8], reference: NDArray[np.uint8], offset: Offset) -> float:
    """By how many dB of PSNR of the middle's luma a picture gains that is moved back by `offset`."""
    import numpy as np
    from scipy.ndimage import shift

    made, wanted = _middle(picture), _middle(reference)
    moved = shift(made, (-offset.down_px, -offset.right_px), order=3, mode="nearest")
    inner = (slice(4, -4), slice(4, -4))
    before, after = (float(np.mean((each - wanted)[inner] ** 2)) for each in (made, moved))
    return 10.0 * float(np.log10(max(before, 1e-9) / max(after, 1e-9)))


def _middle(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    import numpy as np

    top, left = (max(0, (side - _CROP) // 2) for side in picture.shape[:2])
    crop = picture[top : top + _CROP, left : left + _CROP].astype(np.float64)
    middle: NDArray[np.float64] = crop @ np.array([0.299, 0.587, 0.114])
    return middle


def _through(picture: NDArray[np.uint8], curve: NDArray[np.float64]) -> NDArray[np.uint8]:
    import numpy as np

    levels: NDArray[np.uint8] = np.clip(np.rint(curve * 255.0), 0, 255).astype(np.uint8)
    return levels[picture]


def _exponent(picture: NDArray[np.uint8], reference: NDArray[np.uint8]) -> float | None:
    """The power that brings a picture nearest to its reference, by least squares of the logarithms of the middle's
    levels, as the nearest of a few; None where that is about 1.
    """
    import numpy as np

    made, wanted = (_middle(each) / 255.0 for each in (picture, reference))
    told = (made > 0.04) & (made < 0.96) & (wanted > 0.04) & (wanted < 0.96)
    if np.count_nonzero(told) < 100:
        return None
    from_log, to_log = np.log(made[told]), np.log(wanted[told])
    power = float(from_log @ to_log / (from_log @ from_log))
    if not 0.4 <= power <= 2.5:
        return None
    return min((*_EXPONENTS, None), key=lambda each: abs(math.log(power) - math.log(each or 1.0)))


def _power_of(exponent: float) -> NDArray[np.float64]:
    import numpy as np

    power: NDArray[np.float64] = (np.arange(256) / 255.0) ** exponent
    return power


def _linear_of_srgb() -> NDArray[np.float64]:
    """IEC 61966-2-1, for the 256 levels."""
    import numpy as np

    level = np.arange(256) / 255.0
    return np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4)


def _srgb_of_linear() -> NDArray[np.float64]:
    import numpy as np

    level = np.arange(256) / 255.0
    return np.where(level <= 0.0031308, level * 12.92, 1.055 * level ** (1.0 / 2.4) - 0.055)
