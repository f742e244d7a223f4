"""The script in docs/ knows nothing of bakeoff and comes to the same digits."""

from __future__ import annotations

import re
import runpy
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from harness.analysis.compare import compare
from tests.harness.conftest import FinishedRun
from tests.harness.simulated_records import FP32, INT8, SimulatedArm, SimulatedDevice, make_manifest, write_run
from tests.rig.rederived import DOCS, rederive

SCRIPT = "rederive_intervals.py"


def simulated(
    folder: Path,
    design: Literal["sequential", "fixed"],
    device: SimulatedDevice,
    arms: tuple[SimulatedArm, ...] = (FP32, INT8),
    launches: int | None = None,
    *,
    rules: Sequence[dict[str, str]] = ({"quantity": "latency_p50", "improve_by_at_least": "20 %"},),
    inferences: int = 20,
) -> Path:
    manifest = make_manifest(arms, (device,), design=design, launches=launches, rules=rules)
    facts = write_run(folder, manifest, arms, (device,), inferences=inferences)
    (folder / "comparison.json").write_text(compare(manifest, facts).model_dump_json(by_alias=True))
    return folder


def test_of_a_finished_run(finished_run: FinishedRun) -> None:
    code, said = rederive(SCRIPT, finished_run.folder)
    assert code == 0, said
    assert re.search(r"^local  \S+  latency_p50  ratio  [\d.]+ \[[\d.]+, [\d.]+\]", said, re.MULTILINE)
    assert int(re.findall(r"^(\d+) intervals, 0 differ", said, re.MULTILINE)[0]) >= 6


@pytest.mark.parametrize("launches", [None, 1], ids=["in launches", "in one process"])
@pytest.mark.parametrize("design", ["sequential", "fixed"])
@pytest.mark.parametrize(
    "device",
    [
        SimulatedDevice(latency_stopped_after=14),
        SimulatedDevice(interrupted_after=6),
        SimulatedDevice(stops_after=3),
        SimulatedDevice(drift=0.5, autocorrelation=0.95),
    ],
    ids=["stopped", "interrupted", "cut", "drifting"],
)
def test_of_a_simulated_run(
    tmp_path: Path, design: Literal["sequential", "fixed"], device: SimulatedDevice, launches: int | None
) -> None:
    crashing = replace(INT8, name="int4", fails_in="latency", fails_after_pairs=12)
    code, said = rederive(SCRIPT, simulated(tmp_path, design, device, (FP32, INT8, crashing), launches))
    assert code == 0, said


TAIL_RULES = (
    {"quantity": "latency_p99", "no_worse_than": "10 %"},
    {"quantity": "latency_p99", "at_most": "30 ms"},
    {"quantity": "latency_stalls", "at_most": "1 %"},
    {"quantity": "latency_stalls", "no_worse_than": "0.5 points"},
)


@pytest.mark.parametrize("design", ["sequential", "fixed"])
def test_of_single_slow_inferences(tmp_path: Path, design: Literal["sequential", "fixed"]) -> None:
    arms = (replace(FP32, stalls=0.002), replace(INT8, stalls=0.03))
    code, said = rederive(
        SCRIPT, simulated(tmp_path, design, SimulatedDevice(drift=0.0), arms, rules=TAIL_RULES, inferences=80)
    )
    assert code == 0, said
    for line in ("p99  ratio", "p99  own value", "stalls  difference", "stalls  own value"):
        assert f"latency_{line}" in said


def test_another_digit_is_told(tmp_path: Path) -> None:
    folder = simulated(tmp_path, "sequential", SimulatedDevice())
    records = folder / "devices" / "d0" / "records.jsonl"
    records.write_text(re.sub(r'"latency_ns":\[(\d)', r'"latency_ns":[9\1', records.read_text(), count=40))
    code, said = rederive(SCRIPT, folder)
    assert code == 1
    assert "but comparison.json has" in said


BESIDE = {"rederive_energy", "rederive_launches", "rederive_meter", "rederive_tails"}
STANDARD = {"datetime", "hashlib", "json", "math", "re", "sys", "pathlib"}


def test_what_rounding_leaves_of_a_difference_of_equal_sums_is_no_digit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(DOCS))
    digits = runpy.run_path(str(DOCS / SCRIPT))["digits"]
    assert digits((5.55e-17, -6.8, 6.8)) == digits((0.0, -6.8, 6.8))
    assert digits((1.0000001, 0.9, 1.1)) != digits((1.0, 0.9, 1.1))


def test_it_imports_nothing_of_bakeoff() -> None:
    for name in ("rederive_intervals", *BESIDE):
        text = (DOCS / f"{name}.py").read_text(encoding="utf-8")
        imports = re.findall(r"^\s*(?:from|import) (\w+)", text, re.MULTILINE)
        assert set(imports) <= {"numpy", "scipy"} | STANDARD | BESIDE
