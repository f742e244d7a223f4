"""A model file on the host: its format, its hash, and what it says of its tensors."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from harness.errors import UserError
from harness.models.tensor_info import TensorInfo
from harness.plain_file import read_plain_file

Format = Literal["onnx", "tflite"]
MOST_BYTES: Final = 4 << 30
"""Neither format can be larger: both count in 31 or 32 bits."""


@dataclass(frozen=True)
class ModelFile:
    """One model file, read once."""

    path: Path
    format: Format
    sha256: str
    bytes: int
    inputs: list[TensorInfo]
    outputs: list[TensorInfo]


def read_model(path: Path) -> ModelFile:
    """Read a model's description. Raises `UserError` where the file is missing, cut or not a model."""
    from harness.models.onnx_file import OnnxFormatError, read_onnx
    from harness.models.tflite_file import IDENTIFIER, TfliteFormatError, read_tflite

    try:
        content = read_plain_file(path, most_bytes=MOST_BYTES)
    except FileNotFoundError:
        raise UserError(f"{path}: no such model file") from None
    except OSError as error:
        raise UserError(f"{path}: the model cannot be read: {error.strerror}") from None
    if not content:
        raise UserError(f"{path}: the model file is empty")
    suffix = path.suffix.lower()
    # The content decides where it can: a .tflite file carries a mark, an .onnx file does not.
    model_format: Format = "tflite" if content[4:8] == IDENTIFIER or suffix == ".tflite" else "onnx"
    if model_format == "onnx" and suffix != ".onnx":
        raise UserError(f"{path}: is neither .onnx nor .tflite", "Export the model to one of these formats first.")
    try:
        inputs, outputs = read_tflite(content) if model_format == "tflite" else read_onnx(content)
    except (TfliteFormatError, OnnxFormatError) as error:
        raise UserError(f"{path}: the model cannot be used: {error}") from None
    if not inputs or not outputs:
        raise UserError(f"{path}: the model has {len(inputs)} inputs and {len(outputs)} outputs")
    return ModelFile(
        path=path,
        format=model_format,
        sha256=hashlib.sha256(content).hexdigest(),
        bytes=len(content),
        inputs=inputs,
        outputs=outputs,
    )
