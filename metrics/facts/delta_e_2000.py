"""Mean colour difference ΔE2000."""

from __future__ import annotations

from metrics.metric import ItemMetric, Metric, MetricSettings
from metrics.metric_facts import MetricFacts


def _open(settings: MetricSettings) -> Metric:
    from metrics.image.delta_e_2000 import DeltaE2000  # numpy is slow to load

    return DeltaE2000(settings)


DELTA_E_2000 = ItemMetric(
    facts=MetricFacts(
        name="delta_e_2000",
        label="ΔE2000",
        family="image",
        unit="",
        better="lower",
        range=(0.0, None),
        decimals=3,
        meaning="mean colour difference, 0 is identical, about 1 is just visible side by side",
        convention=(
            "CIEDE2000 of every pixel, sRGB under D65 (2° observer), kL = kC = kH = 1, mean over pixels, no blur, no "
            "crop"
        ),
        citation="Sharma, Wu and Dalal 2005, The CIEDE2000 color-difference formula",
        blind_to="structure: it compares single pixels, so that noise counts as much as a cast",
        negligible=0.05,
        visible_loss=1.0,
        gallery_order=12,
        subject="the mean colour difference (ΔE2000)",
    ),
    open=_open,
)
