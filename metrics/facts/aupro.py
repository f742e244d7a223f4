"""Area under the curve of per-region overlap of anomaly maps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metrics.metric import MetricSettings
from metrics.metric_facts import MetricFacts
from metrics.set_metric import OpenSetMetric, SetMetric

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def _open(settings: MetricSettings) -> OpenSetMetric:
    from metrics.anomaly.aupro import Aupro  # numpy is slow to load

    return Aupro(settings)


def _value(contributions: NDArray[np.float64]) -> float:
    from metrics.anomaly.aupro import aupro  # numpy is slow to load

    return aupro(contributions)


AUPRO = SetMetric(
    facts=MetricFacts(
        name="aupro",
        family="anomaly",
        unit="%",
        better="higher",
        range=(0.0, 100.0),
        decimals=1,
        label="AUPRO",
        meaning="how much of each anomalous region a map marks, while few normal pixels are marked",
        convention="8-connected regions, false positive rate up to 0.3, 1,000 thresholds over the declared range",
        citation="Bergmann et al. 2020, Uninformed students: student-teacher anomaly detection",
        blind_to="false positives beyond 30 % of the normal pixels; the size of regions, which all count alike",
        negligible=0.5,
    ),
    open=_open,
    without_value="no mask marks anything, or no pixel is normal",
    value=_value,
)
