"""PSNR of a clip's worst frame."""

from __future__ import annotations

from metrics.metric import ItemMetric, Metric, MetricSettings
from metrics.metric_facts import MetricFacts


def _open(settings: MetricSettings) -> Metric:
    from metrics.sequence.worst_frame import WorstFrame  # numpy is slow to load

    return WorstFrame(settings)


WORST_FRAME_PSNR = ItemMetric(
    facts=MetricFacts(
        name="worst_frame_psnr",
        label="PSNR, worst frame",
        family="sequence",
        unit="dB",
        better="higher",
        range=(0.0, None),
        decimals=2,
        meaning="pixel accuracy of the worst frame of each clip, mean over the clips",
        convention="PSNR over all channels and pixels of each frame, the lowest of a clip",
        citation="the minimum over frames in place of their mean; no standard",
        blind_to="every frame but one; and what PSNR is blind to",
        negligible=0.1,
        visible_loss=1.0,
        gallery_order=1,
        subject="the worst frame's PSNR",
    ),
    open=_open,
)
