"""What the runner asks of TensorFlow Lite's interpreter, and no more.

`STUB_KEEPS`: bytes that it keeps of every 1000 inferences; `STUB_KEEPS_AT_MOST`: where it stops.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Interpreter:
    def __init__(self, *, model_path: str, num_threads: int) -> None:
        self._keeps = int(os.environ.get("STUB_KEEPS", "0"))
        self._most = int(os.environ.get("STUB_KEEPS_AT_MOST", str(1 << 60))) // max(1, self._keeps)
        self._kept: list[bytes] = []
        self._done = 0

    def allocate_tensors(self) -> None:
        pass

    def get_input_details(self) -> list[dict[str, Any]]:
        return [self._details("x", 0)]

    def get_output_details(self) -> list[dict[str, Any]]:
        return [self._details("y", 1)]

    def set_tensor(self, index: int, array: NDArray[np.float32]) -> None:
        pass

    def get_tensor(self, index: int) -> NDArray[np.float32]:
        return np.zeros((1, 4), np.float32)

    def invoke(self) -> None:
        self._done += 1
        if self._done % 1000 == 0 and self._keeps and len(self._kept) < self._most:
            self._kept.append(b"\x01" * self._keeps)  # not zeros: pages of those are never touched

    @staticmethod
    def _details(name: str, index: int) -> dict[str, Any]:
        return {
            "name": name, "index": index, "dtype": np.float32, "shape": np.array([1, 4]),
            "shape_signature": np.array([1, 4]),
            "quantization_parameters": {"scales": np.array([]), "zero_points": np.array([])},
        }  # fmt: skip
