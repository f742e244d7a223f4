"""Two models compared in a test, as the command compares them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx

from harness.commands.parity.compare_models import Asked, compare_models
from harness.documents.parity import Parity


def compared(original: Any, converted: Any, folder: Path, items: list[dict[str, Any]]) -> Parity:
    """Through files, and with these inputs. Models are those of ONNX, or bytes of .tflite files."""
    left, right = saved(original, folder, "original"), saved(converted, folder, "converted")
    given = folder / "inputs"
    given.mkdir(exist_ok=True)
    for place, item in enumerate(items):
        np.save(given / f"{place}.npy", next(iter(item.values())))
    return compare_models(Asked(left, right, given, len(items)), lambda _: None)


def saved(model: Any, folder: Path, name: str) -> Path:
    if isinstance(model, bytes):
        path = folder / f"{name}.tflite"
        path.write_bytes(model)
    else:
        path = folder / f"{name}.onnx"
        onnx.save(model, path)
    return path
