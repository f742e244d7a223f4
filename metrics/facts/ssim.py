"""SSIM over the colour channels."""

from __future__ import annotations

from metrics.metric import ItemMetric, Metric, MetricSettings
from metrics.metric_facts import MetricFacts


def _open(settings: MetricSettings) -> Metric:
    from metrics.image.ssim import Ssim  # numpy is slow to load

    return Ssim(settings)


SSIM = ItemMetric(
    facts=MetricFacts(
        name="ssim",
        label="SSIM (RGB)",
        family="image",
        unit="",
        better="higher",
        range=(-1.0, 1.0),
        decimals=4,
        meaning="structural similarity, 1 is identical",
        convention=(
            "11×11 Gaussian window, σ 1.5, population covariance, valid region, K = (0.01, 0.03), no downsampling; "
            "mean over R, G and B, no crop"
        ),
        citation="Wang et al. 2004, Image quality assessment: from error visibility to structural similarity",
        blind_to="faults in flat bright regions, shifts of hue, and how large a structure is: one scale only",
        negligible=0.001,
        visible_loss=0.02,
        gallery_order=7,
    ),
    open=_open,
)
