"""A run and a soak of version 0.1.0, as it wrote them: whoever has such folders can look at them, draw and compute
them again, with the same numbers.

They were measured on a virtual machine, with two models of the examples and three cut-outs of Set5; the names of that
machine's user and folders are others.
"""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.rig.command import bakeoff

SAVED = Path(__file__).parent / "saved"
MODELS = Path(__file__).parents[3] / "examples" / "models"
THEN = "/home/bench/experiment"
"""Where the experiment was."""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The experiment, the run and the soak in a folder of the test's own."""
    shutil.copytree(SAVED, tmp_path / "home")
    for model in ("sr_x2_fp32.onnx", "sr_x2_int8.onnx"):
        shutil.copy(MODELS / model, tmp_path / "home")
    for manifest in (tmp_path / "home" / "run" / "run.json", tmp_path / "home" / "soak" / "soak.json"):
        manifest.write_text(manifest.read_text().replace(THEN, str(tmp_path / "home")))
    return tmp_path / "home"


def effects(comparison: dict[str, Any]) -> dict[str, tuple[float, float, float]]:
    """Quantity → estimate and interval."""
    return {
        contrast["quantity"]: (
            contrast["effect"]["estimate"],
            contrast["effect"]["interval"]["low"],
            contrast["effect"]["interval"]["high"],
        )
        for contrast in comparison["devices"][0]["contrasts"]
        if contrast["effect"]["kind"] == "effect" and contrast["effect"]["interval"] is not None
    }


def values(comparison: dict[str, Any]) -> dict[str, tuple[float, float]]:
    """Quantity → both arms' own values."""
    return {
        contrast["quantity"]: (contrast["baseline_value"]["value"], contrast["candidate_value"]["value"])
        for contrast in comparison["devices"][0]["contrasts"]
        if contrast["baseline_value"]["kind"] == contrast["candidate_value"]["kind"] == "available"
    }


def close(name: str, ours: tuple[float, ...], theirs: tuple[float, ...]) -> bool:
    """Whether they are the same number: SSIM is computed in single precision now, which it promises to 1e-6."""
    within = 1e-6 if name == "ssim" else 1e-12
    return all(math.isclose(one, other, rel_tol=1e-9, abs_tol=within) for one, other in zip(ours, theirs, strict=True))


def test_its_comparison_is_drawn(home: Path) -> None:
    done = bakeoff("report", home / "run")
    assert done.exit_code == 0, done.stderr
    assert "21 % faster" in (home / "run" / "report.html").read_text().replace("\N{NO-BREAK SPACE}", " ")


def test_its_records_and_outputs_give_the_same_numbers(home: Path) -> None:
    then = json.loads((home / "run" / "comparison.json").read_text())
    done = bakeoff("analyze", home / "run")
    assert done.exit_code == 0, done.stderr
    now = json.loads((home / "run" / "comparison.json").read_text())

    assert len(effects(then)) >= 8
    assert {name: close(name, effects(now)[name], effect) for name, effect in effects(then).items()} == dict.fromkeys(
        effects(then), True
    )
    assert {name: close(name, values(now)[name], both) for name, both in values(then).items()} == dict.fromkeys(
        values(then), True
    )
    assert [rule["quantity"] for rule in now["devices"][0]["rules"]] == ["latency_p50", "model_size", "psnr_y"]
    assert (home / "run" / "report.html").is_file()


def test_nothing_of_it_is_left_to_be_done(home: Path) -> None:
    done = bakeoff("run", "--resume", home / "run")
    assert done.exit_code == 0, done.stderr


def test_its_soak_is_looked_at_again(home: Path) -> None:
    then = json.loads((home / "soak" / "result.json").read_text())
    done = bakeoff("soak", "--trust", "--status", home / "soak")
    assert done.exit_code == 0, done.stderr
    now = json.loads((home / "soak" / "result.json").read_text())
    for key in ("windows", "inferences", "hours"):
        assert now["devices"][0][key] == then["devices"][0][key]
    assert (home / "soak" / "report.html").is_file()
