"""The interval of a value over a set: its coverage, its p-values, and what has none."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from harness.statistics.set_bootstrap import FEWEST, SetEstimate, estimate_set
from tests.harness.experiments import experiments

SETS = experiments(160)


def pooled(errors: np.ndarray) -> Callable[[np.ndarray], float]:
    """−10 log10 of the mean error, as pooled PSNR."""
    return lambda chosen: -10.0 * math.log10(errors[chosen].mean())


def alone(count: int) -> list[np.ndarray]:
    return [np.array([one]) for one in range(count)]


# Errors of images are skewed: of a real set the largest are tens of times the smallest, σ of their logarithms about .8.
@pytest.mark.parametrize("images", [12, 40])
def test_intervals_hold_the_truth_of_the_population_that_the_images_are_from(images: int) -> None:
    draw = np.random.default_rng(20)
    spread, change = 0.8, 0.25
    own_truth = -10.0 * math.log10(math.exp(spread**2 / 2))
    # The candidate's errors are the baseline's times e^N(.1, .25²): its mean is larger by e^(.1 + .25²/2).
    true_change = -10.0 * math.log10(math.exp(0.1 + change**2 / 2))
    held: dict[str, list[bool]] = {"level": [], "difference": []}
    for number in range(SETS):
        ours = np.exp(draw.normal(0.0, spread, images))
        theirs = ours * np.exp(draw.normal(0.1, change, images))
        level = estimate_set(pooled(ours), alone(images), number, resamples=399)

        def difference(chosen: np.ndarray, ours: np.ndarray = ours, theirs: np.ndarray = theirs) -> float:
            return pooled(theirs)(chosen) - pooled(ours)(chosen)

        changed = estimate_set(difference, alone(images), number, resamples=399)
        for name, estimate, truth in (("level", level, own_truth), ("difference", changed, true_change)):
            low, high = estimate.interval(0.95)
            held[name].append(low <= truth <= high)
    for name, found in held.items():
        print(f"{images} images, {SETS} sets: the 95 % interval of the {name} covers {np.mean(found):.1%}")
    # 93 % of 160 sets have a standard error of 2 %.
    assert 0.88 <= np.mean(held["difference"]) <= 0.98
    assert 0.88 <= np.mean(held["level"]) <= 0.98


def test_the_same_model_twice_is_rarely_called_different() -> None:
    draw, wrong = np.random.default_rng(3), []
    for number in range(SETS):
        ours = np.exp(draw.normal(0.0, 0.8, 20))
        theirs = ours * np.exp(draw.normal(0.0, 0.2, 20))
        found = estimate_set(
            lambda chosen, a=ours, b=theirs: pooled(b)(chosen) - pooled(a)(chosen), alone(20), number, resamples=399
        )
        wrong.append(2.0 * min(found.p_at_most(0.0), found.p_at_least(0.0)) <= 0.05)
    print(f"20 images, {SETS} sets: the same model twice is called different {np.mean(wrong):.1%}")
    assert np.mean(wrong) <= 0.11


def example(count: int = 30) -> SetEstimate:
    return estimate_set(pooled(np.exp(np.random.default_rng(5).normal(0.0, 0.8, count))), alone(count), 7)


@pytest.mark.parametrize("level", [0.80, 0.90, 0.95])
def test_a_p_value_is_the_tail_whose_end_of_the_interval_the_bound_is(level: float) -> None:
    estimate = example()
    low, high = estimate.interval(level)
    assert estimate.p_at_most(low) == pytest.approx((1.0 - level) / 2.0, abs=0.002)
    assert estimate.p_at_least(high) == pytest.approx((1.0 - level) / 2.0, abs=0.002)
    assert estimate.p_at_most(estimate.mean - 100.0) < 0.001
    assert estimate.p_at_most(estimate.mean + 100.0) > 0.999


def test_a_turned_sign_turns_the_interval() -> None:
    estimate = example()
    low, high = estimate.interval(0.95)
    turned_low, turned_high = estimate.negated().interval(0.95)
    assert (turned_low, turned_high) == pytest.approx((-high, -low), abs=0.02)
    assert estimate.negated().mean == -estimate.mean


def test_a_mean_gets_nearly_its_t_interval() -> None:
    values = np.random.default_rng(11).normal(3.0, 1.0, 60)
    found = estimate_set(lambda chosen: float(values[chosen].mean()), alone(60), 1)
    half_width = 2.0010 * values.std(ddof=1) / math.sqrt(60)  # t(59) at .975
    assert found.interval(0.95) == pytest.approx((values.mean() - half_width, values.mean() + half_width), abs=0.03)
    assert found.standard_error == pytest.approx(
        values.std(ddof=1) / math.sqrt(60), rel=0.05
    )  # the jackknife's, exactly


def test_the_seed_makes_the_interval_the_same_again() -> None:
    values = np.random.default_rng(2).exponential(1.0, 25)
    ends = [estimate_set(pooled(values), alone(25), seed, resamples=499).interval(0.95) for seed in (4, 4, 5)]
    assert ends[0] == ends[1]
    assert ends[0] != ends[2]


def test_crops_of_a_scene_are_drawn_together() -> None:
    """Ten scenes of eight equal crops say no more than ten images."""
    errors = np.exp(np.random.default_rng(6).normal(0.0, 0.8, 10))
    crops = np.repeat(errors, 8)
    scenes = [np.arange(8) + 8 * scene for scene in range(10)]
    ends = estimate_set(pooled(errors), alone(10), 9).interval(0.95)
    assert estimate_set(pooled(crops), scenes, 9).interval(0.95) == pytest.approx(ends)
    as_images = estimate_set(pooled(crops), alone(80), 9).interval(0.95)
    assert as_images[1] - as_images[0] < 0.6 * (ends[1] - ends[0])


def test_too_few_items_have_a_value_and_no_interval() -> None:
    values = np.arange(1.0, FEWEST)
    found = estimate_set(pooled(values), alone(FEWEST - 1), 1)
    assert found.mean == pytest.approx(-10.0 * math.log10(3.0))
    assert found.interval(0.95) is None
    assert found.p_at_most(0.0) is None
    assert estimate_set(pooled(np.arange(1.0, FEWEST + 1)), alone(FEWEST), 1).interval(0.95) is not None


def test_a_value_that_does_not_vary_is_exact_and_one_that_is_often_undefined_has_no_interval() -> None:
    assert estimate_set(lambda _: 2.0, alone(9), 1).interval(0.95) == (2.0, 2.0)
    rare = estimate_set(lambda chosen: 1.0 + chosen.mean() if 0 in chosen else math.nan, alone(9), 1)
    assert rare.interval(0.95) is None


@pytest.mark.parametrize("value", [math.inf, math.nan])
def test_what_is_not_finite_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="the value of the set is"):
        estimate_set(lambda _: value, alone(9), 1)
    with pytest.raises(ValueError, match="no items"):
        estimate_set(lambda _: 1.0, [], 1)
