"""VMAF of the first version for a telephone."""

from __future__ import annotations

from metrics.metric import ItemMetric, Metric, MetricSettings
from metrics.metric_facts import MetricFacts


def _open(settings: MetricSettings) -> Metric:
    from metrics.sequence.vmaf import Vmaf  # numpy is slow to load

    return Vmaf("vmaf_v1.0.16_5d0h", settings, smallest=540)


VMAF_V1_PHONE = ItemMetric(
    facts=MetricFacts(
        name="vmaf_v1_phone",
        label="VMAF v1 (phone)",
        family="sequence",
        unit="",
        better="higher",
        range=(0.0, 100.0),
        decimals=2,
        citation="Li et al. 2016, Toward a practical perceptual video quality metric (libvmaf, Netflix)",
        blind_to="what lies outside of its training: codecs' faults; meaningless against an upsampled reference",
        negligible=0.5,
        visible_loss=6.0,
        meaning="quality of a clip as viewers rated it on a telephone: 100 is excellent, 20 is bad",
        convention=(
            "libvmaf's model v1.0.16 for telephones (1080p seen from five heights; chroma and banding too), BT.709 "
            "4:2:0 in 8 bits, mean over frames; at least 2 frames, 540×540; ffmpeg 9 (imageio-ffmpeg 0.8) or newer"
        ),
    ),
    open=_open,
)
