"""Training patches: pairs of low and high resolution from the photographs at several sizes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from metrics.image.bicubic import imresize
from superres import SCALE

# Shrunk copies are sharper than the photographs themselves, several of which were JPEGs.
SIZES = (1.0, 0.8, 0.65, 0.5)


@dataclass(frozen=True)
class ImagePair:
    """One image in two resolutions.

    Attributes:
        low: (3, H, W), uint8.
        high: (3, 2H, 2W), uint8.
    """

    low: Tensor
    high: Tensor


def even(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The (H, W, 3) image without the last row and column that ×2 cannot make."""
    height, width = (side // SCALE * SCALE for side in image.shape[:2])
    return image[:height, :width]


def image_pairs(photographs: Iterable[NDArray[np.uint8]], smallest: int) -> list[ImagePair]:
    """Every photograph at every size, with its low resolution.

    Args:
        photographs: (H, W, 3) arrays, uint8.
        smallest: pairs whose low resolution has a side below this many pixels are left out.
    """
    pairs = []
    for photograph in photographs:
        for size in SIZES:
            high = even(photograph if size == 1.0 else imresize(photograph, size))
            low = imresize(high, 1.0 / SCALE)
            if min(low.shape[:2]) >= smallest:
                pairs.append(ImagePair(_channels_first(low), _channels_first(high)))
    return pairs


def _channels_first(image: NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)))


class PatchSampler:
    """Draws batches of patches; the same seed draws the same batches.

    Args:
        pairs: the images; a pair is drawn in proportion to its area.
        side: of a low-resolution patch, in pixels.
        seed: of the draws.
    """

    def __init__(self, pairs: list[ImagePair], side: int, seed: int) -> None:
        areas = np.array([pair.low[0].numel() for pair in pairs], dtype=np.float64)
        self._pairs = pairs
        self._odds = areas / areas.sum()
        self._side = side
        self._random = np.random.default_rng(seed)

    def batch(self, size: int) -> tuple[Tensor, Tensor]:
        """(size, 3, side, side) and (size, 3, 2·side, 2·side), float32 in 0..1."""
        lows, highs = zip(*(self._patch() for _ in range(size)), strict=True)
        return torch.stack(lows).float() / 255.0, torch.stack(highs).float() / 255.0

    def _patch(self) -> tuple[Tensor, Tensor]:
        pair = self._pairs[int(self._random.choice(len(self._pairs), p=self._odds))]
        top = int(self._random.integers(pair.low.shape[1] - self._side + 1))
        left = int(self._random.integers(pair.low.shape[2] - self._side + 1))
        low = pair.low[:, top : top + self._side, left : left + self._side]
        top, left, side = SCALE * top, SCALE * left, SCALE * self._side
        high = pair.high[:, top : top + side, left : left + side]
        # The eight symmetries of the square, and any order of the colours: the kernel that made the
        # low resolution knows neither.
        symmetry = int(self._random.integers(8))
        flipped = [axis for axis, bit in ((1, 1), (2, 2)) if symmetry & bit]
        low, high = low.flip(flipped), high.flip(flipped)
        if symmetry & 4:
            low, high = low.transpose(1, 2), high.transpose(1, 2)
        colours = torch.from_numpy(self._random.permutation(3))
        return low[colours], high[colours]
