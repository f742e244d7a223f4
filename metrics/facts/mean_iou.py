"""Mean intersection over union of label masks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metrics.metric import MetricSettings
from metrics.metric_facts import MetricFacts
from metrics.set_metric import OpenSetMetric, SetMetric

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def _open(settings: MetricSettings) -> OpenSetMetric:
    from metrics.segmentation.mean_iou import MeanIou  # numpy is slow to load

    return MeanIou(settings)


def _value(contributions: NDArray[np.float64]) -> float:
    from metrics.segmentation.mean_iou import mean_iou  # numpy is slow to load

    return mean_iou(contributions)


def _parts(contributions: NDArray[np.float64]) -> dict[int, tuple[float, int]]:
    from metrics.segmentation.mean_iou import iou_of_classes  # numpy is slow to load

    return iou_of_classes(contributions)


MEAN_IOU = SetMetric(
    facts=MetricFacts(
        name="mean_iou",
        label="Mean IoU",
        family="segmentation",
        unit="%",
        better="higher",
        range=(0.0, 100.0),
        decimals=1,
        meaning="overlap of each class with its masks, over what either has of it, and the mean of the classes",
        convention="one intersection and union a class over all items, mean over the classes that are there",
        citation="Everingham et al. 2010, The PASCAL visual object classes challenge",
        blind_to="which item is bad: a large one weighs more than a small one; where in a class the fault lies",
        negligible=0.5,
    ),
    open=_open,
    value=_value,
    parts=_parts,
)
