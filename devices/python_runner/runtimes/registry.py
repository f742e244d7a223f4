"""The runtimes that this runner can drive, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devices.python_runner.runtimes.adapter import Adapter, refused
from devices.python_runner.runtimes.litert_gpu import LitertOnGpu
from devices.python_runner.runtimes.onnxruntime import OnnxRuntime
from devices.python_runner.runtimes.tensorflow_lite import AiEdgeLitert, TfliteRuntime

if TYPE_CHECKING:
    from collections.abc import Callable


def _litert(threads: int, accelerator: str, options: dict[str, str]) -> Adapter:
    if accelerator == "gpu":
        return LitertOnGpu(threads, accelerator, options)
    if accelerator != "cpu":
        raise refused(accelerator, "ai-edge-litert", "cpu, gpu")
    return AiEdgeLitert(threads, accelerator, options)


ADAPTERS: dict[str, Callable[[int, str, dict[str, str]], Adapter]] = {
    "onnxruntime": OnnxRuntime,
    "ai-edge-litert": _litert,
    "tflite-runtime": TfliteRuntime,
}


def make_adapter(runtime: str, threads: int, accelerator: str, options: dict[str, str]) -> Adapter:
    """Imports a runtime. Raises ImportError, or ValueError for an unknown one or an accelerator it cannot use."""
    if runtime not in ADAPTERS:
        raise ValueError(f"the python runner has no adapter for runtime {runtime!r}; it has {', '.join(ADAPTERS)}")
    return ADAPTERS[runtime](threads, accelerator, options)
