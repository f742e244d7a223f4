"""A pair of images that needs no file, and the distances that true LPIPS weights give for it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

_GOLDEN = {"alex": 0.070599, "squeeze": 0.037095, "vgg": 0.119693}
"""Distances of the pair by the authors' code: the `lpips` package 0.1.4 under PyTorch 2.13, ImageNet trunks."""
_TOLERANCE = 1e-4
_SIDE = 64


def pair() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """A reference with edges, gradients and texture, and a degraded copy of it; both (64, 64, 3) uint8.

    Integer arithmetic only, so that every machine makes the same bytes.
    """
    y, x, channel = np.meshgrid(np.arange(_SIDE), np.arange(_SIDE), np.arange(3), indexing="ij")
    checks = ((x // 8 + y // 8) % 2) * 90
    texture = (x * x * (3 + channel) + y * y * 5 + x * y * 7) % 61
    reference = (checks + texture + (channel + 1) * (x + y) // 3) % 256
    noise = (x * 7919 + y * 104_729 + channel * 1_299_709) % 101 - 50
    blocks = reference[y // 4 * 4, x // 4 * 4, channel]
    output = np.clip((2 * blocks + reference) // 3 + noise // 2, 0, 255)
    return reference.astype(np.uint8), output.astype(np.uint8)


def check_distances(net: str, distance: Callable[[NDArray[np.float32], NDArray[np.float32]], float]) -> str | None:
    """What is wrong with a network's distances, or None if they are right.

    Args:
        net: the network's name.
        distance: of two (1, 3, H, W) float32 tensors in [−1, 1].
    """
    reference, output = ((image.astype(np.float32) / 127.5 - 1.0).transpose(2, 0, 1)[None] for image in pair())
    found, expected = distance(reference, output), _GOLDEN[net]
    if abs(found - expected) > _TOLERANCE or np.isnan(found):
        return f"give a distance of {found:.6f} where the authors' code gives {expected:.6f}"
    same = distance(reference, reference)
    return None if same == 0.0 else f"give a distance of {same:.6f} between identical images"
