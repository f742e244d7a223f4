"""The floor of an image-to-image run: plain bicubic of each input against its reference.

No model is needed for it, so every model should lie above it. A model far below, or a floor that is itself hardly a
picture of its reference, says that pairs, ranges, channels or positions are wrong, in both arms alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FLOOR_METRICS = ("psnr", "psnr_y", "ssim", "ssim_y")
"""What the floor is told in, where the experiment asks for it; PSNR over all channels is always computed."""
LOWEST_FLOOR_DB = 15.0
"""PSNR, mean over the images. Inputs that are smaller, blurred or noisy copies of their references lie above it; pairs
that do not belong together lie at 8 to 13 dB.
"""
DEFAULT_BELOW_DB = 4.0
"""How far an arm may lie below the floor. Networks trained for looks rather than for PSNR lie 1 to 3 dB below."""


_SURELY_PAIRED_DB = 20.0
_FAR_ABOVE_DB = 5.0


def floor_is_doubtful(floor_db: float, arms_db: list[float]) -> bool:
    """Whether a floor says that pairs do not belong together. Not where every arm comes close to the references from
    inputs that are far from them, as where dark pictures are made light: pairs that did not match could not be that.
    """
    proven = bool(arms_db) and min(arms_db) >= max(_SURELY_PAIRED_DB, floor_db + _FAR_ABOVE_DB)
    return floor_db < LOWEST_FLOOR_DB and not proven


def plain_bicubic(image: NDArray[np.uint8], scale: int) -> NDArray[np.uint8]:
    """uint8 (height, width, 3) → uint8 (scale·height, scale·width, 3), by MATLAB's imresize; the picture itself where
    `scale` is 1.
    """
    import numpy as np

    from metrics.image.bicubic import imresize

    return image if scale == 1 else imresize(image, float(scale)).astype(np.uint8)
