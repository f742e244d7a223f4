"""SSIMULACRA2 in float64, equal to the Python package of that name and several times as fast.

The package filters with eleven taps where the authors' C++ has a recursive Gaussian, so that scores differ from those
of the C++ program by some tenths.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from metrics.errors import MetricInputError
from metrics.image.cube_root import cube_root
from metrics.image.halved import halved
from metrics.image.image import Image, check_data_range, check_output, check_reference
from metrics.image.scratch import Scratch
from metrics.image.shared_work import SharedWork
from metrics.image.srgb import linear_light
from metrics.image.ssim import gaussian_window
from metrics.image.ssimulacra2_weights import WEIGHTS
from metrics.metric import MetricSettings

SMALLEST = 8
"""Pixels on a side below which an image, or a scale of one, is not looked at."""

_SCALES = 6
_C2 = 0.0009
_RADIUS = 5
_TILE = 118
_PARTS = 6

# The opsin absorbance of JPEG XL: how much of linear R, G and B each kind of cone takes in, and its bias.
_OPSIN = np.array(
    [[0.30, 0.622, 0.078], [0.23, 0.692, 0.078], [0.24342268924547819, 0.20476744424496821, 0.5518098665095536]]
)
_BIAS = 0.0037930732552754493
_BIAS_ROOT = float(np.cbrt(_BIAS))

Floats = NDArray[np.float64]
Tile = tuple[slice, slice]
"""Rows and columns, margins for the window not included."""


@dataclass(frozen=True)
class PreparedSsimulacra2:
    """A reference in XYB at every scale, with margins for the window."""

    reference: Image
    scales: tuple[Floats, ...]
    metric: Ssimulacra2

    def score(self, output: Image) -> float:
        """Quality of the output: 100 is identical, 90 cannot be told in a flicker test, below 0 is unusable."""
        check_output(self.reference, output)
        return self.metric.quality(self.scales, output)


class Ssimulacra2:
    """Structural similarity unveiling local and compression related artifacts, version 2.1 (Sneyers 2022).

    In XYB, at up to six scales, each channel is looked at for its structure, for edges that the reference does not have
    and for detail that is lost; each as a mean and as a 4-norm over the picture. Not symmetric.
    """

    def __init__(self, settings: MetricSettings) -> None:
        check_data_range(settings.data_range)
        self._data_range = settings.data_range
        self._window = gaussian_window()
        self._work = SharedWork(settings.threads)
        self._scratch = Scratch(np.float64)

    def prepare(self, reference: Image) -> PreparedSsimulacra2:
        """Compute the reference's colours at every scale."""
        check_reference(reference, self._data_range)
        height, width = reference.shape[:2]
        if min(height, width) < SMALLEST:
            raise MetricInputError(
                f"reference is {height} × {width} pixels: SSIMULACRA2 needs at least {SMALLEST} × {SMALLEST}"
            )
        return PreparedSsimulacra2(reference, tuple(self._scales(reference)), self)

    def quality(self, scales: tuple[Floats, ...], output: Image) -> float:
        """The score of an output against a reference's scales, of `prepare`."""
        parts = np.stack([self._parts(*both) for both in zip(scales, self._scales(output), strict=True)], axis=1)
        error = float(WEIGHTS[: parts.size] @ parts.ravel()) * 0.9562382616834844
        error = 2.326765642916932 * error - 0.020884521182843837 * error**2 + 6.248496625763138e-05 * error**3
        return 100.0 - 10.0 * float(error**0.6276336467831387) if error > 0.0 else 100.0

    def describe(self) -> str:
        """How the number is computed."""
        return (
            "SSIMULACRA2 2.1, sRGB, 11-tap Gaussian window as in the Python package ssimulacra2 0.3.0, float64, "
            f"data range {self._data_range:g}"
        )

    def _scales(self, image: Image) -> list[Floats]:
        """XYB at every scale, each (3, H + 10, W + 10): mirrored above and below, 0 on the left and on the right."""
        linear = np.ascontiguousarray(linear_light(image, self._data_range).transpose(2, 0, 1))
        scales: list[Floats] = []
        while True:
            scales.append(self._xyb(linear))
            if len(scales) == _SCALES:
                return scales
            linear = halved(linear)
            if min(linear.shape[1:]) < SMALLEST:
                return scales

    def _xyb(self, linear: Floats) -> Floats:
        """X, Y and B − Y of linear RGB (3, H, W), all shifted to be positive, with margins; (3, H + 10, W + 10)."""
        _, height, width = linear.shape
        made = np.zeros((3, height + 2 * _RADIUS, width + 2 * _RADIUS))
        inside = made[:, _RADIUS:-_RADIUS, _RADIUS:-_RADIUS]

        def fill(tile: Tile) -> None:
            shape = inside[(0, *tile)].shape
            long, medium, short = (
                _cone(linear[(slice(None), *tile)], absorbed, self._scratch.array(number, shape))
                for number, absorbed in enumerate(_OPSIN)
            )
            x, y, b = inside[(slice(None), *tile)]
            np.subtract(long, medium, out=x)
            x *= 7.0
            x += 0.42
            long += medium
            long *= 0.5
            np.add(long, 0.01, out=y)
            np.subtract(short, long, out=b)
            b += 0.55

        self._work.map(fill, _tiles(height, width))
        made[:, :_RADIUS] = made[:, 2 * _RADIUS - 1 : _RADIUS - 1 : -1]
        made[:, -_RADIUS:] = made[:, -_RADIUS - 1 : -2 * _RADIUS - 1 : -1]
        return made

    def _parts(self, reference: Floats, output: Floats) -> Floats:
        """The six parts of each channel at one scale, (3, 6), in the order of the weights."""
        height, width = (length - 2 * _RADIUS for length in reference.shape[1:])
        pieces = [(channel, tile) for channel in range(3) for tile in _tiles(height, width)]
        sums = self._work.map(lambda piece: self._tile_sums(reference, output, *piece), pieces)
        # Sums are added in the order of the tiles, so that the result does not depend on threads.
        means = np.array(sums).reshape(3, -1, _PARTS).sum(axis=1) / (height * width)
        means[:, 3:] = np.sqrt(np.sqrt(means[:, 3:]))
        return np.asarray(means, np.float64)

    def _tile_sums(self, reference: Floats, output: Floats, channel: int, tile: Tile) -> list[float]:
        """Sums over one tile of one channel of the three maps, and of their fourth powers."""
        import cv2

        rows, columns = (slice(span.start, span.stop + 2 * _RADIUS) for span in tile)
        x, y = reference[channel, rows, columns], output[channel, rows, columns]
        products, squares, product, luminance = (self._scratch.array(number, x.shape) for number in range(4))
        similar = self._filtered(np.multiply(x, y, out=products), 4, factor=2.0, offset=_C2)
        np.square(x, out=squares)
        squares += np.square(y, out=products)
        contrast = self._filtered(squares, 5, offset=_C2)
        mean_x, mean_y = self._filtered(x, 6), self._filtered(y, 7)

        # (1 − (μx − μy)²) (2 σxy + C2) / (σx² + σy² + C2), with 2 μx μy taken from both, and (μx − μy)² below too.
        product = np.multiply(mean_x, mean_y, out=_inside(product))
        product *= 2.0
        similar -= product
        contrast -= product
        luminance = np.subtract(mean_x, mean_y, out=_inside(luminance))
        np.square(luminance, out=luminance)
        contrast -= luminance
        similar /= contrast
        np.subtract(1.0, luminance, out=luminance)
        similar *= luminance
        structure = np.subtract(1.0, similar, out=similar)
        np.maximum(structure, 0.0, out=structure)

        edges = _with_one(_inside(y), mean_y)
        edges /= _with_one(_inside(x), mean_x)
        edges -= 1.0
        added = np.maximum(edges, 0.0, out=contrast)
        lost = np.subtract(added, edges, out=edges)
        maps = (structure, added, lost)
        return [cv2.sumElems(one)[0] for one in maps] + [
            cv2.norm(np.square(one, out=one), cv2.NORM_L2SQR) for one in maps
        ]

    def _filtered(self, values: Floats, number: int, factor: float = 1.0, offset: float = 0.0) -> Floats:
        """`factor` × Gaussian mean + `offset` wherever the whole window fits; a view of numbered scratch memory."""
        import cv2

        filtered = self._scratch.array(number, values.shape)
        cv2.sepFilter2D(values, cv2.CV_64F, self._window, self._window * factor, dst=filtered, delta=offset)
        return _inside(filtered)


def _tiles(height: int, width: int) -> list[Tile]:
    return [
        (slice(top, min(top + _TILE, height)), slice(left, min(left + _TILE, width)))
        for top in range(0, height, _TILE)
        for left in range(0, width, _TILE)
    ]


def _inside(values: Floats) -> Floats:
    return values[_RADIUS:-_RADIUS, _RADIUS:-_RADIUS]


def _cone(linear: Floats, absorbed: Floats, light: Floats) -> Floats:
    """∛(light that one kind of cone takes in of (3, h, w) + bias) − ∛bias, (h, w); computed in `light`."""
    np.multiply(linear[0], absorbed[0], out=light)
    light += linear[1] * absorbed[1]
    light += linear[2] * absorbed[2]
    light += _BIAS
    return np.subtract(cube_root(light), _BIAS_ROOT, out=light)


def _with_one(values: Floats, means: Floats) -> Floats:
    """1 + |values − means|. Overwrites means."""
    np.subtract(values, means, out=means)
    np.abs(means, out=means)
    means += 1.0
    return means
