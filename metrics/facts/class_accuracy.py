"""Accuracy of each class, and its mean over the classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metrics.metric import MetricSettings
from metrics.metric_facts import MetricFacts
from metrics.set_metric import OpenSetMetric, SetMetric

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def _open(settings: MetricSettings) -> OpenSetMetric:
    from metrics.labels.class_accuracy import ClassAccuracy  # numpy is slow to load

    return ClassAccuracy(settings)


def _value(contributions: NDArray[np.float64]) -> float:
    from metrics.labels.class_accuracy import class_accuracy  # numpy is slow to load

    return class_accuracy(contributions)


def _parts(contributions: NDArray[np.float64]) -> dict[int, tuple[float, int]]:
    from metrics.labels.class_accuracy import accuracy_of_classes  # numpy is slow to load

    return accuracy_of_classes(contributions)


CLASS_ACCURACY = SetMetric(
    facts=MetricFacts(
        name="class_accuracy",
        label="Accuracy, mean of classes",
        family="labels",
        unit="%",
        better="higher",
        range=(0.0, 100.0),
        decimals=1,
        meaning="accuracy of each class, and their mean: rare classes count as much as frequent ones",
        convention=("mean over the classes that have items of the share that is answered rightly (balanced accuracy)"),
        citation="Brodersen et al. 2010, The balanced accuracy and its posterior distribution",
        blind_to="how frequent a class is; of classes with few items it tells mostly chance",
        negligible=0.5,
        subject="accuracy by class",
    ),
    open=_open,
    value=_value,
    parts=_parts,
)
