"""FLIP for standard dynamic range: how different two images look when one is flipped with the other on a screen."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metrics.image.cube_root import cube_root
from metrics.image.image import Image, check_data_range, check_output, check_reference
from metrics.image.srgb import linear_light
from metrics.metric import MetricSettings

Floats = NDArray[np.float64]

PIXELS_PER_DEGREE = 0.7 * (3840 / 0.7) * math.pi / 180.0
"""Pixels per degree of visual angle: a screen 0.7 m wide with 3840 pixels, seen from 0.7 m."""

# Linear sRGB to XYZ, and the white that it gives (Andersson et al. 2020, and the authors' program).
_TO_XYZ = np.array(
    [
        [10135552 / 24577794, 8788810 / 24577794, 4435075 / 24577794],
        [2613072 / 12288897, 8788810 / 12288897, 887015 / 12288897],
        [1425312 / 73733382, 8788810 / 73733382, 70074185 / 73733382],
    ]
)
_WHITE = np.array([0.950428545, 1.0, 1.088900371])
_FROM_XYZ = np.linalg.inv(_TO_XYZ)

# Contrast sensitivity of the achromatic, the red-green and the blue-yellow channel, each a sum of Gaussians (a, b).
_SENSITIVITIES = (((1.0, 0.0047),), ((1.0, 0.0053),), ((34.1, 0.04), (13.5, 0.025)))
_WIDEST = 0.04
_FEATURE_WIDTH = 0.082
"""Degrees of visual angle over which an edge or a point is looked for."""
_COLOR_EXPONENT, _FEATURE_EXPONENT = 0.7, 0.5
_KNEE, _AT_KNEE = 0.4, 0.95


@dataclass(frozen=True)
class PreparedFlip:
    """A reference's colours as they are seen, (H, W, 3), and its edges and points, (H, W) each."""

    reference: Image
    seen: Floats
    edges: Floats
    points: Floats
    metric: Flip

    def score(self, output: Image) -> float:
        """Mean of the error map; 0 is identical, 1 as different as can be."""
        return float(self.error_map(output).mean())

    def error_map(self, output: Image) -> Floats:
        """How visible the difference is at every pixel, 0..1, (H, W)."""
        check_output(self.reference, output)
        return self.metric.differences(self, output)


class Flip:
    """FLIP for standard dynamic range (Andersson et al. 2020), at 67 pixels per degree."""

    def __init__(self, settings: MetricSettings) -> None:
        check_data_range(settings.data_range)
        self._data_range = settings.data_range

    def prepare(self, reference: Image) -> PreparedFlip:
        """Compute what is seen of the reference alone."""
        check_reference(reference, self._data_range)
        return PreparedFlip(reference, *self._looked_at(reference), self)

    def differences(self, known: PreparedFlip, output: Image) -> Floats:
        """The error map of an output against a prepared reference."""
        seen, edges, points = self._looked_at(output)
        color = _compressed_error(_hyab(known.seen, seen) ** _COLOR_EXPONENT)
        feature = np.maximum(np.abs(known.edges - edges), np.abs(known.points - points))
        feature *= 1.0 / math.sqrt(2.0)
        np.power(feature, _FEATURE_EXPONENT, out=feature)
        return np.power(color, np.subtract(1.0, feature, out=feature), out=color)

    def describe(self) -> str:
        """How the number is computed."""
        return (
            f"mean LDR-FLIP, sRGB, {PIXELS_PER_DEGREE:.2f} pixels per degree, replicated borders, float64, data range "
            f"{self._data_range:g}"
        )

    def _looked_at(self, image: Image) -> tuple[Floats, Floats, Floats]:
        """Colours after the eye's blur (Hunt-adjusted L*a*b*), strength of edges, strength of points."""
        opponent = _opponent(linear_light(image, self._data_range))
        lightness = (opponent[0] + 16.0) / 116.0
        return _seen(opponent), *_features(lightness)


def _opponent(linear: Floats) -> list[Floats]:
    """Y, Cx, Cz of linear RGB (H, W, 3): lightness, red-green, blue-yellow, linear in light; (H, W) each."""
    x, y, z = (linear @ row for row in _TO_XYZ / _WHITE[:, None])
    return [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]


