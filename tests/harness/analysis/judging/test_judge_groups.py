"""A group of items that is worse is found, corrected for the number of groups, and named in the verdict."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harness.analysis.compare import compare
from harness.analysis.evidence.evidence import Evidence, Leeway, Level, Paired
from harness.analysis.judging.judge_groups import GroupEvidence, judge_groups
from harness.analysis.judging.judge_outcome import Margins
from harness.documents.comparison import Comparison, GroupResult, NoEffect
from harness.documents.manifest import Manifest
from harness.quantity import QUANTITIES, Unavailable
from harness.statistics.estimate import estimate_mean
from harness.statistics.skewed_mean import skewness
from harness.tasks.looks import Doubts, Seen
from tests.harness.experiments import experiments
from tests.harness.simulated_records import SimulatedDevice, make_manifest, make_quality, write_run

EXPERIMENTS = experiments(300)
AS_GOOD = {"quantity": "psnr_y", "no_worse_than": "0.1 dB"}
UNKNOWN = Level(Unavailable(reason="not asked for"), None)


def grouped(manifest: Manifest, sizes: dict[str, int]) -> Manifest:
    """The first items are in the first group, and so on; what is left is in none."""
    names = [name for name, size in sizes.items() for _ in range(size)]
    items = [
        item.model_copy(update={"groups": [names[place]] if place < len(names) else []})
        for place, item in enumerate(manifest.items)
    ]
    return manifest.model_copy(update={"items": items})


def run(
    tmp_path: Path,
    lost: dict[str, float],
    *,
    sizes: dict[str, int] | None = None,
    rule: dict[str, str] = AS_GOOD,
    devices: tuple[str, ...] = ("local",),
    seen: Seen | None = None,
    quick: bool = False,
) -> Comparison:
    """Sixty images of which groups lose so much of the rule's score."""
    places = tuple(SimulatedDevice(name) for name in devices)
    manifest = make_manifest(rules=(rule,), devices=places, items=60, pairs=2, memory_repeats=0, quick=quick)
    manifest = grouped(manifest, sizes or {"night": 12, "faces": 4, "day": 30})
    scores = make_quality(manifest)
    for group, loss in lost.items():
        stems = [item.stem for item in manifest.items if group in item.groups]
        here = scores["item"].isin(stems) & (scores["arm"] == "int8") & (scores["quantity"] == rule["quantity"])
        scores.loc[here, "value"] -= loss if QUANTITIES[rule["quantity"]].better == "higher" else -loss
    return compare(manifest, write_run(tmp_path, manifest, devices=places, inferences=2), scores, seen=seen)


def outcomes(comparison: Comparison) -> dict[str, str]:
    return {one.group: one.outcome for one in comparison.devices[0].groups}


def test_fine_on_the_whole_but_worse_on_night_scenes_is_said(tmp_path: Path) -> None:
    comparison = run(tmp_path, {"night": 0.3})
    verdict = comparison.verdicts[0]
    assert comparison.devices[0].rules[0].outcome == "met"
    assert outcomes(comparison) == {"night": "worse", "faces": "too few", "day": "within"}
    assert verdict.decision == "ship"
    words = "But it is worse on night (PSNR (Y) 0.28 dB lower on its 12 images), which the mean over all images hides."
    assert verdict.sentence.endswith(words)
    assert any("is worse on night" in text for text in verdict.reservations)
    (night,) = [one for one in comparison.devices[0].groups if one.group == "night"]
    assert night.reason.startswith("On night (12 images) PSNR (Y) is 0.28 dB lower (between 0.26 and 0.30), beyond")
    assert night.reason in verdict.reasons
    assert night.effect_bound == pytest.approx(-0.1)
    assert comparison.item_groups["night"] == [f"image{number:02d}" for number in range(12)]


def test_a_loss_in_no_group_is_told_of_none(tmp_path: Path) -> None:
    comparison = run(tmp_path, {})
    assert outcomes(comparison) == {"night": "within", "faces": "too few", "day": "within"}
    assert comparison.verdicts[0].decision == "ship"
    assert comparison.verdicts[0].reservations == []
    assert "night" not in comparison.verdicts[0].sentence


def test_lower_is_better_is_turned(tmp_path: Path) -> None:
    rule = {"quantity": "lpips_alex", "no_worse_than": "0.002"}
    comparison = run(tmp_path, {"night": 0.004}, rule=rule)
    assert outcomes(comparison)["night"] == "worse"
    assert "LPIPS (AlexNet) 0.0" in comparison.verdicts[0].sentence
    assert outcomes(run(tmp_path / "better", {"night": -0.004}, rule=rule))["night"] == "within"


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"quantity": "psnr_y", "at_least": "25 dB"}, "beyond the 0.050 dB that is too little to matter"),
        (AS_GOOD, "beyond the 0.10 dB that the rules let the mean lose"),
    ],
)
def test_the_margin_is_what_the_rules_allow_or_what_is_negligible(tmp_path: Path, rule, said) -> None:
    comparison = run(tmp_path, {"night": 0.3}, rule=rule)
    assert said in next(one.reason for one in comparison.devices[0].groups if one.group == "night")


