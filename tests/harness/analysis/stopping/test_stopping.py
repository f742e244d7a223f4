"""When a latency pass ends, and that the verdict never contradicts the reason for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.analysis.compare import compare
from harness.analysis.stopping.latency_watch import LatencyWatch, latency_ending
from harness.analysis.stopping.stopping import Decision
from harness.analysis.tables.device_records import read_device_records
from harness.documents.comparison import Effect
from harness.documents.manifest import Manifest
from harness.documents.records import LatencyBlock
from tests.harness.simulated_records import (
    FP32,
    INT8,
    TWO_ARMS,
    SimulatedArm,
    SimulatedDevice,
    make_manifest,
    make_quality,
    simulate_records,
    write_run,
)

LOCAL = SimulatedDevice("local")
FASTER = {"quantity": "latency_p50", "improve_by_at_least": "20 %"}
AS_FAST = {"quantity": "latency_p90", "no_worse_than": "2 %"}
BOUNDED = {"quantity": "latency_p50", "at_most": "8 ms"}
SMALL = {"quantity": "model_size", "at_most": "5 MB"}


def watched(
    manifest: Manifest, arms: tuple[SimulatedArm, ...] = TWO_ARMS, device: SimulatedDevice = LOCAL, seed: int = 1
) -> Decision:
    """What a watch says when it first says something else than `go on`, or at the end."""
    watch = LatencyWatch(manifest)
    for record in simulate_records(manifest, arms, device, np.random.default_rng(seed)):
        watch.take(record)
        if watch.decision.kind != "go on":
            break
    return watch.decision


def sequential(*rules: dict[str, Any], arms: tuple[SimulatedArm, ...] = TWO_ARMS, **more: Any) -> Manifest:
    return make_manifest(arms, rules=rules, design="sequential", **more)


def test_a_clear_case_ends_at_the_first_look() -> None:
    assert watched(sequential(FASTER)) == Decision("decided", 10, "every rule on latency was decided")


def test_every_rule_and_every_candidate_is_waited_for() -> None:
    near, rough = replace(INT8, latency_ms=7.85), replace(LOCAL, noise=0.1)
    assert watched(sequential(FASTER, pairs=300), (FP32, INT8), rough).count == 10
    alone = watched(sequential(FASTER, pairs=300), (FP32, near), rough)
    assert (alone.kind, alone.count > 10) == ("decided", True)
    three = (FP32, INT8, replace(near, name="int4"))
    together = watched(sequential(FASTER, AS_FAST, arms=three, pairs=300), three, rough)
    assert (together.kind, together.count > 10) == ("decided", True)


def test_a_rule_on_the_99th_percentile_is_waited_for_until_there_are_inferences_enough() -> None:
    rule = {"quantity": "latency_p99", "no_worse_than": "50 %"}
    steady = replace(LOCAL, drift=0.0)
    decision = watched(sequential(rule, pairs=60), TWO_ARMS, steady)
    assert decision.kind == "decided"
    assert decision.count >= 25  # 500 inferences of an arm


def test_a_rule_on_stalls_is_decided_like_any_other() -> None:
    rule = {"quantity": "latency_stalls", "no_worse_than": "2 points"}
    assert watched(sequential(rule)).kind == "decided"
    stalling = (FP32, replace(INT8, stalls=0.2))
    decision = watched(sequential(rule), stalling)
    assert (decision.kind, decision.count < 30) == ("decided", True)


def test_a_rule_that_cannot_be_decided_any_more_is_given_up() -> None:
    on_the_edge = replace(INT8, latency_ms=8.0)
    rough = replace(LOCAL, noise=0.1)
    decision = watched(sequential(FASTER, pairs=14), (FP32, on_the_edge), rough, seed=3)
    assert decision == Decision("hopeless", decision.count, "what is open could not be decided within 14 pairs")
    assert decision.count < 14


def test_what_is_given_up_would_hardly_ever_have_been_decided() -> None:
    given_up = decided_after_all = 0
    for seed in range(40):
        manifest = sequential(FASTER, pairs=20)
        arms = (FP32, replace(INT8, latency_ms=8.0 + 0.1 * (seed % 5 - 2)))
        rough = replace(LOCAL, noise=0.08)
        watch, kinds = LatencyWatch(manifest), []
        for record in simulate_records(manifest, arms, rough, np.random.default_rng(seed)):
            if isinstance(record, LatencyBlock):
                watch.take(record)
                kinds += [watch.decision.kind] if record.position == 1 else []
        if "hopeless" in kinds[:-2]:
            given_up += 1
            decided_after_all += "decided" in kinds[kinds.index("hopeless") :]
    print(f"given up {given_up} of 40, of which {decided_after_all} would have been decided within their pairs")
    assert given_up >= 5
    assert decided_after_all <= 1


def test_without_a_rule_on_latency_a_precision_is_enough() -> None:
    assert watched(sequential(SMALL)) == Decision("decided", 10, "the latencies are compared to within 2 %")
    rough = watched(sequential(SMALL), device=replace(LOCAL, noise=0.5))
    assert rough == Decision("go on", 30, "the latencies are not yet compared to within 2 %")


def test_a_fixed_design_is_never_ended_and_neither_is_one_with_nothing_to_save() -> None:
    assert watched(make_manifest(rules=[FASTER])) == Decision("go on", 30, "the number of pairs is fixed")
    assert watched(sequential(FASTER, pairs=10)).kind == "go on"


def test_an_arm_that_failed_is_not_waited_for() -> None:
    crashing = replace(INT8, fails_in="latency", fails_after_pairs=3)
    assert watched(sequential(FASTER), (FP32, crashing)).reason == "no two arms were left to compare"
    other = replace(INT8, name="int4")
    manifest = sequential(FASTER, arms=(FP32, crashing, other))
    assert watched(manifest, (FP32, crashing, other)) == Decision("decided", 10, "every rule on latency was decided")


def test_a_pair_that_was_cut_is_not_counted() -> None:
    decision = watched(sequential(FASTER), device=replace(LOCAL, interrupted_after=5))
    assert decision == Decision("decided", 10, "every rule on latency was decided")


def test_broken_on_one_of_many_devices_is_decided_only_where_it_holds_over_all() -> None:
    slow = replace(INT8, latency_ms=8.35)
    one = make_manifest((FP32, slow), rules=[FASTER], design="sequential", pairs=200)
    devices = tuple(SimulatedDevice(f"d{number}") for number in range(20))
    many = make_manifest((FP32, slow), devices, rules=[FASTER], design="sequential", pairs=200)
    rough = replace(LOCAL, noise=0.06)
    assert watched(one, (FP32, slow), rough).count < watched(many, (FP32, slow), rough).count


@pytest.mark.parametrize(
    ("rule", "ms"),
    [(FASTER, 6.2), (FASTER, 6.45), (FASTER, 10.0), (AS_FAST, 7.9), (AS_FAST, 8.3), (BOUNDED, 7.7), (BOUNDED, 8.3)],
)
def test_the_analysis_agrees_with_the_reason_for_stopping_whenever_the_stop_came_through(
    tmp_path: Path, rule: dict[str, Any], ms: float
) -> None:
    arms = (replace(FP32, latency_ms=8.0), replace(INT8, latency_ms=ms))
    rough = replace(LOCAL, noise=0.03)
    manifest = make_manifest(arms, rules=[rule], design="sequential", memory_repeats=0, metrics=())
    decision = watched(manifest, arms, rough)
    late = replace(rough, latency_stopped_after=min(decision.count + 2, 29))  # the runner was two pairs ahead
    facts = write_run(tmp_path, manifest, arms, (late,))
    result = compare(manifest, facts).devices[0]
    records = read_device_records(tmp_path / "devices" / "d0" / "records.jsonl")
    assert result.stopping == latency_ending(manifest, records)
    outcome = result.rules[0].outcome
    if decision.kind == "decided":
        assert outcome in ("met", "broken")
        assert result.stopping == (
            f"stopped after {late.latency_stopped_after} of at most 30 pairs: every rule on latency was decided"
        )
    elif decision.kind == "hopeless":
        assert outcome in ("open", "met", "broken")


def test_a_pass_that_ran_its_course_says_so_and_a_cut_one_too(tmp_path: Path) -> None:
    arms = (FP32, replace(INT8, latency_ms=8.0))
    manifest = make_manifest(arms, rules=[FASTER], design="sequential")

    def words(name: str, device: SimulatedDevice) -> str | None:
        facts = write_run(tmp_path / name, manifest, arms, (device,))
        return compare(manifest, facts).devices[0].stopping

    assert words("whole", LOCAL) in (
        "all 30 pairs were measured: a rule on latency is open",
        "all 30 pairs were measured: what is open could not be decided within 30 pairs",
    )
    assert words("cut", replace(LOCAL, stops_after=12)) == "ended after 12 of at most 30 pairs: the run is not complete"
    assert words("told", replace(LOCAL, latency_stopped_after=5)) == (
        "stopped after 5 of at most 30 pairs: it was told to by a stop-latency file"
    )
    fixed = make_manifest(rules=[FASTER])
    assert compare(fixed, write_run(tmp_path / "fixed", fixed)).devices[0].stopping is None


def test_a_sequential_run_reports_only_what_allows_for_the_looks(tmp_path: Path) -> None:
    manifest = make_manifest(rules=[FASTER], design="sequential")
    device = replace(LOCAL, latency_stopped_after=12)
    comparison = compare(manifest, write_run(tmp_path, manifest, TWO_ARMS, (device,)), make_quality(manifest))
    result = comparison.devices[0]
    contrast = next(one for one in result.contrasts if one.quantity == "latency_p50")
    effect = contrast.effect
    assert isinstance(effect, Effect)
    assert effect.interval is not None
    assert (effect.n, effect.robust_interval) == (12, None)
    assert effect.interval.method == "anytime-valid t-mixture on log-ratios of paired blocks"
    assert effect.p_method == "anytime-valid t-mixture, two-sided"
    assert effect.p_value is not None
    assert effect.p_value < 0.001
    assert effect.interval.low < 0.7 < effect.interval.high
    assert comparison.verdicts[0].decision == "ship"
    assert contrast.warnings == []  # twelve pairs were enough, and the report says why it ended
    assert any(text.startswith("From 10 pairs on a device was looked at after each") for text in comparison.method)
    assert any(text.startswith("Latency: at most 30 pairs of blocks") for text in comparison.method)
    own = next(one for one in result.contrasts if one.quantity == "run_peak_memory").effect
    assert isinstance(own, Effect)
    assert own.interval is not None
    assert own.interval.method == "t on log-ratios of paired processes"


def test_few_pairs_of_a_quick_run_are_a_fixed_design(tmp_path: Path) -> None:
    manifest = make_manifest(rules=[FASTER], design="sequential", pairs=5, quick=True)
    result = compare(manifest, write_run(tmp_path, manifest)).devices[0]
    effect = next(one for one in result.contrasts if one.quantity == "latency_p50").effect
    assert isinstance(effect, Effect)
    assert effect.interval is not None
    assert effect.interval.method == "t on log-ratios of paired blocks"
    assert result.stopping is None


def test_a_sequential_run_that_was_cut_after_two_pairs_has_no_interval_and_no_verdict(tmp_path: Path) -> None:
    manifest = make_manifest(rules=[FASTER], design="sequential")
    comparison = compare(manifest, write_run(tmp_path, manifest, TWO_ARMS, (replace(LOCAL, stops_after=2),)))
    contrast = next(one for one in comparison.devices[0].contrasts if one.quantity == "latency_p50")
    assert isinstance(contrast.effect, Effect)
    assert contrast.effect.interval is None
    assert contrast.outcome == "inconclusive"
    assert comparison.verdicts[0].decision == "undecided"
