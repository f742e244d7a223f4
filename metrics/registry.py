"""Every metric by the name of the quantity it gives."""

from __future__ import annotations

from functools import partial

from metrics.image.close_pixels import ClosePixels
from metrics.image.luma import OnLuma
from metrics.image.psnr import Psnr
from metrics.image.psnr_pooled import PooledPsnr, pooled_psnr
from metrics.image.ssim import Ssim
from metrics.labels.brier_score import BrierScore
from metrics.labels.calibration_error import CalibrationError, calibration_error
from metrics.labels.class_accuracy import ClassAccuracy, accuracy_of_classes, class_accuracy
from metrics.labels.top_k import TopK
from metrics.lpips.lpips import Lpips
from metrics.metric import MetricFactory
from metrics.set_metric import SetMetric
from metrics.tensors.cosine_similarity import CosineSimilarity
from metrics.tensors.max_abs_error import MaxAbsError
from metrics.tensors.snr import Snr

METRICS: dict[str, MetricFactory] = {
    "psnr": Psnr,
    "psnr_y": partial(OnLuma, Psnr),
    "ssim": Ssim,
    "ssim_y": partial(OnLuma, Ssim),
    "lpips_alex": partial(Lpips, "alex"),
    "lpips_squeeze": partial(Lpips, "squeeze"),
    "lpips_vgg": partial(Lpips, "vgg"),
    "max_abs_error": MaxAbsError,
    "cosine_similarity": CosineSimilarity,
    "snr": Snr,
    "close_pixels": ClosePixels,
    "top1": partial(TopK, 1),
    "top5": partial(TopK, 5),
    "brier_score": BrierScore,
}
"""Metrics with a value for every item. A new one is a file like its neighbours, a line here and a row in
harness/quantity.py.
"""

SET_METRICS: dict[str, SetMetric] = {
    "psnr_pooled": SetMetric(PooledPsnr, pooled_psnr),
    "class_accuracy": SetMetric(ClassAccuracy, class_accuracy, accuracy_of_classes),
    "calibration_error": SetMetric(CalibrationError, calibration_error),
}
"""Metrics with a value only for a whole set of items; a new one likewise."""
