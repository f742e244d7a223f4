"""The Brier score of several classes: squared distance of the probabilities from the label (Brier 1950)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from metrics.labels.class_scores import ClassScores, check_label, place_of
from metrics.metric import MetricSettings


@dataclass(frozen=True)
class PreparedBrierScore:
    """A label; there is nothing to compute ahead."""

    label: str

    def score(self, output: ClassScores) -> float:
        """Σ (p − y)² over the classes, y = 1 for the label and 0 for the others: 0 (sure and right) to 2 (sure and
        wrong).
        """
        error = output.probabilities.copy()
        error[place_of(self.label, output)] -= 1.0
        return float(np.dot(error, error))


class BrierScore:
    """Squared distance of a model's probabilities from the label, which being unsure costs as well as being wrong."""

    def __init__(self, _: MetricSettings) -> None:
        """There is nothing to settle."""

    def prepare(self, reference: str) -> PreparedBrierScore:
        """Keep the label, checked."""
        return PreparedBrierScore(check_label(reference))

    def describe(self) -> str:
        """How the number is computed."""
        return "Σ (probability − label)² over all classes (Brier 1950), from 0 to 2"
