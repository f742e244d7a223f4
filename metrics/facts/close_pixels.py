"""The share of pixels near the reference's."""

from __future__ import annotations

from metrics.metric import ItemMetric, Metric, MetricSettings
from metrics.metric_facts import MetricFacts


def _open(settings: MetricSettings) -> Metric:
    from metrics.image.close_pixels import ClosePixels  # numpy is slow to load

    return ClosePixels(settings)


CLOSE_PIXELS = ItemMetric(
    facts=MetricFacts(
        name="close_pixels",
        label="Close pixels",
        family="image",
        unit="%",
        better="higher",
        range=(0.0, 100.0),
        decimals=2,
        meaning="pixels of which no channel is off by more than 8 of 255, mean of per-image values",
        convention="a pixel counts where R, G and B are each within 8/255 of the data range, no crop",
        citation="own; after the bad-pixel rate of Scharstein and Szeliski 2002",
        blind_to="how far the others are off, and every error within the tolerance",
        negligible=0.5,
        subject="the share of close pixels",
    ),
    open=_open,
)
