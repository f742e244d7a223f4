"""Mean absolute error."""

from __future__ import annotations

from metrics.metric import ItemMetric, Metric, MetricSettings
from metrics.metric_facts import MetricFacts


def _open(settings: MetricSettings) -> Metric:
    from metrics.image.mae import Mae  # numpy is slow to load

    return Mae(settings)


MAE = ItemMetric(
    facts=MetricFacts(
        name="mae",
        label="Mean error (RGB)",
        family="image",
        unit="",
        better="lower",
        range=(0.0, 255.0),
        decimals=3,
        meaning="mean distance of a value from the reference's, of 255; 0 is identical",
        convention="mean of |output − reference| over all pixels of R, G and B, on the scale 0..255, no crop",
        citation="textbook definition, the mean absolute error",
        blind_to="whether a few values are far off or many a little",
        negligible=0.05,
        subject="the mean error",
    ),
    open=_open,
)
