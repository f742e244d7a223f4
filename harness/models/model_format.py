"""What a model's format is called, and how a file of it is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from harness.models.tensor_info import TensorInfo

ModelFormat = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")]
"""Such as `onnx`, `tflite`: a name of `harness.models.registry.READERS` at the time of the run."""


class ModelFormatError(ValueError):
    """The file is not a whole model of its format; says what is wrong with it."""


@dataclass(frozen=True)
class ModelReader:
    """How files of one format are known and read, without a runtime."""

    format: ModelFormat
    suffix: str
    """With its dot, in lower case."""
    is_marked: Callable[[bytes], bool]
    """Whether the content itself says that it is of this format."""
    read: Callable[[Path, bytes], tuple[list[TensorInfo], list[TensorInfo]]]
    """A path and its content → inputs and outputs. Raises `ModelFormatError`."""
    inferred_shape: Callable[[Path, str, list[int]], list[int]] | None = None
    """A path, the name of an output and the shape of the only input → the output's shape, empty where it does not
    follow; None for a format that has no inference of shapes.
    """
    with_static_shapes: Callable[[Path, dict[str, list[int]]], bytes] | None = None
    """A path and the sizes of its inputs by name → the same model with these sizes fixed, and all that follows from
    them. Raises `ModelFormatError`. None for a format that has no such copy.
    """
