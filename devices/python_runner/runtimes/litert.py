"""ai-edge-litert, by what it is to run on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devices.python_runner.runtimes.adapter import refused
from devices.python_runner.runtimes.tensorflow_lite import AiEdgeLitert

if TYPE_CHECKING:
    from devices.python_runner.runtimes.adapter import Adapter


def litert(threads: int, accelerator: str, options: dict[str, str]) -> Adapter:
    """As `Adapter.__init__`."""
    if accelerator == "gpu":
        from devices.python_runner.runtimes.litert_gpu import LitertOnGpu  # a CPU's worker has no use for it

        return LitertOnGpu(threads, accelerator, options)
    if accelerator != "cpu":
        raise refused(accelerator, "ai-edge-litert", "cpu, gpu")
    return AiEdgeLitert(threads, accelerator, options)
