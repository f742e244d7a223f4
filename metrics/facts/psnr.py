"""PSNR over all colour channels."""

from __future__ import annotations

from metrics.metric import ItemMetric, Metric, MetricSettings
from metrics.metric_facts import MetricFacts


def _open(settings: MetricSettings) -> Metric:
    from metrics.image.psnr import Psnr  # numpy is slow to load

    return Psnr(settings)


PSNR = ItemMetric(
    facts=MetricFacts(
        name="psnr",
        label="PSNR (RGB)",
        family="image",
        unit="dB",
        better="higher",
        range=(0.0, None),
        decimals=2,
        meaning="pixel accuracy over all colour channels, mean of per-image values",
        convention="mean squared error over all pixels of R, G and B together, no crop, declared data range",
        citation="Huynh-Thu and Ghanbari 2008, Scope of validity of PSNR in image/video quality assessment",
        blind_to="where an error is and what it looks like: blur, noise and blocks of equal energy score alike",
        negligible=0.05,
        visible_loss=1.0,
        gallery_order=5,
    ),
    open=_open,
)
