"""The runtimes that this runner can drive, by name: a module each of which a worker imports only its own."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from devices.python_runner.runtimes.adapter import Adapter

ADAPTERS = {
    "ai-edge-litert": ("litert", "litert"),
    "onnxruntime": ("onnxruntime", "OnnxRuntime"),
    "tflite-runtime": ("tensorflow_lite", "TfliteRuntime"),
}
"""Runtime → module of this folder, and what in it takes threads, accelerator and options and gives an Adapter."""


def make_adapter(runtime: str, threads: int, accelerator: str, options: dict[str, str]) -> Adapter:
    """Imports a runtime. Raises ImportError, or ValueError for an unknown one or an accelerator it cannot use."""
    if runtime not in ADAPTERS:
        raise ValueError(f"the python runner has no adapter for runtime {runtime!r}; it has {', '.join(ADAPTERS)}")
    module, name = ADAPTERS[runtime]
    make = getattr(importlib.import_module(f"devices.python_runner.runtimes.{module}"), name)
    adapter: Adapter = make(threads, accelerator, options)
    return adapter
