"""What an open rule still needs, and what a change means to people, on simulated runs."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.harness.analysis.test_compare import AS_GOOD, FASTER, LOCAL, contrast, rule, run
from tests.harness.simulated_records import FP32, INT8


def test_an_open_rule_on_latency_tells_how_many_more_pairs_and_how_long_they_take(tmp_path: Path) -> None:
    rough = replace(LOCAL, noise=0.05, autocorrelation=0.0)
    arms = (FP32, replace(INT8, latency_ms=7.98))
    result = run(tmp_path, arms=arms, devices=(rough,), pairs=8, rules=(FASTER,)).devices[0]
    judged = rule(result, "latency_p50")
    assert judged.more is not None, judged.reason
    assert judged.more.replicate == "pair of blocks"
    begun = [started for one in result.latency for started in one.block_started_s]
    pace = (max(begun) - min(begun)) / (len(result.latency[0].block_started_s) - 0.5)
    assert judged.more.seconds is not None
    assert judged.more.seconds / judged.more.replicates == pytest.approx(pace, rel=0.1)
    assert re.fullmatch(r"about [\d,]+ more pairs?, about [\d.]+ (seconds|minutes?|hours)", judged.more.words)
    assert judged.more.words.partition(",")[0] in judged.reason


def test_an_open_rule_on_images_asks_for_images_and_for_no_time(tmp_path: Path) -> None:
    tailed = {**AS_GOOD, "item_margin": "0.5 dB", "worst_share": "2 %"}
    more = rule(run(tmp_path, rules=(tailed,)).devices[0], "psnr_y").more
    assert more is not None
    assert (more.words, more.seconds) == ("about 130 more images", None)


def test_a_rule_that_is_decided_needs_no_more(tmp_path: Path) -> None:
    assert all(one.more is None for one in run(tmp_path).devices[0].rules)


def test_a_latency_that_changed_is_told_as_a_rate_and_one_that_did_not_is_not(tmp_path: Path) -> None:
    faster = contrast(run(tmp_path / "faster").devices[0], "latency_p50")
    assert faster.plainly is not None
    assert " a second instead of " in faster.plainly
    twin = replace(FP32, name="again", model_sha256=INT8.model_sha256)
    alike = run(tmp_path / "alike", (FP32, twin)).devices[0]
    assert contrast(alike, "latency_p50", "again").plainly is None
