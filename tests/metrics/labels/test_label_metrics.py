"""Metrics of labels against scikit-learn's, and what they refuse."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import balanced_accuracy_score, brier_score_loss, top_k_accuracy_score

from metrics.errors import MetricInputError
from metrics.labels.calibration_error import calibration_error
from metrics.labels.class_scores import ClassScores
from metrics.metric import MetricSettings
from metrics.registry import METRICS, SET_METRICS

CLASSES = tuple("abcdefg")
SETTINGS = MetricSettings(classes=CLASSES)


def made(seed: int, count: int = 60) -> tuple[list[str], np.ndarray]:
    draw = np.random.default_rng(seed)
    labels = draw.integers(0, len(CLASSES), count)
    scores = draw.normal(size=(count, len(CLASSES)))
    scores[np.arange(count), labels] += 1.0
    probabilities = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    return [CLASSES[label] for label in labels], probabilities


def mean_of(name: str, labels: list[str], probabilities: np.ndarray) -> float:
    metric = METRICS[name](SETTINGS)
    pairs = zip(labels, probabilities, strict=True)
    return float(np.mean([metric.prepare(one).score(ClassScores(CLASSES, row)) for one, row in pairs]))


def contributions_of(name: str, labels: list[str], probabilities: np.ndarray) -> np.ndarray:
    metric = SET_METRICS[name].open(SETTINGS)
    return np.stack(
        [
            metric.prepare(one).contribution(ClassScores(CLASSES, row))
            for one, row in zip(labels, probabilities, strict=True)
        ]
    )


@pytest.mark.parametrize("seed", range(3))
def test_they_are_those_of_scikit_learn(seed: int) -> None:
    labels, probabilities = made(seed)
    answers = [CLASSES[place] for place in probabilities.argmax(axis=1)]
    for name, k in (("top1", 1), ("top5", 5)):
        expected = top_k_accuracy_score(labels, probabilities, k=k, labels=list(CLASSES))
        assert mean_of(name, labels, probabilities) == pytest.approx(100.0 * expected)
    own = SET_METRICS["class_accuracy"]
    assert own.value(contributions_of("class_accuracy", labels, probabilities)) == pytest.approx(
        100.0 * balanced_accuracy_score(labels, answers)
    )
    expected_brier = brier_score_loss(labels, probabilities, labels=list(CLASSES), scale_by_half=False)
    assert mean_of("brier_score", labels, probabilities) == pytest.approx(expected_brier)


def test_calibration_error_is_the_gap_of_each_bin_weighted() -> None:
    # Two bins: confidence 0.62 with 1 of 2 right, confidence 0.95 with 3 of 4 right.
    pairs = np.array([[0.62, 1.0], [0.62, 0.0], [0.95, 1.0], [0.95, 1.0], [0.95, 1.0], [0.95, 0.0]])
    assert calibration_error(pairs) == pytest.approx(100.0 * (2 * 0.12 + 4 * 0.20) / 6.0)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6))
def test_calibration_error_is_that_of_a_plain_loop(seed: int) -> None:
    labels, probabilities = made(seed, 40)
    answers, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    right = np.array([CLASSES[answer] == label for answer, label in zip(answers, labels, strict=True)])
    expected = 0.0
    for number in range(15):
        inside = (confidence > number / 15.0) & (confidence <= (number + 1) / 15.0)
        if inside.any():
            expected += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
    found = calibration_error(contributions_of("calibration_error", labels, probabilities))
    assert found == pytest.approx(100.0 * expected, abs=1e-9)


def test_parts_of_class_accuracy_are_each_class_s_own() -> None:
    labels = ["a", "a", "b", "b", "b", "c"]
    probabilities = np.eye(len(CLASSES))[[0, 1, 1, 1, 0, 2]]
    found = SET_METRICS["class_accuracy"].parts(contributions_of("class_accuracy", labels, probabilities))
    assert found == {0: (50.0, 2), 1: (pytest.approx(200.0 / 3.0), 3), 2: (100.0, 1)}


def test_of_equal_scores_the_first_counts_as_with_argmax() -> None:
    tied = ClassScores(("a", "b", "c"), np.array([0.2, 0.4, 0.4]))
    metric = METRICS["top1"](SETTINGS)
    assert metric.prepare("b").score(tied) == 100.0
    assert metric.prepare("c").score(tied) == 0.0


@pytest.mark.parametrize(
    ("label", "output", "words"),
    [
        ("z", ClassScores(CLASSES, np.full(7, 1 / 7)), "'z' is none of the model's 7 classes"),
        ("a", ClassScores(CLASSES, np.full(6, 1 / 6)), r"shape \(6,\), and there are 7 classes"),
        ("a", ClassScores(CLASSES, np.full(7, np.nan)), "NaN or infinite"),
    ],
)
def test_what_is_no_score_of_the_label_is_refused(label: str, output: ClassScores, words: str) -> None:
    with pytest.raises(MetricInputError, match=words):
        METRICS["brier_score"](SETTINGS).prepare(label).score(output)


def test_the_best_five_of_five_are_refused() -> None:
    output = ClassScores(CLASSES[:5], np.full(5, 0.2))
    with pytest.raises(MetricInputError, match="best 5 of 5 classes always hold the label"):
        METRICS["top5"](SETTINGS).prepare("a").score(output)


@pytest.mark.parametrize("count", [50, 200, 1000])
def test_what_chance_gives_a_calibrated_model_is_what_it_is_said_to(count: int) -> None:
    """Simulated: answers that are right as often as their confidence says."""
    draw = np.random.default_rng(count)
    found, said = [], []
    for _ in range(600):
        confidence = np.clip(draw.beta(4.0, 1.5, count), 0.1, 1.0)
        own = np.column_stack([confidence, (draw.random(count) < confidence).astype(float)])
        found.append(calibration_error(own))
        said.append(SET_METRICS["calibration_error"].by_chance(own))
    assert np.mean(said) == pytest.approx(np.mean(found), rel=0.06)