def test_of_several_devices_the_one_is_named_and_the_tests_are_corrected_for_all(tmp_path: Path) -> None:
    comparison = run(tmp_path, {"night": 0.3}, devices=("a", "b"))
    assert [outcome["night"] for outcome in (outcomes(comparison),)] == ["worse"]
    assert "But on a, it is worse on night" in comparison.verdicts[0].sentence
    alone = run(tmp_path / "alone", {"night": 0.3}).devices[0].groups
    together = comparison.devices[0].groups
    night, night_alone = (next(one for one in found if one.group == "night") for found in (together, alone))
    assert night.p_value is not None
    assert night_alone.p_value is not None
    assert night.p_value > night_alone.p_value


def test_a_quick_look_names_the_group_too(tmp_path: Path) -> None:
    verdict = run(tmp_path, {"night": 0.3}, quick=True).verdicts[0]
    assert verdict.decision == "undecided"
    assert "A quick look points to ship" in verdict.sentence
    assert "worse on night" in verdict.sentence


def test_scores_that_are_doubted_say_nothing_of_groups(tmp_path: Path) -> None:
    doubted = Seen(doubts={"local": Doubts(pairs=["the pairs do not match on 5 of 60 images"])})
    comparison = run(tmp_path, {"night": 0.3}, seen=doubted)
    assert outcomes(comparison) == {"night": "doubted", "faces": "too few", "day": "doubted"}
    assert comparison.verdicts[0].reservations == []


def evidence(differences: np.ndarray, group: str = "night", leeway: float = 0.0) -> GroupEvidence:
    effect = Paired(
        estimate=estimate_mean(differences),
        replicate="image",
        skewness=skewness(differences),
        leeways=(Leeway("crops of one scene", leeway, leeway),) if leeway else (),
    )
    return GroupEvidence(
        "local", "int8", group, differences.size, QUANTITIES["psnr_y"], Evidence(UNKNOWN, UNKNOWN, effect),
        Margins(0.05, 0.1), True, None, 6,
    )  # fmt: skip


def judged(*found: GroupEvidence) -> list[GroupResult]:
    return judge_groups(found)


def simulated(loss: float, *, groups: int = 8, n: int = 20) -> tuple[float, float]:
    """Shares of experiments that name any group, and that name the first, which loses so much more than the margin that
    all of them lie at.
    """
    random = np.random.default_rng(groups * n)
    any_named = first_named = 0
    for _ in range(EXPERIMENTS):
        results = judged(
            *(evidence(random.normal(-0.1 - (loss if place == 0 else 0.0), 0.1, n)) for place in range(groups))
        )
        any_named += any(one.outcome == "worse" for one in results)
        first_named += results[0].outcome == "worse"
    return any_named / EXPERIMENTS, first_named / EXPERIMENTS


def test_of_groups_that_lose_no_more_than_was_agreed_one_run_in_twenty_names_any() -> None:
    any_named, _ = simulated(0.0)
    assert any_named <= 0.05 + 3.0 * (0.05 * 0.95 / EXPERIMENTS) ** 0.5


def test_a_group_that_loses_one_standard_deviation_more_is_named_most_of_the_time() -> None:
    _, first_named = simulated(0.1)
    assert first_named > 0.75


def test_what_one_group_alone_would_show_can_be_chance_among_twenty() -> None:
    random = np.random.default_rng(4)
    edge = random.normal(0, 0.1, 12)
    edge += -0.1 - edge.mean() - 2.2 * 0.1 / 12**0.5
    others = [evidence(random.normal(0, 0.05, 12), f"group {number}") for number in range(19)]
    assert judged(evidence(edge))[0].outcome == "worse"
    (first, *_) = judged(evidence(edge), *others)
    assert first.outcome == "open"
    assert "with 20 of them that can be chance" in first.reason


def test_crops_of_one_scene_keep_a_group_open() -> None:
    lost = np.full(12, -0.2) + np.linspace(-0.05, 0.05, 12)
    assert judged(evidence(lost))[0].outcome == "worse"
    assert judged(evidence(lost, leeway=0.2))[0].outcome != "worse"


def test_without_scores_there_is_no_group() -> None:
    nothing = Evidence(UNKNOWN, UNKNOWN, NoEffect(reason="the arm gave no output"))
    one = GroupEvidence(
        "local", "int8", "night", 3, QUANTITIES["psnr_y"], nothing, Margins(0.05, 0.1), True, None, 6
    )  # fmt: skip
    (result,) = judged(one)
    assert (result.outcome, result.p_value) == ("unavailable", None)
    assert "the arm gave no output" in result.reason
