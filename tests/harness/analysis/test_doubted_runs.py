"""A doubt is a doubt: from records to the verdict, on devices with one thing wrong that the pairs do not allow for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
import pytest

from harness.analysis.compare import DeviceFacts
from harness.analysis.device_analysis import DeviceAnalysis
from harness.analysis.evidence.evidence import Paired
from harness.analysis.judging.judge_outcome import as_gain, judge_outcome, margins
from harness.analysis.judging.judge_rule import judge_rule
from harness.analysis.judging.verdict import decide
from harness.analysis.stopping.latency_watch import LatencyWatch
from harness.analysis.tables.energy_table import DeviceEnergy
from harness.analysis.tables.tables import make_tables
from harness.documents.comparison import Verdict
from harness.documents.manifest import Manifest
from harness.quantity import QUANTITIES, Quantity
from harness.tasks.looks import Doubts
from tests.harness.analysis.judging.empty_scores import EMPTY_SCORES
from tests.harness.analysis.simulated_mechanisms import CLEAN, TROUBLED, Mechanism, as_records, simulated_blocks
from tests.harness.experiments import experiments
from tests.harness.simulated_records import make_manifest

P50 = QUANTITIES["latency_p50"]


@dataclass(frozen=True)
class Run:
    """What came of one."""

    pairs: int
    numbers_say: str
    """The outcome of the contrast, had nothing been found."""
    outcome: str
    rule: str
    verdict: Verdict


class OfOneQuantity(DeviceAnalysis):
    """Compares what the rule is about, and leaves out the tails, which cost ten times as much to look at."""

    def _quantities(self) -> list[Quantity]:
        return [P50]


def run_of(mechanism: Mechanism, manifest: Manifest, random: np.random.Generator) -> Run:
    """Measured, ended early where the design allows it, analysed and judged."""
    blocks = simulated_blocks(mechanism, manifest.experiment.measure.launch_sizes, random)
    watch, done = LatencyWatch(manifest), 0
    while done < len(blocks) and (done % 2 == 1 or watch.decision.kind == "go on"):
        watch.take(blocks[done])
        done += 1
    records = as_records(blocks[:done])
    analysis = OfOneQuantity(
        manifest, "local", DeviceFacts(None, None, "complete"), records, make_tables(manifest, {"local": records}),
        EMPTY_SCORES, DeviceEnergy(""), Doubts(),
    )  # fmt: skip
    candidate, (rule,) = manifest.arms[1], manifest.experiment.rules
    evidence = analysis.evidence(candidate, P50)
    judged = {(candidate.name, 0): judge_rule(rule, P50, evidence)}
    result = analysis.result(judged)
    assert isinstance(evidence.effect, Paired)
    contrast = next(one for one in result.contrasts if one.quantity == "latency_p50")
    return Run(
        done // 2,
        judge_outcome(as_gain(P50, evidence.effect.estimate), margins(P50, [rule])),
        contrast.outcome,
        result.rules[0].outcome,
        decide(candidate.name, "fp32", [result], [rule], [], quick=False),
    )


EXPERIMENTS = experiments(24)
"""400 are behind the table of docs/check-the-statistics.md."""
AS_FAST = {"quantity": "latency_p50", "no_worse_than": "2 %"}


@cache
def runs_of(name: str, design: Literal["fixed", "sequential"], launches: int | None = 1) -> list[Run]:
    """Many of them, with a line of a table; `launches` is None for those that an experiment has by itself."""
    mechanism = {**CLEAN, **TROUBLED}[name]
    manifest = make_manifest(rules=[AS_FAST], pairs=30, memory_repeats=0, metrics=(), design=design, launches=launches)
    random = np.random.default_rng([20, len(name), sum(map(ord, name)), len(design)])
    runs = [run_of(mechanism, manifest, random) for _ in range(EXPERIMENTS)]
    called = [one for one in runs if one.numbers_say in ("better", "worse")]
    told = sum(one.outcome in ("better", "worse") for one in runs)
    decisions = [one.verdict.decision for one in runs]
    doubted = sum("doubted:" in one.verdict.sentence for one in runs)
    print(
        f"{name}, {design}{'' if launches == 1 else ', in launches'}: "
        f"{np.mean([one.pairs for one in runs]):.1f} pairs; the numbers alone call it different "
        f"{len(called) / len(runs):.1%}, told so {told / len(runs):.1%}; hold "
        f"{decisions.count('hold') / len(runs):.1%}, ship {decisions.count('ship') / len(runs):.1%}, "
        f"doubted {doubted / len(runs):.1%}"
    )
    return runs


@pytest.mark.parametrize("design", ["fixed", "sequential"])
@pytest.mark.parametrize("name", CLEAN)
def test_what_disturbs_both_arms_is_hardly_ever_doubted(name: str, design: Literal["fixed", "sequential"]) -> None:
    runs = runs_of(name, design)
    doubted = sum("doubted:" in one.verdict.sentence for one in runs)
    assert doubted <= 0.06 * len(runs) + 2.0 * np.sqrt(0.06 * len(runs))
    assert not any(one.verdict.decision == "hold" for one in runs)


@pytest.mark.parametrize("name", [name for name in TROUBLED if not name.startswith("a clock")])
def test_of_thirty_pairs_nine_in_ten_wrong_answers_are_doubted(name: str) -> None:
    runs = runs_of(name, "fixed")
    called = [one for one in runs if one.numbers_say in ("better", "worse")]
    assert called
    told = [one for one in called if one.outcome in ("better", "worse")]
    # Neighbours that are alike are seen in nine of ten runs, and a little less often in those whose mean is far off.
    most = 0.2 if "wanders" in name else 0.1
    assert len(told) <= most * len(called) + 2.0 * np.sqrt(most * len(called))
    assert sum(one.verdict.decision == "hold" for one in runs) <= 0.05 * len(runs)


@pytest.mark.parametrize("name", [name for name in TROUBLED if "warms up" in name])
def test_a_pass_does_not_end_early_while_an_arm_warms_up(name: str) -> None:
    runs = runs_of(name, "sequential")
    assert np.mean([one.pairs == 30 for one in runs]) >= 0.9
    assert sum(one.outcome == "worse" for one in runs) <= 0.02 * len(runs)
    assert all("doubted:" in one.verdict.sentence for one in runs if one.rule == "open")


@pytest.mark.parametrize("name", [name for name in TROUBLED if not name.startswith("a clock")])
def test_launches_that_are_counted_are_as_seldom_wrong(name: str) -> None:
    runs = runs_of(name, "sequential", None)
    few = 0.1 * len(runs) + 2.0 * np.sqrt(0.1 * len(runs))  # a launch that is slow from its begin on is its own
    assert sum(one.verdict.decision == "hold" for one in runs) <= (0 if "warms up" in name else few)


@pytest.mark.parametrize("design", ["fixed", "sequential"])
@pytest.mark.parametrize("name", [name for name in TROUBLED if name.startswith("a clock")])
def test_a_coarse_clock_neither_ships_nor_holds(name: str, design: Literal["fixed", "sequential"]) -> None:
    runs = runs_of(name, design)
    assert {one.verdict.decision for one in runs} == {"undecided"}
    sentences = [one.verdict.sentence for one in runs]
    assert all("the clock tells only steps of 1 ms" in each for each in sentences)


def test_an_arm_on_a_slow_core_is_named_with_what_to_do() -> None:
    runs = runs_of("sticks to a slow core, 3 s of 12 s", "fixed")
    told = re.compile(r"doubted: int8 ran at two speeds, about (9\.9|10\.0)\d ms and 1[56]\.")
    named = [one.verdict.sentence for one in runs if told.search(one.verdict.sentence)]
    assert len(named) >= 0.9 * len(runs)
    assert all("and fp32 did not: its process was likely on a slower core" in each for each in named)
    assert all("set `cores`" in each for each in named)
