"""SSIM as its authors define it, within 10⁻⁶ of scikit-image's Gaussian variant and several times as fast.

Computed tile by tile in float32, of values from which each tile's mean is taken away first, and in float64 where that
would not do.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metrics.errors import MetricInputError
from metrics.image.image import Image, check_data_range, check_output, check_reference
from metrics.image.scratch import Scratch
from metrics.image.shared_work import SharedWork
from metrics.metric import MetricSettings

WINDOW = 11
"""Pixels on a side of the Gaussian window; SSIM is defined where the whole window lies inside the image."""

_SIGMA = 1.5
_K1, _K2 = 0.01, 0.03
_RADIUS = WINDOW // 2
# Six maps of a tile (800 kB each) stay in a core's share of the cache, and the margin of 10 pixels counts little.
_TILE_ROWS = 128
_TILE_VALUES_PER_ROW = 1536
_EVERY = 4
"""Rows of a tile of which one is looked at to find out what float32 does to it."""
_APART = 8
"""Pixels on a row between two that tell how flat a tile is there."""
_MOST_CANCELLED = 14.0
"""Mean over a tile of what rounding may change, as a multiple of float32's 6·10⁻⁸, up to which it is good enough."""

Floats = NDArray[np.float32] | NDArray[np.float64]
Tile = tuple[slice, slice]
"""Rows and columns of an image, margins for the window included."""


def gaussian_window() -> NDArray[np.float64]:
    """The 11 taps of the separable Gaussian window, σ = 1.5, sum 1; float64."""
    distance = np.arange(-_RADIUS, _RADIUS + 1)
    taps = np.exp(-0.5 * (distance / _SIGMA) ** 2)
    window: NDArray[np.float64] = taps / taps.sum()
    return window


@dataclass(frozen=True)
class PreparedTile:
    """A tile of a reference, as the metric needs it for every output."""

    place: Tile
    shares: NDArray[np.float32]
    """How much each pixel of every `_EVERY`th row counts for the centre; sum 1."""
    centre: float
    """What is taken away from its values."""
    means: NDArray[np.float32]
    """Local means after that, of the tile's shape."""

    @property
    def valid(self) -> int:
        """Values for which the whole window fits."""
        height, width, *channels = self.means.shape
        return int((height - 2 * _RADIUS) * (width - 2 * _RADIUS) * math.prod(channels))


@dataclass(frozen=True)
class PreparedSsim:
    """A reference and its local means, tile by tile."""

    reference: Image
    tiles: tuple[PreparedTile, ...]
    metric: Ssim

    def score(self, output: Image) -> float:
        """Mean SSIM over the valid region and all channels; 1 is identical."""
        check_output(self.reference, output)
        return self.metric.mean_ssim(self.reference, output, self.tiles)


