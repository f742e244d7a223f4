"""The library that drives an accelerator, where a runtime has one of its own beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from devices.errors import RuntimeNotAvailableError
from devices.runtimes.registry import native_library_of


def accelerator_library(
    runtime: str, accelerator: str, library: Path, system: Literal["linux", "android"]
) -> Path | None:
    """The file on this host that lies beside the runtime's own `library`; None where an accelerator needs none.

    Raises `RuntimeNotAvailableError` that says which file to put where.
    """
    native = native_library_of(runtime)
    names = native.accelerator_files.get(accelerator, {}).get(system, ()) if native is not None else ()
    if not names:
        return None
    for name in names:
        path = library.with_name(name)
        if path.is_file():
            return path
    raise RuntimeNotAvailableError(
        f"the library of {runtime} for its accelerator {accelerator} is not beside {library}",
        f"Put the one of the same version there, under its own name: {', '.join(names)}.",
    )
