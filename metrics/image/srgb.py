"""sRGB values as linear light, for metrics of colour."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from metrics.image.image import Image


def linear_light(image: Image, data_range: float) -> NDArray[np.float64]:
    """Linear RGB of sRGB values (IEC 61966-2-1).

    Args:
        image: (H, W, 3) RGB or (H, W) grey, which is repeated in all three channels.
        data_range: of the image; values outside of 0..`data_range` are clipped, as a display would.

    Returns:
        (H, W, 3), float64, 0..1.
    """
    if image.dtype.kind == "u":
        linear = _of_levels(256 if image.dtype == np.uint8 else 65536, data_range)[image]
    else:
        linear = _to_linear(np.clip(image.astype(np.float64) / data_range, 0.0, 1.0))
    return linear if linear.ndim == 3 else np.repeat(linear[..., None], 3, axis=2)


@lru_cache(maxsize=4)
def _of_levels(count: int, data_range: float) -> NDArray[np.float64]:
    """Linear light of each level of an unsigned integer, (count,)."""
    return _to_linear(np.minimum(np.arange(count) / data_range, 1.0))


def _to_linear(encoded: NDArray[np.float64]) -> NDArray[np.float64]:
    linear: NDArray[np.float64] = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    return linear
