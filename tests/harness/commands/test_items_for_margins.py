"""`bakeoff check` says before the run how many pictures a margin needs."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.rig.command import bakeoff

EXAMPLES = Path(__file__).parents[3] / "examples"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An experiment with two real models and the pictures of the examples."""
    for source, folder in (("lr_x2", "lr"), ("hr", "hr")):
        shutil.copytree(EXAMPLES / "images" / source, tmp_path / folder)
    for model in ("sr_x2_fp32.onnx", "sr_x2_int8.onnx"):
        shutil.copy(EXAMPLES / "models" / model, tmp_path)
    return tmp_path


def margins(home: Path, rule: str, data: str = "", candidate: str = "sr_x2_int8.onnx") -> list[str]:
    (home / "experiment.toml").write_text(
        f"""
schema = 1
name = "n"
question = "q?"
[data]
inputs = "lr"
references = "hr"
scale = 2
{data}
[[arms]]
name = "a"
role = "baseline"
model = "sr_x2_fp32.onnx"
runtime = "onnxruntime"
[[arms]]
name = "b"
role = "candidate"
model = "{candidate}"
runtime = "onnxruntime"
[measure]
metrics = ["psnr", "psnr_y"]
[[rules]]
quantity = "psnr_y"
{rule}
"""
    )
    done = bakeoff("check", "experiment.toml", cwd=home)
    assert done.exit_code == 0, done.stderr
    return [line for line in done.stdout.splitlines() if line.startswith("margin")]


def test_a_wide_margin_needs_few_and_a_narrow_one_many(home: Path) -> None:
    (wide,) = margins(home, 'no_worse_than = "0.5 dB"')
    (narrow,) = margins(home, 'no_worse_than = "0.07 dB"')
    few, many = (int(re.search(r"about (\d+) images", line)[1]) for line in (wide, narrow))  # type: ignore[index]
    assert few == 6
    assert many > 22
    assert "PSNR (Y) loses at most 0.070 dB" in narrow
    assert narrow.endswith("there are only 22")
    assert wide.endswith("there are 22")


def test_a_margin_that_a_few_images_exceed_already_is_said(home: Path) -> None:
    (line,) = margins(home, 'no_worse_than = "0.02 dB"')
    assert "more images will hardly show that it loses less" in line


def test_scenes_are_counted_where_they_are_declared(home: Path) -> None:
    (line,) = margins(home, 'no_worse_than = "0.5 dB"', 'scene_separator = "__"')
    assert "about 6 scenes" in line
    assert line.endswith("there are 6")


def test_nothing_is_said_where_no_rule_has_a_margin_or_too_few_are_there(home: Path) -> None:
    assert margins(home, 'at_least = "20 dB"') == []
    assert margins(home, 'no_worse_than = "0.5 dB"', "limit = 4") == []
