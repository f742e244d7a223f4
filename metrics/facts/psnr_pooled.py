"""PSNR of a whole set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metrics.metric import MetricSettings
from metrics.metric_facts import MetricFacts
from metrics.set_metric import OpenSetMetric, SetMetric

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def _open(settings: MetricSettings) -> OpenSetMetric:
    from metrics.image.psnr_pooled import PooledPsnr  # numpy is slow to load

    return PooledPsnr(settings)


def _value(contributions: NDArray[np.float64]) -> float:
    from metrics.image.psnr_pooled import pooled_psnr  # numpy is slow to load

    return pooled_psnr(contributions)


PSNR_POOLED = SetMetric(
    facts=MetricFacts(
        name="psnr_pooled",
        label="PSNR (RGB, pooled)",
        family="image",
        unit="dB",
        better="higher",
        range=(0.0, None),
        decimals=2,
        meaning="pixel accuracy of all images together: of the mean squared error over all their pixels",
        convention=(
            "one mean squared error over all pixels of all images, R, G and B together, no crop, declared data range"
        ),
        citation="Huynh-Thu and Ghanbari 2008, Scope of validity of PSNR in image/video quality assessment",
        blind_to="which image is bad: a large one weighs more than a small one; and what PSNR is blind to",
        negligible=0.05,
    ),
    open=_open,
    value=_value,
)
