"""The largest error of tensors."""

from __future__ import annotations

from metrics.metric import ItemMetric, Metric, MetricSettings
from metrics.metric_facts import MetricFacts


def _open(settings: MetricSettings) -> Metric:
    from metrics.tensors.max_abs_error import MaxAbsError  # numpy is slow to load

    return MaxAbsError(settings)


MAX_ABS_ERROR = ItemMetric(
    facts=MetricFacts(
        name="max_abs_error",
        label="Largest error",
        family="tensors",
        unit="",
        better="lower",
        range=(0.0, None),
        decimals=5,
        meaning="furthest that any value is off, 0 is identical",
        convention="largest |output − reference| over every value of every output, in the outputs' own unit",
        citation="textbook definition, the maximum norm of the error",
        blind_to="how many values are off: one counts as much as all",
        negligible=0.0001,
        gallery_order=1,
        subject="the largest error",
    ),
    open=_open,
)
