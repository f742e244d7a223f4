"""Square tiles of photographs: the demo images, and the images that calibrate the int8 models."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from metrics.image.bicubic import imresize
from superres import SCALE

HIGH_SIDE = 192


def richest_tiles(photograph: NDArray[np.uint8], count: int) -> list[NDArray[np.uint8]]:
    """Up to `count` disjoint tiles in which bicubic upscaling loses most, richest first.

    Args:
        photograph: (H, W, 3), uint8, both sides ≥ 192 pixels.
        count: how many tiles at most; a small photograph gives fewer.

    Returns:
        (192, 192, 3) arrays, uint8.
    """
    corners = [(top, left) for top in _spread(photograph.shape[0]) for left in _spread(photograph.shape[1])]
    tiles = [photograph[top : top + HIGH_SIDE, left : left + HIGH_SIDE] for top, left in corners]
    return sorted(tiles, key=_lost_by_bicubic, reverse=True)[:count]


def _spread(length: int) -> list[int]:
    """Where disjoint tiles begin, evenly spread over `length` pixels."""
    count = length // HIGH_SIDE
    gap = (length - count * HIGH_SIDE) // (count + 1)
    return [gap + number * (HIGH_SIDE + gap) for number in range(count)]


def _lost_by_bicubic(tile: NDArray[np.uint8]) -> float:
    upscaled = imresize(imresize(tile, 1.0 / SCALE), float(SCALE))
    return float(np.mean(np.abs(upscaled.astype(np.float64) - tile)))
