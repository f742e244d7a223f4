"""Every metric by the name of the score it gives. Light to import: a metric is loaded when it is opened."""

from __future__ import annotations

from metrics.facts.aupro import AUPRO
from metrics.facts.auroc import AUROC
from metrics.facts.brier_score import BRIER_SCORE
from metrics.facts.calibration_error import CALIBRATION_ERROR
from metrics.facts.class_accuracy import CLASS_ACCURACY
from metrics.facts.close_pixels import CLOSE_PIXELS
from metrics.facts.cosine_similarity import COSINE_SIMILARITY
from metrics.facts.delta_e_2000 import DELTA_E_2000
from metrics.facts.dists import DISTS
from metrics.facts.f1_at_baseline import F1_AT_BASELINE
from metrics.facts.flicker import FLICKER
from metrics.facts.flip import FLIP
from metrics.facts.gradient_error import GRADIENT_ERROR
from metrics.facts.lpips_alex import LPIPS_ALEX
from metrics.facts.lpips_squeeze import LPIPS_SQUEEZE
from metrics.facts.lpips_vgg import LPIPS_VGG
from metrics.facts.mae import MAE
from metrics.facts.max_abs_error import MAX_ABS_ERROR
from metrics.facts.max_error import MAX_ERROR
from metrics.facts.mean_iou import MEAN_IOU
from metrics.facts.ms_ssim import MS_SSIM
from metrics.facts.psnr import PSNR
from metrics.facts.psnr_pooled import PSNR_POOLED
from metrics.facts.psnr_y import PSNR_Y
from metrics.facts.snr import SNR
from metrics.facts.ssim import SSIM
from metrics.facts.ssim_y import SSIM_Y
from metrics.facts.ssimulacra2 import SSIMULACRA2
from metrics.facts.top1 import TOP1
from metrics.facts.top5 import TOP5
from metrics.facts.vmaf import VMAF
from metrics.facts.vmaf_phone import VMAF_PHONE
from metrics.facts.vmaf_v1_phone import VMAF_V1_PHONE
from metrics.facts.worst_frame_psnr import WORST_FRAME_PSNR
from metrics.facts.xpsnr import XPSNR
from metrics.metric import ItemMetric, MetricFactory
from metrics.metric_facts import MetricFacts
from metrics.set_metric import SetMetric

_ALL: tuple[ItemMetric | SetMetric, ...] = (
    PSNR,
    PSNR_POOLED,
    PSNR_Y,
    SSIM,
    SSIM_Y,
    LPIPS_ALEX,
    LPIPS_SQUEEZE,
    LPIPS_VGG,
    CLOSE_PIXELS,
    MS_SSIM,
    DISTS,
    FLIP,
    SSIMULACRA2,
    DELTA_E_2000,
    GRADIENT_ERROR,
    MAE,
    MAX_ERROR,
    SNR,
    COSINE_SIMILARITY,
    MAX_ABS_ERROR,
    WORST_FRAME_PSNR,
    FLICKER,
    VMAF,
    VMAF_PHONE,
    VMAF_V1_PHONE,
    XPSNR,
    TOP1,
    TOP5,
    CLASS_ACCURACY,
    BRIER_SCORE,
    CALIBRATION_ERROR,
    AUROC,
    AUPRO,
    F1_AT_BASELINE,
    MEAN_IOU,
)
"""All in the order in which people see them. A new one is a file in metrics/facts/, the code that it opens, and a line
here.
"""

FACTS: dict[str, MetricFacts] = {metric.facts.name: metric.facts for metric in _ALL}
"""What is known of every score."""

METRICS: dict[str, MetricFactory] = {one.facts.name: one.open for one in _ALL if isinstance(one, ItemMetric)}
"""Metrics with a value for every item."""

SET_METRICS: dict[str, SetMetric] = {one.facts.name: one for one in _ALL if isinstance(one, SetMetric)}
"""Metrics with a value only for a whole set of items."""


def of_family(family: str) -> tuple[str, ...]:
    """Names of the scores whose metrics compare what a task of this family gives."""
    return tuple(name for name, facts in FACTS.items() if facts.family == family)
