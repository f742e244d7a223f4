"""The area under the ROC curve: how often an anomalous item has a higher score than a normal one."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from metrics.anomaly.anomaly import AnomalyOutput, AnomalyReference, check_score
from metrics.metric import MetricSettings


@dataclass(frozen=True)
class PreparedScore:
    """Whether the item is anomalous; there is nothing to compute ahead."""

    is_anomalous: bool

    def contribution(self, output: AnomalyOutput) -> NDArray[np.float64]:
        """(score, 1 where the item is anomalous else 0), shape (2,)."""
        return np.array([check_score(output), float(self.is_anomalous)])


class Auroc:
    """Area under the ROC curve of a set, in per cent."""

    def __init__(self, _: MetricSettings) -> None:
        """There is nothing to settle."""

    def prepare(self, reference: AnomalyReference) -> PreparedScore:
        """Keep the label."""
        return PreparedScore(reference.is_anomalous)

    def describe(self) -> str:
        """How the number is computed."""
        return "pairs of an anomalous and a normal item of which the anomalous one has the higher score, ties half"


def auroc(contributions: NDArray[np.float64]) -> float:
    """100 P(anomalous > normal) + ½ P(equal), of contributions of shape (n, 2); NaN for a set of one class."""
    scores, labels = contributions[:, 0], contributions[:, 1] > 0.5
    normal = np.sort(scores[~labels])
    if normal.size in (0, scores.size):
        return math.nan
    anomalous = scores[labels]
    below, upto = np.searchsorted(normal, anomalous, side="left"), np.searchsorted(normal, anomalous, side="right")
    return 50.0 * float(np.mean(below + upto)) / normal.size
