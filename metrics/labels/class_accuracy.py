"""Accuracy class by class, and its mean over the classes: a class of few items counts as much as one of many."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from metrics.errors import MetricInputError
from metrics.labels.class_scores import ClassScores, check_label, place_of
from metrics.metric import MetricSettings


@dataclass(frozen=True)
class PreparedClassAccuracy:
    """A label, and its place among the classes of the set."""

    label: str
    place: int

    def contribution(self, output: ClassScores) -> NDArray[np.float64]:
        """(place of the label's class, 1 where the answer is right else 0), shape (2,)."""
        return np.array([float(self.place), float(place_of(self.label, output) == output.answer)])


class ClassAccuracy:
    """The mean over classes of the share of their items that are answered rightly, in per cent."""

    def __init__(self, settings: MetricSettings) -> None:
        self._places = {name: place for place, name in enumerate(settings.classes)}

    def prepare(self, reference: str) -> PreparedClassAccuracy:
        """Keep the label, checked. Raises MetricInputError for one that is no class of the set."""
        label = check_label(reference)
        if label not in self._places:
            raise MetricInputError(f"the label {label!r} is none of the set's {len(self._places)} classes")
        return PreparedClassAccuracy(label, self._places[label])

    def describe(self) -> str:
        """How the number is computed."""
        return "share of right answers of each class, mean over the classes that have items (balanced accuracy)"


def accuracy_of_classes(contributions: NDArray[np.float64]) -> dict[int, tuple[float, int]]:
    """Place of a class → its accuracy in per cent and the number of its items, of contributions of shape (n, 2); only
    classes that have items.
    """
    places = contributions[:, 0].astype(np.intp)
    number, right = np.bincount(places), np.bincount(places, weights=contributions[:, 1])
    return {
        int(place): (100.0 * float(right[place]) / float(number[place]), int(number[place]))
        for place in np.flatnonzero(number)
    }


def class_accuracy(contributions: NDArray[np.float64]) -> float:
    """Mean over classes of their accuracy in per cent."""
    return float(np.mean([accuracy for accuracy, _ in accuracy_of_classes(contributions).values()]))
