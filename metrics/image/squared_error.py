"""The sum of squared errors of two images, exact for uint8."""

from __future__ import annotations

import numpy as np

from metrics.image.image import Image


def squared_error(reference: Image, output: Image) -> float:
    """Σ (output − reference)² over all pixels and channels of two images of one shape and dtype, as float64.

    Of uint8 it is a whole number, exact: OpenCV forms it without a copy in float64, and gives it as the square of a
    rounded root, within 10⁻¹⁵ of itself, so that rounding to a whole number restores it (below 10¹⁴, which 512
    megapixels of the largest error have).
    """
    if reference.dtype == output.dtype == np.uint8:
        import cv2

        found = cv2.norm(np.ascontiguousarray(output), np.ascontiguousarray(reference), cv2.NORM_L2SQR)
        return float(round(found))
    error = np.subtract(output, reference, dtype=np.float64).ravel()
    return float(np.dot(error, error))
