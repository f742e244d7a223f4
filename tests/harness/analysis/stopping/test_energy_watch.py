"""When an energy pass ends, that the verdict never contradicts the reason for it, and how often it is wrong."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import stdtrit

from harness.analysis.compare import DeviceFacts, compare
from harness.analysis.evidence.energy_evidence import energy_effect
from harness.analysis.evidence.evidence import Evidence, Paired
from harness.analysis.judging.judge_rule import judge_rule
from harness.analysis.stopping.energy_watch import EnergyWatch, energy_ending
from harness.analysis.stopping.stopping import NO_EFFECT_ASKED, NOT_ASKED, Decision, decide, question_of
from harness.analysis.tables.device_records import read_device_records
from harness.documents.comparison import DeviceResult, Effect
from harness.documents.manifest import Manifest
from harness.documents.records import Record
from harness.quantity import QUANTITIES
from harness.runs.planning.sensing import make_sensing
from harness.statistics.confidence_sequence import estimate_sequentially
from harness.statistics.estimate import estimate_mean
from tests.harness.experiments import experiments
from tests.harness.runs.planning.test_make_plan import manifest as planned
from tests.harness.runs.planning.test_make_plan import plan
from tests.rig.simulated import Battery, Noise, SimulatedDevice, Truth

ENERGY = {"cycles": 16, "min_cycles": 6, "block_s": 10.0, "idle_s": 5.0}
THRIFTY = Truth(latency_ms={"a0": 10.0, "a1": 8.0}, power_w={"a0": 3.0, "a1": 3.0}, noise=Noise(0.02, 0.6))
"""20 % less energy."""
ENERGY_QUANTITY = QUANTITIES["energy_per_inference"]
LESS = {"quantity": "energy_per_inference", "improve_by_at_least": "10 %"}
BOUNDED = {"quantity": "average_power", "at_most": "4 W"}
LATENCY = {"quantity": "latency_p50", "no_worse_than": "1 %"}


def sequential(*rules: dict[str, Any], **measure: Any) -> Manifest:
    """Few pairs, a fixed number of them, since `min_pairs` leaves nothing to be saved."""
    told = planned(**{"pairs": 3, "memory_repeats": 0, "metrics": [], "energy": ENERGY} | measure)
    experiment = told.experiment.model_dump(by_alias=True) | {"rules": rules or (LATENCY,)}
    return told.model_copy(update={"experiment": type(told.experiment).model_validate(experiment)})


class Watched:
    """A simulated device, and the host that watches it."""

    def __init__(self, run: Manifest, truth: Truth, seed: int = 1, *, late_by: int = 0, obeys: bool = True) -> None:
        self.run, self.late_by, self.obeys = run, late_by, obeys
        self.device = SimulatedDevice(truth, seed, stop_energy=self._stops)
        self.survey = self.device.survey()
        self.watch = EnergyWatch(run, self.survey)
        self.decisions: list[Decision] = []
        self._taken = 0
        sensing = make_sensing(self.survey, run.experiment)
        assert sensing.measures_energy, sensing.notes
        self.records = self.device.run(plan(run, sensing=sensing))
        for record in self.records[self._taken :]:
            self.watch.take(record)
        self.decisions.append(self.watch.decision)

    def _stops(self, records: list[Record]) -> bool:
        """A file that was dropped is seen some blocks later."""
        for record in records[self._taken :]:
            self.watch.take(record)
        self._taken = len(records)
        self.decisions.append(self.watch.decision)
        seen = self.decisions[max(0, len(self.decisions) - 1 - self.late_by)]
        return self.obeys and seen.kind != "go on" and len(self.decisions) > self.late_by

    def result(self, folder: Path) -> DeviceResult:
        path = folder / "records.jsonl"
        path.write_text("".join(record.model_dump_json(by_alias=True) + "\n" for record in self.records))
        facts = {"local": DeviceFacts(None, path, "complete", survey_text=self.survey)}
        return compare(self.run, facts).devices[0]

    @property
    def decided(self) -> Decision:
        return next((each for each in self.decisions if each.kind != "go on"), self.decisions[-1])


def contrast_of(result: DeviceResult, quantity: str = "energy_per_inference") -> Effect:
    effect = next(each for each in result.contrasts if each.quantity == quantity).effect
    assert isinstance(effect, Effect)
    return effect


@pytest.mark.parametrize("late_by", [0, 1, 3])
def test_a_clear_case_ends_early_and_what_was_begun_meanwhile_does_not_count(tmp_path: Path, late_by: int) -> None:
    watched = Watched(sequential(LESS), THRIFTY, late_by=late_by)
    decision = watched.decided
    assert (decision.kind, decision.reason) == ("decided", "every rule on energy was decided")
    assert 6 <= decision.count < 10
    result = watched.result(tmp_path)
    assert result.energy is not None
    assert result.energy.stopping == (
        f"stopped after {decision.count} of at most 16 cycles: every rule on energy was decided"
    )
    effect = contrast_of(result)
    assert (effect.n, effect.robust_interval, effect.excluded) == (decision.count, None, {})
    assert effect.interval is not None
    assert effect.interval.method.startswith("anytime-valid")
    assert effect.p_method == "anytime-valid t-mixture, two-sided"
    assert effect.interval.low < 0.8 < effect.interval.high
    assert [rule.outcome for rule in result.rules] == ["met"]
    assert [record.record for record in watched.records[-2:]] == ["pass_stopped", "runner_finished"]


@pytest.mark.parametrize(("rule", "ms"), [(LESS, 8.0), (LESS, 8.9), (LESS, 9.3), (LESS, 10.0), (BOUNDED, 9.0)], ids=str)
@pytest.mark.parametrize("seed", [1, 2])
def test_the_analysis_agrees_with_the_reason_for_stopping(
    tmp_path: Path, rule: dict[str, Any], ms: float, seed: int
) -> None:
    rough = Battery(current_noise=0.1)
    truth = replace(THRIFTY, latency_ms={"a0": 10.0, "a1": ms}, battery=rough, rail_step_uws=None)
    watched = Watched(sequential(rule), truth, seed)
    (judged,) = watched.result(tmp_path).rules
    print(f"{ms} ms: {watched.decided}, then {judged.outcome}")
    if watched.decided.kind == "decided":
        assert judged.outcome in ("met", "broken")
    else:
        assert judged.outcome in ("open", "met", "broken")


def test_without_a_rule_on_energy_a_precision_is_enough(tmp_path: Path) -> None:
    watched = Watched(sequential(), THRIFTY)
    assert watched.decided.reason == "energy per inference is compared to within 2 %"
    assert watched.decided.count < 16
    rough = replace(THRIFTY, battery=Battery(current_noise=0.5), rail_step_uws=None)
    never = Watched(sequential(), rough)
    assert (never.decided.kind, never.decided.count) == ("go on", 16)
    result = never.result(tmp_path)
    assert result.energy is not None
    assert result.energy.stopping == (
        "all 16 cycles were measured: energy per inference is not yet compared to within 2 %"
    )


@pytest.mark.parametrize(
    "measure",
    [
        {"energy": ENERGY | {"min_cycles": None}},
        {"energy": ENERGY, "design": "fixed"},
        {"energy": ENERGY | {"cycles": 6}},
    ],
    ids=["not asked for", "a fixed design", "nothing to save"],
)
def test_otherwise_the_number_of_cycles_is_fixed_and_the_interval_is_t(tmp_path: Path, measure: dict[str, Any]) -> None:
    watched = Watched(sequential(LESS, **measure), THRIFTY)
    assert {each.kind for each in watched.decisions} == {"go on"}
    assert watched.decided.reason == "the number of cycles is fixed"
    result = watched.result(tmp_path)
    effect = contrast_of(result)
    assert effect.interval is not None
    assert effect.interval.method == "t on log-ratios of paired energy blocks"
    assert effect.robust_interval is not None
    assert result.energy is not None
    assert result.energy.stopping is None


@pytest.mark.parametrize(
    ("energy", "why"),
    [
        ({"unplugged": True}, "a phone without its cable is not watched"),
        ({"meter_csv": "m.csv"}, "a meter's file is read when all is over, and nothing is known on the way"),
    ],
    ids=["unplugged", "meter"],
)
def test_what_nobody_sees_on_the_way_is_measured_to_its_end_with_a_t_interval(
    tmp_path: Path, energy: dict[str, Any], why: str
) -> None:
    watched = Watched(sequential(LESS, energy=ENERGY | energy), replace(THRIFTY, rail_step_uws=None))
    notes = make_sensing(watched.survey, watched.run.experiment).notes
    assert f"energy: all 16 cycles will be measured: {why}" in notes
    assert (watched.decided.kind, watched.decided.reason) == ("go on", why)
    result = watched.result(tmp_path)
    records = read_device_records(tmp_path / "records.jsonl")
    assert energy_ending(watched.run, records, watched.survey) == f"all 16 cycles were measured: {why}"
    if "unplugged" in energy:
        effect = contrast_of(result)
        assert effect.interval is not None
        assert effect.interval.method.startswith("t on")


def test_a_survey_that_is_lost_ends_nothing(tmp_path: Path) -> None:
    watched = Watched(sequential(LESS), THRIFTY)
    watch = EnergyWatch(watched.run, None)
    for record in watched.records:
        watch.take(record)
    assert watch.decision.kind == "go on"
    assert "survey.txt" in watch.decision.reason


def test_energy_that_cannot_be_read_is_waited_for(tmp_path: Path) -> None:
    lost = replace(THRIFTY, battery=Battery(sensor_lost_at_s=150.0), rail_step_uws=None)
    watched = Watched(sequential(LESS), lost)
    assert (watched.decided.kind, watched.decided.count) == ("go on", 16)
    assert watched.decided.reason.startswith("energy cannot be told: ")


def test_whoever_takes_the_run_up_again_comes_to_the_same_reason() -> None:
    watched = Watched(sequential(LESS), THRIFTY)
    again = EnergyWatch(watched.run, watched.survey)
    for record in watched.records[: len(watched.records) // 2]:
        again.take(record)
    resumed = EnergyWatch(watched.run, watched.survey)
    for record in watched.records:
        resumed.take(record)
    assert resumed.decision == watched.decided


# --- against what is true, many times: the statistics alone, cycle by cycle -------------------------------------------


def rows_of(values: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({"cycle": np.arange(values.size), "value": values, "resolution": 0.0, "reason": None})


def drawn(source: np.random.Generator, cycles: int, sd: float, log_ratio: float, kind: str) -> tuple[Any, Any]:
    """Energy of both arms in each cycle: blocks in random order, on a device that drifts by 10 %."""
    shared = 20.0 * np.exp(np.linspace(0.0, 0.1, cycles))
    if kind == "heavy tails":
        noise = sd * source.standard_t(3, (2, cycles)) / math.sqrt(3.0)
    elif kind == "bursts":
        noise = source.normal(0.0, sd / 2, (2, cycles)) + 3 * sd * (source.random((2, cycles)) < 0.1)
    elif kind in ("AR(1) .6", "throttling"):
        # One block after the other, and which arm is first is drawn for every cycle.
        level = source.normal(0.0, sd)
        blocks = np.empty(2 * cycles)
        for at in range(blocks.size):
            if kind == "throttling":
                level += source.uniform(0.05, 0.3) * source.choice([-1.0, 1.0]) * (source.random() < 0.08)
                blocks[at] = level + source.normal(0.0, sd / 2)
            else:
                level = 0.6 * level + 0.8 * source.normal(0.0, sd)
                blocks[at] = level
        noise = source.permuted(blocks.reshape(cycles, 2), axis=1).T
    else:
        noise = source.normal(0.0, sd, (2, cycles))
    ours, theirs = shared * np.exp(noise / math.sqrt(2.0))
    return ours, theirs * math.exp(log_ratio)


def cycles_spent(run: Manifest, ours: np.ndarray, theirs: np.ndarray, first_look: int) -> tuple[Decision, Paired]:
    """As `EnergyWatch` would have it, without the making of records; and what the analysis says then."""
    question = question_of(run, "energy", first_look, run.experiment.energy_cycles, "cycle")
    for count in range(first_look, ours.size + 1):
        found = energy_effect(rows_of(ours[:count]), rows_of(theirs[:count]), 0, first_look)
        assert isinstance(found, Paired)
        known = Evidence(NOT_ASKED, NOT_ASKED, found)
        decision = decide(question, count, ["a1"], lambda _arm, _rule, known=known: known, lambda _arm: NO_EFFECT_ASKED)
        if decision.kind != "go on" or count == ours.size:
            return decision, found
    raise AssertionError


def excludes(differences: np.ndarray, truth: float) -> bool:
    low, high = estimate_sequentially(differences, 6).interval(0.95) or (-math.inf, math.inf)
    return not low <= truth <= high


@pytest.mark.parametrize("kind", ["normal", "AR(1) .6", "throttling", "heavy tails", "bursts"])
def test_two_equal_arms_are_told_apart_at_most_five_times_in_a_hundred_though_every_cycle_is_looked_at(
    kind: str,
) -> None:
    source, count = np.random.default_rng(5), experiments(400)
    looked = fixed = covered = 0
    counts = np.arange(6, 17)
    critical = stdtrit(counts - 1, 0.975) / np.sqrt(counts)
    for _ in range(count):
        ours, theirs = drawn(source, 16, 0.03, 0.0, kind)
        d = np.log(theirs / ours)
        looked += any(excludes(d[:count], 0.0) for count in range(6, 17))
        covered += not excludes(d, 0.0)
        means = (np.cumsum(d) / np.arange(1, 17))[5:]
        sds = np.sqrt((np.cumsum(d**2)[5:] - counts * means**2) / (counts - 1))
        fixed += bool(np.any(critical * sds < np.abs(means)))
    print(
        f"energy, {kind}: equal arms told apart {looked / count:.1%} (by a t interval looked at as often "
        f"{fixed / count:.1%}), covered {covered / count:.1%}"
    )
    assert looked / count <= 0.05 < fixed / count
    assert covered / count >= 0.95


@pytest.mark.parametrize("sd", [0.02, 0.03])
def test_a_true_ten_per_cent_is_found_with_at_most_sixty_per_cent_of_the_cycles(sd: float) -> None:
    rule = {"quantity": "energy_per_inference", "improve_by_at_least": "5 %"}
    run, source = sequential(rule, energy=ENERGY | {"cycles": 20, "min_cycles": 8}), np.random.default_rng(6)
    spent, decided, covered, count = [], 0, 0, experiments(80)
    for _ in range(count):
        ours, theirs = drawn(source, 20, sd, math.log(0.9), "normal")
        decision, effect = cycles_spent(run, ours, theirs, 8)
        spent.append(decision.count)
        decided += decision.kind == "decided"
        low, high = effect.estimate.interval(0.95) or (-math.inf, math.inf)
        covered += low <= math.log(0.9) <= high
    print(
        f"energy, cycles differ by {sd:.0%}: {np.mean(spent):.1f} of 20 spent, {decided / count:.1%} decided, "
        f"{covered / count:.1%} cover the truth"
    )
    assert np.mean(spent) <= 0.6 * 20
    assert decided / count >= 0.97
    assert covered / count >= 0.95


def test_with_the_default_of_eight_cycles_looking_would_lose_more_than_it_saves() -> None:
    """Why looking at energy is asked for, and not the default: a fixed eight decides more often."""
    rule = {"quantity": "energy_per_inference", "improve_by_at_least": "5 %"}
    run, source = sequential(rule, energy=ENERGY | {"cycles": 8}), np.random.default_rng(7)
    looked = fixed = spent = 0
    count = experiments(80)
    for _ in range(count):
        ours, theirs = drawn(source, 8, 0.03, math.log(0.9), "normal")
        decision, _ = cycles_spent(run, ours, theirs, 6)
        looked, spent = looked + (decision.kind == "decided"), spent + decision.count
        whole = Paired(estimate_mean(np.log(theirs / ours)), "cycle")
        judged = judge_rule(run.experiment.rules[0], ENERGY_QUANTITY, Evidence(NOT_ASKED, NOT_ASKED, whole))
        fixed += judged.outcome == "met"
    print(
        f"energy, at most 8 cycles: decided {looked / count:.1%} in {spent / count:.1f}, fixed {fixed / count:.1%} in 8"
    )
    assert fixed > looked


def test_a_cycle_that_was_cut_by_a_restart_is_not_counted() -> None:
    watched = Watched(sequential(LESS), THRIFTY, obeys=False)

    def restarted(record: Record) -> Record:
        later = record.record == "energy_block" and (record.cycle > 2 or (record.cycle == 2 and record.position > 1))
        return record.model_copy(update={"session": 1}) if later else record

    def final(change: Callable[[Record], Record]) -> Decision:
        watch = EnergyWatch(watched.run, watched.survey)
        for record in watched.records:
            watch.take(change(record))
        return watch.decision

    assert final(lambda record: record).count == 16
    assert final(restarted).count == 15
