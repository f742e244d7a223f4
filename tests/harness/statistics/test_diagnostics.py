"""Each check finds what it is for and is quiet on clean runs."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.signal import lfilter

from harness.statistics.diagnostics import find_dependence, find_position_effect, find_trend, find_two_levels


def test_a_trend_is_found_with_its_size() -> None:
    random = np.random.default_rng(1)
    values = np.linspace(0.0, 0.06, 30) + random.normal(0, 0.01, 30)
    trend = find_trend(values)
    assert trend is not None
    assert trend.total == pytest.approx(0.06, abs=0.015)
    assert trend.p_value == pytest.approx(stats.linregress(np.arange(30), values).pvalue)


def test_a_perfect_line_is_a_trend_and_a_constant_is_none() -> None:
    trend = find_trend(np.arange(10, dtype=float))
    assert trend is not None
    assert trend.total == pytest.approx(9.0)
    assert find_trend(np.full(10, 3.0)) is None
    assert find_trend(np.arange(5, dtype=float)) is None  # too few to tell


def test_neighbours_that_resemble_each_other_are_found() -> None:
    wave = np.sin(np.arange(30) / 2)
    found = find_dependence(wave)
    assert found is not None
    centred = wave - wave.mean()
    assert found.autocorrelation == pytest.approx(np.corrcoef(centred[1:], centred[:-1])[0, 1], abs=0.1)
    assert found.p_value < 1e-4
    assert find_dependence(np.full(30, 2.0)) is None
    assert find_dependence(wave[:7]) is None  # too few to tell
    assert (
        find_dependence(np.array([0.0, 1.0] * 15)) is None
    )  # turning back each time makes a mean surer, not less sure


@pytest.mark.parametrize("n", [10, 20, 30, 60, 100])
def test_independent_neighbours_are_called_alike_once_in_a_hundred(n: int) -> None:
    random = np.random.default_rng(n)
    for kind, rows in (
        ("Gaussian", random.normal(0, 1, (2000, n))),
        ("t with 2 degrees of freedom", random.standard_t(2, (2000, n))),
        ("bursts in a tenth", random.normal(0, 1, (2000, n)) + 6.0 * (random.random((2000, n)) < 0.1)),
    ):
        alarms = float(np.mean([find_dependence(row) is not None for row in rows]))
        print(f"{n} independent values, {kind}: called alike {alarms:.1%}")
        assert alarms <= 0.02


@pytest.mark.parametrize(("n", "share"), [(10, 0.1), (30, 0.7), (60, 0.95)])
def test_how_often_an_autoregression_is_seen(n: int, share: float) -> None:
    random = np.random.default_rng(n)
    series = lfilter([1.0], [1.0, -0.6], random.normal(0, 1, (1000, n + 50)), axis=1)[:, 50:]
    seen = float(np.mean([find_dependence(row) is not None for row in series]))
    print(f"{n} values, AR(1) .6: found {seen:.0%}")
    assert seen >= share


def test_a_position_effect_is_found_with_its_size() -> None:
    random = np.random.default_rng(1)
    first = random.permutation([True] * 15 + [False] * 15)
    differences = np.where(first, 0.03, 0.0) + random.normal(0, 0.01, 30)
    effect = find_position_effect(differences, first)
    assert effect is not None
    assert effect.difference == pytest.approx(0.03, abs=0.012)
    expected = stats.ttest_ind(differences[first], differences[~first], equal_var=False).pvalue
    assert effect.p_value == pytest.approx(expected)


def test_two_clock_levels_are_found() -> None:
    random = np.random.default_rng(1)
    values = random.permutation(np.where(np.arange(30) < 10, np.log(15.0), np.log(12.0))) + random.normal(0, 0.01, 30)
    levels = find_two_levels(values, least_gap=0.02)
    assert levels is not None
    assert np.exp([levels.low, levels.high]) == pytest.approx([12.0, 15.0], rel=0.01)
    assert levels.share_high == pytest.approx(1 / 3)


def test_levels_too_close_to_matter_are_not_mentioned() -> None:
    values = np.array([0.0, 0.001] * 15) + np.linspace(0, 1e-5, 30)
    assert find_two_levels(values, least_gap=0.02) is None


def test_clean_runs_are_quiet_ninety_eight_times_in_a_hundred() -> None:
    random = np.random.default_rng(1)
    alarms = np.zeros(4)
    for values in random.normal(0, 0.02, (1000, 30)):
        alarms += [
            find_trend(values) is not None,
            find_position_effect(values, random.random(30) < 0.5) is not None,
            find_two_levels(values, least_gap=0.0) is not None,
            find_two_levels(np.linspace(0, 0.2, 30) + values, least_gap=0.0) is not None,
        ]
    assert (alarms / 1000 < 0.02).all()
