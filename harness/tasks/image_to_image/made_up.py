"""A small convolution and a picture of noise, for calibrating a device."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from harness.errors import UserError

if TYPE_CHECKING:
    from harness.models.model_file import ModelFile

_SIDE: Final = 96
"""The side of the picture in pixels, for a model that takes any size."""
_CHANNELS: Final = 24


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


def write_noise(folder: Path, model: ModelFile, scale: int | None) -> str:
    """A picture of noise and its reference below `folder`, and the table [data]. Raises `UserError` for a model that
    takes no picture, and where `scale` is None and the model's file does not say it.
    """
    import numpy as np

    from harness.tasks.image_file import write_image
    from harness.tasks.image_to_image.codec import make_codec
    from harness.tasks.image_to_image.options import Tensor
    from harness.tasks.image_to_image.output_scale import output_scale

    codec = make_codec(model, Tensor())
    height, width = _sides(codec.input.shape, codec.input_layout)
    scale = scale or output_scale(model, codec, (height, width))
    if scale is None:
        raise UserError(
            f"{model.path}: does not say how large its pictures are",
            "Say how many times larger they are, with --scale.",
        )
    source = np.random.default_rng(0)
    for name, factor in (("inputs", 1), ("references", scale)):
        picture = source.integers(0, 256, (height * factor, width * factor, 3)).astype(np.uint8)
        write_image(folder / name / "noise.png", picture)
    return f'[data]\ninputs = "inputs"\nreferences = "references"\nscale = {scale}\n'


def _sides(shape: list[int | str | None], layout: str) -> tuple[int, int]:
    height, width = shape[2:4] if layout == "NCHW" else shape[1:3]
    return _side(height), _side(width)


def _side(size: int | str | None) -> int:
    return size if isinstance(size, int) and size > 0 else _SIDE
