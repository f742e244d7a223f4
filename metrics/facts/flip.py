"""FLIP."""

from __future__ import annotations

from metrics.metric import ItemMetric, Metric, MetricSettings
from metrics.metric_facts import MetricFacts


def _open(settings: MetricSettings) -> Metric:
    from metrics.image.flip import Flip  # numpy is slow to load

    return Flip(settings)


FLIP = ItemMetric(
    facts=MetricFacts(
        name="flip",
        label="FLIP",
        family="image",
        unit="",
        better="lower",
        range=(0.0, 1.0),
        decimals=4,
        meaning="how visible the difference is when both pictures alternate on a screen, 0 is identical",
        convention=(
            "LDR-FLIP, sRGB, 67 pixels per degree (a 0.7 m wide 4K screen seen from 0.7 m), borders repeated, mean of "
            "the error map"
        ),
        citation="Andersson et al. 2020, FLIP: A Difference Evaluator for Alternating Images",
        blind_to="which of two pictures looks better, and everything that is too fine to see at that distance",
        negligible=0.002,
        visible_loss=0.05,
        gallery_order=9,
    ),
    open=_open,
)
