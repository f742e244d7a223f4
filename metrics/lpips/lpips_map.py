"""Where two images differ to the eye: LPIPS position by position, as the authors' code gives it with `spatial=True`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def distance_map(
    reference: Sequence[Floats], output: Sequence[Floats], heads: Sequence[Floats], size: tuple[int, int]
) -> Floats:
    """The weighted squared differences of every tap, brought to one size and summed over taps.

    Args:
        reference: normalised features at every tap, (1, C, h, w), float32.
        output: the same of the output.
        heads: weights of the channels at every tap, (C,).
        size: height and width of the images.

    Returns:
        (height, width), float32. Before they are brought to one size, the means of the taps add up to the distance.
    """
    total = np.zeros(size, np.float32)
    for one, other, weights in zip(reference, output, heads, strict=True):
        difference = one[0] - other[0]
        total += resized(np.einsum("chw,chw,c->hw", difference, difference, weights.reshape(-1), optimize=True), size)
    return total


def resized(values: Floats, size: tuple[int, int]) -> Floats:
    """(h, w) → (height, width), linearly between the centres of pixels, and even beyond the outermost."""
    for axis, length in enumerate(size):
        places = (np.arange(length) + 0.5) * (values.shape[axis] / length) - 0.5
        low = np.clip(np.floor(places).astype(np.int64), 0, values.shape[axis] - 1)
        high = np.minimum(low + 1, values.shape[axis] - 1)
        share = np.clip(places - low, 0.0, 1.0).astype(np.float32).reshape((-1, 1) if axis == 0 else (1, -1))
        values = values.take(low, axis) * (1.0 - share) + values.take(high, axis) * share
    return values
