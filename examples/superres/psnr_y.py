"""PSNR on the luma of BT.601, cropped at the border: the number that ×2 papers print for Set5."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def luma(image: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Y = 16 + (65.481 R + 128.553 G + 24.966 B)/255, of a (H, W, 3) uint8 image: 16..235."""
    weights = np.array([65.481, 128.553, 24.966]) / 255.0
    return np.asarray(16.0 + image.astype(np.float64) @ weights)


def psnr_y(output: NDArray[np.uint8], reference: NDArray[np.uint8], scale: int) -> float:
    """PSNR in dB of the luma, data range 255, without `scale` pixels at each border.

    Args:
        output, reference: (H, W, 3), uint8, of equal shape.
        scale: the super-resolution factor, ≥ 1.

    Returns:
        dB; +inf for identical crops.

    Raises:
        ValueError: the shapes differ; nothing is resized silently.
    """
    if output.shape != reference.shape:
        raise ValueError(f"output is {output.shape} but the reference is {reference.shape}")
    inner = (slice(scale, -scale), slice(scale, -scale))
    error = luma(output)[inner] - luma(reference)[inner]
    mse = float(np.mean(error**2))
    return float("inf") if mse == 0.0 else 10.0 * float(np.log10(255.0**2 / mse))
