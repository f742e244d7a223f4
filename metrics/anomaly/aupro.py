"""AUPRO: the overlap of each anomalous region, averaged, over false positive rates of up to 0.3.

Bergmann et al. 2020, "Uninformed students", CVPR: at each threshold the per-region overlap is the share of a connected
region of a mask that the map marks, averaged over all regions of all items; it is integrated over the share of normal
pixels that are marked, from 0 to 0.3, and divided by 0.3. As in anomalib, regions are connected by edges and corners.
Thresholds are 1,000 equal steps of the declared range of the maps.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from metrics.anomaly.anomaly import AnomalyOutput, AnomalyReference
from metrics.errors import MetricInputError
from metrics.metric import MetricSettings

MOST_FALSE: Final = 0.3
STEPS: Final = 1000


@dataclass(frozen=True)
class PreparedMask:
    """A mask with its regions numbered from 1; 0 is normal."""

    regions: NDArray[np.int64]
    range: tuple[float, float]

    def contribution(self, output: AnomalyOutput) -> NDArray[np.float64]:
        """(number of regions, number of normal pixels, Σ of regions' overlaps and number of false positives at each
        threshold), shape (2 + 2·1000,).

        Raises:
            MetricInputError: there is no map, it has another size, or holds values beyond the declared range.
        """
        found = output.map
        if found is None:
            raise MetricInputError("the model makes no map of anomalies")
        if found.shape != self.regions.shape:
            raise MetricInputError(
                f"the map is {found.shape[0]} × {found.shape[1]}, and the mask {self.regions.shape[0]} ×"
                f" {self.regions.shape[1]}: nothing is resized"
            )
        low, high = self.range
        if not (np.isfinite(found).all() and low <= found.min() and found.max() <= high):
            raise MetricInputError(
                f"the map holds {found.min():.4g} to {found.max():.4g}, beyond the declared {low:g} to {high:g}"
            )
        # The highest threshold that a pixel reaches.
        steps = np.clip(np.floor((found - low) / (high - low) * STEPS).astype(np.intp), 0, STEPS - 1)
        normal = self.regions == 0
        false = _reached(np.bincount(steps[normal], minlength=STEPS))
        overlap = np.zeros(STEPS)
        number = int(self.regions.max())
        for region in range(1, number + 1):
            own = np.bincount(steps[self.regions == region], minlength=STEPS)
            overlap += _reached(own) / own.sum()
        return np.concatenate([[float(number), float(normal.sum())], overlap, false])


class Aupro:
    """Area under the curve of per-region overlap of a set, in per cent."""

    def __init__(self, settings: MetricSettings) -> None:
        self._range = settings.map_range

    def prepare(self, reference: AnomalyReference) -> PreparedMask:
        """Number the regions. Raises MetricInputError for an anomalous item without a mask."""
        import cv2

        if reference.mask is None:
            raise MetricInputError("there is no mask of what is anomalous")
        _, regions = cv2.connectedComponents(reference.mask.astype(np.uint8), connectivity=8)
        return PreparedMask(np.asarray(regions, dtype=np.int64), self._range)

    def describe(self) -> str:
        """How the number is computed."""
        return (
            f"per-region overlap (Bergmann et al. 2020), mean over 8-connected regions, integrated over false positive "
            f"rates up to {MOST_FALSE:g}; {STEPS} thresholds from {self._range[0]:g} to {self._range[1]:g}"
        )


def aupro(contributions: NDArray[np.float64]) -> float:
    """The area in per cent of its largest value, of contributions of shape (n, 2002); NaN where there is no region or
    no normal pixel.
    """
    total = contributions.sum(axis=0)
    regions, normal = total[0], total[1]
    if regions == 0.0 or normal == 0.0:
        return math.nan
    # From the highest threshold down: both grow; above every threshold nothing is marked.
    overlap = np.append(0.0, total[2 : 2 + STEPS][::-1] / regions)
    false = np.append(0.0, total[2 + STEPS :][::-1] / normal)
    inside = false <= MOST_FALSE
    x, y = false[inside], overlap[inside]
    if not inside.all():
        x, y = np.append(x, MOST_FALSE), np.append(y, np.interp(MOST_FALSE, false, overlap))
    return 100.0 * float(np.trapezoid(y, x)) / MOST_FALSE


def _reached(counts: NDArray[np.intp]) -> NDArray[np.float64]:
    """How many reach each step or a higher one."""
    return np.cumsum(counts[::-1])[::-1].astype(np.float64)
