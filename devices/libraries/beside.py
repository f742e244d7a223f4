"""The libraries that a runtime needs beside it, such as `libc++_shared.so`: found where its own library lies."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from devices.libraries.elf_links import needed_by, refuse_cut
from devices.libraries.elf_machine import refuse_other_machine

if TYPE_CHECKING:
    from devices.build.native_build import Target

_SYSTEM_FOLDERS: Final = tuple(
    Path(folder) for folder in ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib")
)
"""Where this host's own linker looks: what lies there is this host's, and none of a device's business."""


def libraries_beside(library: Path, target: Target) -> tuple[Path, ...]:
    """Files in the folder of `library` under the names that it needs, and that those need in turn.

    What is not there is the device's own (`libc.so`, `liblog.so`). Raises `RuntimeNotAvailableError` for a file under a
    needed name that is for another machine, or is cut.
    """
    folder = library.parent
    if any(folder.resolve().is_relative_to(system) for system in _SYSTEM_FOLDERS):
        return ()
    found: dict[str, Path] = {}
    left = needed_by(library)
    while left:
        name = left.pop(0)
        path = folder / name
        if name in found or name == library.name or not path.is_file():
            continue
        refuse_other_machine(path, target.name, str(path))
        refuse_cut(path, str(path))
        found[name] = path
        left += needed_by(path)
    return tuple(found.values())


def not_brought(library: Path, beside: Sequence[Path]) -> list[str]:
    """Names that a library and those beside it need, and that none of them has: a device is to have them itself."""
    brought = {path.name for path in (library, *beside)}
    names = [name for path in (library, *beside) for name in needed_by(path)]
    return [name for name in dict.fromkeys(names) if name not in brought]
