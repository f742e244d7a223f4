"""Mean IoU against scikit-learn's, its interval's coverage, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import jaccard_score

from harness.statistics.set_bootstrap import estimate_set
from metrics.errors import MetricInputError
from metrics.metric import MetricSettings
from metrics.registry import SET_METRICS
from tests.harness.experiments import experiments

METRIC = SET_METRICS["mean_iou"]
SETTINGS = MetricSettings(classes=("a", "b", "c"), ignored_class=255)


def drawn(draw: np.random.Generator, count: int, right: float) -> tuple[list[np.ndarray], list[np.ndarray]]:
    masks = [draw.choice(3, (6, 7), p=draw.dirichlet([2.0, 2.0, 2.0])) for _ in range(count)]
    outputs = [np.where(draw.random(mask.shape) < right, mask, draw.integers(0, 3, mask.shape)) for mask in masks]
    return outputs, masks


def contributions(outputs: list[np.ndarray], masks: list[np.ndarray]) -> np.ndarray:
    metric = METRIC.open(SETTINGS)
    return np.stack([metric.prepare(mask).contribution(one) for one, mask in zip(outputs, masks, strict=True)])


def test_it_is_that_of_scikit_learn_without_what_is_ignored() -> None:
    outputs, masks = drawn(np.random.default_rng(0), 6, 0.7)
    masks[0][0, :] = 255
    own = contributions(outputs, masks)
    flat, wanted = np.concatenate([one.ravel() for one in outputs]), np.concatenate([one.ravel() for one in masks])
    expected = jaccard_score(wanted[wanted != 255], flat[wanted != 255], average=None, labels=[0, 1, 2])
    assert METRIC.value(own) == pytest.approx(100.0 * expected.mean())
    assert [iou for iou, _ in METRIC.parts(own).values()] == pytest.approx(list(100.0 * expected))


def test_the_interval_of_a_difference_covers_the_truth() -> None:
    draw = np.random.default_rng(3)
    many, masks = drawn(np.random.default_rng(1), 4000, 0.8)
    worse = [np.where(draw.random(one.shape) < 0.05, 0, one) for one in many]
    truth = METRIC.value(contributions(worse, masks)) - METRIC.value(contributions(many, masks))
    held, sets = 0, experiments(120)
    for number in range(sets):
        outputs, masks = drawn(draw, 20, 0.8)
        ours = contributions(outputs, masks)
        theirs = contributions([np.where(draw.random(one.shape) < 0.05, 0, one) for one in outputs], masks)
        found = estimate_set(
            lambda chosen, a=ours, b=theirs: METRIC.value(b[chosen]) - METRIC.value(a[chosen]),
            [np.array([place]) for place in range(20)],
            number,
            resamples=199,
        )
        low, high = found.interval(0.95)
        held += low <= truth <= high
    print(f"{sets} sets of 20 masks: the 95 % interval covers {held / sets:.1%}")
    # 93 % of 120 sets have a standard error of 2.3 %.
    assert held / sets >= 0.86


@pytest.mark.parametrize(
    ("output", "words"),
    [(np.zeros((2, 3), int), "2 × 3, and the mask 2 × 2"), (np.full((2, 2), 3), "has class 3, and there are 3")],
)
def test_what_cannot_be_compared_is_refused(output: np.ndarray, words: str) -> None:
    with pytest.raises(MetricInputError, match=words):
        contributions([output], [np.zeros((2, 2), int)])
