"""PSNR of luma."""

from __future__ import annotations

from metrics.metric import ItemMetric, Metric, MetricSettings
from metrics.metric_facts import MetricFacts


def _open(settings: MetricSettings) -> Metric:
    from metrics.image.luma import OnLuma  # numpy is slow to load
    from metrics.image.psnr import Psnr

    return OnLuma(Psnr, settings)


PSNR_Y = ItemMetric(
    facts=MetricFacts(
        name="psnr_y",
        label="PSNR (Y)",
        family="image",
        unit="dB",
        better="higher",
        range=(0.0, None),
        decimals=2,
        meaning="pixel accuracy of luma, borders cropped by the scale, mean of per-image values",
        convention=(
            "BT.601 luma (16..235) in float64, not rounded; `scale` pixels cropped at each border; a grey file is luma"
            " itself"
        ),
        citation="Timofte et al. 2014, A+: Adjusted Anchored Neighborhood Regression (the protocol of its tables)",
        blind_to="colour: a fault in chroma alone does not change it; and what PSNR is blind to",
        negligible=0.05,
        visible_loss=1.0,
        gallery_order=4,
    ),
    open=_open,
)
