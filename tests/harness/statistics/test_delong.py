"""DeLong's interval of a difference of areas: by another way of computing it, and how often it is wrong."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtr
from sklearn.metrics import roc_auc_score

from harness.statistics.delong import estimate_area_difference
from tests.harness.experiments import experiments

SETS = experiments(300)


def drawn(
    draw: np.random.Generator, anomalous: int, normal: int, ability: float, loss: float, alike: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores of two models whose noise has a correlation, and labels."""
    labels = np.repeat([True, False], [anomalous, normal])
    shared = draw.normal(size=labels.size)
    own = alike * shared + np.sqrt(1.0 - alike**2) * draw.normal(size=labels.size)
    return shared + ability * labels, own + (ability - loss) * labels, labels


def test_the_variance_is_that_of_the_kernel_pair_by_pair() -> None:
    before, after, labels = drawn(np.random.default_rng(0), 9, 14, 1.0, 0.3, 0.5)
    kernels = [
        np.sign(scores[labels][:, None] - scores[~labels][None, :]) / 2.0 + 0.5 for scores in (before, after)
    ]  # fmt: skip
    difference = kernels[1] - kernels[0]
    variance = difference.mean(axis=1).var(ddof=1) / 9.0 + difference.mean(axis=0).var(ddof=1) / 14.0
    found = estimate_area_difference(before, after, labels, unit=1.0)
    assert found.mean == pytest.approx(roc_auc_score(labels, after) - roc_auc_score(labels, before))
    assert found.standard_error == pytest.approx(np.hypot(np.sqrt(variance), 0.15 / 9.0))
    low, high = found.interval(0.95)
    assert found.negated().interval(0.95) == pytest.approx((-high, -low))
    assert found.p_at_most(low) == pytest.approx(0.025)


def test_equal_scores_prove_nothing_beyond_the_items_there_are() -> None:
    scores, _, labels = drawn(np.random.default_rng(0), 12, 30, 2.0, 0.0, 1.0)
    found = estimate_area_difference(scores, scores, labels)
    low, high = found.interval(0.95)
    assert found.mean == 0.0
    assert high == -low > 1.0
    with pytest.raises(ValueError, match="one class"):
        estimate_area_difference(scores, scores, np.ones(42, np.bool_))
    assert estimate_area_difference(scores[10:], scores[10:], labels[10:]).interval(0.95) is None


@pytest.mark.parametrize(
    ("anomalous", "normal", "ability", "alike"),
    [(10, 30, 1.0, 0.5), (20, 20, 2.5, 0.99), (50, 150, 2.5, 0.9), (60, 60, 1.0, 0.9)],
)
def test_rules_at_the_margin_are_rarely_met_or_broken(
    anomalous: int, normal: int, ability: float, alike: float
) -> None:
    draw, met, broken = np.random.default_rng(1), 0, 0
    truth = 100.0 * (ndtr((ability - 0.2) / np.sqrt(2.0)) - ndtr(ability / np.sqrt(2.0)))
    for _ in range(SETS):
        found = estimate_area_difference(*drawn(draw, anomalous, normal, ability, 0.2, alike))
        met += found.p_at_most(truth) <= 0.05
        broken += found.p_at_least(truth) <= 0.05
    print(f"{anomalous} and {normal}, ability {ability}, correlation {alike}: met {met / SETS:.1%}, broken"
          f" {broken / SETS:.1%}")  # fmt: skip
    # 7 % of 300 sets have a standard error of 1.5 %.
    assert met / SETS <= 0.115
    assert broken / SETS <= 0.095
