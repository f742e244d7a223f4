"""DISTS."""

from __future__ import annotations

from metrics.metric import ItemMetric, Metric, MetricSettings
from metrics.metric_facts import MetricFacts


def _open(settings: MetricSettings) -> Metric:
    from metrics.dists.dists import Dists  # numpy is slow to load

    return Dists(settings)


DISTS = ItemMetric(
    facts=MetricFacts(
        name="dists",
        label="DISTS",
        family="image",
        unit="",
        better="lower",
        range=(0.0, 1.0),
        decimals=4,
        meaning="perceptual distance that forgives another sample of the same texture, 0 is identical",
        convention=(
            "RGB in 0..1, native size (the authors' script shrinks to 256 pixels first), VGG-16 with blurred pooling, "
            "no crop"
        ),
        citation="Ding et al. 2020, Image Quality Assessment: Unifying Structure and Texture Similarity",
        blind_to="where in the picture something is: it compares statistics of whole feature maps",
        negligible=0.002,
        visible_loss=0.05,
        gallery_order=8,
    ),
    open=_open,
)
