"""Libraries that were used before, by their SHA-256: the first one is trusted, and a later one that differs is noticed.

The record is one small file a runtime, version, kind of device and origin, in the cache.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, ValidationError

from devices.cache import cache_folder, sweep_parts, write_in_cache
from devices.errors import RuntimeNotAvailableError

if TYPE_CHECKING:
    from devices.build.native_build import Target
    from devices.libraries.runtime_library import RuntimeLibrary


class _Known(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    sha256: str
    source: str
    first_used: str
    """ISO 8601 in UTC."""


def compared_with_known(library: RuntimeLibrary, runtime: str, version: str, target: Target) -> RuntimeLibrary:
    """The library, with a note where another one was used before under the same name; it is the known one from then on.

    Raises `RuntimeNotAvailableError` where its origin promises that a version never changes (a Maven release).
    """
    path = cache_folder() / "known" / f"{runtime}-{version}-{target.name}-{library.origin}.json"
    known = _read(path)
    if known is not None and known.sha256 == library.sha256:
        return library
    if known is not None and library.origin == "maven":
        raise RuntimeNotAvailableError(
            f"{runtime} {version} for {target.name} is not the file it was: SHA-256 {library.sha256} (from"
            f" {library.source}), where on {known.first_used[:10]} it was {known.sha256} (from {known.source})",
            f"A release does not change. If you know why this one did, remove {path} and run again.",
        )
    _write(path, library)
    if known is None:
        return library
    return replace(
        library,
        note=f"another file than the one used since {known.first_used[:10]} under the same name: its SHA-256 was"
        f" {known.sha256[:16]}…, and is {library.sha256[:16]}…",
    )


def _read(path: Path) -> _Known | None:
    try:
        return _Known.model_validate_json(path.read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


def _write(path: Path, library: RuntimeLibrary) -> None:
    known = _Known(
        sha256=library.sha256, source=library.source, first_used=datetime.now(UTC).isoformat(timespec="seconds")
    )
    sweep_parts(path.parent)
    write_in_cache(path, f"{known.model_dump_json(indent=2)}\n".encode())
