"""The error of the gradient's magnitude."""

from __future__ import annotations

from metrics.metric import ItemMetric, Metric, MetricSettings
from metrics.metric_facts import MetricFacts


def _open(settings: MetricSettings) -> Metric:
    from metrics.image.gradient_error import GradientError  # numpy is slow to load

    return GradientError(settings)


GRADIENT_ERROR = ItemMetric(
    facts=MetricFacts(
        name="gradient_error",
        label="Gradient error",
        family="image",
        unit="",
        better="lower",
        range=(0.0, None),
        decimals=3,
        meaning="how far edges are weaker or stronger than the reference's, 0 is identical",
        convention=(
            "mean absolute error of the gradient's magnitude (Sobel 3×3 / 8, valid region) over R, G and B, in levels "
            "of 0..255 a pixel"
        ),
        citation=(
            "own; after the gradient error of Rhemann et al. 2009, A perceptually motivated online benchmark for image"
            " matting"
        ),
        blind_to="brightness and colour of even regions, and which way an edge turns",
        negligible=0.05,
        subject="the gradient error",
    ),
    open=_open,
)
