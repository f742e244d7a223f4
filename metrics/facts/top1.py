"""Accuracy: the class that a model gives most is the label."""

from __future__ import annotations

from metrics.metric import ItemMetric, Metric, MetricSettings
from metrics.metric_facts import MetricFacts


def _open(settings: MetricSettings) -> Metric:
    from metrics.labels.top_k import TopK  # numpy is slow to load

    return TopK(1, settings)


TOP1 = ItemMetric(
    facts=MetricFacts(
        name="top1",
        label="Accuracy (top 1)",
        family="labels",
        unit="%",
        better="higher",
        range=(0.0, 100.0),
        decimals=1,
        meaning="items whose label is the class that the model gives most",
        convention="of classes with the same score the first in the model's order counts, as with argmax",
        citation="Russakovsky et al. 2015, ImageNet large scale visual recognition challenge",
        blind_to=("how sure the model is, and which wrong class it names; rare classes, where one class is most items"),
        negligible=0.5,
        gallery_order=1,
        of_right_items=True,
        subject="accuracy",
    ),
    open=_open,
)
