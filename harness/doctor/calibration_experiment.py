"""The experiment of a calibration: one model against itself, on one picture, for about so many minutes."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from harness.errors import UserError

if TYPE_CHECKING:
    from harness.experiment.file import ExperimentFile

BLOCK_MS: Final = 250.0
"""As experiments have it where they say nothing, so that what is found holds for them."""
_SETTLE_MS: Final = 20.0
_REFERENCE_MS: Final = 5.0
_AROUND_BLOCK_MS: Final = 20.0
"""Lead-in, looks at the machine and words between processes, roughly."""
FEWEST_PAIRS: Final = 8
"""Fewer show neither a spread nor a drift."""
_MOST_PAIRS: Final = 10_000
_SIDE: Final = 96
"""Of the picture in pixels, for a model that takes any size."""
_CHANNELS: Final = 24


@dataclass(frozen=True)
class CalibrationModel:
    """Which model, in which runtime. Without a file: a small convolution of bakeoff's own."""

    path: Path | None = None
    runtime: str = "onnxruntime"
    scale: int | None = None
    """How many times larger its pictures are than its inputs; None: what its file says."""


def write_calibration(folder: Path, model: CalibrationModel, minutes: float) -> ExperimentFile:
    """Model, picture and experiment.toml in a folder. Raises `UserError` for a model that cannot be used."""
    import numpy as np

    from harness.doctor.output_scale import output_scale
    from harness.experiment.file import read_experiment
    from harness.models.model_file import read_model
    from harness.tasks.image_file import write_image
    from harness.tasks.image_to_image.codec import make_codec
    from harness.tasks.image_to_image.options import Tensor

    path = model.path.absolute() if model.path is not None else write_convolution(folder / "bakeoff-convolution.onnx")
    described = read_model(path)
    codec = make_codec(described, Tensor())
    height, width = _sides(codec.input.shape, codec.input_layout)
    scale = model.scale or output_scale(described, codec, (height, width))
    if scale is None:
        raise UserError(
            f"{path}: does not say how large its pictures are", "Say how many times larger they are, with --scale."
        )
    source = np.random.default_rng(0)
    for name, factor in (("inputs", 1), ("references", scale)):
        picture = source.integers(0, 256, (height * factor, width * factor, 3)).astype(np.uint8)
        write_image(folder / name / "noise.png", picture)
    experiment = folder / "experiment.toml"
    experiment.write_text(_toml(path, model.runtime, scale, minutes), encoding="utf-8")
    return read_experiment(experiment)


def write_convolution(path: Path) -> Path:
    """An ONNX model, the same bytes each time: (1, 3, 96, 96) float32 → the same shape, by three 3×3 convolutions."""
    import numpy as np
    from onnx import TensorProto, helper, numpy_helper

    source = np.random.default_rng(0)
    shapes = {"first": (_CHANNELS, 3, 3, 3), "second": (_CHANNELS, _CHANNELS, 3, 3), "third": (3, _CHANNELS, 3, 3)}
    weights = [
        numpy_helper.from_array(source.normal(0.0, 0.1, shape).astype(np.float32), name)
        for name, shape in shapes.items()
    ]
    names = ["picture", "wide", "deep", "result"]
    nodes = [
        helper.make_node("Conv", [before, weight], [after], pads=[1, 1, 1, 1])
        for before, weight, after in zip(names, shapes, names[1:], strict=False)
    ]
    first, last = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 3, _SIDE, _SIDE]) for name in (names[0], names[-1])
    )
    graph = helper.make_graph(nodes, "calibration", [first], [last], weights)
    # What phones' older runtimes open too.
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    path.write_bytes(model.SerializeToString(deterministic=True))
    return path


def pairs_in(minutes: float) -> int:
    """How many pairs of blocks fit into so many minutes, roughly."""
    pair_s = 2 * (BLOCK_MS + _SETTLE_MS + _REFERENCE_MS + _AROUND_BLOCK_MS) / 1e3
    return min(max(FEWEST_PAIRS, round(60.0 * minutes / pair_s)), _MOST_PAIRS)


def _sides(shape: list[int | str | None], layout: str) -> tuple[int, int]:
    height, width = shape[2:4] if layout == "NCHW" else shape[1:3]
    return _side(height), _side(width)


def _side(size: int | str | None) -> int:
    return size if isinstance(size, int) and size > 0 else _SIDE


def _toml(model: Path, runtime: str, scale: int, minutes: float) -> str:
    arms = "".join(
        f"[[arms]]\nname = {_quoted(name)}\nrole = {_quoted(role)}\nmodel = {_quoted(os.fspath(model))}\n"
        f"runtime = {_quoted(runtime)}\n"
        for name, role in (("one", "baseline"), ("the same", "candidate"))
    )
    wait_s = min(30.0, 15.0 * minutes)
    return (
        'name = "calibration"\nquestion = "By how much do two equal builds differ here?"\n'
        f'[data]\ninputs = "inputs"\nreferences = "references"\nscale = {scale}\n{arms}'
        f'[measure]\ndesign = "fixed"\npairs = {pairs_in(minutes)}\nblock_ms = {BLOCK_MS}\nsettle_ms = {_SETTLE_MS}\n'
        f"reference_ms = {_REFERENCE_MS}\nmemory_repeats = 0\nmetrics = []\nseed = 1\n"
        # A model or a device that is slower than reckoned ends at a bound instead of at its last pair.
        f"max_minutes = {2.0 * minutes + 2.0}\n"
        f"[measure.gates]\nmax_wait_s = {min(5.0, wait_s)}\nmax_wait_total_s = {wait_s}\n"
        '[[rules]]\nquantity = "latency_p50"\nno_worse_than = "5 %"\n'
    )


def _quoted(text: str) -> str:
    """A TOML basic string."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
