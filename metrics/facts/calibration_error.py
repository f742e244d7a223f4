"""Expected calibration error: confidence against how often answers are right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metrics.metric import MetricSettings
from metrics.metric_facts import MetricFacts
from metrics.set_metric import OpenSetMetric, SetMetric

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def _open(settings: MetricSettings) -> OpenSetMetric:
    from metrics.labels.calibration_error import CalibrationError  # numpy is slow to load

    return CalibrationError(settings)


def _value(contributions: NDArray[np.float64]) -> float:
    from metrics.labels.calibration_error import calibration_error  # numpy is slow to load

    return calibration_error(contributions)


def _by_chance(contributions: NDArray[np.float64]) -> float:
    from metrics.labels.calibration_error import by_chance  # numpy is slow to load

    return by_chance(contributions)


CALIBRATION_ERROR = SetMetric(
    facts=MetricFacts(
        name="calibration_error",
        label="Calibration error (ECE)",
        family="labels",
        unit="%",
        better="lower",
        range=(0.0, 100.0),
        decimals=2,
        meaning="how far confidence is from how often answers are right, mean over 15 bins of confidence",
        convention=("expected calibration error of the answers: 15 bins of equal width, weighted by their answers"),
        citation="Guo et al. 2017, On calibration of modern neural networks",
        blind_to="what evens out within a bin; chance adds to it where items are few",
        negligible=1.0,
        subject="calibration error",
    ),
    open=_open,
    value=_value,
    by_chance=_by_chance,
)
