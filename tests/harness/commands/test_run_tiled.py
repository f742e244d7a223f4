"""Pictures that no tile of a model has the size of: cut, put through either runner tile by tile, and whole again."""

from __future__ import annotations

import platform
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from devices.build.native_build import target_for_machine
from harness.documents.folder import RunFolder
from tests.rig.command import bakeoff
from tests.rig.run_watch import comparison
from tests.rig.tiny_experiment import TinyExperiment, write_upscaler

SIDE = 24
"""Of the pictures; tiles are 16 and 10 high and wide."""
RUNNERS = ["python", *(["native"] if target_for_machine(platform.machine()) is not None else [])]


def write_fixed(path: Path, side: int, *, blur: float = 0.0, shadow: float = 0.0) -> None:
    """The tiny upscaler with a fixed input of `side` × `side`; `shadow` darkens what it is given, to the right."""
    model = onnx.load(write_upscaler(path, blur=blur))
    for value, size in ((model.graph.input[0], side), (model.graph.output[0], 2 * side)):
        for place in (2, 3):
            value.type.tensor_type.shape.dim[place].dim_value = size
    if shadow:
        level = np.linspace(0, shadow, 2 * side, dtype=np.float32)[None, None, None]
        model.graph.initializer.append(numpy_helper.from_array(level, "shadow"))
        model.graph.node[-1].output[0] = "plain"
        model.graph.node.append(helper.make_node("Sub", ["plain", "shadow"], ["sr"]))
    onnx.save(model, path)


def tiled(tiny: TinyExperiment, side: int, how: str, **changes: float) -> Path:
    """The baseline takes pictures whole, the candidate is the same model in tiles."""
    tiny.candidate = "fixed.onnx"
    tiny.candidate_settings = [f"tensor = {{ tiles = {{ {how} }} }}"]
    tiny.measure |= {"pairs": 2, "memory_repeats": 1}
    tiny.rules = [
        {"quantity": "psnr", "no_worse_than": "0.1 dB"},
        {"quantity": "item_latency", "no_worse_than": "5000 %"},
        {"quantity": "latency_p50", "no_worse_than": "5000 %"},
    ]
    experiment = tiny.write()
    write_fixed(tiny.folder / tiny.candidate, side, **changes)
    return experiment


@pytest.mark.parametrize("runner", RUNNERS)
def test_tiles_give_the_picture_that_the_model_makes_of_the_whole(
    tiny: TinyExperiment, workdir: Path, tmp_path: Path, runner: str
) -> None:
    experiment, folder = tiled(tiny, 16, "overlap = 8, margin = 2"), tmp_path / "run"

    done = bakeoff("run", experiment, "--runner", runner, "--out", folder, BAKEOFF_LOCAL_WORKDIR=str(workdir))

    assert done.exit_code == 0, done.stderr
    (device,) = comparison(folder).devices
    contrasts = {each.quantity: each for each in device.contrasts}
    assert contrasts["psnr"].effect.estimate == 0.0
    assert not [one for one in device.warnings if "tiles" in one.text]
    manifest = RunFolder(folder).read_manifest()
    assert manifest.inferences_of_latency_item() == {"baseline": 1, "candidate": 4}
    assert len(list(folder.rglob("outputs/a1/*.npy"))) == 4 * len(tiny.names)
    # The time of a whole picture is that of its tiles; one tile is not the work of a whole picture.
    of = {arm.arm: arm.values for arm in device.arms}
    assert of["candidate"]["item_latency"].value == pytest.approx(4 * of["candidate"]["latency_mean"].value)
    assert of["baseline"]["item_latency"].value == pytest.approx(of["baseline"]["latency_mean"].value)
    ratio, own = (contrasts[name].effect.estimate for name in ("item_latency", "latency_mean"))
    assert ratio == pytest.approx(4 * own)
    rules = {rule.quantity: rule for rule in device.rules}
    assert "not the same work" not in rules["item_latency"].reason
    assert rules["latency_p50"].outcome == "open"
    assert "takes 1 inference for one image and candidate 4" in rules["latency_p50"].reason
    assert any(
        "A whole image is several inferences (1 of baseline and 4 of candidate" in one
        for one in comparison(folder).method
    )


def test_a_seam_that_tiles_leave_doubts_the_scores_and_is_told(
    tiny: TinyExperiment, workdir: Path, tmp_path: Path
) -> None:
    experiment, folder = tiled(tiny, 10, "overlap = 0", shadow=0.15), tmp_path / "run"

    done = bakeoff("run", experiment, "--out", folder, BAKEOFF_LOCAL_WORKDIR=str(workdir))

    assert done.exit_code == 0, done.stderr
    (device,) = comparison(folder).devices
    said = [one.text for one in device.warnings if one.kind == "outputs"]
    assert any("shows where its tiles meet on " in one for one in said), said


def test_smaller_pictures_are_padded(tiny: TinyExperiment, workdir: Path, tmp_path: Path) -> None:
    experiment, folder = tiled(tiny, 32, 'overlap = 8, padding = "edge"'), tmp_path / "run"
    done = bakeoff("run", experiment, "--out", folder, BAKEOFF_LOCAL_WORKDIR=str(workdir))
    assert done.exit_code == 0, done.stderr
    contrasts = {each.quantity: each for each in comparison(folder).devices[0].contrasts}
    assert contrasts["psnr"].effect.estimate == 0.0
    assert "item_latency" in contrasts  # a rule asks about it


def test_a_picture_that_does_not_fit_is_refused_where_nothing_is_said_of_tiles(
    tiny: TinyExperiment, workdir: Path, tmp_path: Path
) -> None:
    experiment = tiled(tiny, 16, "overlap = 8")
    text = experiment.read_text().replace("tensor = { tiles = { overlap = 8 } }", "")
    experiment.write_text(text)
    done = bakeoff("run", experiment, "--out", tmp_path / "run", BAKEOFF_LOCAL_WORKDIR=str(workdir))
    assert done.exit_code == 2
    assert "tiles = { overlap = 16 }" in done.stderr
