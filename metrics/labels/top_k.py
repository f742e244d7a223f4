"""Whether the label is among the k classes that a model gives most: 100 or 0, so that a mean is in per cent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from metrics.errors import MetricInputError
from metrics.labels.class_scores import ClassScores, check_label, place_of
from metrics.metric import MetricSettings


@dataclass(frozen=True)
class PreparedTopK:
    """A label; there is nothing to compute ahead."""

    label: str
    k: int

    def score(self, output: ClassScores) -> float:
        """100 where fewer than k classes come before the label, else 0. Of classes with the same probability the first
        in the model's order comes first, as with argmax.

        Raises:
            MetricInputError: the label is none of the output's classes, or k is not below their number.
        """
        place = place_of(self.label, output)
        if self.k >= len(output.classes):
            raise MetricInputError(f"the best {self.k} of {len(output.classes)} classes always hold the label")
        own = output.probabilities[place]
        before = int(np.sum(output.probabilities > own)) + int(np.sum(output.probabilities[:place] == own))
        return 100.0 if before < self.k else 0.0


class TopK:
    """The share of items whose label is among the k best classes, in per cent."""

    def __init__(self, k: int, _: MetricSettings) -> None:
        self._k = k

    def prepare(self, reference: str) -> PreparedTopK:
        """Keep the label, checked."""
        return PreparedTopK(check_label(reference), self._k)

    def describe(self) -> str:
        """How the number is computed."""
        best = "the class with the highest score" if self._k == 1 else f"one of the {self._k} classes with the highest"
        return f"100 where the label is {best}, else 0; of equal scores the first in the model's order counts"
