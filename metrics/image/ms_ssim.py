"""Multi-scale SSIM as its authors define it, in float64."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from metrics.errors import MetricInputError
from metrics.image.halved import halved
from metrics.image.image import Image, check_data_range, check_output, check_reference
from metrics.image.scratch import Scratch
from metrics.image.shared_work import SharedWork
from metrics.image.ssim import WINDOW, gaussian_window
from metrics.metric import MetricSettings

Floats = NDArray[np.float64]
Tile = tuple[slice, slice]

_WEIGHTS = np.array([0.0448, 0.2856, 0.3001, 0.2363, 0.1333])
"""Exponents of the scales, the whole image first."""
SMALLEST = (WINDOW - 1) * 2 ** (len(_WEIGHTS) - 1) + 1
"""Pixels on a side below which the window does not fit at the coarsest scale."""
_K1, _K2 = 0.01, 0.03
_MARGIN = WINDOW // 2
_TILE = 118


@dataclass(frozen=True)
class PreparedMsSsim:
    """A reference's channels at every scale, each (C, h, w) float64."""

    reference: Image
    scales: tuple[Floats, ...]
    metric: MsSsim

    def score(self, output: Image) -> float:
        """Mean over the channels of Π contrast_j^w_j · (luminance · contrast)_5^w_5; 1 is identical."""
        check_output(self.reference, output)
        return self.metric.similarity(self.scales, output)


class MsSsim:
    """Multi-scale structural similarity (Wang, Simoncelli and Bovik 2003) over five scales.

    At each scale SSIM's 11×11 Gaussian window, σ 1.5, valid region; between scales means of 2×2 pixels, the last row or
    column of an odd size repeated. A mean contrast below 0 counts as 0, where the authors' program gives a complex
    number.
    """

    def __init__(self, settings: MetricSettings) -> None:
        check_data_range(settings.data_range)
        self._data_range = settings.data_range
        self._c1 = (_K1 * settings.data_range) ** 2
        self._c2 = (_K2 * settings.data_range) ** 2
        self._window = gaussian_window()
        self._work = SharedWork(settings.threads)
        self._scratch = Scratch(np.float64)

    def prepare(self, reference: Image) -> PreparedMsSsim:
        """Compute the reference's scales."""
        check_reference(reference, self._data_range)
        height, width = reference.shape[:2]
        if min(height, width) < SMALLEST:
            raise MetricInputError(
                f"reference is {height} × {width} pixels: MS-SSIM needs at least {SMALLEST} × {SMALLEST}, so that its "
                "window fits at the coarsest of five scales"
            )
        return PreparedMsSsim(reference, tuple(_scales(reference)), self)

    def similarity(self, scales: tuple[Floats, ...], output: Image) -> float:
        """The score of an output against a reference's scales, of `prepare`."""
        coarsest = len(_WEIGHTS) - 1
        product = np.ones(len(scales[0]))
        for number, (x, y) in enumerate(zip(scales, _scales(output), strict=True)):
            contrast, whole = self._means(x, y)
            product *= np.maximum(whole if number == coarsest else contrast, 0.0) ** _WEIGHTS[number]
        return float(product.mean())

    def describe(self) -> str:
        """How the number is computed."""
        return (
            f"MS-SSIM, five scales, {WINDOW}×{WINDOW} Gaussian window σ 1.5, valid region, mean over channels, "
            f"K = ({_K1}, {_K2}), data range {self._data_range:g}"
        )

    def _means(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Means over one scale of the contrast term and of SSIM, for each channel, (C,)."""
        channels, height, width = x.shape
        pieces = [(channel, tile) for channel in range(channels) for tile in _tiles(height, width)]
        sums = self._work.map(lambda piece: self._tile_sums(x, y, *piece), pieces)
        positions = (height - WINDOW + 1) * (width - WINDOW + 1)
        # Sums are added in the order of the tiles, so that the result does not depend on threads.
        contrast, whole = np.array(sums).reshape(channels, -1, 2).sum(axis=1).T / positions
        return contrast, whole

    def _tile_sums(self, reference: Floats, output: Floats, channel: int, tile: Tile) -> tuple[float, float]:
        """Sums over one tile of (2 σxy + C2) / (σx² + σy² + C2), and of that times the luminance term."""
        x, y = reference[(channel, *tile)], output[(channel, *tile)]
        products, squares = (self._scratch.array(number, x.shape) for number in range(2))
        structure = self._filtered(np.multiply(x, y, out=products), 2, factor=2.0, offset=self._c2)
        np.square(x, out=squares)
        squares += np.square(y, out=products)
        contrast = self._filtered(squares, 3, offset=self._c2)
        mean_x, mean_y = self._filtered(x, 4), self._filtered(y, 5)
        product = np.multiply(mean_x, mean_y, out=_inside(products))
        product *= 2.0
        mean_x -= mean_y
        luminance = np.square(mean_x, out=mean_x)
        structure -= product
        contrast -= product
        contrast -= luminance
        structure /= contrast
        product += self._c1
        luminance += product
        product /= luminance
        product *= structure
        return float(structure.sum()), float(product.sum())

    def _filtered(self, values: Floats, number: int, factor: float = 1.0, offset: float = 0.0) -> Floats:
        """`factor` × Gaussian mean + `offset` wherever the whole window fits; a view of numbered scratch memory."""
        import cv2

        filtered = self._scratch.array(number, values.shape)
        cv2.sepFilter2D(values, cv2.CV_64F, self._window, self._window * factor, dst=filtered, delta=offset)
        return _inside(filtered)


def _scales(image: Image) -> list[Floats]:
    """The channels (C, h, w) at every scale, float64."""
    planes = image[None] if image.ndim == 2 else image.transpose(2, 0, 1)
    scales = [np.ascontiguousarray(planes, dtype=np.float64)]
    while len(scales) < len(_WEIGHTS):
        scales.append(halved(scales[-1]))
    return scales


def _tiles(height: int, width: int) -> list[Tile]:
    """Tiles, margins included, whose valid regions tile the valid region of a plane."""
    return [(rows, columns) for rows in _spans(height) for columns in _spans(width)]


def _spans(length: int) -> list[slice]:
    margin = WINDOW - 1
    return [slice(start, min(start + _TILE + margin, length)) for start in range(0, length - margin, _TILE)]


def _inside(values: Floats) -> Floats:
    return values[_MARGIN:-_MARGIN, _MARGIN:-_MARGIN]
