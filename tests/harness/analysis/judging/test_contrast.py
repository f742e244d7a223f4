"""One contrast as the report shows it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from harness.analysis.evidence.evidence import Evidence, Level, Paired
from harness.analysis.judging.contrast import make_contrast
from harness.analysis.judging.judge_outcome import Margins
from harness.analysis.judging.judge_rule import RuleJudgement
from harness.documents.comparison import Contrast, Effect, NoEffect
from harness.quantity import QUANTITIES, Unavailable
from harness.statistics.bootstrap import BootstrapIntervals, bca_intervals
from harness.statistics.estimate import Estimate, estimate_mean
from harness.statistics.sign_flip import sign_flip_test
from tests.harness.warning_texts import texts

NOTHING = Level(Unavailable(reason="not shown"), None)
LATENCY = QUANTITIES["latency_p50"]
ALLOWED = Margins(math.log1p(0.02), math.log1p(0.02))


def contrast(effect: Paired | NoEffect, judged: list[RuleJudgement] | None = None) -> Contrast:
    return make_contrast("int8", LATENCY, Evidence(NOTHING, NOTHING, effect), ALLOWED, judged or [], ["a note"], None)


def pairs(mean: float, sd: float = 0.02, n: int = 30, robust: BootstrapIntervals | None = None) -> Paired:
    values = np.random.default_rng(1).normal(0, 1, n)
    values = mean + sd * (values - values.mean()) / values.std(ddof=1)
    twin = robust if robust is not None else bca_intervals(values, 1)
    return Paired(estimate_mean(values), "pair of blocks", twin, sign_flip_test(values, 1), warnings=["a caution"])


def test_ratios_leave_as_ratios() -> None:
    found = contrast(pairs(math.log(0.7)))
    effect = found.effect
    assert isinstance(effect, Effect)
    assert effect.interval is not None
    assert effect.robust_interval is not None
    assert effect.estimate == pytest.approx(0.7)
    # 0.7·exp(±t(29, .975)·.02/√30), t = 2.04523
    assert (effect.interval.low, effect.interval.high) == pytest.approx((0.694792, 0.705247), abs=1e-6)
    assert effect.interval.method == "t on log-ratios of paired blocks"
    assert effect.robust_interval.method == "BCa bootstrap over pairs of blocks"
    assert effect.minimum_detectable == pytest.approx(math.expm1((2.04523 + 0.85425) * 0.02 / math.sqrt(30)), rel=1e-4)
    assert effect.sd == pytest.approx(0.02)
    assert (effect.p_method, effect.pairs_needed) == ("sign flips, 9999 random patterns", None)
    assert texts(found.warnings) == ["a note", "a caution"]
    assert [warning.kind for warning in found.warnings] == ["failure", "evidence"]


def test_what_is_exact_has_no_interval_and_no_p_value() -> None:
    effect = contrast(Paired(Estimate(math.log(0.25), None, 1, 1.0, exact=True), "file")).effect
    assert isinstance(effect, Effect)
    assert (effect.interval, effect.robust_interval, effect.p_value, effect.p_method) == (None, None, None, None)
    assert (effect.minimum_detectable, effect.pairs_needed) == (None, None)


def test_too_few_replicates_for_a_p_value_say_so() -> None:
    effect = contrast(pairs(-0.3, n=5)).effect
    assert isinstance(effect, Effect)
    assert effect.p_value is None
    assert effect.p_method == "fewer than 6 replicates: sign flips could find nothing"


def test_one_pair_is_shown_without_an_interval_and_is_inconclusive() -> None:
    found = contrast(Paired(estimate_mean(np.array([-0.3])), "pair of blocks"))
    assert isinstance(found.effect, Effect)
    assert found.effect.interval is None
    assert found.outcome == "inconclusive"
    assert found.words == "cannot tell yet: 26 % faster, 1.35 times the speed; needs more pairs"


def test_a_twin_that_disagrees_is_told() -> None:
    agreeing = contrast(pairs(0.05))
    assert not [text for text in texts(agreeing.warnings) if "twin disagree" in text]
    other_sign = BootstrapIntervals((-0.001, 0.0575), (0.001, 0.0570))
    assert [text for text in texts(contrast(pairs(0.05, robust=other_sign)).warnings) if "twin disagree" in text]
    moved = BootstrapIntervals((0.0425, 0.062), (0.043, 0.061))
    (found,) = [each for each in contrast(pairs(0.05, robust=moved)).warnings if each.kind == "intervals disagree"]
    assert found.about == "latency_p50"
    assert found.text.startswith("the t interval and its bootstrap twin disagree")


def test_an_open_rule_says_what_it_needs_before_the_contrast_does() -> None:
    rules = [RuleJudgement("open", "", needed=90), RuleJudgement("met", "", needed=None)]
    effect = contrast(pairs(0.0, sd=0.2), rules).effect
    assert isinstance(effect, Effect)
    assert effect.pairs_needed == 90


def test_nothing_measured_is_unavailable_with_its_reason() -> None:
    found = contrast(NoEffect(reason="nobody looked"))
    assert (found.outcome, found.words) == ("unavailable", "not known: nobody looked")
    assert texts(found.warnings) == ["a note"]
