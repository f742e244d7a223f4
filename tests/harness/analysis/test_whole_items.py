"""Items that are several inferences: the time of a whole one, and quantities of one inference that are not the same
work in both arms.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from harness.analysis.compare import compare
from harness.analysis.stopping.latency_watch import LatencyWatch
from harness.documents.comparison import Comparison, DeviceResult
from harness.documents.manifest import Manifest
from tests.harness.simulated_records import (
    TWO_ARMS,
    SimulatedDevice,
    make_manifest,
    make_quality,
    simulate_records,
    write_run,
)

ASKED = [
    {"quantity": "item_latency", "improve_by_at_least": "20 %"},
    {"quantity": "latency_p50", "no_worse_than": "5 %"},
]


def cut(baseline: int, candidate: int, **changes: object) -> Manifest:
    """The item that is measured takes so many inferences of the two arms: 10 ms each of the first, 7 of the second."""
    manifest = make_manifest(rules=ASKED, **changes)  # type: ignore[arg-type]
    ids = ["i0", *(f"i{100 + place}" for place in range(max(baseline, candidate) - 1))]
    item = manifest.items[0].model_copy(update={"inferences": {"a0": ids[:baseline], "a1": ids[:candidate]}})
    return manifest.model_copy(update={"items": [item, *manifest.items[1:]]})


def compared(folder: Path, manifest: Manifest) -> tuple[Comparison, DeviceResult]:
    found = compare(manifest, write_run(folder, manifest), make_quality(manifest))
    return found, found.devices[0]


def test_more_but_faster_inferences_may_make_a_whole_item_slower(tmp_path: Path) -> None:
    found, device = compared(tmp_path, cut(4, 6))
    contrasts = {each.quantity: each for each in device.contrasts}
    assert contrasts["latency_mean"].effect.estimate == pytest.approx(0.7, abs=0.05)
    assert contrasts["item_latency"].effect.estimate == pytest.approx(0.7 * 6 / 4, abs=0.05)
    assert contrasts["latency_mean"].outcome == "inconclusive"
    assert contrasts["item_latency"].outcome == "worse"
    rules = {rule.quantity: rule for rule in device.rules}
    assert rules["item_latency"].outcome == "broken"
    # A tile of another size is other work.
    assert rules["latency_p50"].outcome == "open"
    assert "fp32 takes 4 inferences for one image and int8 6" in (rules["latency_p50"].doubted or "")
    values = {arm.arm: arm.values for arm in device.arms}
    for arm, number in (("fp32", 4), ("int8", 6)):
        whole, one = values[arm]["item_latency"], values[arm]["latency_mean"]
        assert whole.value == pytest.approx(number * one.value)
        assert f"times {number} inferences an item" in whole.source
    assert any("A whole image is several inferences (4 of fp32 and 6 of int8" in one for one in found.method)


def test_where_both_arms_cut_alike_nothing_is_doubted(tmp_path: Path) -> None:
    _, device = compared(tmp_path, cut(4, 4))
    rules = {rule.quantity: rule for rule in device.rules}
    assert rules["latency_p50"].outcome == "met"
    assert rules["item_latency"].outcome == "met"
    contrasts = {each.quantity: each for each in device.contrasts}
    assert contrasts["item_latency"].effect.estimate == pytest.approx(contrasts["latency_mean"].effect.estimate)


def test_of_items_that_are_one_inference_it_is_told_only_where_a_rule_asks(tmp_path: Path) -> None:
    manifest = make_manifest()
    found = compare(manifest, write_run(tmp_path, manifest), make_quality(manifest))
    assert "item_latency" not in {each.quantity for each in found.devices[0].contrasts}
    assert not [one for one in found.method if "several inferences" in one]


def test_a_watched_pass_ends_by_whole_items_too() -> None:
    manifest = cut(4, 6, design="sequential", min_pairs=10, pairs=60)
    watch = LatencyWatch(manifest)
    for record in simulate_records(manifest, TWO_ARMS, SimulatedDevice(), np.random.default_rng(1)):
        watch.take(record)
    # Seven milliseconds are faster than ten, and six times seven slower than four times ten.
    assert watch.decision.kind == "decided"
    found = watch._evidence(watch._pairs(), "a1", manifest.experiment.rules[0])
    assert found.effect.estimate.mean == pytest.approx(math.log(6 * 7.0 / (4 * 10.0)), abs=0.05)
