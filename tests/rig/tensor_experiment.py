"""An experiment on tensors, small enough to run in seconds: two inputs, two outputs, and arms that name them otherwise.

The baseline puts out the sum and the product of its inputs. The candidate takes its inputs in the other order, calls
them and its outputs by other names, and its sum is too large by 1 %: its SNR there is 40 dB, exactly.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper

EXACT, OFF = "exact.onnx", "off.onnx"
FACTOR = 1.01
SHAPE = (2, 3)


def write_model(path: Path, inputs: tuple[str, str], outputs: tuple[str, str], factor: float = 1.0) -> Path:
    """Two (n, 3) float32 inputs → `factor` times their sum, and their product."""
    nodes = [
        helper.make_node("Add", list(inputs), ["plain"]),
        helper.make_node("Mul", ["plain", "factor"], [outputs[0]]),
        helper.make_node("Mul", list(inputs), [outputs[1]]),
    ]
    infos = [
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 3]) for name in names]
        for names in (inputs, outputs)
    ]
    weights = [numpy_helper.from_array(np.array(factor, np.float32), "factor")]
    graph = helper.make_graph(nodes, "sums", *infos, weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path


def write_wide_model(path: Path, gain_name: str) -> Path:
    """x (n, 3) and a scalar gain → `debug`, which differs from any reference, and `out`, the gain times x plus y."""
    infos = [
        [
            helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3]),
            helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 3]),
            helper.make_tensor_value_info(gain_name, TensorProto.FLOAT, []),
        ],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 3]) for name in ("sum", "out")],
    ]
    nodes = [
        helper.make_node("Add", ["x", "y"], ["plain"]),
        helper.make_node("Sub", ["x", "y"], ["sum"]),
        helper.make_node("Mul", ["plain", gain_name], ["out"]),
    ]
    graph = helper.make_graph(nodes, "wide", *infos)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path


def save(path: Path, tensor: np.ndarray) -> None:
    """As numpy writes it, folders and all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, tensor)


def write_items(folder: Path, stems: list[str]) -> None:
    """`given/STEM/{x,y}.npy`, and `wanted/STEM/{sum,product}.npy`, whole numbers so that sums are exact."""
    source = np.random.default_rng(0)
    for stem in stems:
        x, y = source.integers(1, 100, (2, *SHAPE)).astype(np.float32)
        for name, tensor in (("x", x), ("y", y)):
            save(folder / "given" / stem / f"{name}.npy", tensor)
        for name, tensor in (("sum", x + y), ("product", x * y)):
            save(folder / "wanted" / stem / f"{name}.npy", tensor)


@dataclass
class TensorExperiment:
    """Files of an experiment in a folder; change the attributes, then `write`."""

    folder: Path
    stems: list[str] = field(default_factory=lambda: ["one", "three", "two"])
    pairs: int = 3
    candidate_tensor: str = (
        'tensor = { inputs = { left = "x", right = "y" }, outputs = { total = "sum", times = "product" } }'
    )

    def write(self) -> Path:
        """Everything on disk; returns the path of experiment.toml."""
        self.folder.mkdir(parents=True, exist_ok=True)
        write_model(self.folder / EXACT, ("x", "y"), ("sum", "product"))
        write_model(self.folder / OFF, ("right", "left"), ("total", "times"), FACTOR)
        write_items(self.folder, self.stems)
        path = self.folder / "experiment.toml"
        path.write_text(f"""\
name = "sums"
question = "Is it as exact?"
[data]
task = "tensors"
inputs = "given"
references = "wanted"
[[arms]]
name = "exact"
role = "baseline"
model = "{EXACT}"
runtime = "onnxruntime"
[[arms]]
name = "off"
role = "candidate"
model = "{OFF}"
runtime = "onnxruntime"
{self.candidate_tensor}
[measure]
design = "fixed"
pairs = {self.pairs}
launches = 2
block_ms = 2.0
reference_ms = 0.5
settle_ms = 0.0
memory_repeats = 1
min_items = 2
seed = 7
gates.max_wait_s = 0.0
[[rules]]
quantity = "cosine_similarity"
at_least = 0.999
[[rules]]
quantity = "snr"
at_least = "50 dB"
""")
        return path
