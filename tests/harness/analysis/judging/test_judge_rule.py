"""Every rule can be met, broken, open and unavailable, and says why in a sentence."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from harness.analysis.evidence.evidence import Evidence, Level, Paired, TailCount
from harness.analysis.evidence.quality_evidence import quality_effect, quality_level
from harness.analysis.judging.judge_rule import RuleJudgement, hold_together, judge_rule
from harness.documents.comparison import NoEffect
from harness.experiment.declaration import Rule
from harness.quantity import QUANTITIES, Available, Unavailable
from harness.statistics.bootstrap import BootstrapIntervals, bca_intervals
from harness.statistics.estimate import Estimate, estimate_mean
from harness.statistics.tail import tail

NOTHING = Level(Unavailable(reason="not measured"), None)


def spread_around(mean: float, sd: float, n: int) -> np.ndarray:
    """n values with exactly this mean and standard deviation."""
    values = np.random.default_rng(1).normal(0, 1, n)
    return mean + sd * (values - values.mean()) / values.std(ddof=1)


def latency(ratio: float, sd: float = 0.01, n: int = 30) -> Evidence:
    """Evidence of a latency ratio, its log-ratios with a spread of `sd`."""
    return Evidence(NOTHING, NOTHING, Paired(estimate_mean(spread_around(math.log(ratio), sd, n)), "pair of blocks"))


def score(difference: float, sd: float = 0.04, n: int = 24, **more: Any) -> Evidence:
    """Evidence of a difference of a score."""
    values = spread_around(difference, sd, n)
    more = {"robust": bca_intervals(values, 1), **more}
    return Evidence(NOTHING, NOTHING, Paired(estimate_mean(values), "image", **more))


def judge(evidence: Evidence, **rule: Any) -> RuleJudgement:
    return judge_rule(Rule(**rule), QUANTITIES[rule["quantity"]], evidence)


@pytest.mark.parametrize(
    ("ratio", "outcome", "words"),
    [
        (0.69, "met", "31.0 % faster (between 30.7 % and 31.3 %), 1.45 times the speed; at least 20 % was asked"),
        (
            0.90,
            "broken",
            "10.0 % faster (between 9.7 % and 10.3 %), 1.11 times the speed, short of the 20 % that was asked",
        ),
        (1.10, "broken", "10.0 % slower (between 9.6 % and 10.4 %), short of the 20 % that was asked"),
        (
            0.80,
            "open",
            "20.0 % faster (between 19.7 % and 20.3 %), 1.25 times the speed, so it may or may not reach the 20 % that"
            " was asked",
        ),
    ],
)
def test_an_improvement_is_judged_by_the_whole_95_per_cent_interval(ratio: float, outcome: str, words: str) -> None:
    judged = judge(latency(ratio), quantity="latency_p50", improve_by_at_least="20 %")
    assert judged.outcome == outcome
    assert judged.predicate.startswith(words)
    assert judged.effect_bound == pytest.approx(0.8)
    assert (judged.p_broken <= 0.05) == (outcome == "broken")


def test_an_open_rule_says_how_much_more_it_takes() -> None:
    judged = judge(latency(0.79, sd=0.06), quantity="latency_p50", improve_by_at_least="20 %")
    # ((1.96 + .8416)·.06/ln(.80/.79))² = 178.6
    assert (judged.outcome, judged.needed) == ("open", 179)
    assert judged.predicate.endswith("needs about 150 more pairs")


@pytest.mark.parametrize(
    ("ratio", "outcome", "words"),
    [
        (1.01, "met", "at worst 1.4 % slower, within the agreed 2 %"),
        (0.90, "met", "10.0 % faster (between 9.7 % and 10.3 %), 1.11 times the speed, within the agreed 2 %"),
        (1.03, "broken", "at least 2.6 % slower, beyond the agreed 2 %"),
        (1.02, "open", "2.0 % slower (between 1.6 % and 2.4 %), so it may or may not be within the agreed 2 %"),
    ],
)
def test_not_worse_is_judged_by_the_one_sided_bound(ratio: float, outcome: str, words: str) -> None:
    judged = judge(latency(ratio), quantity="latency_p50", no_worse_than="2 %")
    assert judged.outcome == outcome
    assert judged.predicate.startswith(words)
    assert judged.effect_bound == pytest.approx(1.02)


def test_the_one_sided_bound_allows_what_the_two_sided_interval_would_not() -> None:
    # mean −0.085, s/√n = .00816: the lower end is −.0990 of the 90 % interval and −.1019 of the 95 % interval
    judged = judge(score(-0.085), quantity="psnr_y", no_worse_than="0.1 dB")
    assert judged.outcome == "met"
    assert judged.predicate == "at worst 0.099 dB lower, within the agreed 0.1 dB"
    assert judged.effect_bound == -0.1


def test_what_breaks_a_rule_is_the_bound_that_is_said() -> None:
    # mean ln 1.04, s/√n = .0110: the lower end is 1.0207 of the 90 % interval and 1.0168 of the 95 % interval
    judged = judge(latency(1.04, sd=0.06), quantity="latency_p50", no_worse_than="2 %")
    assert (judged.outcome, judged.predicate) == ("broken", "at least 2.08 % slower, beyond the agreed 2 %")
    score_lost = judge(score(-0.5, 0.4), quantity="psnr_y", no_worse_than="0.3 dB")
    # s/√n = .0816, t(23, .95) = 1.7139: −.5 + .1399
    assert score_lost.predicate == "at least 0.36 dB lower, beyond the agreed 0.3 dB"
    assert judge(score(0.0050, 0.0001), quantity="lpips_alex", no_worse_than="0.002").predicate == (
        "at least 0.0049 higher, beyond the agreed 0.002"
    )


@pytest.mark.parametrize("agreed", [1, 2, 5, 20])
def test_no_broken_rule_is_said_to_be_short_of_its_margin(agreed: int) -> None:
    random = np.random.default_rng(agreed)
    broken = 0
    for _ in range(1000):
        differences = np.log1p(agreed / 100) + random.normal(0.013, 0.03, 30)
        evidence = Evidence(NOTHING, NOTHING, Paired(estimate_mean(differences), "pair of blocks"))
        judged = judge(evidence, quantity="latency_p50", no_worse_than=f"{agreed} %")
        if judged.outcome == "broken":
            broken += 1
            assert float(judged.predicate.split()[2]) >= agreed
    assert broken > 100


def test_the_bound_of_a_score_that_is_better_when_lower_is_above_zero() -> None:
    assert judge(score(0.0005, 0.0001), quantity="lpips_alex", no_worse_than="0.002").effect_bound == 0.002
    assert judge(score(0.0005, 0.0001), quantity="lpips_alex", no_worse_than="0.002").outcome == "met"
    assert judge(score(0.0050, 0.0001), quantity="lpips_alex", no_worse_than="0.002").outcome == "broken"
    assert judge(score(-0.0050, 0.0001), quantity="lpips_alex", improve_by_at_least="0.002").outcome == "met"
    assert judge(score(-0.0050, 0.0001), quantity="lpips_alex", improve_by_at_least="0.002").effect_bound == -0.002


def test_a_score_needs_the_bootstrap_to_confirm_that_it_is_not_worse() -> None:
    doubtful = BootstrapIntervals((-0.2, 0.1), (-0.15, 0.05))
    judged = judge(score(-0.02, robust=doubtful), quantity="psnr_y", no_worse_than="0.1 dB")
    assert judged.outcome == "open"
    assert judged.predicate.endswith("the bootstrap does not confirm it")


def test_losses_that_a_mean_leaves_out_keep_a_rule_open() -> None:
    judged = judge(
        score(-0.02, doubt="3 images without a value for the candidate"), quantity="psnr_y", no_worse_than=0.1
    )
    assert judged.outcome == "open"
    assert judged.predicate.endswith("3 images without a value for the candidate")
    broken = judge(score(-0.5, doubt="3 images without a value"), quantity="psnr_y", no_worse_than="0.1 dB")
    assert broken.outcome == "broken"


def test_exact_values_are_met_or_broken_at_the_bound() -> None:
    def file(ratio: float) -> Evidence:
        return Evidence(NOTHING, NOTHING, Paired(Estimate(math.log(ratio), None, 1, 1.0, exact=True), "file"))

    assert judge(file(0.5), quantity="model_size", improve_by_at_least="50 %").outcome == "met"
    assert judge(file(0.51), quantity="model_size", improve_by_at_least="50 %").outcome == "broken"
    assert judge(file(1.02), quantity="model_size", no_worse_than="2 %").outcome == "met"
    assert judge(file(0.26), quantity="model_size", improve_by_at_least="50 %").predicate == (
        "74 % smaller; at least 50 % was asked"
    )


def test_one_pair_decides_nothing() -> None:
    one = Evidence(NOTHING, NOTHING, Paired(estimate_mean(np.array([-1.0])), "pair of blocks"))
    assert judge(one, quantity="latency_p50", improve_by_at_least="20 %").outcome == "open"


def test_what_was_not_measured_is_unavailable_with_its_reason() -> None:
    nothing = Evidence(NOTHING, NOTHING, NoEffect(reason="int8 could not be loaded"))
    judged = judge(nothing, quantity="latency_p50", improve_by_at_least="20 %")
    assert (judged.outcome, judged.predicate) == ("unavailable", "not known: int8 could not be loaded")
    assert judge(nothing, quantity="latency_p50", at_most="40 ms").predicate == "not known: not measured"


def own(value: float, sd: float, n: int = 30) -> Evidence:
    level = Level(
        Available(value=value, unit="ns", source="test"), estimate_mean(spread_around(math.log(value), sd, n))
    )
    return Evidence(NOTHING, level, NoEffect(reason="no baseline"))


@pytest.mark.parametrize(
    ("value", "outcome", "words"),
    [
        (30e6, "met", "30.00 ms (between 29.89 ms and 30.11 ms); at most 40 ms was asked"),
        (50e6, "broken", "50.00 ms (between 49.81 ms and 50.19 ms), above the agreed 40 ms"),
        (40e6, "open", "40.00 ms (between 39.85 ms and 40.15 ms), so it may or may not be at most 40 ms"),
    ],
)
def test_a_bound_on_the_candidates_own_value(value: float, outcome: str, words: str) -> None:
    judged = judge(own(value, 0.01), quantity="latency_p50", at_most="40 ms")
    assert judged.outcome == outcome
    assert judged.predicate == words
    assert judged.effect_bound is None


def test_a_lower_bound_on_a_score_and_an_infinite_one() -> None:
    level = Level(Available(value=31.0, unit="dB", source="test"), estimate_mean(spread_around(31.0, 0.5, 24)))
    assert judge(Evidence(NOTHING, level, NoEffect(reason="")), quantity="psnr", at_least="30 dB").outcome == "met"
    assert judge(Evidence(NOTHING, level, NoEffect(reason="")), quantity="psnr", at_least="32 dB").outcome == "broken"
    infinite = Level(Unavailable(reason="all identical"), None, infinite=True)
    assert judge(Evidence(NOTHING, infinite, NoEffect(reason="")), quantity="psnr", at_least="32 dB").outcome == "met"


def with_tail(worse: int, n: int) -> Evidence:
    def count(margin: float) -> TailCount:
        assert margin == 0.5
        return TailCount(worse, n, tail(worse, n), tail(worse, n))

    return score(0.0, tail=count)


TAIL = {"quantity": "psnr_y", "no_worse_than": "0.1 dB", "item_margin": "0.5 dB", "worst_share": "2 %"}


@pytest.mark.parametrize(
    ("worse", "n", "outcome", "words"),
    [
        (0, 149, "met", "on 0 of 149 images, which proves a share of at most 2.0 % (agreed: 2 %)"),
        (
            0,
            24,
            "open",
            "on 0 of 24 images, which proves only a share of at most 12 % (agreed: 2 %); needs 149 images in all "
            "without one such",
        ),
        (6, 24, "broken", "on 6 of 24 images, more than the agreed 2 %"),
    ],
)
def test_the_tail_is_judged_by_clopper_pearson(worse: int, n: int, outcome: str, words: str) -> None:
    judged = judge(with_tail(worse, n), **TAIL)
    assert judged.outcome == outcome
    assert judged.predicate.startswith(
        "at worst 0.014 dB lower, within the agreed 0.1 dB; and it is worse by more than"
    )
    assert judged.predicate.endswith(words)
    assert judged.effect_bound == -0.1


def test_a_broken_tail_has_the_binomial_p_value() -> None:
    judged = judge(with_tail(3, 24), **TAIL)
    assert judged.p_broken == pytest.approx(binomtest(3, 24, 0.02, alternative="greater").pvalue)
    assert judge(with_tail(2, 24), **TAIL).outcome == "open"  # 2 of 24 may yet be 2 %


def test_a_broken_mean_is_not_saved_by_a_good_tail() -> None:
    evidence = score(-0.3, tail=lambda margin: TailCount(0, 149, tail(0, 149), tail(0, 149)))
    assert judge(evidence, **TAIL).outcome == "broken"


def test_broken_on_some_device_holds_over_all_devices() -> None:
    bad, fine = RuleJudgement("broken", "2 % slower", p_broken=0.03), RuleJudgement("met", "fine", p_broken=0.9)
    assert hold_together({"one": bad}, "devices")["one"] is bad
    together = hold_together({"one": bad, "two": fine}, "devices")
    assert together["one"].outcome == "open"
    assert together["one"].predicate == (
        "2 % slower on this device alone, but with 2 devices that can be chance (p = 0.06 after Holm)"
    )
    assert together["two"] is fine
    groups = hold_together({("one", 0): bad, ("one", 1): fine, ("one", 2): fine}, "rules on groups")
    assert groups["one", 0].outcome == "open"
    assert groups["one", 0].predicate == (
        "2 % slower were it the only rule on a group, but with 3 rules on groups that can be chance (p = 0.09 after"
        " Holm)"
    )
    certain = RuleJudgement("broken", "20 % slower", p_broken=0.001)
    assert hold_together({"one": certain, "two": fine}, "devices")["one"] is certain


CLOSE = QUANTITIES["close_pixels"]


def percent(before: float, change: float, n: int = 30, spread: float = 0.2) -> Evidence:
    """Evidence of a score in per cent: the baseline's mean, the candidate's change in points, image by image."""
    ours = spread_around(before, 2.0, n)
    theirs = ours + spread_around(change, spread, n)
    frames = [
        pd.DataFrame({"item": range(n), "scene": range(n), "value": values, "reason": None})
        for values in (ours, theirs)
    ]
    effect = quality_effect(CLOSE, *frames, by_scene=False, seed=1)
    return Evidence(*(quality_level(CLOSE, frame) for frame in frames), effect)


@pytest.mark.parametrize(
    ("before", "change", "rule", "outcome", "words"),
    [
        (93.0, 0.5, {"at_least": "92 %"}, "met", "; at least 92 % was asked"),
        (90.0, 0.1, {"at_least": "92 %"}, "broken", "below the agreed 92 %"),
        (91.8, 0.1, {"at_least": "92 %"}, "open", "so it may or may not be at least 92 %"),
        (93.0, 0.0, {"at_most": "92 %"}, "broken", "above the agreed 92 %"),
        (
            93.0,
            -0.4,
            {"no_worse_than": "0.5 points"},
            "met",
            "at worst 0.47 points lower, within the agreed 0.5 points",
        ),
        (
            93.0,
            -0.8,
            {"no_worse_than": "0.5 points"},
            "broken",
            "at least 0.73 points lower, beyond the agreed 0.5 poi",
        ),
        (93.0, 2.0, {"improve_by_at_least": "1 point"}, "met", "2.00 points higher (between 1.93 and 2.07)"),
        # Half a point is 1 % of 50 %, and .54 % of 93 %.
        (50.0, -0.4, {"no_worse_than": "1 %"}, "met", "within the agreed 1 % of the baseline's value"),
        (20.0, -0.4, {"no_worse_than": "1 %"}, "broken", "beyond the agreed 1 % of the baseline's value"),
        (
            40.0,
            -0.4,
            {"no_worse_than": "1 %"},
            "open",
            "may or may not be within the agreed 1 % of the baseline's value",
        ),
        (50.0, 2.0, {"improve_by_at_least": "3 %"}, "met", "at least 3 % of the baseline's value was asked"),
        (50.0, 2.0, {"improve_by_at_least": "5 %"}, "broken", "short of the 5 % of the baseline's value"),
    ],
)
def test_a_score_in_per_cent_is_ruled_on_in_points_or_as_a_share_of_the_baseline(
    before: float, change: float, rule: dict[str, str], outcome: str, words: str
) -> None:
    judged = judge(percent(before, change), quantity="close_pixels", **rule)
    assert judged.outcome == outcome
    assert words in judged.predicate


def test_a_share_of_the_baseline_is_as_uncertain_as_the_baseline_s_value() -> None:
    """Ours 10 ± 9 % over images, theirs always .9 points less: within 10 % of the value that was measured, but that
    value may well be another.
    """
    ours = spread_around(10.0, 9.0, 12)
    frames = [
        pd.DataFrame({"item": range(12), "scene": range(12), "value": values, "reason": None})
        for values in (ours, ours - 0.9)
    ]
    effect = quality_effect(CLOSE, *frames, by_scene=False, seed=1)
    known = Evidence(*(quality_level(CLOSE, frame) for frame in frames), effect)
    assert judge(known, quantity="close_pixels", no_worse_than="10 %").outcome == "open"
    assert judge(known, quantity="close_pixels", no_worse_than="1 points").outcome == "met"
    assert judge(known, quantity="close_pixels", no_worse_than="10 %").effect_bound == pytest.approx(-1.0)
