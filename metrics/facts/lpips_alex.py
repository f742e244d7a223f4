"""LPIPS with AlexNet features."""

from __future__ import annotations

from metrics.metric import ItemMetric, Metric, MetricSettings
from metrics.metric_facts import MetricFacts


def _open(settings: MetricSettings) -> Metric:
    from metrics.lpips.lpips import Lpips  # numpy is slow to load

    return Lpips("alex", settings)


LPIPS_ALEX = ItemMetric(
    facts=MetricFacts(
        name="lpips_alex",
        label="LPIPS (AlexNet)",
        family="image",
        unit="",
        better="lower",
        range=(0.0, None),
        decimals=4,
        meaning="perceptual distance, 0 is identical",
        convention=(
            "RGB scaled to −1..1, no crop, AlexNet features of version 0.1 with the authors' linear heads, native size"
        ),
        citation="Zhang et al. 2018, The Unreasonable Effectiveness of Deep Features as a Perceptual Metric",
        blind_to=(
            "slight shifts and changes of texture that look alike, and what its network never learnt: text, faces, "
            "diagrams"
        ),
        negligible=0.002,
        visible_loss=0.05,
        gallery_order=1,
    ),
    open=_open,
)
