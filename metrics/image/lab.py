"""CIE L*a*b* of sRGB images, and the colour difference of 2000 between two such images."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from metrics.image.cube_root import cube_root

Floats = NDArray[np.float64]

# Linear sRGB to XYZ (IEC 61966-2-1), each row divided by the white point D65 of the 2° observer, so that white is 1.
_TO_XYZ = np.array([[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]])
_WHITE = np.array([0.95047, 1.0, 1.08883])
_TO_RELATIVE_XYZ = _TO_XYZ / _WHITE[:, None]


def lab_of_linear(linear: Floats) -> tuple[Floats, Floats, Floats]:
    """L* (0..100), a* and b* of linear sRGB (…, 3), each (…), float64 (CIE 15:2004)."""
    x, y, z = (_compressed(linear @ row) for row in _TO_RELATIVE_XYZ)
    return 116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)


def _compressed(relative: Floats) -> Floats:
    """Cube root, and a straight line below (6/29)³."""
    return np.where(relative > 0.008856, cube_root(relative), 7.787 * relative + 16.0 / 116.0)


def ciede2000(one: tuple[Floats, Floats, Floats], other: tuple[Floats, Floats, Floats]) -> Floats:
    """ΔE2000 of two colours, each L*, a*, b* of one shape; kL = kC = kH = 1.

    Source: Sharma, Wu and Dalal 2005, "The CIEDE2000 color-difference formula", equations 2 to 22.
    """
    (lightness_1, a_1, b_1), (lightness_2, a_2, b_2) = one, other
    widened = 1.0 + 0.5 * (1.0 - _of_seventh_power(0.5 * (np.hypot(a_1, b_1) + np.hypot(a_2, b_2))))
    a_1, a_2 = a_1 * widened, a_2 * widened
    chroma_1, chroma_2 = np.hypot(a_1, b_1), np.hypot(a_2, b_2)
    hue_1, hue_2 = np.arctan2(b_1, a_1), np.arctan2(b_2, a_2)
    chromatic = chroma_1 * chroma_2 != 0.0

    # The difference of hues the short way round, and the mean hue in the middle of it.
    turn = np.where(chromatic, hue_2 - hue_1, 0.0)
    turn = np.where(turn > np.pi, turn - 2.0 * np.pi, np.where(turn < -np.pi, turn + 2.0 * np.pi, turn))
    hue = np.where(chromatic, np.mod(hue_1 + 0.5 * turn, 2.0 * np.pi), np.mod(hue_1 + hue_2, 2.0 * np.pi))

    chroma = 0.5 * (chroma_1 + chroma_2)
    towards_50 = np.square(0.5 * (lightness_1 + lightness_2) - 50.0)
    by_hue = (
        1.0
        - 0.17 * np.cos(hue - np.radians(30.0))
        + 0.24 * np.cos(2.0 * hue)
        + 0.32 * np.cos(3.0 * hue + np.radians(6.0))
        - 0.20 * np.cos(4.0 * hue - np.radians(63.0))
    )
    of_lightness = (lightness_2 - lightness_1) / (1.0 + 0.015 * towards_50 / np.sqrt(20.0 + towards_50))
    of_chroma = (chroma_2 - chroma_1) / (1.0 + 0.045 * chroma)
    of_hue = 2.0 * np.sqrt(chroma_1 * chroma_2) * np.sin(0.5 * turn) / (1.0 + 0.015 * chroma * by_hue)
    blue = np.radians(60.0) * np.exp(-np.square((np.degrees(hue) - 275.0) / 25.0))
    rotation = -np.sin(blue) * 2.0 * _of_seventh_power(chroma)
    squared = np.square(of_lightness) + np.square(of_chroma) + np.square(of_hue) + rotation * of_chroma * of_hue
    return np.asarray(np.sqrt(np.maximum(squared, 0.0)), np.float64)


def _of_seventh_power(chroma: Floats) -> Floats:
    """√(C⁷ / (C⁷ + 25⁷))."""
    squared = np.square(chroma)
    seventh = squared * squared * squared * chroma
    return np.sqrt(seventh / (seventh + 25.0**7))
