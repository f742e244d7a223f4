"""Classifiers of handwritten digits, trained here in a second on what ships with scikit-learn, and written as ONNX.

Inputs are 8×8 grey pictures. The second build of a classifier has its weights in a few levels, as a quantised one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

FLOAT, QUANTISED = "float.onnx", "int8.onnx"
NAMES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
_TRAINED = 1200


@cache
def trained() -> list[np.ndarray]:
    """Weights and biases of two layers, 64 → 32 → 10, of pictures of 0 to 1."""
    from sklearn.neural_network import MLPClassifier

    pictures, labels = digits()
    model = MLPClassifier((32,), max_iter=60, random_state=0, learning_rate_init=0.01, n_iter_no_change=60, tol=0.0)
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it could be trained for longer
        model.fit(pictures[:_TRAINED].reshape(_TRAINED, -1) / 255.0, labels[:_TRAINED])
    return [each.astype(np.float32) for pair in zip(model.coefs_, model.intercepts_, strict=True) for each in pair]


@cache
def digits() -> tuple[np.ndarray, np.ndarray]:
    """uint8 (1797, 8, 8) and their digits, shuffled by a fixed seed."""
    from sklearn.datasets import load_digits

    found = load_digits()
    order = np.random.default_rng(5).permutation(len(found.target))
    return np.rint(found.images * 255.0 / 16.0).astype(np.uint8)[order], found.target[order]


def held_out(count: int) -> tuple[np.ndarray, np.ndarray]:
    """So many that no model was trained on."""
    pictures, labels = digits()
    return pictures[_TRAINED : _TRAINED + count], labels[_TRAINED : _TRAINED + count]


def write_classifier(
    path: Path,
    *,
    levels: int | None = None,
    softmax: bool = False,
    order: list[int] | None = None,
    aux: bool = False,
) -> Path:
    """(1, 1, 8, 8) float32 of 0 to 1 → (1, 10) scores. `levels`: of its weights, as int8. `order`: which digit each
    output is. `aux`: the hidden layer is put out first.
    """
    first, first_bias, second, second_bias = trained()
    if order is not None:
        second, second_bias = second[:, order], second_bias[order]
    weights = [numpy_helper.from_array(first_bias, "b1"), numpy_helper.from_array(second_bias, "b2")]
    nodes = []
    for name, matrix in (("w1", first), ("w2", second)):
        if levels is None:
            weights.append(numpy_helper.from_array(matrix, name))
            continue
        scale = np.float32(2.0 * np.abs(matrix).max() / levels)
        whole = np.clip(np.rint(matrix / scale), -127, 127).astype(np.int8)
        weights += [
            numpy_helper.from_array(whole, f"{name}_levels"),
            numpy_helper.from_array(np.array(scale), f"{name}_scale"),
        ]
        nodes.append(helper.make_node("DequantizeLinear", [f"{name}_levels", f"{name}_scale"], [name]))
    nodes += [
        helper.make_node("Flatten", ["picture"], ["flat"]),
        helper.make_node("Gemm", ["flat", "w1", "b1"], ["wide"]),
        helper.make_node("Relu", ["wide"], ["hidden"]),
        helper.make_node("Gemm", ["hidden", "w2", "b2"], ["logits" if softmax else "scores"]),
    ]
    if softmax:
        nodes.append(helper.make_node("Softmax", ["logits"], ["scores"], axis=1))
    outputs = [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, 10])]
    if aux:
        outputs.insert(0, helper.make_tensor_value_info("hidden", TensorProto.FLOAT, [1, 32]))
    graph = helper.make_graph(
        nodes, "digits", [helper.make_tensor_value_info("picture", TensorProto.FLOAT, [1, 1, 8, 8])], outputs, weights
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path


@dataclass
class DigitsExperiment:
    """Files of an experiment in a folder; change the attributes, then `write`."""

    folder: Path
    items: int = 120
    in_folders: bool = False
    """Pictures in folders that are called as their class, and no CSV."""
    levels: int = 14
    pairs: int = 3
    labels: str = "labels.csv"
    tensor: str = f"classes = {NAMES}".replace("'", '"')
    more_data: str = ""
    rules: list[str] = field(default_factory=lambda: ['quantity = "top1"\nno_worse_than = "10 points"'])
    metrics: list[str] = field(
        default_factory=lambda: ["top1", "top5", "class_accuracy", "brier_score", "calibration_error"]
    )

    def write_items(self) -> None:
        """The pictures, and their labels."""
        lines = ["item,label"]
        for place, (picture, digit) in enumerate(zip(*held_out(self.items), strict=True)):
            name = NAMES[int(digit)]
            home = self.folder / "given" / (name if self.in_folders else "")
            home.mkdir(parents=True, exist_ok=True)
            Image.fromarray(picture, "L").save(home / f"d{place:03}.png")
            lines.append(f"d{place:03},{name}")
        if not self.in_folders:
            (self.folder / self.labels).write_text("\n".join(lines) + "\n")

    def write_models(self) -> None:
        """Both builds."""
        write_classifier(self.folder / FLOAT)
        write_classifier(self.folder / QUANTISED, levels=self.levels)

    def write(self) -> Path:
        """Everything on disk; returns the path of experiment.toml."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.write_items()
        self.write_models()
        return self.write_toml()

    def write_toml(self) -> Path:
        """The experiment alone."""
        labels = "" if self.in_folders else f'labels = "{self.labels}"\n'
        rules = "\n".join(f"[[rules]]\n{rule}" for rule in self.rules)
        metrics = str(self.metrics).replace("'", '"')
        path = self.folder / "experiment.toml"
        path.write_text(f"""\
name = "digits"
question = "Does it still read digits?"
[data]
task = "classification"
inputs = "given"
{labels}{self.more_data}
[data.tensor]
{self.tensor}
[[arms]]
name = "float"
role = "baseline"
model = "{FLOAT}"
runtime = "onnxruntime"
[[arms]]
name = "int8"
role = "candidate"
model = "{QUANTISED}"
runtime = "onnxruntime"
[measure]
design = "fixed"
pairs = {self.pairs}
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
