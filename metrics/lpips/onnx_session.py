"""ONNX Runtime as the metrics use it: on the CPU, quiet, without telemetry, and giving memory back."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


class OnnxSession:
    """One graph of float32 tensors, ready to run on images of any size."""

    def __init__(self, model: bytes, threads: int | None = None) -> None:
        """Open a serialised ONNX model; `threads` None is one per core."""
        # onnxruntime ≥ 1.29 on Linux starts telemetry with its import; only this variable keeps it from starting.
        os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
        import onnxruntime

        if hasattr(onnxruntime, "disable_telemetry_events"):
            onnxruntime.disable_telemetry_events()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or os.cpu_count() or 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # Memory patterns are kept for each input size, of which a set of images may have hundreds.
        options.enable_mem_pattern = False
        # Two graphs take turns: threads of one that spin after its run would steal cores from the other.
        options.add_session_config_entry("session.force_spinning_stop", "1")
        self._session: Any = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        # The arena makes large feature maps cheap to allocate; shrinking it after each run keeps one large image from
        # holding its memory for the rest of the run.
        self._run_options: Any = onnxruntime.RunOptions()
        self._run_options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")

    def run(self, outputs: Sequence[str], inputs: Mapping[str, NDArray[np.float32]]) -> list[NDArray[np.float32]]:
        """The named outputs for these inputs."""
        results: list[NDArray[np.float32]] = self._session.run(list(outputs), dict(inputs), self._run_options)
        return results
