"""SSIMULACRA2."""

from __future__ import annotations

from metrics.metric import ItemMetric, Metric, MetricSettings
from metrics.metric_facts import MetricFacts


def _open(settings: MetricSettings) -> Metric:
    from metrics.image.ssimulacra2 import Ssimulacra2  # numpy is slow to load

    return Ssimulacra2(settings)


SSIMULACRA2 = ItemMetric(
    facts=MetricFacts(
        name="ssimulacra2",
        label="SSIMULACRA2",
        family="image",
        unit="",
        better="higher",
        range=(None, 100.0),
        decimals=2,
        meaning="fidelity as people rated compressed pictures: 100 is identical, 90 cannot be told apart, 50 is medium",
        convention=(
            "version 2.1, XYB of sRGB, up to six scales, 11-tap Gaussian as in the Python package (the C++ program's "
            "recursive one differs by some tenths)"
        ),
        citation="Sneyers 2022, SSIMULACRA 2 (Cloudinary)",
        blind_to="faults that compression does not make: it was fitted to those of codecs",
        negligible=0.5,
        visible_loss=10.0,
        gallery_order=10,
    ),
    open=_open,
)
