"""XPSNR of clips."""

from __future__ import annotations

from metrics.metric import ItemMetric, Metric, MetricSettings
from metrics.metric_facts import MetricFacts


def _open(settings: MetricSettings) -> Metric:
    from metrics.sequence.xpsnr import Xpsnr  # numpy is slow to load

    return Xpsnr(settings)


XPSNR = ItemMetric(
    facts=MetricFacts(
        name="xpsnr",
        label="XPSNR (Y)",
        family="sequence",
        unit="dB",
        better="higher",
        range=(0.0, None),
        decimals=2,
        meaning="pixel accuracy of a clip, errors weighted by how visible they are where they lie",
        convention=(
            "luma over the whole clip, BT.709 4:2:0 in 8 bits, 25 frames a second; at least 2 frames: of a single "
            "picture it means nothing"
        ),
        citation="Helmrich et al. 2020, XPSNR: a low-complexity extension of the perceptually weighted PSNR",
        blind_to="chroma, which it reports apart; and what an error looks like, as PSNR is",
        negligible=0.1,
        visible_loss=1.0,
    ),
    open=_open,
)
