"""Area under the ROC curve of anomaly scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metrics.metric import MetricSettings
from metrics.metric_facts import MetricFacts
from metrics.set_metric import OpenSetMetric, SetMetric

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def _open(settings: MetricSettings) -> OpenSetMetric:
    from metrics.anomaly.auroc import Auroc  # numpy is slow to load

    return Auroc(settings)


def _value(contributions: NDArray[np.float64]) -> float:
    from metrics.anomaly.auroc import auroc  # numpy is slow to load

    return auroc(contributions)


AUROC = SetMetric(
    facts=MetricFacts(
        name="auroc",
        family="anomaly",
        unit="%",
        better="higher",
        range=(0.0, 100.0),
        decimals=1,
        label="AUROC",
        meaning="how often an anomalous item has a higher score than a normal one",
        convention="over all pairs of an anomalous and a normal item, equal scores count half",
        citation="Hanley and McNeil 1982, The meaning and use of the area under a ROC curve",
        blind_to="where the scores lie: any order-keeping change of them leaves it, and a threshold may then miss all",
        negligible=0.5,
        of_ranks=True,
    ),
    open=_open,
    value=_value,
)
