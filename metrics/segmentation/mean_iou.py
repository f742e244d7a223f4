"""Intersection over union of each class over all items, and its mean over the classes (Everingham et al. 2010)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from metrics.errors import MetricInputError
from metrics.metric import MetricSettings


@dataclass(frozen=True)
class PreparedMask:
    """A mask of class numbers, and which pixels count."""

    mask: NDArray[np.int64]
    counts: NDArray[np.bool_]
    classes: int

    def contribution(self, output: NDArray[np.int64]) -> NDArray[np.float64]:
        """(pixels of the intersection, pixels of the union) of each class, then 1 for each class that the mask has;
        shape (3 · classes,).

        Raises:
            MetricInputError: the output has another size, or a class beyond those there are.
        """
        if output.shape != self.mask.shape:
            raise MetricInputError(
                f"the output is {output.shape[0]} × {output.shape[1]}, and the mask {self.mask.shape[0]} ×"
                f" {self.mask.shape[1]}: nothing is resized"
            )
        made, expected = output[self.counts], self.mask[self.counts]
        if made.size and not 0 <= int(made.min()) <= int(made.max()) < self.classes:
            raise MetricInputError(f"the output has class {int(made.max())}, and there are {self.classes}")
        both = np.bincount(made[made == expected], minlength=self.classes)
        own, wanted = np.bincount(made, minlength=self.classes), np.bincount(expected, minlength=self.classes)
        return np.concatenate([both, own + wanted - both, wanted > 0]).astype(np.float64)


class MeanIou:
    """Mean intersection over union of a set, in per cent."""

    def __init__(self, settings: MetricSettings) -> None:
        self._classes, self._ignored = len(settings.classes), settings.ignored_class

    def prepare(self, reference: NDArray[np.int64]) -> PreparedMask:
        """Keep the mask. Raises MetricInputError for a class beyond those there are."""
        counts = np.ones(reference.shape, np.bool_) if self._ignored is None else reference != self._ignored
        if counts.any() and int(reference[counts].max()) >= self._classes:
            raise MetricInputError(f"the mask has class {int(reference[counts].max())}, and there are {self._classes}")
        return PreparedMask(reference, counts, self._classes)

    def describe(self) -> str:
        """How the number is computed."""
        ignored = "" if self._ignored is None else f", without pixels that the mask has as {self._ignored}"
        return f"intersection over union of each class over all pixels of all items, mean over the classes{ignored}"


def iou_of_classes(contributions: NDArray[np.float64]) -> dict[int, tuple[float, int]]:
    """Place of a class → its IoU in per cent and how many masks have it, of contributions of shape (n, 3 · classes);
    only classes that a mask or an output has.
    """
    both, union, masks = contributions.sum(axis=0).reshape(3, -1)
    return {
        int(place): (100.0 * float(both[place]) / float(union[place]), int(masks[place]))
        for place in np.flatnonzero(union)
    }


def mean_iou(contributions: NDArray[np.float64]) -> float:
    """Mean over the classes of their IoU in per cent; NaN where no pixel counts."""
    found = [iou for iou, _ in iou_of_classes(contributions).values()]
    return float(np.mean(found)) if found else math.nan
