"""Detectors of defects on handwritten digits, made here of what ships with scikit-learn, and written as ONNX.

A detector keeps the main components of intact pictures; what it cannot put together again is anomalous: a map of
squared errors, whose largest value is the score. A defect is a bright or dark square of three pixels.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from tests.rig.digits import digits, held_out

GOOD, WORSE = "good.onnx", "worse.onnx"


@cache
def components() -> tuple[np.ndarray, np.ndarray]:
    """Mean (64,) and components (64, 64), the main ones first, of pictures of 0 to 1."""
    pictures = digits()[0][:1200].reshape(1200, -1) / 255.0
    mean = pictures.mean(axis=0)
    return mean, np.linalg.svd(pictures - mean, full_matrices=False)[2].T


def write_detector(path: Path, kept: int, *, turned: bool = False, map_only: bool = True) -> Path:
    """(1, 1, 8, 8) float32 of 0 to 1 → a map (1, 1, 8, 8) of 0 to 1. `turned`: the map is larger where it is normal.
    Without `map_only` it also puts out the score, first.
    """
    mean, basis = components()
    projector = basis[:, :kept] @ basis[:, :kept].T
    constants = {
        "mean": mean.astype(np.float32),
        "projector": projector.astype(np.float32),
        "shape": np.array([1, 1, 8, 8], np.int64),
        "one": np.array(1.0, np.float32),
    }
    nodes = [
        helper.make_node("Flatten", ["picture"], ["flat"]),
        helper.make_node("Sub", ["flat", "mean"], ["centred"]),
        helper.make_node("MatMul", ["centred", "projector"], ["known"]),
        helper.make_node("Sub", ["centred", "known"], ["rest"]),
        helper.make_node("Mul", ["rest", "rest"], ["squares"]),
        helper.make_node("Min", ["squares", "one"], ["bounded"]),
        helper.make_node("Reshape", ["bounded", "shape"], ["plain" if turned else "map"]),
    ]
    if turned:
        nodes.append(helper.make_node("Sub", ["one", "plain"], ["map"]))
    outputs = [helper.make_tensor_value_info("map", TensorProto.FLOAT, [1, 1, 8, 8])]
    if not map_only:
        nodes.append(helper.make_node("ReduceMax", ["map"], ["score"], keepdims=0))
        outputs.insert(0, helper.make_tensor_value_info("score", TensorProto.FLOAT, []))
    graph = helper.make_graph(
        nodes,
        "defects",
        [helper.make_tensor_value_info("picture", TensorProto.FLOAT, [1, 1, 8, 8])],
        outputs,
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path


@dataclass
class DefectsExperiment:
    """Files of an experiment in a folder; change the attributes, then `write`."""

    folder: Path
    items: int = 60
    """Half of them have a defect."""
    defects: bool = True
    kept: tuple[int, int] = (24, 6)
    turned: bool = False
    map_only: bool = True
    more_data: str = 'masks = "masks"'
    tensor: str = ""
    metrics: list[str] = field(default_factory=lambda: ["auroc", "aupro", "f1_at_baseline"])
    rules: list[str] = field(default_factory=lambda: ['quantity = "auroc"\nno_worse_than = "2 points"'])

    def write(self) -> Path:
        """Everything on disk; returns the path of experiment.toml."""
        draw = np.random.default_rng(2)
        for place, picture in enumerate(held_out(self.items)[0]):
            is_spoilt = self.defects and place % 2 == 1
            name = f"d{place:03}"
            home = self.folder / "given" / ("square" if is_spoilt else "good")
            home.mkdir(parents=True, exist_ok=True)
            shown = picture.copy()
            if is_spoilt:
                top, left = draw.integers(0, 6, 2)
                shown[top : top + 3, left : left + 3] = 255 - shown[top : top + 3, left : left + 3] // 2
                mask = np.zeros((8, 8), np.uint8)
                mask[top : top + 3, left : left + 3] = 255
                (self.folder / "masks" / "square").mkdir(parents=True, exist_ok=True)
                Image.fromarray(mask, "L").save(self.folder / "masks" / "square" / f"{name}_mask.png")
            Image.fromarray(shown, "L").save(home / f"{name}.png")
        for name, kept in zip((GOOD, WORSE), self.kept, strict=True):
            write_detector(self.folder / name, kept, turned=self.turned, map_only=self.map_only)
        return self.write_toml()

    def write_toml(self) -> Path:
        """The experiment alone."""
        rules = "\n".join(f"[[rules]]\n{rule}" for rule in self.rules)
        metrics = str(self.metrics).replace("'", '"')
        path = self.folder / "experiment.toml"
        path.write_text(f"""\
name = "defects"
question = "Does it still find defects?"
[data]
task = "anomaly_detection"
inputs = "given"
{self.more_data}
[data.tensor]
{self.tensor}
[[arms]]
name = "good"
role = "baseline"
model = "{GOOD}"
runtime = "onnxruntime"
[[arms]]
name = "worse"
role = "candidate"
model = "{WORSE}"
runtime = "onnxruntime"
[measure]
design = "fixed"
pairs = 3
launches = 2
block_ms = 2.0
reference_ms = 0.5
settle_ms = 0.0
memory_repeats = 1
seed = 7
metrics = {metrics}
gates.max_wait_s = 0.0
{rules}
""")
        return path
