"""A runtime's library on a device, together with what it needs beside it: a folder in which each has its own name.

A library alone stays where it was pushed, under its hash. The linker of a device finds others by their names only, in
the folders that LD_LIBRARY_PATH has when the worker begins.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from devices.base import Blob

PlaceByName = Callable[[str, Sequence[tuple[str, str]]], None]
"""Takes a folder there and pairs of a path there and the name that it shall have in the folder."""


@dataclass(frozen=True)
class PlacedLibrary:
    """Where a runtime's library is on a device."""

    path: str
    folder: str | None
    """Where the libraries that it needs lie under their names; None where it needs none."""


def place_library(
    library: Path,
    beside: Sequence[Path],
    blobs: Mapping[Path, Blob],
    places: Mapping[str, str],
    workdir: str,
    place_by_name: PlaceByName,
) -> PlacedLibrary:
    """Put a pushed library and its neighbours under their names; alone it stays where it is.

    `blobs` and `places` are of all that was pushed: what a file is, and where it is by its SHA-256.
    """
    if not beside:
        return PlacedLibrary(places[blobs[library].sha256], None)
    paths = [library, *beside]
    whole = "".join(f"{path.name}\0{blobs[path].sha256}\0" for path in paths)
    folder = f"{workdir}/libraries/{hashlib.sha256(whole.encode()).hexdigest()[:16]}"
    place_by_name(folder, [(places[blobs[path].sha256], path.name) for path in paths])
    return PlacedLibrary(f"{folder}/{library.name}", folder)


def worker_command(command: Sequence[str], loader_folder: str | None, folder: str | None) -> list[str]:
    """argv prefix of a worker whose linker looks into `folder`; empty where the runner may start its own.

    `command` starts the runner; `loader_folder` is that of a loader and C library pushed along, where there is one.
    """
    if loader_folder is not None:
        if folder is None:
            return list(command)
        return [f"{loader_folder}:{folder}" if word == loader_folder else word for word in command]
    return ["env", f"LD_LIBRARY_PATH={folder}", *command] if folder is not None else []
