"""F1 at the threshold that is the baseline's best: what users would see if only the model were replaced.

A threshold of each arm's own would hide that a candidate's scores lie elsewhere, and whoever ships it keeps the
threshold that is there.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from metrics.anomaly.anomaly import AnomalyReference
from metrics.anomaly.auroc import PreparedScore
from metrics.metric import MetricSettings


class F1AtBaseline:
    """F1 of a set, in per cent, at a threshold that is chosen on the baseline's scores."""

    def __init__(self, _: MetricSettings) -> None:
        """There is nothing to settle."""

    def prepare(self, reference: AnomalyReference) -> PreparedScore:
        """Keep the label."""
        return PreparedScore(reference.is_anomalous)

    def describe(self) -> str:
        """How the number is computed."""
        return (
            "2·TP / (2·TP + FP + FN), anomalous from a threshold on: the one that gives the baseline's scores the "
            "highest F1, in the middle between two of them, for every arm"
        )


def best_threshold(contributions: NDArray[np.float64]) -> float:
    """The threshold with the highest F1 of contributions of shape (n, 2), in the middle between two scores; NaN where
    no item is anomalous. Of several the highest.
    """
    scores, labels = contributions[:, 0], contributions[:, 1] > 0.5
    if not labels.any():
        return math.nan
    order = np.argsort(-scores, kind="stable")
    ranked, hits = scores[order], np.cumsum(labels[order])
    last = np.append(np.flatnonzero(ranked[:-1] > ranked[1:]), ranked.size - 1)
    f1 = 2.0 * hits[last] / (last + 1.0 + hits[-1])
    place = int(last[int(np.argmax(f1))])
    return float(ranked[place] if place + 1 == ranked.size else (ranked[place] + ranked[place + 1]) / 2.0)


def f1_at(contributions: NDArray[np.float64], threshold: float) -> float:
    """F1 in per cent of contributions of shape (n, 2), anomalous where score ≥ threshold; NaN where no item is."""
    told, labels = contributions[:, 0] >= threshold, contributions[:, 1] > 0.5
    if not labels.any() or math.isnan(threshold):
        return math.nan
    return 200.0 * float(np.sum(told & labels)) / float(told.sum() + labels.sum())
