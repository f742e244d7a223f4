"""What makes an output no picture, though it has a picture's shape: not a number, nothing in it, clipped, or shares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from harness.tasks.image_to_image.spread_pixels import spread_pixels, spread_tensor

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.tasks.image_to_image.codec import Codec

Fault = Literal["not finite", "black", "constant", "clipped", "colourless", "shares"]

FAULT_WORDS: dict[Fault, str] = {
    "not finite": "values that are not finite (NaN or infinite)",
    "black": "nothing but black",
    "constant": "a single colour",
    "clipped": "most values cut off at black or white",
    "colourless": "hardly any colour, where the references have some,",
    "shares": "channels that sum to one, as shares of classes do and pictures do not",
}
_CLIPPED_SHARE = 0.5
_SHARES_WITHIN = 0.02
_FEWEST_LEVELS = 2.0
_COLOURED_LEVELS = 12.0
"""Mean distance of a pixel's channels from each other, in levels, from which a picture is one of colours."""
_COLOURLESS_SHARE = 0.1


def output_faults(
    codec: Codec, tensor: NDArray[np.generic], picture: NDArray[np.uint8] | None, reference: NDArray[np.uint8]
) -> list[Fault]:
    """What is wrong with one output of an arm. `picture` is what it was decoded to, None where it could not be.

    A reference that is itself one colour, or mostly black and white, or grey, makes such an output right. Shares of
    pixels are those of a grid of them all over the picture.
    """
    if picture is None:
        return ["not finite"] if _holds_what_is_not_finite(tensor) else []
    seen, wanted = (spread_pixels(each) for each in (picture, reference))
    found: list[Fault] = []
    if _levels_apart(seen) <= 1 and _levels_apart(picture) <= 1 < _levels_apart(reference):
        found.append("black" if picture.max() <= _FEWEST_LEVELS else "constant")
    elif _saturated(seen) > _CLIPPED_SHARE and _saturated(wanted) < _saturated(seen) / 2.0:
        found.append("clipped")
    elif _colour(seen) < _COLOURLESS_SHARE * _colour(wanted) and _colour(wanted) > _COLOURED_LEVELS:
        found.append("colourless")
    if codec.channels == 3 and _are_shares(codec.planes(spread_tensor(codec, tensor))):
        found.append("shares")
    return found


def _holds_what_is_not_finite(tensor: NDArray[np.generic]) -> bool:
    import numpy as np

    return tensor.dtype.kind == "f" and not bool(np.isfinite(tensor).all())


def _levels_apart(picture: NDArray[np.uint8]) -> int:
    """The largest difference of a channel's levels."""
    import numpy as np

    return int(np.ptp(picture, axis=(0, 1)).max())


def _saturated(picture: NDArray[np.uint8]) -> float:
    import numpy as np

    return float(np.mean((picture == 0) | (picture == 255)))


def _colour(picture: NDArray[np.uint8]) -> float:
    """How far apart the channels of a pixel are, in levels, on average."""
    import numpy as np

    return float(np.mean(picture.max(axis=2).astype(np.int16) - picture.min(axis=2)))


def _are_shares(planes: NDArray[np.float64]) -> bool:
    """Softmax over the channels: never negative, a sum of one at every pixel, and not one colour alone."""
    import numpy as np

    sums = planes.sum(axis=2)
    near_one = np.abs(sums - 1.0) <= _SHARES_WITHIN
    return bool(
        planes.min() >= -_SHARES_WITHIN
        and np.mean(near_one) >= 0.99
        and np.ptp(planes, axis=(0, 1)).max() > 2.0 * _SHARES_WITHIN
    )
