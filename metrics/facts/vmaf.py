"""VMAF for a television seen from three heights."""

from __future__ import annotations

from metrics.metric import ItemMetric, Metric, MetricSettings
from metrics.metric_facts import MetricFacts


def _open(settings: MetricSettings) -> Metric:
    from metrics.sequence.vmaf import Vmaf  # numpy is slow to load

    return Vmaf("vmaf_v0.6.1", settings)


VMAF = ItemMetric(
    facts=MetricFacts(
        name="vmaf",
        label="VMAF",
        family="sequence",
        unit="",
        better="higher",
        range=(0.0, 100.0),
        decimals=2,
        citation="Li et al. 2016, Toward a practical perceptual video quality metric (libvmaf, Netflix)",
        blind_to=(
            "chroma: it looks at luma alone; sharpening scores better than the reference; meaningless against an "
            "upsampled reference"
        ),
        negligible=0.5,
        visible_loss=6.0,
        meaning="quality of a clip as viewers rated it on a television: 100 is excellent, 20 is bad",
        convention=(
            "libvmaf's model v0.6.1 (1080p seen from three heights), BT.709 4:2:0 in 8 bits, mean over frames; at "
            "least 2 frames, 32×32"
        ),
    ),
    open=_open,
)
