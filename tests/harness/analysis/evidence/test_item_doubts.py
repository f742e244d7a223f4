"""Few items, copies, and crops that nobody declared: they decide nothing, and say so in the verdict's own sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from harness.analysis.compare import compare
from harness.analysis.evidence.evidence import Evidence, Level
from harness.analysis.evidence.item_doubts import doubted_items
from harness.analysis.evidence.quality_evidence import quality_effect
from harness.analysis.judging.judge_rule import judge_rule
from harness.documents.comparison import Comparison, NoEffect
from harness.documents.manifest import Manifest
from harness.experiment.declaration import Rule
from harness.quantity import QUANTITIES, Unavailable
from tests.harness.experiments import experiments
from tests.harness.simulated_records import TWO_ARMS, SimulatedDevice, make_manifest, make_quality, write_run

PSNR_Y = QUANTITIES["psnr_y"]
AS_GOOD = {"quantity": "psnr_y", "no_worse_than": "0.1 dB"}
NOT_ASKED = Level(Unavailable(reason="not asked for"), None)


def judged_alone(stems: list[str], losses_db: np.ndarray, min_items: int = 6, rule: dict[str, Any] = AS_GOOD) -> Any:
    """The rule on scores that lose so much."""
    before = pd.DataFrame({"item": stems, "scene": stems, "value": np.linspace(25.0, 35.0, len(stems)), "reason": None})
    after = before.assign(value=before["value"] - losses_db)
    effect = quality_effect(PSNR_Y, before, after, by_scene=False, seed=1)
    assert not isinstance(effect, NoEffect)
    effect = doubted_items(effect, "image", by_scene=False, min_items=min_items)
    return judge_rule(Rule.model_validate(rule), PSNR_Y, Evidence(NOT_ASKED, NOT_ASKED, effect))


def run(folder: Path, manifest: Manifest, losses: dict[str, dict[str, float]], spread: float = 0.04) -> Comparison:
    device = SimulatedDevice("local")
    return compare(
        manifest, write_run(folder, manifest, TWO_ARMS, (device,)), make_quality(manifest, losses, spread=spread)
    )


@pytest.mark.parametrize("loss", [0.08, 0.5])
def test_two_images_that_lose_the_same_neither_ship_nor_hold(tmp_path: Path, loss: float) -> None:
    manifest = make_manifest(rules=[AS_GOOD], items=2, pairs=8, memory_repeats=0, metrics=["psnr_y"])
    verdict = run(tmp_path, manifest, {"int8": {"psnr_y": loss}}, spread=0.0).verdicts[0]
    assert verdict.decision == "undecided"
    assert "doubted: only 2 images, where 6 are the least that decide (measure.min_items)" in verdict.sentence


def test_whoever_asks_for_few_is_told_what_it_rests_on(tmp_path: Path) -> None:
    manifest = make_manifest(rules=[AS_GOOD], items=5, pairs=8, memory_repeats=0, metrics=["psnr_y"])
    measure = manifest.experiment.measure.model_copy(update={"min_items": 5})
    few = manifest.model_copy(update={"experiment": manifest.experiment.model_copy(update={"measure": measure})})
    comparison = run(tmp_path, few, {"int8": {"psnr_y": 0.0}}, spread=0.01)
    assert comparison.verdicts[0].decision == "ship"
    assert comparison.devices[0].rules[0].reason.endswith("; it rests on only 5 images.")


def test_few_images_doubt_a_bound_on_the_own_value_and_on_single_images_too(tmp_path: Path) -> None:
    rules = [
        {"quantity": "psnr_y", "at_least": "10 dB"},
        {"quantity": "psnr_y", "no_worse_than": "9 dB", "item_margin": "0.1 dB", "worst_share": "1 %"},
    ]
    manifest = make_manifest(rules=rules, items=3, pairs=8, memory_repeats=0, metrics=["psnr_y"])
    results = run(tmp_path, manifest, {"int8": {"psnr_y": 0.5}}).devices[0].rules
    assert [one.outcome for one in results] == ["open", "open"]
    assert all("only 3 images" in (one.doubted or "") for one in results)


def test_images_that_all_lose_the_same_to_the_last_digit_are_copies() -> None:
    judged = judged_alone([f"image{number}" for number in range(10)], np.full(10, 2.0**-5))
    assert judged.outcome == "open"
    assert "as copies of one do" in judged.doubt
    assert judged_alone([f"image{number}" for number in range(10)], np.zeros(10)).outcome == "met"


def losses_of_crops(random: np.random.Generator, mean: float, scenes: int, parts: int, icc: float) -> np.ndarray:
    own, shared = 0.1 * np.sqrt(1.0 - icc), 0.1 * np.sqrt(icc)
    return mean + np.repeat(random.normal(0, shared, scenes), parts) + random.normal(0, own, scenes * parts)


STEMS = [f"08{scene:02d}x4_s{part:03d}" for scene in range(8) for part in range(1, 7)]


@pytest.mark.parametrize("icc", [0.0, 0.5, 0.8])
def test_crops_that_nobody_declared_meet_a_rule_wrongly_as_seldom_as_scenes_do(icc: float) -> None:
    """At the margin itself, where 5 in 100 are promised: 8 scenes of 6 crops."""
    count, random = experiments(60), np.random.default_rng([5, round(10 * icc)])
    plain = [f"image{number}" for number in range(len(STEMS))]
    losses = [losses_of_crops(random, 0.1, 8, 6, icc) for _ in range(count)]
    wrong = [np.mean([judged_alone(names, one).outcome == "met" for one in losses]) for names in (STEMS, plain)]
    print(f"intraclass correlation {icc}: wrongly met {wrong[0]:.1%}; without names that show it {wrong[1]:.1%}")
    assert wrong[0] <= 0.05 + 2.0 * np.sqrt(0.05 / count)


def test_crops_are_told_with_how_to_declare_them() -> None:
    random = np.random.default_rng(6)
    judged = judged_alone(STEMS, losses_of_crops(random, 0.06, 8, 6, 0.8))
    assert judged.outcome == "open"
    assert "images look like crops of 8 scenes (such as 0800x4_s001 and 0800x4_s002)" in judged.doubt
    assert judged.doubt.endswith('declare data.scene_separator = "_s"')
    assert judged_alone(STEMS, losses_of_crops(random, 0.0, 8, 6, 0.8) / 10.0).outcome == "met"  # it withstands
