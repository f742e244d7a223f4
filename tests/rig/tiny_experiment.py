"""A whole experiment small enough to run in seconds: two ×2 upscalers of a few weights, and little pictures.

The baseline doubles pixels; the candidate doubles them and blurs, so its quality is truly worse on anything with edges.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from harness.tasks.image_file import write_image

DOUBLE = "double.onnx"
BLUR = "blur.onnx"
WORK_CHANNELS = 24
"""Width of a convolution that only spends time, so that a block is not all overhead."""


def write_upscaler(
    path: Path,
    *,
    blur: float = 0.0,
    scale: int = 2,
    opset: int = 13,
    operator: str = "Resize",
    channels: int = WORK_CHANNELS,
) -> Path:
    """(1, 3, h, w) float32 in 0..1 → (1, 3, scale·h, scale·w): nearest, then a 3×3 blur of the given strength."""
    kernel = np.zeros((3, 3, 3, 3), np.float32)
    for channel in range(3):
        kernel[channel, channel] = blur / 9.0
        kernel[channel, channel, 1, 1] += 1.0 - blur
    spread = np.zeros((channels, 3, 3, 3), np.float32)
    gather = np.zeros((3, channels, 1, 1), np.float32)
    for channel in range(3):
        spread[channel, channel, 1, 1] = 1.0
        gather[channel, channel] = 1.0
    weights = {
        "kernel": kernel,
        "spread": spread,
        "gather": gather,
        "scales": np.array([1, 1, scale, scale], np.float32),
    }
    nodes = [
        helper.make_node("Conv", ["lr", "spread"], ["wide"], pads=[1, 1, 1, 1]),
        helper.make_node("Conv", ["wide", "gather"], ["narrow"]),
        helper.make_node(
            operator, ["narrow", "", "scales"], ["large"],
            mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor",
        ),
        helper.make_node("Conv", ["large", "kernel"], ["sr"], pads=[1, 1, 1, 1]),
    ]  # fmt: skip
    graph = helper.make_graph(
        nodes,
        "upscaler",
        [helper.make_tensor_value_info("lr", TensorProto.FLOAT, [1, 3, "h", "w"])],
        [helper.make_tensor_value_info("sr", TensorProto.FLOAT, [1, 3, "h2", "w2"])],
        [numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path


def write_failing_upscaler(path: Path) -> Path:
    """Opens in every runtime and fails on every picture: it reshapes to a size that no picture here has."""
    shape = numpy_helper.from_array(np.array([1, 3, 7, 11], np.int64), "shape")
    graph = helper.make_graph(
        [helper.make_node("Reshape", ["lr", "shape"], ["sr"])],
        "failing",
        [helper.make_tensor_value_info("lr", TensorProto.FLOAT, [1, 3, "h", "w"])],
        [helper.make_tensor_value_info("sr", TensorProto.FLOAT, [1, 3, "h2", "w2"])],
        [shape],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path


def write_pictures(folder: Path, names: list[str], *, size: int = 24, seed: int = 0) -> None:
    """`lr/` and `hr/`: blocks of colour with some noise; the small one is every second pixel."""
    source = np.random.default_rng(seed)
    for name in names:
        blocks = np.kron(source.integers(0, 256, (size // 6, size // 6, 3)), np.ones((12, 12, 1)))
        large = np.clip(blocks + source.normal(0, 6, blocks.shape), 0, 255).astype(np.uint8)
        write_image(folder / "hr" / f"{name}.png", large)
        write_image(folder / "lr" / f"{name}.png", np.ascontiguousarray(large[::2, ::2]))


@dataclass
class TinyExperiment:
    """Files of an experiment in a folder; change the attributes, then `write`."""

    folder: Path
    names: list[str] = field(default_factory=lambda: [f"picture{n}" for n in range(4)])
    baseline: str = DOUBLE
    candidate: str = BLUR
    candidate_runtime: str = "onnxruntime"
    measure: dict[str, Any] = field(
        default_factory=lambda: {
            "design": "fixed",
            "pairs": 6,
            "launches": 2,
            "block_ms": 5.0,
            "reference_ms": 0.5,
            "gates.max_wait_s": 0.0,
            "gates.cool_wait_s": 0.0,
            "gates.cool_first_s": 0.0,
            "settle_ms": 0.0,
            "memory_repeats": 2,
            "min_items": 2,  # it has four
            "seed": 7,
            "metrics": ["psnr", "psnr_y", "ssim"],
        }
    )
    rules: list[dict[str, str]] = field(
        default_factory=lambda: [
            {"quantity": "psnr_y", "no_worse_than": "0.1 dB"},
            {"quantity": "latency_p50", "no_worse_than": "50 %"},
        ]
    )
    candidate_settings: list[str] = field(default_factory=list)
    """More lines of the candidate's table."""
    name: str = "tiny"
    scale: int = 2
    picture_size: int = 24
    """Of the inputs, in pixels; the references are twice as high and wide."""

    def write(self) -> Path:
        """Everything on disk; returns the path of experiment.toml."""
        self.folder.mkdir(parents=True, exist_ok=True)
        write_upscaler(self.folder / DOUBLE)
        write_upscaler(self.folder / BLUR, blur=0.8)
        write_pictures(self.folder, self.names, size=self.picture_size)
        lines = [
            f"name = {json.dumps(self.name, ensure_ascii=False)}",
            'question = "Is it as good?"',
            "[data]",
            'inputs = "lr"',
            'references = "hr"',
            f"scale = {self.scale}",
        ]
        for role, model in (("baseline", self.baseline), ("candidate", self.candidate)):
            lines += [
                "[[arms]]",
                f"name = {json.dumps(role)}",
                f'role = "{role}"',
                f"model = {json.dumps(model, ensure_ascii=False)}",
                f'runtime = "{self.candidate_runtime if role == "candidate" else "onnxruntime"}"',
                *(self.candidate_settings if role == "candidate" else []),
            ]
        lines += ["[measure]", *(f"{key} = {json.dumps(value)}" for key, value in self.measure.items())]
        for rule in self.rules:
            lines += ["[[rules]]", *(f"{key} = {json.dumps(value)}" for key, value in rule.items())]
        path = self.folder / "experiment.toml"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path
