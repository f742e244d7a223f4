"""ONNX Runtime as the metrics use it: on the CPU, quiet, without telemetry, and with memory that all sessions share."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

_MUCH_SMALLER = 4
"""An input so many times smaller than the largest before it is one of another set: memory goes back."""
_TURNS = threading.Lock()
"""One image goes through a network at a time, with every thread that there is for it: two at once take twice the
memory.
"""
_AS_ASKED_FOR = 1
"""The arena grows by what is asked for, where by itself it would double."""


class OnnxSession:
    """One graph of float32 tensors, ready to run on images of any size."""

    def __init__(self, model: bytes, threads: int | None = None) -> None:
        """Open a serialised ONNX model that uses so many threads; None is one per core."""
        onnxruntime = _runtime()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or os.cpu_count() or 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # Memory patterns are kept for each input size, of which a set of images may have hundreds.
        options.enable_mem_pattern = False
        options.add_session_config_entry("session.use_env_allocators", "1")
        # Two graphs take turns: threads of one that spin after its run would steal cores from the other.
        options.add_session_config_entry("session.force_spinning_stop", "1")
        self._session: Any = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self._shrinking: Any = onnxruntime.RunOptions()
        self._shrinking.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
        self._largest_bytes = 0

    def run(self, outputs: Sequence[str], inputs: Mapping[str, NDArray[np.float32]]) -> list[NDArray[np.float32]]:
        """The named outputs for these inputs; called from several threads, they take turns."""
        with _TURNS:
            results = self._session.run(list(outputs), dict(inputs), self._options(inputs))
            # Copies, since what is kept in the arena would be in the way of what is computed there next.
            return [np.array(each) for each in results]

    def _options(self, inputs: Mapping[str, NDArray[np.float32]]) -> Any:
        """Memory is kept from one run to the next, since to have its pages anew costs as much as a convolution; but one
        large image is not to hold it for the rest of a set.
        """
        size = sum(each.nbytes for each in inputs.values())
        is_much_smaller = size * _MUCH_SMALLER < self._largest_bytes
        self._largest_bytes = size if is_much_smaller else max(size, self._largest_bytes)
        return self._shrinking if is_much_smaller else None


@cache
def _runtime() -> Any:
    """ONNX Runtime, with one arena for the sessions of this process that ask for it."""
    # onnxruntime ≥ 1.29 on Linux starts telemetry with its import; only this variable keeps it from starting.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    if hasattr(onnxruntime, "disable_telemetry_events"):
        onnxruntime.disable_telemetry_events()
    memory = onnxruntime.OrtMemoryInfo(
        "Cpu", onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, onnxruntime.OrtMemType.DEFAULT
    )
    arena = onnxruntime.OrtArenaCfg({"arena_extend_strategy": _AS_ASKED_FOR})
    onnxruntime.create_and_register_allocator(memory, arena)
    return onnxruntime
