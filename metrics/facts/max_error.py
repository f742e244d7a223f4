"""The largest error of a picture."""

from __future__ import annotations

from metrics.metric import ItemMetric, Metric, MetricSettings
from metrics.metric_facts import MetricFacts


def _open(settings: MetricSettings) -> Metric:
    from metrics.image.max_error import MaxError  # numpy is slow to load

    return MaxError(settings)


MAX_ERROR = ItemMetric(
    facts=MetricFacts(
        name="max_error",
        label="Largest error (RGB)",
        family="image",
        unit="",
        better="lower",
        range=(0.0, 255.0),
        decimals=1,
        meaning="furthest that any value is off, of 255; 0 is identical",
        convention="largest |output − reference| of any channel of any pixel, on the scale 0..255, no crop",
        citation="textbook definition, the maximum norm of the error",
        blind_to="how many values are off: one counts as much as all",
        negligible=1.0,
        subject="the largest error of a picture",
    ),
    open=_open,
)
