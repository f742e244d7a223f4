"""How many times larger a model's picture is than the one it is given, where its file can say it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.models.model_file import ModelFile
    from harness.tasks.image_to_image.codec import Codec


def output_scale(model: ModelFile, codec: Codec, size: tuple[int, int]) -> int | None:
    """The factor of height and of width for a picture of (height, width); None where the file does not say it, and
    where it is no whole number.
    """
    shape: Sequence[int | str | None] = codec.output.shape
    if not _are_known(shape) and model.format == "onnx":
        shape = _inferred(model.path, codec.output.name, codec.input_shape(size))
    if len(shape) != 4 or not _are_known(shape):
        return None
    sides = shape[2:] if codec.output_layout == "NCHW" else shape[1:3]
    factors = {divmod(int(side or 0), given) for side, given in zip(sides, size, strict=True)}
    (factor, rest), *others = factors
    return factor if not others and rest == 0 and factor > 0 else None


def _inferred(path: Path, output: str, input_shape: list[int]) -> list[int]:
    """By ONNX's own inference of shapes, with the input's fixed; empty where it finds none."""
    import onnx

    model = onnx.load(path, load_external_data=False)
    constants = {each.name for each in model.graph.initializer}
    given = next(each for each in model.graph.input if each.name not in constants)
    for dimension, value in zip(given.type.tensor_type.shape.dim, input_shape, strict=False):
        dimension.dim_value = value
    for each in model.graph.output:
        for dimension in each.type.tensor_type.shape.dim:
            if not dimension.HasField("dim_value"):
                dimension.Clear()
    try:
        model = onnx.shape_inference.infer_shapes(model, data_prop=True)
    except (onnx.shape_inference.InferenceError, ValueError):
        return []
    found = next((each for each in model.graph.output if each.name == output), None)
    return [] if found is None else [dimension.dim_value for dimension in found.type.tensor_type.shape.dim]


def _are_known(shape: Sequence[int | str | None]) -> bool:
    return all(isinstance(side, int) and side > 0 for side in shape)
