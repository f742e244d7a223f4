"""SSIM of luma."""

from __future__ import annotations

from metrics.metric import ItemMetric, Metric, MetricSettings
from metrics.metric_facts import MetricFacts


def _open(settings: MetricSettings) -> Metric:
    from metrics.image.luma import OnLuma  # numpy is slow to load
    from metrics.image.ssim import Ssim

    return OnLuma(Ssim, settings)


SSIM_Y = ItemMetric(
    facts=MetricFacts(
        name="ssim_y",
        label="SSIM (Y)",
        family="image",
        unit="",
        better="higher",
        range=(-1.0, 1.0),
        decimals=4,
        meaning="structural similarity of luma, borders cropped by the scale",
        convention=(
            "11×11 Gaussian window, σ 1.5, population covariance, valid region, K = (0.01, 0.03), no downsampling; "
            "BT.601 luma, `scale` pixels cropped at each border"
        ),
        citation="Wang et al. 2004, Image quality assessment: from error visibility to structural similarity",
        blind_to="colour, faults in flat bright regions, and how large a structure is: one scale only",
        negligible=0.001,
        visible_loss=0.02,
        gallery_order=6,
    ),
    open=_open,
)
