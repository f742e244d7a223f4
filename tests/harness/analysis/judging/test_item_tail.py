"""The tail is told whether or not a rule asks, and images that are ruined stand in the verdict."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harness.analysis.compare import compare
from harness.documents.comparison import Comparison
from tests.harness.simulated_records import make_manifest, make_quality, write_run
from tests.harness.warning_texts import texts

AS_GOOD = {"quantity": "psnr_y", "no_worse_than": "0.5 dB"}


def run(tmp_path: Path, lost: dict[str, float], rule: dict[str, str] = AS_GOOD) -> Comparison:
    """A hundred images, on which the candidate is as good but for those that lose so many dB."""
    manifest = make_manifest(rules=(rule,), items=100, pairs=4, memory_repeats=1)
    scores = make_quality(manifest)
    for item, loss in lost.items():
        here = (scores["item"] == item) & (scores["arm"] == "int8") & (scores["quantity"] == "psnr_y")
        scores.loc[here, "value"] -= loss
        if np.isnan(loss):
            scores.loc[here, "reason"] = "the output holds 3 values that are not finite"
    return compare(manifest, write_run(tmp_path, manifest, inferences=4), scores)


def tail_of(comparison: Comparison, quantity: str = "psnr_y"):  # type: ignore[no-untyped-def]
    return next(one.tail for one in comparison.devices[0].contrasts if one.quantity == quantity)


def test_three_ruined_images_of_a_hundred_are_named_beside_the_verdict(tmp_path: Path) -> None:
    comparison = run(tmp_path, {"image07": 1.5, "image20": 1.6, "image81": 1.4})
    verdict = comparison.verdicts[0]
    assert verdict.decision == "ship"
    words = "loses more than 1.0 dB of PSNR (Y) on 3 of 100 images (image20, image07 and image81)"
    assert verdict.sentence.endswith(f"But it {words}.")
    assert verdict.look_at[:3] == ["image20", "image07", "image81"]
    seen = tail_of(comparison)
    assert (seen.margin, seen.worse, seen.items, seen.upper) == (0.5, 3, 100, pytest.approx(0.0757, abs=1e-4))


def test_images_that_keep_a_rule_open_are_named_and_not_only_counted(tmp_path: Path) -> None:
    verdict = run(tmp_path, {"image07": 20.0, "image20": 22.0, "image81": 21.0}).verdicts[0]
    assert verdict.decision == "undecided"
    words = "It loses more than 1.0 dB of PSNR (Y) on 3 of 100 images (image20, image81 and image07)."
    assert verdict.sentence.endswith(words)


def test_a_missing_value_is_the_worst_in_the_tail(tmp_path: Path) -> None:
    tailed = {**AS_GOOD, "item_margin": "0.5 dB", "worst_share": "40 %"}
    comparison = run(tmp_path, {f"image{number:02d}": float("nan") for number in range(50)}, tailed)
    (judged,) = comparison.devices[0].rules
    assert judged.outcome == "broken"
    assert "worse by more than 0.5 dB on 50 of 100 images" in judged.reason
    assert comparison.verdicts[0].decision == "hold"


@pytest.mark.parametrize(
    "rule", [AS_GOOD, {"quantity": "psnr_y", "at_least": "25 dB"}], ids=["against the baseline", "its own value"]
)
def test_a_rule_is_not_met_where_a_value_is_missing(tmp_path: Path, rule: dict[str, str]) -> None:
    comparison = run(tmp_path, {"image31": float("nan")}, rule)
    (judged,) = comparison.devices[0].rules
    assert judged.outcome == "open"
    assert "doubted: 1 image" in judged.reason
    assert comparison.verdicts[0].decision == "undecided"
    contrast = next(one for one in comparison.devices[0].contrasts if one.quantity == "psnr_y")
    assert contrast.outcome == "inconclusive"
    assert any("image31" in text for text in texts(contrast.warnings))


def test_without_a_loss_the_tail_is_told_all_the_same(tmp_path: Path) -> None:
    comparison = run(tmp_path, {})
    for quantity in ("psnr", "psnr_y", "ssim", "lpips_alex"):
        assert tail_of(comparison, quantity) is not None
    assert tail_of(comparison).disasters == []
    assert comparison.verdicts[0].look_at == []
    assert next(one.tail for one in comparison.devices[0].contrasts if one.quantity == "model_size") is None
