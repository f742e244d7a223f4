"""Temporal consistency: flicker that the reference does not have."""

from __future__ import annotations

from metrics.metric import ItemMetric, Metric, MetricSettings
from metrics.metric_facts import MetricFacts


def _open(_: MetricSettings) -> Metric:
    from metrics.sequence.flicker import Flicker

    return Flicker()


FLICKER = ItemMetric(
    facts=MetricFacts(
        name="flicker",
        label="Flicker",
        family="sequence",
        unit="",
        better="lower",
        range=(0.0, 255.0),
        decimals=2,
        meaning="change of the error from frame to frame along the motion, in levels of 255: what comes and goes",
        convention=(
            "BT.601 luma over the full range; RMS over all frames; motion by DIS optical flow of the reference, pixels"
            " that are occluded, or whose motion there and back disagrees, left out"
        ),
        citation=(
            "the error of temporal gradients along motion, as in Lai et al. 2018, Learning Blind Video Temporal"
            " Consistency, but of the error against the reference; there is no standard"
        ),
        blind_to="a fault that stays with what is seen, however large; changes of colour at equal luma",
        negligible=0.1,
        gallery_order=2,
    ),
    open=_open,
)
