"""From a run folder to the comparison, on simulated runs whose truth is known."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from harness.analysis.compare import DeviceFacts, compare
from harness.documents.comparison import Comparison, Contrast, DeviceResult, Effect, RuleResult
from harness.quantity import Available, Unavailable
from tests.harness.simulated_records import (
    FP32,
    INT8,
    TWO_ARMS,
    SimulatedArm,
    SimulatedDevice,
    make_manifest,
    make_quality,
    write_run,
)

BENCH = SimulatedDevice("ssh://pi@bench-4")
LOCAL = SimulatedDevice("local")
FASTER = {"quantity": "latency_p50", "improve_by_at_least": "20 %"}
AS_GOOD = {"quantity": "psnr_y", "no_worse_than": "0.1 dB"}


def run(
    folder: Path,
    arms: tuple[SimulatedArm, ...] = TWO_ARMS,
    devices: tuple[SimulatedDevice, ...] = (LOCAL,),
    rules: tuple[dict[str, Any], ...] = (FASTER, AS_GOOD),
    losses: dict[str, dict[str, float]] | None = None,
    **more: Any,
) -> Comparison:
    manifest = make_manifest(arms, devices, rules=rules, **more)
    facts = write_run(folder, manifest, arms, devices)
    return compare(manifest, facts, make_quality(manifest, losses))


def contrast(result: DeviceResult, quantity: str, candidate: str = "int8") -> Contrast:
    return next(one for one in result.contrasts if (one.candidate, one.quantity) == (candidate, quantity))


def rule(result: DeviceResult, quantity: str, candidate: str = "int8") -> RuleResult:
    return next(one for one in result.rules if (one.candidate, one.quantity) == (candidate, quantity))


def all_words(comparison: Comparison) -> str:
    verdicts = [text for one in comparison.verdicts for text in [one.sentence, *one.reasons]]
    devices = [
        text
        for one in comparison.devices
        for text in [
            *(warning.text for warning in one.warnings),
            *(contrast.words for contrast in one.contrasts),
            *(warning.text for contrast in one.contrasts for warning in contrast.warnings),
            *(result.reason for result in one.rules),
        ]
    ]
    return "\n".join(
        [*verdicts, *devices, *comparison.method, *comparison.rules, *(warning.text for warning in comparison.warnings)]
    )


def test_a_faster_build_of_the_same_quality_ships(tmp_path: Path) -> None:
    comparison = run(tmp_path, devices=(LOCAL, BENCH))
    verdict = comparison.verdicts[0]
    assert verdict.decision == "ship"
    assert verdict.sentence.startswith("Ship int8: at least ")
    assert verdict.sentence.endswith(" times the speed on every device; PSNR (Y) within what was agreed.")
    assert verdict.reasons[-1] == "Every rule is met on each of the 2 devices."
    for result in comparison.devices:
        assert {one.outcome for one in result.rules} == {"met"}
        found = contrast(result, "latency_p50")
        assert found.outcome == "better"
        assert isinstance(found.effect, Effect)
        assert found.effect.interval is not None
        assert found.effect.interval.low < 0.7 < found.effect.interval.high
        assert (found.effect.n, found.effect.replicate) == (30, "pair of blocks")
        assert found.effect.p_value is not None
        assert found.effect.p_value < 0.001
        assert found.effect.robust_interval is not None
        assert contrast(result, "model_size").words == "75 % smaller"


def test_the_verdict_on_one_device_is_one_plain_sentence(tmp_path: Path) -> None:
    comparison = run(tmp_path)
    said = re.fullmatch(
        r"Ship int8: ([\d.]+) % faster, ([\d.]+) times the speed; PSNR \(Y\) within what was agreed\.",
        comparison.verdicts[0].sentence,
    )
    assert said is not None, comparison.verdicts[0].sentence
    assert 29.0 <= float(said[1]) <= 31.0
    assert float(said[2]) == pytest.approx(1 / (1 - float(said[1]) / 100), abs=0.011)


def test_the_same_model_twice_is_never_better_or_worse(tmp_path: Path) -> None:
    twins = (FP32, replace(FP32, name="again", model_sha256=f"{0:064x}"))
    comparison = run(tmp_path, twins)
    outcomes = {one.outcome for one in comparison.devices[0].contrasts if one.quantity not in ("load_time",)}
    assert outcomes <= {"equivalent", "inconclusive", "not worse"}
    assert contrast(comparison.devices[0], "latency_p50", "again").outcome == "equivalent"
    assert contrast(comparison.devices[0], "model_size", "again").words == "exactly the same"
    assert comparison.arms[1].differs_in == []
    assert any("what chance alone does" in warning.text for warning in comparison.warnings)
    assert comparison.verdicts[0].decision == "hold"  # 20 % was asked for


def test_a_rule_that_is_broken_on_one_device_holds_the_candidate(tmp_path: Path) -> None:
    slow_there = replace(BENCH, slower={"int8": 1.6})
    verdict = run(tmp_path, devices=(LOCAL, slow_there)).verdicts[0]
    assert verdict.decision == "hold"
    assert verdict.sentence.startswith("Do not ship int8: on ssh://pi@bench-4, latency is ")
    assert "short of the 20 % that was asked" in verdict.sentence
    assert verdict.reasons[0].startswith("On ssh://pi@bench-4, latency is ")


def test_a_loss_of_quality_holds_the_candidate(tmp_path: Path) -> None:
    comparison = run(tmp_path, losses={"int8": {"psnr_y": 0.3}})
    assert comparison.verdicts[0].decision == "hold"
    assert comparison.verdicts[0].sentence.startswith("Do not ship int8: PSNR (Y) is at least 0.2")
    assert rule(comparison.devices[0], "psnr_y").effect_bound == -0.1


def test_an_open_rule_leaves_it_undecided_and_says_what_is_missing(tmp_path: Path) -> None:
    tailed = {**AS_GOOD, "item_margin": "0.5 dB", "worst_share": "2 %"}
    comparison = run(tmp_path, rules=(FASTER, tailed))
    verdict = comparison.verdicts[0]
    assert verdict.decision == "undecided"
    assert verdict.sentence.startswith("Not decided yet on int8: PSNR (Y) is at worst")
    assert "needs 149 images in all without one such" in verdict.sentence
    effect = contrast(comparison.devices[0], "psnr_y").effect
    assert isinstance(effect, Effect)
    assert (effect.share_worse, effect.share_worse_upper) == (0.0, pytest.approx(1 - 0.05 ** (1 / 24)))
    assert effect.pairs_needed == 149


def test_too_few_noisy_pairs_need_more(tmp_path: Path) -> None:
    rough = replace(LOCAL, noise=0.2, autocorrelation=0.95)
    comparison = run(tmp_path, arms=(FP32, replace(INT8, latency_ms=7.9)), devices=(rough,), pairs=8)
    result = rule(comparison.devices[0], "latency_p50")
    assert result.outcome == "open"
    assert "more pairs" in result.reason
    assert comparison.verdicts[0].decision == "undecided"
    found = contrast(comparison.devices[0], "latency_p50")
    assert any("Only 8 pairs of blocks" in warning.text for warning in found.warnings)


def test_a_candidate_that_cannot_be_loaded_is_held(tmp_path: Path) -> None:
    comparison = run(tmp_path, arms=(FP32, replace(INT8, fails_in="load")))
    verdict, result = comparison.verdicts[0], comparison.devices[0]
    assert verdict.decision == "hold"
    assert verdict.sentence == ("Do not ship int8: int8 could not be loaded (RuntimeError: unsupported operator).")
    assert contrast(result, "latency_p50").outcome == "unavailable"
    assert contrast(result, "latency_p50").words == (
        "not known: int8 could not be loaded (RuntimeError: unsupported operator)"
    )
    assert rule(result, "latency_p50").outcome == "unavailable"
    assert [arm.status for arm in result.arms] == ["ok", "partial"]  # its pictures are there


def test_a_candidate_that_crashes_on_the_way_is_held_though_it_was_fast(tmp_path: Path) -> None:
    comparison = run(tmp_path, arms=(FP32, replace(INT8, fails_in="latency", fails_after_pairs=12)))
    verdict, result = comparison.verdicts[0], comparison.devices[0]
    assert verdict.decision == "hold"
    assert "failed while its latency was measured (signal 11 (SIGSEGV))" in verdict.sentence
    assert result.arms[1].status == "partial"
    found = contrast(result, "latency_p50")
    assert isinstance(found.effect, Effect)
    assert found.effect.n == 12
    assert found.warnings[0].text == "int8 failed on the way; only what was measured before is compared."


def test_the_other_candidate_is_not_touched_by_a_failure(tmp_path: Path) -> None:
    arms = (FP32, INT8, SimulatedArm("int4", latency_ms=5.0, fails_in="latency", fails_after_pairs=3))
    comparison = run(tmp_path, arms=arms)
    assert [one.decision for one in comparison.verdicts] == ["ship", "hold"]
    effect = contrast(comparison.devices[0], "latency_p50").effect
    assert isinstance(effect, Effect)
    assert effect.n == 30


def test_a_failed_baseline_decides_nothing(tmp_path: Path) -> None:
    verdict = run(tmp_path, arms=(replace(FP32, fails_in="load"), INT8)).verdicts[0]
    assert verdict.decision == "undecided"
    assert "the baseline fp32 could not be loaded" in verdict.sentence


def test_a_device_that_failed_decides_nothing_and_its_problem_is_told(tmp_path: Path) -> None:
    manifest = make_manifest(TWO_ARMS, (LOCAL, BENCH), rules=(FASTER,))
    facts = write_run(tmp_path, manifest, TWO_ARMS, (LOCAL, BENCH))
    # As the device's own errors begin; the sentence names it once.
    problem = f"{BENCH.name}: no route to host\n  Is the board switched on?"
    facts[BENCH.name] = DeviceFacts(None, None, "failed", problem)
    comparison = compare(manifest, facts, make_quality(manifest))
    assert comparison.verdicts[0].decision == "undecided"
    assert comparison.verdicts[0].sentence == (
        "Not decided yet on int8: on ssh://pi@bench-4, the run failed: no route to host."
    )
    broken = comparison.devices[1]
    assert contrast(broken, "latency_p50").words == "not known: no route to host"
    assert broken.environment == {}
    assert broken.measured_seconds is None


def test_a_device_that_is_not_in_the_facts_counts_as_failed(tmp_path: Path) -> None:
    manifest = make_manifest(TWO_ARMS, (LOCAL, BENCH), rules=(FASTER,))
    facts = write_run(tmp_path, manifest, TWO_ARMS, (LOCAL, BENCH))
    del facts[BENCH.name]
    assert compare(manifest, facts).devices[1].status == "failed"


def test_an_arm_that_could_not_even_be_sent_is_a_failure_of_the_arm(tmp_path: Path) -> None:
    manifest = make_manifest(rules=(FASTER,))
    facts = write_run(tmp_path, manifest)
    facts["local"] = replace(facts["local"], arm_problems={"int8": "no runtime tflite-runtime for Python 3.13"})
    verdict = compare(manifest, facts).verdicts[0]
    assert verdict.decision == "hold"
    assert verdict.sentence == (
        "Do not ship int8: int8 could not be prepared (no runtime tflite-runtime for Python 3.13)."
    )


def test_an_incomplete_device_shows_what_it_has_and_decides_nothing(tmp_path: Path) -> None:
    comparison = run(tmp_path, devices=(replace(LOCAL, stops_after=22),))
    verdict, result = comparison.verdicts[0], comparison.devices[0]
    assert verdict.decision == "undecided"
    assert "the run is not complete: the cable was pulled" in verdict.sentence
    effect = contrast(result, "latency_p50").effect
    assert isinstance(effect, Effect)
    assert effect.n == 22
    assert contrast(result, "run_peak_memory").words == "not known: it was not measured"


def test_an_interrupted_run_is_whole_and_says_so(tmp_path: Path) -> None:
    comparison = run(tmp_path, devices=(replace(LOCAL, interrupted_after=10, boot_ids=("x", "y")),))
    result = comparison.devices[0]
    assert comparison.verdicts[0].decision == "ship"
    effect = contrast(result, "latency_p50").effect
    assert isinstance(effect, Effect)
    assert effect.n == 30
    assert any("restarted during the run (1 time)" in warning.text for warning in result.warnings)
    starts = result.latency[0].block_started_s
    assert starts == sorted(starts)  # though the device's clock began anew
    assert starts[0] >= 0.0


def test_metrics_that_disagree_are_said_to_with_images_to_look_at(tmp_path: Path) -> None:
    comparison = run(tmp_path, losses={"int8": {"psnr": -0.2, "psnr_y": -0.2, "lpips_alex": 0.01}})
    verdict = comparison.verdicts[0]
    assert verdict.decision == "undecided"  # no rule asks about LPIPS
    assert "the metrics disagree" in verdict.sentence
    told = [reason for reason in verdict.reasons if "the metrics disagree" in reason.lower()]
    assert len(told) == 1
    assert "better by PSNR (RGB)" in told[0]
    assert "worse by LPIPS (AlexNet)" in told[0]
    assert len(verdict.look_at) == 5
    assert any(reason.startswith("No rule asks about it, but LPIPS (AlexNet) is") for reason in verdict.reasons)


def test_metrics_that_agree_send_nobody_to_the_images(tmp_path: Path) -> None:
    verdict = run(tmp_path, losses={"int8": {"psnr": 0.3, "psnr_y": 0.3, "lpips_alex": 0.01}}).verdicts[0]
    assert verdict.look_at == []


def test_crops_of_scenes_are_counted_as_scenes(tmp_path: Path) -> None:
    comparison = run(tmp_path, crops=4)
    effect = contrast(comparison.devices[0], "psnr_y").effect
    assert isinstance(effect, Effect)
    assert (effect.n, effect.replicate, comparison.clusters) == (6, "scene", 6)


def test_memory_that_a_device_does_not_report_is_unavailable_with_the_reason(tmp_path: Path) -> None:
    rules = (FASTER, {"quantity": "run_peak_memory", "no_worse_than": "5 %"})
    comparison = run(tmp_path, devices=(replace(LOCAL, reports_memory=False),), rules=rules)
    result = comparison.devices[0]
    assert result.arms[0].values["run_peak_memory"] == Unavailable(reason="/proc is not readable")
    assert rule(result, "run_peak_memory").outcome == "unavailable"
    assert comparison.verdicts[0].decision == "undecided"


def test_scores_that_were_never_made_are_unavailable(tmp_path: Path) -> None:
    manifest = make_manifest(rules=(FASTER, AS_GOOD))
    comparison = compare(manifest, write_run(tmp_path, manifest), None)
    assert contrast(comparison.devices[0], "psnr_y").outcome == "unavailable"
    assert comparison.verdicts[0].decision == "undecided"


def test_own_values_say_where_they_come_from(tmp_path: Path) -> None:
    value = run(tmp_path).devices[0].arms[0].values["latency_p50"]
    assert isinstance(value, Available)
    assert value.source == "geometric mean of 30 block medians, python runner, onnxruntime 1.32.0"
    assert value.value == pytest.approx(10.15e6, rel=0.02)


def test_distributions_are_summaries_of_every_counted_inference(tmp_path: Path) -> None:
    distribution = run(tmp_path).devices[0].latency[0]
    assert distribution.inferences == 30 * 20
    assert len(distribution.quantiles_ns) == len(distribution.quantile_levels) == 99
    assert distribution.quantiles_ns == sorted(distribution.quantiles_ns)
    assert distribution.minimum_ns <= distribution.quantiles_ns[0]
    assert len(distribution.block_medians_ns) == len(distribution.block_started_s) == 30


def test_conditions_of_the_run_are_told(tmp_path: Path) -> None:
    result = run(tmp_path, devices=(replace(LOCAL, load=3.5, settled=False, counts_ticks=False),)).devices[0]
    assert any(each.text.startswith("fp32 and int8 had not settled") for each in result.warnings)
    assert any(
        "Others kept the device busy (load 3.5 before the run and 2.5 during" in each.text for each in result.warnings
    )
    assert isinstance(result.environment["temperature_before"], Available)
    assert isinstance(result.environment["memory_available"], Unavailable)
    # What each block's own ticks say counts for more than the load of the last minute.
    quiet = run(tmp_path, devices=(replace(LOCAL, load=3.5),)).devices[0]
    assert quiet.warnings == []


def test_arms_that_differ_in_more_than_one_thing_are_flagged(tmp_path: Path) -> None:
    comparison = run(tmp_path, arms=(FP32, replace(INT8, threads=4)))
    assert comparison.arms[1].differs_in == ["model", "threads"]
    assert any("int8 differs from fp32 in model and threads" in warning.text for warning in comparison.warnings)


def test_a_quick_run_points_and_does_not_decide(tmp_path: Path) -> None:
    comparison = run(tmp_path, quick=True)
    assert comparison.warnings[0].text.startswith("Quick run")
    assert comparison.verdicts[0].decision == "undecided"
    assert comparison.verdicts[0].sentence.startswith("A quick look points to ship for int8, but does not decide: 30")


def test_the_same_facts_give_the_same_bytes(tmp_path: Path) -> None:
    manifest = make_manifest(rules=(FASTER, AS_GOOD))
    facts = write_run(tmp_path, manifest)
    one = compare(manifest, facts, make_quality(manifest)).model_dump_json()
    other = compare(manifest, facts, make_quality(manifest), tables_folder=tmp_path / "tables").model_dump_json()
    assert one == other
    assert (tmp_path / "tables" / "latency.parquet").exists()


def test_a_comparison_survives_json_with_infinities_in_the_scores(tmp_path: Path) -> None:
    manifest = make_manifest(rules=(FASTER, AS_GOOD))
    quality = make_quality(manifest)
    quality.loc[quality["quantity"] == "psnr", "value"] = np.inf
    quality.loc[(quality["quantity"] == "ssim") & (quality["arm"] == "int8"), ["value", "reason"]] = [
        np.nan,
        "no output",
    ]
    comparison = compare(manifest, write_run(tmp_path, manifest), quality)
    again = Comparison.model_validate_json(comparison.model_dump_json(by_alias=True))
    assert again == comparison
    assert contrast(comparison.devices[0], "psnr").words == "exactly the same"
    assert contrast(comparison.devices[0], "ssim").words == "not known: no output"


@pytest.mark.parametrize("losses", [None, {"int8": {"psnr": 5.0, "lpips_alex": -0.05}}])
@pytest.mark.parametrize("pairs", [2, 3, 30])
def test_nothing_a_person_reads_is_ever_nan(tmp_path: Path, pairs: int, losses: Any) -> None:
    words = all_words(run(tmp_path, devices=(LOCAL, BENCH), losses=losses, pairs=pairs, items=3, memory_repeats=1))
    assert "nan" not in words.lower().split()
    assert "None" not in words
    assert "-0" not in words


def test_a_quality_table_without_its_columns_is_refused(tmp_path: Path) -> None:
    manifest = make_manifest()
    with pytest.raises(ValueError, match="no column scene"):
        compare(manifest, write_run(tmp_path, manifest), make_quality(manifest).drop(columns="scene"))


def test_an_empty_quality_table_is_like_none(tmp_path: Path) -> None:
    manifest = make_manifest()
    facts = write_run(tmp_path, manifest)
    empty = pd.DataFrame(columns=make_quality(manifest).columns)
    assert compare(manifest, facts, empty).model_dump_json() == compare(manifest, facts, None).model_dump_json()