def _seen(opponent: list[Floats]) -> Floats:
    filtered = [_blurred(channel, gaussians) for channel, gaussians in zip(opponent, _SENSITIVITIES, strict=True)]
    y = (filtered[0] + 16.0) / 116.0
    xyz = np.stack([y + filtered[1] / 500.0, y, y - filtered[2] / 200.0], axis=-1)
    linear = np.clip(xyz @ (_FROM_XYZ * _WHITE).T, 0.0, 1.0)
    return _hunt_adjusted_lab(linear)


def _hunt_adjusted_lab(linear: Floats) -> Floats:
    """L*, a* and b* of linear RGB (…, 3), the colours of dark ones weakened."""
    relative = linear @ (_TO_XYZ / _WHITE[:, None]).T
    bent = np.where(relative > (6 / 29) ** 3, cube_root(relative), relative / (3.0 * (6 / 29) ** 2) + 4.0 / 29.0)
    lightness = 116.0 * bent[..., 1] - 16.0
    made = np.empty_like(linear)
    made[..., 0] = lightness
    made[..., 1] = 0.01 * lightness * 500.0 * (bent[..., 0] - bent[..., 1])
    made[..., 2] = 0.01 * lightness * 200.0 * (bent[..., 1] - bent[..., 2])
    return made


def _hyab(one: Floats, other: Floats) -> Floats:
    """|ΔL| + √(Δa² + Δb²), for large colour differences; (…) of (…, 3)."""
    difference = one - other
    distance: Floats = np.abs(difference[..., 0]) + np.hypot(difference[..., 1], difference[..., 2])
    return distance


@lru_cache(maxsize=1)
def _largest() -> float:
    """The colour error of green against blue, the largest there is."""
    green, blue = _hunt_adjusted_lab(np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]))
    return float(_hyab(green, blue) ** _COLOR_EXPONENT)


def _compressed_error(error: Floats) -> Floats:
    """Errors on 0..1: those below a knee take most of the range."""
    knee = _KNEE * _largest()
    return np.where(
        error < knee,
        _AT_KNEE / knee * error,
        _AT_KNEE + (error - knee) / (_largest() - knee) * (1.0 - _AT_KNEE),
    )


def _blurred(channel: Floats, gaussians: tuple[tuple[float, float], ...]) -> Floats:
    """Filtered by the eye's contrast sensitivity, whose kernel is a sum of Gaussians, each of them separable."""
    radius = math.ceil(3.0 * math.sqrt(_WIDEST / (2.0 * math.pi**2)) * PIXELS_PER_DEGREE)
    degrees = np.arange(-radius, radius + 1) / PIXELS_PER_DEGREE
    taps = [np.exp(-(math.pi**2) * degrees**2 / b) for _, b in gaussians]
    sizes = [a * math.sqrt(math.pi / b) for a, b in gaussians]
    total = sum(size * float(one.sum()) ** 2 for size, one in zip(sizes, taps, strict=True))
    filtered = [_separable(channel, one * (size / total), one) for size, one in zip(sizes, taps, strict=True)]
    return filtered[0] if len(filtered) == 1 else filtered[0] + filtered[1]


def _features(lightness: Floats) -> tuple[Floats, Floats]:
    """Length of the gradient, and of the second derivatives across and down; each on the scale of its own kernel."""
    sigma = 0.5 * _FEATURE_WIDTH * PIXELS_PER_DEGREE
    distance = np.arange(-math.ceil(3.0 * sigma), math.ceil(3.0 * sigma) + 1, dtype=np.float64)
    smooth = np.exp(-(distance**2) / (2.0 * sigma**2))
    edge = -distance * smooth
    point = (distance**2 / sigma**2 - 1.0) * smooth
    return _across_and_down(lightness, edge, smooth), _across_and_down(lightness, point, smooth)


def _across_and_down(lightness: Floats, kernel: Floats, smooth: Floats) -> Floats:
    """Length of the two responses to a kernel whose positive and negative taps are made to sum to 1 and −1."""
    scaled = np.where(kernel < 0.0, kernel / -kernel[kernel < 0.0].sum(), kernel / kernel[kernel > 0.0].sum())
    smooth = smooth / smooth.sum()
    return np.hypot(_separable(lightness, scaled, smooth), _separable(lightness, smooth, scaled))


def _separable(channel: Floats, across: Floats, down: Floats) -> Floats:
    import cv2

    filtered: Any = cv2.sepFilter2D(channel, cv2.CV_64F, across, down, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(filtered, np.float64)
