"""p-values, detectable changes, bounds in sentences and Holm's correction: docs/ comes to the same digits."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

import pytest

from harness.analysis.compare import compare
from harness.documents.comparison import Comparison
from tests.harness.conftest import FinishedRun
from tests.harness.simulated_records import SimulatedArm, SimulatedDevice, make_manifest, make_quality, write_run
from tests.rig.rederived import DOCS, rederive

ARMS = (
    SimulatedArm("fp32"),
    SimulatedArm("int8", latency_ms=10.2, memory_mb=90.0, load_ms=60.0, model_bytes=1_000_000),
)
RULES = (
    {"quantity": "latency_p50", "no_worse_than": "2 %"},
    {"quantity": "latency_p90", "improve_by_at_least": "1 %"},
    {"quantity": "steady_memory", "no_worse_than": "3 %"},
    {"quantity": "load_peak_memory", "at_most": "80 MB"},
    {"quantity": "psnr", "no_worse_than": "0.03 dB", "item_margin": "0.05 dB", "worst_share": "20 %"},
    {"quantity": "lpips_alex", "no_worse_than": 0.0005, "item_margin": 0.0005, "worst_share": "10 %"},
    {"quantity": "ssim", "at_least": 0.95},
)
SLOWER = (1.0, 1.006, 1.03, 0.93)


def simulated(
    folder: Path, design: Literal["sequential", "fixed"], *, crops: int = 1, arms: tuple[SimulatedArm, ...] = ARMS
) -> Comparison:
    """Four devices on which the candidate is a little slower, or faster, and its scores a little lower."""
    devices = [SimulatedDevice(f"d{at}", slower={"int8": slower}) for at, slower in enumerate(SLOWER)]
    manifest = make_manifest(arms, devices, rules=RULES, design=design, crops=crops, pairs=14, items=36, launches=None)
    facts = write_run(folder, manifest, arms, devices)
    scores = make_quality(manifest, {"int8": {"psnr": 0.03, "lpips_alex": 0.0005, "psnr_y": -0.03}})
    comparison = compare(manifest, facts, scores, tables_folder=folder / "tables")
    scores.to_parquet(folder / "tables" / "quality.parquet", index=False)
    (folder / "comparison.json").write_text(comparison.model_dump_json(by_alias=True))
    return comparison


def test_of_a_finished_run(finished_run: FinishedRun) -> None:
    code, said = rederive("rederive_sentences.py", finished_run.folder)
    assert code == 0, said
    assert re.search(r"^local  \S+  latency_p50  p_value  ", said, re.MULTILINE)
    code, said = rederive("rederive_scores.py", finished_run.folder)
    assert code == 0, said
    assert int(re.findall(r"^(\d+) intervals, 0 differ", said, re.MULTILINE)[0]) >= 1


@pytest.mark.parametrize(("design", "crops"), [("sequential", 4), ("fixed", 1)], ids=["looked at", "fixed"])
def test_of_four_devices(tmp_path: Path, design: Literal["sequential", "fixed"], crops: int) -> None:
    comparison = simulated(tmp_path, design, crops=crops)
    code, said = rederive("rederive_sentences.py", tmp_path)
    assert code == 0, said
    for kind in (
        "minimum_detectable",
        "p_value",
        "share_worse_upper",
        "between",
        "a share of at most",
        "one more device",
        "times the speed",
    ):
        assert kind in said
    assert any(text.startswith("Across devices: random effects") for text in comparison.method)
    reasons = [rule.reason for device in comparison.devices for rule in device.rules]
    assert said.count("is at least") == sum("beyond the agreed" in each and " is at least " in each for each in reasons)
    assert said.count("p after Holm") == sum("after Holm" in each for each in reasons)
    assert ("p after Holm" in said) == (design == "fixed")
    code, said = rederive("rederive_scores.py", tmp_path)
    assert code == 0, said


@pytest.mark.parametrize("design", ["sequential", "fixed"])
@pytest.mark.parametrize("ruled", [True, False], ids=["ruled", "without a rule"])
def test_of_single_slow_inferences(tmp_path: Path, design: Literal["sequential", "fixed"], ruled: bool) -> None:
    arms = (SimulatedArm("fp32", stalls=0.002), SimulatedArm("int8", stalls=0.02))
    devices = [SimulatedDevice(f"d{at}", drift=0.0) for at in range(2)]
    rules = (
        {"quantity": "latency_p50", "no_worse_than": "5 %"},
        {"quantity": "latency_p99", "no_worse_than": "100 %"},
        {"quantity": "latency_stalls", "no_worse_than": "1 points"},
        {"quantity": "latency_stalls", "at_most": "1.5 %"},
        {"quantity": "latency_p99", "at_most": "25 ms"},
    )[: 5 if ruled else 1]
    manifest = make_manifest(arms, devices, rules=rules, design=design, memory_repeats=0, metrics=(), items=1)
    comparison = compare(manifest, write_run(tmp_path, manifest, arms, devices, inferences=60), tables_folder=None)
    (tmp_path / "comparison.json").write_text(comparison.model_dump_json(by_alias=True))
    code, said = rederive("rederive_sentences.py", tmp_path)
    assert code == 0, said
    assert "latency_p99  p_value" in said
    assert "latency_stalls  between" in said
    named = [one for one in comparison.verdicts[0].reasons if "o rule asks about it, but the share of stalled" in one]
    assert len(named) == (0 if ruled else 2)


@pytest.mark.parametrize(("latency_ms", "words"), [(26.0, "times as long (between 2."), (3.4e6, "thousand")])
def test_of_a_candidate_that_takes_many_times_as_long(tmp_path: Path, latency_ms: float, words: str) -> None:
    far = SimulatedArm("int8", latency_ms=latency_ms, memory_mb=900.0, load_ms=0.001, model_bytes=1_000_000)
    comparison = simulated(tmp_path, "fixed", arms=(ARMS[0], far))
    told = [one.words for device in comparison.devices for one in device.contrasts if one.quantity == "latency_p50"]
    assert any(words in each for each in told), told
    reasons = [rule.reason for device in comparison.devices for rule in device.rules]
    assert any("is at least" in each and "times as" in each for each in reasons), reasons
    code, said = rederive("rederive_sentences.py", tmp_path)
    assert code == 0, said
    assert said.count("is at least") == sum("beyond the agreed" in each and " is at least " in each for each in reasons)
    path = tmp_path / "comparison.json"
    changed, count = re.subn(r"is at least \d", "is at least 9", path.read_text())
    assert count >= 1
    path.write_text(changed)
    assert rederive("rederive_sentences.py", tmp_path)[0] == 1


def test_another_digit_is_told(tmp_path: Path) -> None:
    simulated(tmp_path, "fixed")
    path = tmp_path / "comparison.json"
    whole = path.read_text()
    for pattern, changed in (
        (r'("p_value":)0\.\d', r"\g<1>0.9"),
        (r'("minimum_detectable":0\.\d)', r"\g<1>1"),
        (r"(is at least|at worst) \d", r"\g<1> 8"),
        (r"a share of at most \d", "a share of at most 9"),
        (r"p = 0\.\d\d after", "p = 0.93 after"),
        (r"\d\.\d+ times the speed", "7.77 times the speed"),
    ):
        text, count = re.subn(pattern, changed, whole)
        assert count >= 1, pattern
        path.write_text(text)
        code, said = rederive("rederive_sentences.py", tmp_path)
        assert code == 1, pattern
        assert "but comparison.json has" in said


def test_they_import_nothing_of_bakeoff() -> None:
    beside = {"rederive_intervals", "rederive_launches", "rederive_scores", "rederive_tails"}
    for name in ("rederive_sentences", "rederive_scores", "rederive_doctor"):
        text = (DOCS / f"{name}.py").read_text(encoding="utf-8")
        imports = re.findall(r"^\s*(?:from|import) (\w+)", text, re.MULTILINE)
        assert set(imports) <= {"numpy", "scipy", "pandas", "json", "re", "sys", "pathlib"} | beside
