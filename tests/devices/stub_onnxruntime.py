"""The stub of ONNX Runtime's library, built for this machine."""

from __future__ import annotations

from pathlib import Path

from tests.devices.built_library import built_library


def stub_onnxruntime() -> Path:
    """Skips the test where no compiler is at hand."""
    return built_library("stub_onnxruntime.c")
