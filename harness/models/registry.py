"""All formats of models."""

from __future__ import annotations

from typing import Final

from harness.models.model_format import ModelReader
from harness.models.onnx_file import ONNX
from harness.models.tflite_file import TFLITE

READERS: Final[dict[str, ModelReader]] = {reader.format: reader for reader in (ONNX, TFLITE)}
"""Name of a format → its reader."""
