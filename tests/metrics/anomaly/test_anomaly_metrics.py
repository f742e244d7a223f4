"""Metrics of anomaly scores and maps against scikit-learn's and against plain loops, and what they refuse."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.ndimage import label as numbered
from sklearn.metrics import f1_score, roc_auc_score

from metrics.anomaly.anomaly import AnomalyOutput, AnomalyReference
from metrics.errors import MetricInputError
from metrics.metric import MetricSettings
from metrics.registry import SET_METRICS

SETTINGS = MetricSettings()
MASKED = AnomalyReference(True, np.eye(3, dtype=np.bool_))


def contributions(name: str, outputs: list[AnomalyOutput], references: list[AnomalyReference]) -> np.ndarray:
    metric = SET_METRICS[name].open(SETTINGS)
    pairs = zip(outputs, references, strict=True)
    return np.stack([metric.prepare(reference).contribution(output) for output, reference in pairs])


def scores(seed: int) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    labels = draw.random(50) < 0.3
    return np.round(draw.normal(size=50) + labels, 1), labels


@pytest.mark.parametrize("seed", range(4))
def test_auroc_and_f1_are_those_of_scikit_learn(seed: int) -> None:
    found, labels = scores(seed)
    outputs, references = [AnomalyOutput(one) for one in found], [AnomalyReference(bool(one)) for one in labels]
    own = contributions("auroc", outputs, references)
    assert SET_METRICS["auroc"].value(own) == pytest.approx(100.0 * roc_auc_score(labels, found))
    metric = SET_METRICS["f1_at_baseline"]
    threshold = metric.chosen(own)
    best = max(f1_score(labels, found >= one) for one in found)
    assert metric.value(own) == pytest.approx(100.0 * best)
    moved = own + np.array([0.35, 0.0])
    assert metric.value_at(moved, threshold) == pytest.approx(100.0 * f1_score(labels, found + 0.35 >= threshold))


def test_a_set_of_one_class_has_no_value() -> None:
    own = np.column_stack([np.arange(5.0), np.zeros(5)])
    assert math.isnan(SET_METRICS["auroc"].value(own))
    assert math.isnan(SET_METRICS["f1_at_baseline"].value(own))


def maps(seed: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    draw = np.random.default_rng(seed)
    masks = [np.zeros((12, 12), np.bool_) for _ in range(4)]
    masks[0][2:5, 2:5] = True
    masks[0][8:10, 7:11] = True
    masks[1][5, 5] = masks[1][6, 6] = True  # one region, by the corner
    masks[2][0:4, 9:12] = True
    return [np.clip(draw.random((12, 12)) * 0.6 + 0.3 * mask, 0.0, 1.0) for mask in masks], masks


def aupro_by_loops(found: list[np.ndarray], masks: list[np.ndarray]) -> float:
    """At every value that there is, with the curve cut at 0.3."""
    x, y = [0.0], [0.0]
    for threshold in sorted({float(each) for one in found for each in one.ravel()}, reverse=True):
        overlaps, false, normal = [], 0, 0
        for one, mask in zip(found, masks, strict=True):
            marked = one >= threshold
            regions, number = numbered(mask, np.ones((3, 3)))
            overlaps += [marked[regions == region].mean() for region in range(1, number + 1)]
            false, normal = false + int((marked & ~mask).sum()), normal + int((~mask).sum())
        x.append(false / normal)
        y.append(float(np.mean(overlaps)))
    grid = np.linspace(0.0, 0.3, 20001)
    return float(np.trapezoid(np.interp(grid, x, y), grid)) / 0.3


@pytest.mark.parametrize("seed", range(3))
def test_aupro_is_that_of_every_threshold(seed: int) -> None:
    found, masks = maps(seed)
    outputs = [AnomalyOutput(float(one.max()), one) for one in found]
    references = [AnomalyReference(bool(mask.any()), mask) for mask in masks]
    own = SET_METRICS["aupro"].value(contributions("aupro", outputs, references))
    assert own == pytest.approx(100.0 * aupro_by_loops(found, masks), abs=0.5)


def test_a_map_that_is_its_mask_is_perfect() -> None:
    _, masks = maps(0)
    outputs = [AnomalyOutput(1.0, mask.astype(np.float64)) for mask in masks]
    references = [AnomalyReference(True, mask) for mask in masks]
    assert SET_METRICS["aupro"].value(contributions("aupro", outputs, references)) == pytest.approx(100.0)


@pytest.mark.parametrize(
    ("output", "reference", "words"),
    [
        (AnomalyOutput(1.0), MASKED, "makes no map"),
        (
            AnomalyOutput(1.0, np.ones((3, 4))),
            MASKED,
            "3 × 4, and the mask 3",
        ),
        (
            AnomalyOutput(1.0, np.full((3, 3), 7.0)),
            MASKED,
            "beyond the decl",
        ),
        (AnomalyOutput(1.0, np.ones((3, 3))), AnomalyReference(True), "no mask"),
    ],
)
def test_maps_that_cannot_be_compared_are_refused(output, reference, words) -> None:
    with pytest.raises(MetricInputError, match=words):
        contributions("aupro", [output], [reference])
