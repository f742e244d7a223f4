"""Top-5 accuracy: the label is among the five classes that a model gives most."""

from __future__ import annotations

from metrics.metric import ItemMetric, Metric, MetricSettings
from metrics.metric_facts import MetricFacts


def _open(settings: MetricSettings) -> Metric:
    from metrics.labels.top_k import TopK  # numpy is slow to load

    return TopK(5, settings)


TOP5 = ItemMetric(
    facts=MetricFacts(
        name="top5",
        label="Accuracy (top 5)",
        family="labels",
        unit="%",
        better="higher",
        range=(0.0, 100.0),
        decimals=1,
        meaning="items whose label is among the five classes that the model gives most",
        convention=(
            "of classes with the same score the first in the model's order comes first; no value for five classes or"
            " fewer"
        ),
        citation="Russakovsky et al. 2015, ImageNet large scale visual recognition challenge",
        blind_to="which of the five comes first; what accuracy is blind to",
        negligible=0.5,
        gallery_order=3,
        of_right_items=True,
        subject="top-5 accuracy",
    ),
    open=_open,
)
