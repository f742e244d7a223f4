"""The images that set the ranges of the int8 activations: training photographs, never test ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from metrics.image.bicubic import imresize
from superres import SCALE
from superres.photographs import TRAINING, load
from superres.tiles import richest_tiles

TILES_PER_PHOTOGRAPH = 4


def calibration_images() -> list[NDArray[np.uint8]]:
    """(96, 96, 3) uint8 low-resolution tiles of the training photographs."""
    return [
        imresize(tile, 1.0 / SCALE)
        for photograph in TRAINING
        for tile in richest_tiles(load(photograph), TILES_PER_PHOTOGRAPH)
    ]
