"""The library that drives an accelerator, where a runtime has one of its own beside it.

LiteRT looks for its GPU in a library with one of a few names, in a folder that it is told.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from devices.errors import RuntimeNotAvailableError

GPU_LIBRARIES: Final = {
    "linux": ("libLiteRtGpuAccelerator.so", "libLiteRtWebGpuAccelerator.so", "libLiteRtOpenClAccelerator.so"),
    "android": (
        *("libLiteRtGpuAccelerator.so", "libLiteRtClGlAccelerator.so", "libLiteRtOpenClAccelerator.so"),
        "libLiteRtWebGpuAccelerator.so",
    ),
}
"""System → names, in the order in which LiteRT tries them."""


def accelerator_library(runtime: str, accelerator: str, library: Path, system: str) -> Path | None:
    """The file on this host that lies beside the runtime's own `library`; None where an accelerator needs none.

    Raises `RuntimeNotAvailableError` that says which file to put where.
    """
    if (runtime, accelerator) != ("ai-edge-litert", "gpu"):
        return None
    names = GPU_LIBRARIES[system]
    for name in names:
        path = library.with_name(name)
        if path.is_file():
            return path
    raise RuntimeNotAvailableError(
        f"LiteRT's library for the GPU is not beside {library}",
        f"Put the one of the same version there, under its own name: {', '.join(names)}.",
    )
