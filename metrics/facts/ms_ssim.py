"""Multi-scale SSIM over the colour channels."""

from __future__ import annotations

from metrics.metric import ItemMetric, Metric, MetricSettings
from metrics.metric_facts import MetricFacts


def _open(settings: MetricSettings) -> Metric:
    from metrics.image.ms_ssim import MsSsim  # numpy is slow to load

    return MsSsim(settings)


MS_SSIM = ItemMetric(
    facts=MetricFacts(
        name="ms_ssim",
        label="MS-SSIM (RGB)",
        family="image",
        unit="",
        better="higher",
        range=(0.0, 1.0),
        decimals=4,
        meaning="structural similarity over five scales, 1 is identical",
        convention=(
            "five scales with the weights 0.0448, 0.2856, 0.3001, 0.2363, 0.1333; SSIM's 11×11 Gaussian window, valid "
            "region; 2×2 means between scales; mean over R, G and B; at least 161×161"
        ),
        citation="Wang, Simoncelli and Bovik 2003, Multiscale structural similarity for image quality assessment",
        blind_to="colour casts, and fine noise, to which the finest scale gives little weight",
        negligible=0.0005,
        visible_loss=0.01,
        gallery_order=11,
    ),
    open=_open,
)
