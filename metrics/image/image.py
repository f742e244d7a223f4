"""What an image is to a metric, and the checks that every metric makes before it computes anything."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from metrics.errors import MetricInputError

Image = NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.float32] | NDArray[np.float64]
"""(H, W, 3) RGB or (H, W) grey; uint8, or uint16 or floating point with a declared data range from 0."""

_DTYPES = (np.dtype(np.uint8), np.dtype(np.uint16), np.dtype(np.float32), np.dtype(np.float64))
_RANGES_OF_UINT16 = tuple(2.0**bits - 1.0 for bits in range(9, 17))


def check_reference(reference: Image, data_range: float) -> None:
    """Refuse a reference that no metric can use.

    Raises:
        MetricInputError: the array is not an image, its values are not finite, or `data_range` cannot be its range.
    """
    _check_image("reference", reference)
    if reference.dtype == np.uint8 and data_range != 255.0:
        raise MetricInputError(f"the images are uint8, whose data range is 255, but {data_range:g} is declared")
    if reference.dtype == np.uint16 and data_range not in _RANGES_OF_UINT16:
        raise MetricInputError(
            f"the images are uint16, whose data range is 65535 (1023 for 10 bits, 4095 for 12), but {data_range:g} is "
            "declared"
        )
    if reference.dtype.kind == "f":
        _check_values_fit(reference, data_range)


def check_output(reference: Image, output: Image) -> None:
    """Refuse an output that cannot be compared with the reference as it is; nothing is resized or converted.

    Raises:
        MetricInputError: shapes or dtypes differ (both are named), or values are not finite.
    """
    if output.shape != reference.shape:
        raise MetricInputError(
            f"output has shape {_shape(output)} but the reference has {_shape(reference)}: "
            "nothing is resized; check the model's scale and the pairing of files"
        )
    if output.dtype != reference.dtype:
        raise MetricInputError(
            f"output is {output.dtype} but the reference is {reference.dtype}: convert one of them deliberately"
        )
    _check_image("output", output)


def check_data_range(data_range: float) -> None:
    """Refuse a data range that is not a positive finite number.

    Raises:
        MetricInputError: `data_range` is zero, negative, infinite or NaN.
    """
    if not (np.isfinite(data_range) and data_range > 0):
        raise MetricInputError(f"data_range must be a positive number, not {data_range!r}")


def _check_image(role: str, image: Image) -> None:
    if image.dtype not in _DTYPES:
        raise MetricInputError(f"{role} is {image.dtype}: uint8, uint16, float32 or float64 are understood")
    if not (image.ndim == 2 or (image.ndim == 3 and image.shape[2] == 3)):
        raise MetricInputError(
            f"{role} has shape {_shape(image)}: an image is (H, W, 3) RGB or (H, W) grey; drop an alpha channel first"
        )
    if image.size == 0:
        raise MetricInputError(f"{role} has shape {_shape(image)}: it has no pixels")
    if image.dtype != np.uint8:
        wrong = int(image.size - np.count_nonzero(np.isfinite(image)))
        if wrong:
            raise MetricInputError(
                f"{role} has {wrong} values of {image.size} that are NaN or infinite: the model's output is broken"
            )


def _check_values_fit(reference: Image, data_range: float) -> None:
    """Refuse floating-point values that are plainly of another range: scores against it would look excellent."""
    largest = float(reference.max())
    if largest > 1.5 * data_range:
        raise MetricInputError(f"reference reaches {largest:g}, but a data range of {data_range:g} is declared")
    in_unit_range = 0.0 < largest <= 1.0 and float(reference.min()) >= 0.0
    if data_range >= 255.0 and in_unit_range and bool(np.any(reference % 1.0)):
        raise MetricInputError(
            f"reference lies in 0..1, but a data range of {data_range:g} is declared: everything would look alike"
        )


def _shape(image: Image) -> str:
    return " × ".join(str(length) for length in image.shape)
