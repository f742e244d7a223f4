"""Bicubic resizing as MATLAB's `imresize` does it, which is what "bicubic" means in super-resolution papers."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

_SUPPORT = 4.0
"""Width of the cubic kernel in input pixels, before it is stretched for shrinking."""
_BLOCK_VALUES = 1 << 15
"""Values that are summed together: 256 kB twice fit into a core's second-level cache."""


def imresize(image: NDArray[np.generic], scale: float) -> NDArray[np.generic]:
    """Resize by `scale`, antialiased when shrinking, symmetric at the borders; rows first, then columns.

    Args:
        image: (H, W) or (H, W, C); uint8, float32 or float64.
        scale: factor of both axes, > 0.

    Returns:
        (⌈H·scale⌉, ⌈W·scale⌉[, C]). uint8 gives uint8, rounded and clipped also between the two passes, as MATLAB does
        (without that, one sample in ten differs); floating point gives float64, neither rounded nor clipped.

    Raises:
        ValueError: another dtype or number of axes, or a scale that is not positive.
    """
    if image.dtype not in (np.uint8, np.float32, np.float64):
        raise ValueError(f"image is {image.dtype}: uint8, float32 or float64 can be resized")
    if image.ndim not in (2, 3) or image.size == 0:
        raise ValueError(f"image has shape {image.shape}: (H, W) or (H, W, C) can be resized")
    if not (math.isfinite(scale) and scale > 0):
        raise ValueError(f"scale must be a positive number, not {scale!r}")
    resized: NDArray[np.generic] = image if image.dtype == np.uint8 else image.astype(np.float64)
    for axis in (0, 1):
        resized = _resize_axis(resized, axis, scale)
    return resized


def round_to_uint8(image: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Round half up, as MATLAB does for values that are not negative, and clip to 0..255."""
    rounded: NDArray[np.uint8] = np.clip(np.floor(image + 0.5), 0, 255).astype(np.uint8)
    return rounded


def _resize_axis(image: NDArray[np.generic], axis: int, scale: float) -> NDArray[np.generic]:
    """Of uint8 as such, rounded; of float64 as such.

    Block by block, so that what lies between taps stays in a core's cache; sums are in the order of the taps, so that
    the blocks do not show in the last bit.
    """
    taps = _taps(image.shape[axis], scale)
    shape = list(image.shape)
    shape[axis] = len(taps[0][0])
    resized: NDArray[np.generic] = np.empty(shape, image.dtype)
    rows = max(1, _BLOCK_VALUES // max(1, math.prod(shape[1:])))
    for start in range(0, shape[0], rows):
        block = slice(start, min(start + rows, shape[0]))
        total = np.empty(resized[block].shape)
        part, product = np.empty(total.shape, image.dtype), np.empty_like(total)
        for place, (source, weight) in enumerate(taps):
            if axis == 0:
                np.take(image, source[block], axis=0, out=part, mode="clip")
                each = weight[block].reshape((-1,) + (1,) * (image.ndim - 1))
            else:
                np.take(image[block], source, axis=1, out=part, mode="clip")
                each = weight.reshape((1, -1) + (1,) * (image.ndim - 2))
            if place == 0:
                np.multiply(part, each, out=total)
            else:
                total += np.multiply(part, each, out=product)
        resized[block] = round_to_uint8(total) if image.dtype == np.uint8 else total
    return resized


def _taps(length: int, scale: float) -> list[tuple[NDArray[np.intp], NDArray[np.float64]]]:
    """For each tap of the kernel: the input index and the weight, for every output position; arrays (⌈length·scale⌉,).

    Pixel centres lie at half-integers, so output i sees input position (i + ½)/scale − ½.
    """
    shrink = min(scale, 1.0)  # a kernel stretched by 1/shrink removes what the coarser grid cannot hold
    centre = (np.arange(math.ceil(length * scale)) + 0.5) / scale - 0.5
    first = np.floor(centre - _SUPPORT / shrink / 2.0).astype(np.intp)
    sources = [first + tap for tap in range(math.ceil(_SUPPORT / shrink) + 2)]
    weights = [shrink * _cubic(shrink * (centre - source)) for source in sources]
    total = np.sum(weights, axis=0)
    # Symmetric border: … 1 0 | 0 1 2 … n−1 | n−1 n−2 …
    folded = [np.mod(source, 2 * length) for source in sources]
    mirrored = [np.where(source < length, source, 2 * length - 1 - source) for source in folded]
    return [(source, weight / total) for source, weight in zip(mirrored, weights, strict=True) if np.any(weight != 0.0)]


def _cubic(distance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cubic convolution kernel with a = −½ (Keys 1981)."""
    d = np.abs(distance)
    inner = 1.5 * d**3 - 2.5 * d**2 + 1.0
    outer = -0.5 * d**3 + 2.5 * d**2 - 4.0 * d + 2.0
    return np.where(d <= 1.0, inner, np.where(d <= 2.0, outer, 0.0))
