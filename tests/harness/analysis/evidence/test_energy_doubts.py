"""What is found about cycles keeps a rule on energy open where it could turn it."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from harness.analysis.evidence.energy_evidence import energy_effect, energy_level
from harness.analysis.evidence.evidence import Evidence, Level, Paired
from harness.analysis.judging.judge_rule import RuleJudgement, judge_rule
from harness.documents.comparison import NoEffect
from harness.experiment.declaration import Rule
from harness.quantity import QUANTITIES, Unavailable
from harness.statistics.estimate import Floats

ENERGY = QUANTITIES["energy_per_inference"]
NOT_ASKED = Level(Unavailable(reason="not asked for"), None)
AS_FRUGAL = Rule.model_validate({"quantity": "energy_per_inference", "no_worse_than": "5 %"})
BOUNDED = Rule.model_validate({"quantity": "energy_per_inference", "at_most": "105 mJ"})


def cycles(values: Floats, resolution: float) -> pd.DataFrame:
    return pd.DataFrame(
        {"cycle": np.arange(values.size), "value": values, "resolution": resolution, "reason": [None] * values.size}
    )


def judged(ln_ratio: Floats, resolution: float = 0.1, noise: float = 0.005, first: bool | None = None) -> RuleJudgement:
    shared = 100.0 * np.exp(np.random.default_rng(1).normal(0.0, noise, ln_ratio.size))
    order = None if first is None else dict.fromkeys(range(ln_ratio.size), first)
    effect = energy_effect(
        cycles(shared, resolution), cycles(shared * np.exp(ln_ratio), resolution), 1, candidate_first=order
    )
    assert isinstance(effect, Paired)
    return judge_rule(AS_FRUGAL, ENERGY, Evidence(NOT_ASKED, NOT_ASKED, effect))


def noise(n: int = 10) -> Floats:
    return np.random.default_rng(2).normal(0.0, 0.005, n)


def test_clean_cycles_are_decided() -> None:
    assert (judged(noise()).outcome, judged(noise() + 0.15).outcome) == ("met", "broken")


@pytest.mark.parametrize(
    ("ln_ratio", "words"),
    [
        (noise(4), "only 4 cycles of energy blocks"),
        (noise() + np.linspace(-0.05, 0.06, 10), "so it was not in a steady state"),
        (noise() + np.where(np.arange(10) % 3 == 0, 0.08, 0.0), "jumps between two levels"),
    ],
)
def test_what_could_turn_a_rule_keeps_it_open(ln_ratio: Floats, words: str) -> None:
    found = judged(ln_ratio)
    assert found.outcome == "open"
    assert words in (found.doubt or "")


def test_an_order_that_never_changes_is_doubted() -> None:
    assert judged(noise(), first=True).doubt == "the candidate went first in every cycle"


def test_cycles_that_agree_better_than_the_gauge_can_tell_show_its_steps() -> None:
    """A gauge of 50 mA at 500 mA that stands still: 5 % either way, in both arms."""
    stuck = judged(np.full(8, 0.0), resolution=5.0, noise=0.0)
    assert stuck.outcome == "open"
    assert (stuck.doubt or "").startswith("the source tells only steps of 10")
    assert judged(np.full(8, 0.5), resolution=5.0, noise=0.0).outcome == "broken"
    level = energy_level(ENERGY, cycles(np.full(8, 100.0), 5.0), "")
    found = judge_rule(BOUNDED, ENERGY, Evidence(NOT_ASKED, level, NoEffect(reason="not asked for")))
    assert (found.outcome, "the source tells only steps of 5" in (found.doubt or "")) == ("open", True)


def test_an_own_energy_that_drifts_is_decided_where_begin_and_end_are_on_one_side() -> None:
    drifting = 100.0 * np.exp(np.linspace(-0.05, 0.05, 10) + noise())
    level = energy_level(ENERGY, cycles(drifting, 0.1), "")
    asked = {"60 mJ": "broken", "104 mJ": "open", "150 mJ": "met"}
    for bound, outcome in asked.items():
        rule = Rule.model_validate({"quantity": "energy_per_inference", "at_most": bound})
        judged_own = judge_rule(rule, ENERGY, Evidence(NOT_ASKED, level, NoEffect(reason="not asked for")))
        assert judged_own.outcome == outcome
    assert math.isfinite(level.leeways[0].above)
