"""Models that say which pixels of a handwritten digit are paper, edge or stroke, by two thresholds, written as ONNX."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from tests.rig.digits import held_out

RIGHT, OFF = "right.onnx", "off.onnx"
BOUNDS = (80, 180)
"""Levels from which on a pixel is edge, and stroke."""


def write_thresholds(path: Path, low: float, high: float) -> Path:
    """(1, 1, 8, 8) float32 of 0 to 1 → scores (1, 3, 8, 8): those of the middle class are highest between the bounds
    (levels of 0 to 255).
    """
    low, high = low / 255.0, high / 255.0
    # Lines over the level that cross at the bounds.
    slopes, offsets = np.float32([0.0, 1.0, 2.0]), np.float32([0.0, -low, -low - high])
    graph = helper.make_graph(
        [helper.make_node("Conv", ["picture", "slopes", "offsets"], ["scores"])],
        "strokes",
        [helper.make_tensor_value_info("picture", TensorProto.FLOAT, [1, 1, 8, 8])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, 3, 8, 8])],
        [
            numpy_helper.from_array(slopes.reshape(3, 1, 1, 1), "slopes"),
            numpy_helper.from_array(offsets, "offsets"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path


@dataclass
class StrokesExperiment:
    """Files of an experiment in a folder; change the attributes, then `write`."""

    folder: Path
    items: int = 20
    off: tuple[float, float] = (80.5, 200.5)
    more_data: str = "ignore = 255"

    def write(self) -> Path:
        """Everything on disk; returns the path of experiment.toml."""
        for place, picture in enumerate(held_out(self.items)[0]):
            mask = np.digitize(picture, BOUNDS).astype(np.uint8)
            mask[0, :] = 255
            for name, content in (("given", picture), ("masks", mask)):
                (self.folder / name).mkdir(parents=True, exist_ok=True)
                Image.fromarray(content, "L").save(self.folder / name / f"d{place:03}.png")
        write_thresholds(self.folder / RIGHT, BOUNDS[0] - 0.5, BOUNDS[1] - 0.5)
        write_thresholds(self.folder / OFF, *self.off)
        path = self.folder / "experiment.toml"
        path.write_text(f"""\
name = "strokes"
question = "Does it still find strokes?"
[data]
task = "segmentation"
inputs = "given"
references = "masks"
classes = ["paper", "edge", "stroke"]
{self.more_data}
[[arms]]
name = "right"
role = "baseline"
model = "{RIGHT}"
runtime = "onnxruntime"
[[arms]]
name = "off"
role = "candidate"
model = "{OFF}"
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
gates.max_wait_s = 0.0
[[rules]]
quantity = "mean_iou"
no_worse_than = "1 point"
""")
        return path
