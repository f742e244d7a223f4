"""The next coarser scale of an image."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def halved(planes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Means of 2×2 pixels of planes (C, H, W), the last row or column of an odd size repeated; (C, ⌈H/2⌉, ⌈W/2⌉)."""
    _, height, width = planes.shape
    even = np.pad(planes, ((0, 0), (0, height % 2), (0, width % 2)), mode="edge") if height % 2 or width % 2 else planes
    made = even[:, ::2, ::2] + even[:, 1::2, ::2]
    made += even[:, ::2, 1::2]
    made += even[:, 1::2, 1::2]
    made *= 0.25
    return np.asarray(made, np.float64)
