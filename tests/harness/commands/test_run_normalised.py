"""A model that wants its pictures as ImageNet's are normalised, and puts them out so, is measured by its pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from tests.rig.command import bakeoff
from tests.rig.run_watch import comparison
from tests.rig.tiny_experiment import TinyExperiment, write_upscaler

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
IN = f"mean = {list(MEAN)}, std = {list(STD)}"
OUT = f"output_mean = {list(MEAN)}, output_std = {list(STD)}"


def write_normalised(path: Path, side: str) -> None:
    """The baseline behind a layer that undoes the normalisation ("in"), or before one that does it ("out")."""
    model = onnx.load(write_upscaler(path))
    graph = model.graph
    for name, values in (("mean", MEAN), ("std", STD)):
        graph.initializer.append(numpy_helper.from_array(np.array(values, np.float32).reshape(1, 3, 1, 1), name))
    for node in graph.node:
        if side == "in":
            node.input[:] = ["plain" if name == "lr" else name for name in node.input]
        else:
            node.output[:] = ["plain" if name == "sr" else name for name in node.output]
    if side == "in":
        graph.node.insert(0, helper.make_node("Add", ["scaled", "mean"], ["plain"]))
        graph.node.insert(0, helper.make_node("Mul", ["lr", "std"], ["scaled"]))
    else:
        graph.node.append(helper.make_node("Sub", ["plain", "mean"], ["moved"]))
        graph.node.append(helper.make_node("Div", ["moved", "std"], ["sr"]))
    onnx.save(model, path)


@pytest.mark.parametrize(("side", "runner", "said"), [("in", "python", IN), ("out", "native", OUT)])
def test_its_pictures_are_those_of_the_same_model_without(
    tiny: TinyExperiment, workdir: Path, tmp_path: Path, side: str, runner: str, said: str
) -> None:
    tiny.candidate = "normalised.onnx"
    tiny.candidate_settings = [f"tensor = {{ {said} }}"]
    tiny.measure |= {"pairs": 2, "memory_repeats": 1}
    experiment = tiny.write()
    write_normalised(tiny.folder / tiny.candidate, side)
    folder = tmp_path / "run"

    done = bakeoff("run", experiment, "--runner", runner, "--out", folder, BAKEOFF_LOCAL_WORKDIR=str(workdir))

    assert done.exit_code == 0, done.stderr
    (device,) = comparison(folder).devices
    assert device.runner == f"{runner} runner"
    contrasts = {each.quantity: each for each in device.contrasts}
    # Rounding in float32 may carry a level over to its neighbour, in one pixel of many thousands.
    assert contrasts["psnr"].effect.estimate == pytest.approx(0.0, abs=1e-3)
    assert contrasts["psnr_y"].outcome == "equivalent"


def test_without_saying_so_the_same_model_is_far_off(tiny: TinyExperiment, workdir: Path, tmp_path: Path) -> None:
    tiny.candidate = "normalised.onnx"
    tiny.measure |= {"pairs": 2, "memory_repeats": 1}
    experiment = tiny.write()
    write_normalised(tiny.folder / tiny.candidate, "in")
    folder = tmp_path / "run"
    done = bakeoff("run", experiment, "--out", folder, BAKEOFF_LOCAL_WORKDIR=str(workdir))
    assert done.exit_code == 0, done.stderr
    contrasts = {each.quantity: each for each in comparison(folder).devices[0].contrasts}
    assert contrasts["psnr"].outcome == "worse"
    assert contrasts["psnr"].effect.estimate < -3.0
