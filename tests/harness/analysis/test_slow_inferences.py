"""Single slow inferences, from records to the verdict: equal arms are called equal, more stalls are found and named."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pytest

from harness.analysis.compare import compare
from harness.documents.comparison import Comparison, Contrast, Effect, NoEffect
from tests.harness.experiments import experiments
from tests.harness.simulated_records import FP32, SimulatedArm, SimulatedDevice, make_manifest, write_run

DEVICE = SimulatedDevice()
NO_WORSE = ({"quantity": "latency_p50", "no_worse_than": "5 %"},)
SAME = replace(FP32, name="int8", stalls=0.01)
BASELINE = replace(FP32, stalls=0.01)
EXPERIMENTS = experiments(40)
"""400 are behind the numbers of docs/check-the-statistics.md."""


def experiment(
    folder: Path,
    arms: tuple[SimulatedArm, ...],
    *,
    rules: Any = NO_WORSE,
    seed: int = 1,
    inferences: int = 40,
    design: Literal["sequential", "fixed"] = "fixed",
    devices: tuple[SimulatedDevice, ...] = (DEVICE,),
) -> Comparison:
    manifest = make_manifest(
        arms, devices, rules=rules, memory_repeats=0, metrics=(), items=1, design=design, seed=seed
    )
    return compare(manifest, write_run(folder, manifest, arms, devices, seed=seed, inferences=inferences))


def contrast(comparison: Comparison, quantity: str) -> Contrast:
    return next(each for each in comparison.devices[0].contrasts if each.quantity == quantity)


@pytest.mark.parametrize(
    ("name", "candidate", "expected"),
    [
        ("the same model twice, 1 % stall", SAME, {"worse": (0.0, 0.05), "named": (0.0, 0.05)}),
        ("2 % more stall, three times as long", replace(SAME, stalls=0.03), {"worse": (0.5, 1.0)}),
    ],
    ids=["A/A", "more stalls"],
)
def test_what_is_called_different_in_many_experiments(
    name: str, candidate: SimulatedArm, expected: dict[str, tuple[float, float]], tmp_path: Path
) -> None:
    quantities = ("latency_p50", "latency_p90", "latency_p99", "latency_mean", "latency_stalls")
    counts = {quantity: {"better": 0, "worse": 0} for quantity in quantities}
    named = shipped = 0
    for seed in range(EXPERIMENTS):
        found = experiment(tmp_path, (BASELINE, candidate), seed=seed)
        for quantity in quantities:
            outcome = contrast(found, quantity).outcome
            if outcome in counts[quantity]:
                counts[quantity][outcome] += 1
        named += " But " in found.verdicts[0].sentence
        shipped += found.verdicts[0].decision == "ship"
    print(f"\n{name}: of {EXPERIMENTS} experiments of 30 pairs of 40 inferences, %")
    for quantity, outcomes in counts.items():
        shares = {outcome: 100 * count / EXPERIMENTS for outcome, count in outcomes.items()}
        print(f"  {quantity:15} better {shares['better']:5.1f}  worse {shares['worse']:5.1f}")
    print(f"  ship {100 * shipped / EXPERIMENTS:.1f}, the verdict's sentence names it {100 * named / EXPERIMENTS:.1f}")
    least, most = expected["worse"]
    for quantity in ("latency_p99", "latency_stalls"):
        different = sum(counts[quantity].values()) / EXPERIMENTS
        assert different <= most
    assert counts["latency_stalls"]["worse"] / EXPERIMENTS >= least
    assert sum(counts["latency_p50"].values()) / EXPERIMENTS <= 0.08
    if "named" in expected:
        assert named / EXPERIMENTS <= expected["named"][1]
    else:
        assert named / EXPERIMENTS >= 0.8


def test_more_stalls_stand_in_the_verdict_s_sentence_though_no_rule_is_broken(tmp_path: Path) -> None:
    found = experiment(tmp_path, (replace(FP32, stalls=0.002), replace(SAME, stalls=0.03)))
    (verdict,) = found.verdicts
    assert verdict.decision == "ship"
    assert verdict.sentence == (
        "Ship int8: latency within what was agreed. But one inference in 40 takes more than twice the usual time "
        "(one in 1,200 with the baseline), and no rule asks about it."
    )
    assert any(
        reason.startswith("No rule asks about it, but the share of stalled inferences is ")
        for reason in verdict.reasons
    )


def test_a_rule_on_stalls_or_on_the_99th_percentile_is_judged_and_not_told_twice(tmp_path: Path) -> None:
    rules = (
        {"quantity": "latency_stalls", "no_worse_than": "0.5 points"},
        {"quantity": "latency_p99", "no_worse_than": "10 %"},
        {"quantity": "latency_stalls", "at_most": "10 %"},
        {"quantity": "latency_stalls", "no_worse_than": "50 %"},
    )
    found = experiment(tmp_path, (replace(FP32, stalls=0.002), replace(SAME, stalls=0.03)), rules=rules, inferences=80)
    assert [rule.outcome for rule in found.devices[0].rules] == ["broken", "broken", "met", "broken"]
    reasons = [rule.reason for rule in found.devices[0].rules]
    assert reasons[0].startswith("The share of stalled inferences is at least 2")
    assert "points higher, beyond the agreed 0.5 points" in reasons[0]
    assert reasons[1].startswith("The slowest hundredth of inferences is at least ")
    assert "10 % was asked" in reasons[2]
    (verdict,) = found.verdicts
    assert verdict.decision == "hold"
    assert "no rule asks" not in verdict.sentence


def test_a_tail_that_moves_with_the_median_within_what_was_agreed_is_no_news(tmp_path: Path) -> None:
    found = experiment(tmp_path, (FP32, replace(FP32, name="int8", latency_ms=10.3)), inferences=60)
    assert contrast(found, "latency_p99").outcome == "worse"
    (verdict,) = found.verdicts
    assert verdict.sentence == "Ship int8: latency within what was agreed."


def test_few_inferences_have_no_99th_percentile_and_small_blocks_no_stalls(tmp_path: Path) -> None:
    found = experiment(tmp_path, (FP32, replace(FP32, name="int8")), inferences=4)
    effects = [contrast(found, name).effect for name in ("latency_p99", "latency_stalls")]
    assert all(isinstance(effect, NoEffect) for effect in effects)
    reasons = [effect.reason for effect in effects if isinstance(effect, NoEffect)]
    assert reasons[0].startswith("120 inferences of an arm have no 99th percentile to speak of; it takes 500")
    assert reasons[1].startswith("blocks hold only 4 inferences, too few to tell which breaks out of their pace")


def test_a_slow_clock_is_no_stall(tmp_path: Path) -> None:
    """Half of the pairs at a third of the speed: what stalls is judged by its own block."""
    wobbling = SimulatedDevice(drift=1.1)
    found = experiment(tmp_path, (FP32, replace(FP32, name="int8")), devices=(wobbling,))
    effect = contrast(found, "latency_stalls").effect
    assert isinstance(effect, Effect)
    assert effect.estimate == 0.0
    assert effect.interval is not None
    assert effect.interval.low == -effect.interval.high < 0.0


def test_in_a_sequential_run_they_are_valid_at_every_look(tmp_path: Path) -> None:
    found = experiment(
        tmp_path,
        (replace(FP32, stalls=0.002), replace(SAME, stalls=0.03)),
        design="sequential",
        inferences=80,
        devices=(replace(DEVICE, drift=0.0),),
    )
    for quantity in ("latency_p99", "latency_stalls"):
        effect = contrast(found, quantity).effect
        assert isinstance(effect, Effect)
        assert effect.interval is not None
        assert effect.interval.method.startswith("anytime-valid")
        assert contrast(found, quantity).outcome == "worse"
