"""Energy paired by cycle: the ratio with its interval, and every way in which there is none."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from harness.analysis.evidence.energy_evidence import energy_effect, energy_level
from harness.analysis.evidence.evidence import Evidence, Paired
from harness.analysis.judging.contrast import make_contrast
from harness.analysis.judging.judge_outcome import Margins
from harness.analysis.judging.judge_rule import judge_rule
from harness.documents.comparison import Effect, NoEffect
from harness.experiment.declaration import Rule
from harness.quantity import QUANTITIES, Available, Unavailable

ENERGY, POWER = QUANTITIES["energy_per_inference"], QUANTITIES["average_power"]


def cycles(values: list[float] | np.ndarray, reason: str | None = None, resolution: float = 0.0) -> pd.DataFrame:
    array = np.array(values, dtype=np.float64)
    return pd.DataFrame(
        {
            "cycle": np.arange(array.size),
            "value": array,
            "resolution": resolution,
            "reason": [reason if math.isnan(value) else None for value in array],
        }
    )


def warming(random: np.random.Generator, n: int = 8) -> np.ndarray:
    """What both arms share: the device draws 10 % more at the end."""
    return 100.0 * np.linspace(1.0, 1.1, n)


def test_the_ratio_is_that_of_the_cycles_and_not_of_the_levels() -> None:
    random = np.random.default_rng(1)
    shared = warming(random)
    effect = energy_effect(cycles(shared), cycles(0.8 * shared * np.exp(random.normal(0, 0.01, 8))), 1)
    assert isinstance(effect, Paired)
    low, high = effect.estimate.interval(0.95) or (0.0, 0.0)
    assert low < math.log(0.8) < high
    assert high - low < 0.03
    assert (effect.replicate, effect.excluded, effect.warnings) == ("cycle", {}, [])


def test_the_interval_holds_the_true_ratio_ninety_five_times_in_a_hundred() -> None:
    random = np.random.default_rng(2)
    held = []
    for _ in range(300):
        shared = warming(random)
        ours, theirs = (shared * np.exp(random.normal(0, 0.02, 8)) for _ in range(2))
        effect = energy_effect(cycles(ours), cycles(0.9 * theirs), 1) if len(held) < 3 else None
        estimate = np.log(0.9 * theirs / ours)
        half = 2.364624 * estimate.std(ddof=1) / math.sqrt(8)  # t(7, .975)
        if isinstance(effect, Paired):
            low, high = effect.estimate.interval(0.95) or (0.0, 0.0)
            assert (low, high) == pytest.approx((estimate.mean() - half, estimate.mean() + half), rel=1e-5)
        held.append(abs(estimate.mean() - math.log(0.9)) <= half)
    print(f"energy: 95 % intervals over 8 cycles cover {np.mean(held):.1%}")
    assert np.mean(held) == pytest.approx(0.95, abs=0.03)


def test_the_contrast_speaks_of_cycles() -> None:
    random = np.random.default_rng(3)
    ours, theirs = (cycles(100 * np.exp(random.normal(0, 0.05, 8))) for _ in range(2))
    effect = energy_effect(ours, theirs, 1)
    evidence = Evidence(energy_level(POWER, ours, ", rails"), energy_level(POWER, theirs, ", rails"), effect)
    contrast = make_contrast("int8", POWER, evidence, Margins(0.02, 0.02), [], [], None)
    assert isinstance(contrast.effect, Effect)
    assert contrast.effect.interval is not None
    assert contrast.effect.interval.method == "t on log-ratios of paired energy blocks"
    assert contrast.effect.robust_interval is not None
    assert contrast.effect.robust_interval.method == "BCa bootstrap over cycles"
    assert "more cycles" in contrast.words
    assert isinstance(contrast.baseline_value, Available)
    assert contrast.baseline_value.source == "geometric mean of 8 cycles, rails"
    assert contrast.baseline_value.unit == "mW"


def test_candidate_divided_by_baseline_is_the_change() -> None:
    ours, theirs = cycles([100.0, 160.0, 101.0, 99.0]), cycles([90.0, 88.0, 140.0, 91.0])
    effect = energy_effect(ours, theirs, 1)
    assert isinstance(effect, Paired)
    baseline, candidate = (energy_level(ENERGY, each, "").value for each in (ours, theirs))
    assert isinstance(baseline, Available)
    assert isinstance(candidate, Available)
    assert candidate.value / baseline.value == pytest.approx(math.exp(effect.estimate.mean))


def test_cycles_without_a_value_are_left_out_and_counted() -> None:
    ours = cycles([100.0, 101.0, math.nan, 99.0, 100.0, 102.0], "the sensor fell silent")
    theirs = cycles([80.0, 81.0, 80.0, 80.0, 80.5, 79.0])
    effect = energy_effect(ours, theirs, 1)
    assert isinstance(effect, Paired)
    assert effect.estimate.n == 5
    assert sum(effect.excluded.values()) == 1
    assert [text.split(";", 1)[0] for text in effect.warnings] == ["Only 5 cycles of energy blocks"]


def test_one_cycle_at_idling_among_many_is_left_out_and_told() -> None:
    ours, theirs = cycles([100.0, 101.0, 99.0] * 8), cycles([*[80.0, 81.0, 80.5] * 7, 80.0, -1.0, 80.0])
    effect = energy_effect(ours, theirs, 1)
    assert isinstance(effect, Paired)
    assert effect.estimate.n == 23
    assert effect.excluded == {"energy not above zero in one of the arms": 1}
    assert effect.warnings == [
        "In 1 cycle an arm took no more than the idling device, so they are left out: the source is too coarse for "
        "blocks this short, or other programs come and go. Raise measure.energy.block_s."
    ]
    own = energy_level(ENERGY, theirs, ", rails").value
    assert isinstance(own, Available)
    assert own.source == "geometric mean of 23 cycles, 1 at idling left out, rails"


def test_many_lost_cycles_are_a_doubt_with_the_first_one_s_reason() -> None:
    ours = cycles([100.0, 101.0, 99.0, 100.5, 100.0, 99.5, *[math.nan] * 2], "the sensor fell silent")
    theirs = cycles([80.0, 81.0, 80.0, 80.0, 80.5, math.nan, 80.0, 80.0], "a cable fed it")
    effect, level = energy_effect(ours, theirs, 1), energy_level(ENERGY, ours, "")
    assert isinstance(effect, Paired)
    assert effect.doubt == "3 of 8 cycles gave no value (first cycle 6: a cable fed it)"
    assert level.doubt is None  # two of eight are a quarter
    rule = Rule(quantity="energy_per_inference", no_worse_than="5 %")
    judged = judge_rule(rule, ENERGY, Evidence(level, energy_level(ENERGY, theirs, ""), effect))
    assert (judged.outcome, judged.predicate.endswith(f"; doubted: {effect.doubt}")) == ("open", True)


def test_a_rule_on_an_arm_s_own_energy_shares_the_doubt() -> None:
    level = energy_level(ENERGY, cycles([20.0, 20.1, 19.9, 20.0, *[math.nan] * 3], "the sensor fell silent"), "")
    rule = Rule(quantity="energy_per_inference", at_most="30 mJ")
    judged = judge_rule(rule, ENERGY, Evidence(level, level, NoEffect(reason="not asked")))
    assert judged.outcome == "open"
    assert judged.predicate.endswith("; doubted: 3 of 7 cycles gave no value (first cycle 5: the sensor fell silent)")
    broken = Rule(quantity="energy_per_inference", at_most="10 mJ")
    assert judge_rule(broken, ENERGY, Evidence(level, level, NoEffect(reason="not asked"))).outcome == "broken"


@pytest.mark.parametrize("below", [1, 4])
def test_the_cycles_that_happen_to_be_above_idling_do_not_speak_for_the_others(below: int) -> None:
    """What is left once they are gone took more than the arm does."""
    steady, hidden = cycles([0.6] * 8), cycles([*[0.4] * (8 - below), *[-0.1] * below])
    told = f"in {below} of 8 cycles {{}} took no more than the idling device"
    for effect, who in (
        (energy_effect(hidden, steady, 1), "baseline"),
        (energy_effect(steady, hidden, 1), "candidate"),
    ):
        assert isinstance(effect, NoEffect)
        assert effect.reason.startswith(told.format(f"the {who}"))
    level = energy_level(ENERGY, hidden, "").value
    assert isinstance(level, Unavailable)
    assert level.reason.startswith(told.format("it"))
    assert isinstance(energy_level(ENERGY, steady, "").value, Available)


@pytest.mark.parametrize(
    ("ours", "theirs", "reason"),
    [
        (cycles([]), cycles([]), "it was not measured"),
        (cycles([math.nan] * 4, "no source of energy"), cycles([80.0] * 4), "no source of energy"),
        (
            cycles([100.0] * 4),
            cycles([0.0] * 4),
            "in 4 of 4 cycles the candidate took no more than the idling device (raise measure.energy.block_s, or keep "
            "other programs still)",
        ),
        (
            cycles([100.0, 100.0]),
            cycles([80.0, 81.0]),
            "only 2 cycles gave energy above zero in both arms; 3 are the least",
        ),
    ],
)
def test_what_cannot_be_known_is_no_effect_with_its_reason(
    ours: pd.DataFrame, theirs: pd.DataFrame, reason: str
) -> None:
    assert energy_effect(ours, theirs, 1) == NoEffect(reason=reason)


def test_a_level_without_any_cycle_is_unavailable() -> None:
    silent = energy_level(ENERGY, cycles([math.nan], "no source of energy"), "")
    assert silent.value == Unavailable(reason="no source of energy")
    assert silent.estimate is None


def test_a_source_too_coarse_for_single_cycles_has_neither_value_nor_ratio() -> None:
    fine, coarse = cycles([20.0] * 8, resolution=0.1), cycles([6.0, 1.0, 5.0, 6.0, 5.0, 1.0, 6.0, 6.0], resolution=8.0)
    told = "the source is too coarse: it tells a cycle's 4.5 to within 8 only (178 %; more than 25 % does not average"
    level, effect = energy_level(ENERGY, coarse, ""), energy_effect(fine, coarse, 1)
    assert isinstance(level.value, Unavailable)
    assert level.value.reason.startswith(told)
    assert level.estimate is None
    assert isinstance(effect, NoEffect)
    assert effect.reason.startswith(told)


def test_a_mean_that_is_not_known_to_three_per_cent_is_no_value_while_its_ratio_stays() -> None:
    random = np.random.default_rng(4)
    ours, theirs = (cycles(mean * np.exp(random.normal(0, 0.08, 8)), resolution=0.15 * mean) for mean in (20.0, 16.0))
    level, effect = energy_level(ENERGY, ours, ""), energy_effect(ours, theirs, 1)
    assert isinstance(level.value, Unavailable)
    assert level.value.reason.startswith("the source is too coarse: the mean of 8 cycles is known to within ")
    assert "3 % is the most" in level.value.reason
    assert isinstance(effect, Paired)
    more = cycles(20.0 * np.exp(random.normal(0, 0.08, 60)), resolution=3.0)
    assert isinstance(energy_level(ENERGY, more, "").value, Available)


def test_cycles_that_agree_say_that_a_source_is_better_than_its_steps_promise() -> None:
    agree = cycles([20.0, 20.02, 19.99, 20.01, 20.0, 19.98], resolution=2.0)
    assert isinstance(energy_level(ENERGY, agree, "").value, Available)


def test_what_changes_from_cycle_to_cycle_is_not_the_source_s_doing() -> None:
    drifts = cycles(np.linspace(20.0, 30.0, 8), resolution=0.1)
    assert isinstance(energy_level(ENERGY, drifts, "").value, Available)


def test_a_ratio_that_moves_or_jumps_along_the_pass_is_told() -> None:
    random = np.random.default_rng(5)
    noise = np.exp(random.normal(0, 0.003, 12))
    steady, moved, jumped = (
        energy_effect(cycles([20.0] * 12), cycles(16.0 * noise * factors), 1)
        for factors in (np.ones(12), np.linspace(1.0, 1.1, 12), np.array([1.0, 1.1] * 6))
    )
    assert isinstance(steady, Paired)
    assert steady.warnings == []
    assert isinstance(moved, Paired)
    assert moved.warnings[0].startswith("The difference between the arms moved along the energy pass (the candidate ")
    assert isinstance(jumped, Paired)
    (warning,) = jumped.warnings
    assert warning.startswith("The ratio of the cycles jumps between two levels (20 % less and 12 % less)")


def test_what_an_arm_leaves_to_the_one_after_it_is_named_and_chance_is_not() -> None:
    """A block that comes second runs on a warm device, and takes 3 % more of it; 1 % of noise, 12 cycles."""
    named, seen = {0.0: 0, 0.03: 0}, 300
    for warmer in named:
        for seed in range(seen):
            random = np.random.default_rng([31, seed])
            first = random.random(12) < 0.5
            ours, theirs = (100.0 * np.exp(random.normal(0, 0.01, 12)) for _ in range(2))
            ours, theirs = ours * np.where(first, 1 + warmer, 1.0), theirs * np.where(first, 1.0, 1 + warmer)
            effect = energy_effect(
                cycles(ours), cycles(theirs), 1, 6, {cycle: bool(each) for cycle, each in enumerate(first)}
            )
            assert isinstance(effect, Paired)
            named[warmer] += any("goes first in a cycle" in each and "less when" in each for each in effect.warnings)
    print(f"order effect named, of {seen}: {named}")
    assert named[0.0] <= 0.02 * seen
    assert named[0.03] >= 0.8 * seen


def test_a_candidate_that_always_goes_first_is_named() -> None:
    random = np.random.default_rng(5)
    ours, theirs = (cycles(100 * np.exp(random.normal(0, 0.05, 8))) for _ in range(2))
    effect = energy_effect(ours, theirs, 1, candidate_first=dict.fromkeys(range(8), True))
    assert isinstance(effect, Paired)
    assert (
        "The candidate went first in every cycle, so its place and its energy cannot be told apart." in effect.warnings
    )
