"""Brier score: squared distance of probabilities from the label."""

from __future__ import annotations

from metrics.metric import ItemMetric, Metric, MetricSettings
from metrics.metric_facts import MetricFacts


def _open(settings: MetricSettings) -> Metric:
    from metrics.labels.brier_score import BrierScore  # numpy is slow to load

    return BrierScore(settings)


BRIER_SCORE = ItemMetric(
    facts=MetricFacts(
        name="brier_score",
        label="Brier score",
        family="labels",
        unit="",
        better="lower",
        range=(0.0, 2.0),
        decimals=4,
        meaning=("squared distance of the probabilities from the label, 0 is sure and right, 2 sure and wrong"),
        convention="summed over all classes, so from 0 to 2 (for two classes some libraries give half of it)",
        citation="Brier 1950, Verification of forecasts expressed in terms of probability",
        blind_to="whether a model is wrong or unsure: both cost",
        negligible=0.01,
        gallery_order=2,
        subject="the Brier score",
    ),
    open=_open,
)
