"""docs/rederive_soak.py knows nothing of bakeoff and comes to the same digits."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.analysis.soak.analyze import analyze_soak
from harness.documents.folder import write_model
from harness.documents.records import ArmFailed, Record, RunnerFinished, SoakWindow
from harness.documents.soak_folder import SoakFolder
from harness.documents.soak_result import SoakResult
from harness.documents.state import DeviceState
from tests.rig.rederived import DOCS, rederive
from tests.rig.simulated import Battery, Noise, Truth
from tests.rig.soaked import simulated_records, soaked_folder

SCRIPT = "rederive_soak.py"


def written(folder: Path, records: list[Record], hours: float) -> SoakFolder:
    soak = soaked_folder(folder, records, hours=hours)
    if not any(isinstance(record, RunnerFinished | ArmFailed) for record in records):
        (device,) = soak.read_manifest().devices
        write_model(soak.device(device).state, DeviceState(stage="started", remote_folder="/x", conductor=[]))
    write_model(soak.result, analyze_soak(soak))
    return soak


NOISY = Noise(0.02, 0.6)
TRUTHS = {
    "steady": Truth(noise=NOISY),
    "leaking": Truth(noise=NOISY, leak_bytes_per_inference=1.0),
    "a cache that fills up": Truth(noise=NOISY, leak_bytes_per_inference=2.0, leak_ends_at_bytes=1_000_000),
    "a slow cache": Truth(noise=NOISY, leak_bytes_per_inference=1.0, leak_ends_at_bytes=3_000_000),
    "a battery": Truth(noise=NOISY, battery=Battery()),
}


@pytest.mark.parametrize("name", TRUTHS)
@pytest.mark.parametrize("asked_hours", [5.0, 9.0], ids=["at its end", "as it goes"])
def test_of_a_simulated_soak(tmp_path: Path, name: str, asked_hours: float) -> None:
    records = simulated_records(TRUTHS[name], hours=5.0, battery=name == "a battery")
    if asked_hours > 5.0:
        records = [record for record in records if not isinstance(record, RunnerFinished)]
    soak = written(tmp_path, records, asked_hours)
    code, said = rederive(SCRIPT, soak.path)
    assert code == 0, said
    assert "memory, bytes per 1000 inferences" in said
    assert "99th percentile" in said
    assert ("battery, % per hour" in said) == (name == "a battery")


def test_of_one_that_was_restarted_and_of_one_too_short_for_an_answer(tmp_path: Path) -> None:
    whole = simulated_records(TRUTHS["leaking"], hours=5.0)
    windows = [record for record in whole if isinstance(record, SoakWindow)]
    cut = [
        record.model_copy(update={"session": 1}) if isinstance(record, SoakWindow) and record.index >= 150 else record
        for record in whole
    ]
    assert len(windows) > 280
    code, said = rederive(SCRIPT, written(tmp_path / "restarted", cut, 5.0).path)
    assert code == 0, said
    code, said = rederive(SCRIPT, written(tmp_path / "short", simulated_records(Truth(), hours=0.2), 0.2).path)
    assert (code, said) == (0, "0 intervals, 0 differ\n")


def test_of_one_that_its_leak_has_killed(tmp_path: Path) -> None:
    records = simulated_records(TRUTHS["leaking"], hours=5.0)
    last = records.pop()
    died = {"stage": "soak", "arm": "a0", "step": 1, "error": "signal 9 (SIGKILL)", "message": "it was killed"}
    records.append(ArmFailed(n=0, session=0, monotonic_ns=last.monotonic_ns, **died))
    soak = written(tmp_path, records, 72.0)
    (device,) = SoakResult.model_validate_json(soak.result.read_text()).devices
    assert (device.status, device.memory.leak) == ("failed", "yes")
    code, said = rederive(SCRIPT, soak.path)
    assert code == 0, said


def test_another_digit_is_told(tmp_path: Path) -> None:
    soak = written(tmp_path, simulated_records(TRUTHS["leaking"], hours=5.0), 5.0)
    text = soak.result.read_text()
    changed = re.sub(r'("per_1000_inferences":\s*\{[^}]*?"low":\s*\d+\.\d)', r"\g<1>7", text)
    assert changed != text
    soak.result.write_text(changed)
    code, said = rederive(SCRIPT, soak.path)
    assert code == 1
    assert "but result.json has" in said


def test_it_imports_nothing_of_bakeoff() -> None:
    imports = re.findall(r"^\s*(?:from|import) (\w+)", (DOCS / SCRIPT).read_text(encoding="utf-8"), re.MULTILINE)
    assert set(imports) == {"json", "re", "sys", "pathlib", "numpy", "scipy"}
