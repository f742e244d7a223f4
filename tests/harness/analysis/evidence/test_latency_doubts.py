"""What is found about pairs keeps a rule open where it could turn it, in both directions, and only there."""

from __future__ import annotations

import math

import numpy as np
import pytest

from harness.analysis.evidence.evidence import Evidence, Level, Paired
from harness.analysis.evidence.latency_doubts import doubts_on_level, doubts_on_pairs, still_moves
from harness.analysis.judging.judge_rule import RuleJudgement, judge_rule
from harness.experiment.declaration import Rule
from harness.quantity import QUANTITIES, Available, Unavailable
from harness.statistics.estimate import Floats, estimate_mean

P50 = QUANTITIES["latency_p50"]
NAMES = {"baseline": "fp32", "candidate": "int8"}
NOT_ASKED = Level(Unavailable(reason="not asked for"), None)
AS_FAST = Rule.model_validate({"quantity": "latency_p50", "no_worse_than": "5 %"})
FASTER = Rule.model_validate({"quantity": "latency_p50", "improve_by_at_least": "20 %"})


def noise(seed: int, n: int = 30) -> Floats:
    return np.random.default_rng(seed).normal(0.0, 0.005, n)


def judged(ln_ratio: Floats, rule: Rule = AS_FAST, *, step_ns: float = 0.0, first: str = "mixed") -> RuleJudgement:
    n = ln_ratio.size
    baseline = 1e7 * np.exp(noise(1, n))
    orders = {"mixed": np.random.default_rng(2).random(n) < 0.5, "always": np.full(n, True), "never": np.full(n, False)}
    candidate = baseline * np.exp(ln_ratio)
    found = doubts_on_pairs(P50, baseline, candidate, orders[first], NAMES, step_ns)
    effect = Paired(estimate_mean(ln_ratio), "pair of blocks", leeways=tuple(found.leeways))
    return judge_rule(rule, P50, Evidence(NOT_ASKED, NOT_ASKED, effect))


def test_clean_pairs_are_decided() -> None:
    assert judged(noise(3)).outcome == "met"
    assert judged(noise(3) + 0.1).outcome == "broken"
    assert judged(noise(3) - 0.4, FASTER).outcome == "met"


@pytest.mark.parametrize(("mean", "without"), [(0.03, "met"), (0.075, "broken")])
@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        (np.linspace(-0.05, 0.05, 30), "slower against the baseline than it began"),
        (np.where(np.arange(30) % 10 < 3, 0.14, 0.0) - 0.042, "int8 ran at two speeds"),
        (0.03 * np.sin(np.arange(30) / 2.2), "resembles that of the pair before it"),
    ],
)
def test_what_could_turn_a_rule_keeps_it_open_in_both_directions(
    mean: float, without: str, trouble: Floats, words: str
) -> None:
    shuffled = np.random.default_rng(4).permutation(trouble)
    if "two speeds" not in words:
        assert judged(noise(5) + mean + 0.2 * shuffled).outcome == without
    doubted = judged(noise(5) + mean + trouble)
    assert doubted.outcome == "open"
    assert words in (doubted.doubt or "")
    assert doubted.predicate.endswith(f"; at most 5 % slower was agreed; doubted: {doubted.doubt}")
    assert (doubted.p_broken, doubted.needed) == (1.0, None)


def test_what_could_not_turn_it_does_not() -> None:
    """31 % faster at its slowest, where 20 % was asked: that it moved by 5 % is a warning beside it."""
    assert judged(noise(6) - 0.45 + np.linspace(-0.025, 0.025, 30), FASTER).outcome == "met"
    assert judged(noise(6) + 0.4 + np.linspace(-0.025, 0.025, 30)).outcome == "broken"


@pytest.mark.parametrize("first", ["always", "never"])
@pytest.mark.parametrize("mean", [0.0, 0.5])
def test_an_order_that_never_changes_decides_nothing(first: str, mean: float) -> None:
    found = judged(noise(7) + mean, first=first)
    assert (found.outcome, "in every pair" in (found.doubt or "")) == ("open", True)


def test_a_step_of_the_clock_decides_only_what_it_cannot_turn() -> None:
    assert judged(noise(8), step_ns=1e6).doubt == "the clock tells only steps of 1 ms"  # a step is 10 %
    assert judged(noise(8), step_ns=2e5).outcome == "met"
    assert judged(noise(8) - 0.5, FASTER, step_ns=1e6).outcome == "met"
    assert judged(np.full(30, -0.5), FASTER).outcome == "open"  # exactly the same ratio, as no timings give
    assert judged(np.full(30, -0.5), FASTER, step_ns=1e6).outcome == "met"  # steps of 10 % explain it, and allow it


def test_five_pairs_decide_nothing() -> None:
    assert judged(noise(9, 5) + 0.5).doubt == "only 5 pairs of blocks"


def test_an_own_value_at_two_speeds_is_decided_where_both_are_on_one_side() -> None:
    speeds = 1e7 * np.where(np.arange(30) < 15, 1.0, 1.3) * np.exp(noise(10))
    warnings, leeways = doubts_on_level(P50, speeds, "int8")
    assert len(warnings) == 1
    level = Level(Available(value=1.14e7, unit="ns", source="x"), estimate_mean(np.log(speeds)), leeways=tuple(leeways))
    for bound, outcome in (("14 ms", "met"), ("12.5 ms", "open"), ("9 ms", "broken")):
        rule = Rule.model_validate({"quantity": "latency_p50", "at_most": bound})
        assert judge_rule(rule, P50, Evidence(NOT_ASKED, level, NOT_ASKED)).outcome == outcome  # type: ignore[arg-type]


def test_an_arm_that_still_moves_is_waited_for_and_a_device_that_does_is_not() -> None:
    warming = 0.08 * np.exp(-np.arange(12) / 8.0)
    together = np.linspace(0.0, 0.05, 12)
    ours = 1e7 * np.exp(noise(11, 12))
    (found,) = still_moves(ours * np.exp(warming), ours * np.exp(noise(12, 12)))
    assert found.below == pytest.approx(0.05, abs=0.02)
    assert all(
        each.below < 0.02 for each in still_moves(ours * np.exp(together), ours * np.exp(together + noise(12, 12)))
    )
    assert not math.isinf(found.above)
