"""A model file on the host: its format, its hash, and what it says of its tensors."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from harness.errors import UserError
from harness.models.model_format import ModelFormat, ModelFormatError
from harness.models.registry import READERS
from harness.models.tensor_info import TensorInfo
from harness.plain_file import read_plain_file

MOST_BYTES: Final = 4 << 30
"""Neither format can be larger: both count in 31 or 32 bits."""


@dataclass(frozen=True)
class ModelFile:
    """One model file, read once."""

    path: Path
    format: ModelFormat
    sha256: str
    bytes: int
    inputs: list[TensorInfo]
    outputs: list[TensorInfo]


def read_model(path: Path) -> ModelFile:
    """Read a model's description. Raises `UserError` where the file is missing, cut or not a model."""
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
    reader = next((each for each in READERS.values() if each.is_marked(content)), None)
    reader = reader or next((each for each in READERS.values() if each.suffix == suffix), None)
    if reader is None:
        known = " nor ".join(each.suffix for each in READERS.values())
        raise UserError(f"{path}: is neither {known}", "Export the model to one of these formats first.")
    try:
        inputs, outputs = reader.read(path, content)
    except ModelFormatError as error:
        raise UserError(f"{path}: the model cannot be used: {error}") from None
    except ValidationError as error:  # a tensor beyond what a `TensorInfo` may hold
        first = error.errors(include_url=False, include_input=False)[0]
        told = f"a tensor's {'.'.join(map(str, first['loc']))}: {first['msg']}"
        raise UserError(f"{path}: the model cannot be used: {told}", "It is damaged; export it again.") from None
    if not inputs or not outputs:
        raise UserError(f"{path}: the model has {len(inputs)} inputs and {len(outputs)} outputs")
    return ModelFile(
        path=path,
        format=reader.format,
        sha256=hashlib.sha256(content).hexdigest(),
        bytes=len(content),
        inputs=inputs,
        outputs=outputs,
    )
