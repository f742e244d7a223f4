"""Cosine similarity of tensors."""

from __future__ import annotations

from metrics.metric import ItemMetric, Metric, MetricSettings
from metrics.metric_facts import MetricFacts


def _open(settings: MetricSettings) -> Metric:
    from metrics.tensors.cosine_similarity import CosineSimilarity  # numpy is slow to load

    return CosineSimilarity(settings)


COSINE_SIMILARITY = ItemMetric(
    facts=MetricFacts(
        name="cosine_similarity",
        label="Cosine similarity",
        family="tensors",
        unit="",
        better="higher",
        range=(-1.0, 1.0),
        decimals=5,
        meaning="direction of the outputs, 1 is the same",
        convention="each output and its reference as flat vectors, means not removed; least over the outputs",
        citation="textbook definition, x·y / (|x| |y|)",
        blind_to="scale: an output that is twice too large scores 1",
        negligible=0.0001,
        gallery_order=3,
        subject="cosine similarity",
    ),
    open=_open,
)