class Ssim:
    """Structural similarity (Wang et al. 2004): 11×11 Gaussian window, σ 1.5, population covariance, no downsampling.

    K = (0.01, 0.03); colour images are the mean over their channels; only positions where the whole window fits count.
    """

    def __init__(self, settings: MetricSettings) -> None:
        check_data_range(settings.data_range)
        self._data_range = settings.data_range
        self._c1 = (_K1 * settings.data_range) ** 2
        self._c2 = (_K2 * settings.data_range) ** 2
        self._window = gaussian_window()
        self._work = SharedWork(settings.threads)
        self._single, self._double = Scratch(np.float32), Scratch(np.float64)

    def prepare(self, reference: Image) -> PreparedSsim:
        """Compute the reference's local means."""
        check_reference(reference, self._data_range)
        height, width = reference.shape[:2]
        if min(height, width) < WINDOW:
            raise MetricInputError(
                f"the region to compare is {height} × {width} pixels: SSIM needs at least {WINDOW} × {WINDOW}"
            )

        def prepared(place: Tile) -> PreparedTile:
            shares = self._shares(reference[place])
            centre = _centre(reference[place], shares)
            means = self._filtered(self._centred(reference[place], centre, self._single, 0), self._single, 1)
            return PreparedTile(place, shares, centre, means.copy())

        return PreparedSsim(reference, tuple(self._work.map(prepared, _tiles(reference))), self)

    def describe(self) -> str:
        """How the number is computed."""
        return (
            f"SSIM, {WINDOW}×{WINDOW} Gaussian window σ {_SIGMA}, population covariance, valid region, "
            f"K = ({_K1}, {_K2}), data range {self._data_range:g}"
        )

    def mean_ssim(self, reference: Image, output: Image, tiles: tuple[PreparedTile, ...]) -> float:
        """Mean of the SSIM map; `tiles` are the reference's, of `prepare`."""

        def tile_sum(tile: PreparedTile) -> float:
            pair = reference[tile.place], output[tile.place]
            centres = tile.centre, _centre(pair[1], tile.shares)
            found = self._ssim_sum(*pair, centres, tile.means, self._single)
            if found is None:
                centred = self._centred(pair[0], tile.centre, self._double, 0)
                means = self._filtered(centred, self._double, 7)
                found = self._ssim_sum(*pair, centres, means, self._double)
            return found if found is not None else float("nan")

        # Sums are added in the order of the tiles, so that the result does not depend on threads.
        return sum(self._work.map(tile_sum, tiles)) / sum(tile.valid for tile in tiles)

    def _ssim_sum(
        self, reference: Image, output: Image, centres: tuple[float, float], mean_x: Floats, scratch: Scratch[Any]
    ) -> float | None:
        """Sum over one tile of (2 μx μy + C1)(2 σxy + C2) / ((μx² + μy² + C1)(σx² + σy² + C2)); None where float32 is
        not enough.

        With d = x − y that is (1 − μd² / (μx² + μy² + C1)) (1 − σd² / (σx² + σy² + C2)): three maps are filtered, not
        five, since μx is known; and what differs is not found as a difference of large numbers. Variances do not change
        where a constant is taken away from x and from y, and small numbers are squared more exactly than large ones.
        """
        shape, (centre_x, centre_y) = reference.shape, centres
        x = self._centred(reference, centre_x, scratch, 0)
        y = self._centred(output, centre_y, scratch, 1)
        difference = np.subtract(x, y, out=scratch.array(2, shape))
        mean_d = self._filtered(difference, scratch, 3)
        np.square(difference, out=difference)
        variance_d = self._filtered(difference, scratch, 4)
        np.square(x, out=x)
        np.square(y, out=y)
        x += y
        variances = self._filtered(x, scratch, 5, offset=self._c2)

        mean_y = np.subtract(mean_x, mean_d, out=x)
        spare = scratch.array(6, shape)
        squares = np.square(mean_x, out=difference)
        luminance = np.multiply(mean_x, 2.0 * centre_x, out=y)
        luminance += np.multiply(mean_y, 2.0 * centre_y, out=spare)
        squares += np.square(mean_y, out=mean_y)
        luminance += squares
        luminance += centre_x**2 + centre_y**2 + self._c1
        variances -= squares
        variance_d -= np.square(mean_d, out=spare)
        if scratch is self._single and _cancelled(squares, spare, variances, variance_d) > _MOST_CANCELLED:
            return None
        mean_d += centre_x - centre_y
        np.square(mean_d, out=mean_d)
        similar = np.subtract(luminance, mean_d, out=mean_d)
        similar *= np.subtract(variances, variance_d, out=variance_d)
        luminance *= variances
        similar /= luminance
        return float(similar[_RADIUS:-_RADIUS, _RADIUS:-_RADIUS].sum())

    def _shares(self, image: Image) -> NDArray[np.float32]:
        """Where the image is flat, rounding matters, and so the values there are to be small without the centre."""
        rows: NDArray[np.float32] = image[::_EVERY].astype(np.float32)
        shares = np.full_like(rows, 1.0 / self._c2)
        slopes = rows[:, _APART:] - rows[:, :-_APART]
        shares[:, _APART:] = 1.0 / (slopes * slopes + self._c2)
        shares /= shares.sum()
        return shares

    def _centred(self, image: Image, centre: float, scratch: Scratch[Any], number: int) -> NDArray[Any]:
        """The image without its centre, in numbered scratch memory."""
        made = scratch.array(number, image.shape)
        np.subtract(image, made.dtype.type(centre), out=made, dtype=made.dtype, casting="unsafe")
        return made

    def _filtered(self, values: NDArray[Any], scratch: Scratch[Any], number: int, offset: float = 0.0) -> NDArray[Any]:
        """Gaussian mean + `offset`, in numbered scratch memory; its margins, where the window does not fit, are of no
        use, but to work on them too is faster than to work around them.
        """
        import cv2

        filtered = scratch.array(number, values.shape)
        cv2.sepFilter2D(values, -1, self._window, self._window, dst=filtered, delta=offset)
        return filtered


def _centre(image: Image, shares: NDArray[np.float32]) -> float:
    """The mean with these shares; a whole number where the values are, which stay such without it."""
    mean = float(np.vdot(image[::_EVERY].astype(np.float32), shares))
    return float(round(mean)) if image.dtype.kind == "u" else mean


def _cancelled(squares: Floats, squares_d: Floats, variances: Floats, variance_d: Floats) -> float:
    """Mean of (E² σd² / S + Ed²) / S, with S = σx² + σy² + C2 and the squares of the means that were taken from it and
    from σd²: what an error of one part of the squares does to σd² / S.
    """
    rows = slice(_RADIUS, -_RADIUS, _EVERY)
    taken, taken_d, whole, part = (values[rows] for values in (squares, squares_d, variances, variance_d))
    return float(((taken * (part / whole) + taken_d) / whole).mean())


def _tiles(image: Image) -> list[Tile]:
    """Tiles whose valid regions tile the valid region of the image."""
    height, width = image.shape[:2]
    channels = image.size // (height * width)
    return [
        (rows, columns)
        for rows in _spans(height, _TILE_ROWS)
        for columns in _spans(width, _TILE_VALUES_PER_ROW // channels)
    ]


def _spans(length: int, most: int) -> list[slice]:
    margin = WINDOW - 1
    step = most - margin
    return [slice(start, min(start + most, length)) for start in range(0, length - margin, step)]
