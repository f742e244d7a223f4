"""F1 of anomaly scores at the threshold that is the baseline's best."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metrics.metric import MetricSettings
from metrics.metric_facts import MetricFacts
from metrics.set_metric import OpenSetMetric, SetMetric

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def _open(settings: MetricSettings) -> OpenSetMetric:
    from metrics.anomaly.f1_at_baseline import F1AtBaseline  # numpy is slow to load

    return F1AtBaseline(settings)


def _value(contributions: NDArray[np.float64]) -> float:
    from metrics.anomaly.f1_at_baseline import best_threshold, f1_at  # numpy is slow to load

    return f1_at(contributions, best_threshold(contributions))


def _chosen(contributions: NDArray[np.float64]) -> float:
    from metrics.anomaly.f1_at_baseline import best_threshold  # numpy is slow to load

    return best_threshold(contributions)


def _value_at(contributions: NDArray[np.float64], threshold: float) -> float:
    from metrics.anomaly.f1_at_baseline import f1_at  # numpy is slow to load

    return f1_at(contributions, threshold)


F1_AT_BASELINE = SetMetric(
    facts=MetricFacts(
        name="f1_at_baseline",
        family="anomaly",
        unit="%",
        better="higher",
        range=(0.0, 100.0),
        decimals=1,
        label="F1 at the baseline's threshold",
        meaning="balance of misses and false alarms, were the model replaced and the threshold kept",
        convention=(
            "the threshold with the highest F1 of the baseline's scores, in the middle between two, for every arm"
        ),
        citation="van Rijsbergen 1979, Information retrieval; the threshold is this project's convention",
        blind_to="what another threshold would give; normal items that are told rightly",
        negligible=1.0,
        subject="F1 at the baseline's threshold",
    ),
    open=_open,
    without_value="there are not items of both kinds",
    value=_value,
    chosen=_chosen,
    value_at=_value_at,
)
