"""Two models compared in a test, as the command compares them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx

from harness.commands.parity.compare_models import Asked, compare_models
from harness.documents.parity import Parity


def compared(original: Any, converted: Any, folder: Path, items: list[dict[str, Any]]) -> Parity:
    """Through files, and with these inputs."""
    left, right = folder / "original.onnx", folder / "converted.onnx"
    onnx.save(original, left)
    onnx.save(converted, right)
    given = folder / "inputs"
    given.mkdir(exist_ok=True)
    for place, item in enumerate(items):
        np.save(given / f"{place}.npy", next(iter(item.values())))
    return compare_models(Asked(left, right, given, len(items)), lambda _: None)
