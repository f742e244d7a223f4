"""The shared library that the native runner opens, for any kind of device: the user's own, or the makers'."""

from __future__ import annotations

import mmap
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from devices.environments.wheel_download import is_here
from devices.errors import PermanentError, RuntimeNotAvailableError
from devices.libraries.android_library import NotOnThisHostError, android_library
from devices.libraries.brought_library import VARIABLE, brought_library, place_in_a_folder
from devices.libraries.known_library import compared_with_known
from devices.libraries.runtime_library import RuntimeLibrary, pinned_wheels, runtime_library
from devices.runtimes.registry import native_library_of

if TYPE_CHECKING:
    from devices.build.native_build import Target
    from devices.libraries.maven_download import Advance


@dataclass(frozen=True)
class LibraryStatus:
    """What is known of a library before it is needed."""

    state: Literal["ready", "fetched when needed", "missing"]
    how: str
    """Where it is or will be from, or what is wrong."""
    remedy: str = ""
    glibc: tuple[int, int] | None = None
    """The oldest glibc that it runs with; None for Android, or where it does not say."""


def native_library(runtime: str, version: str, target: Target, advance: Advance | None = None) -> RuntimeLibrary:
    """The library, fetched where need be, and compared with the one that was used before.

    Raises `RuntimeNotAvailableError` that says which file to put where, `WheelError`, `MavenError`.
    """
    return compared_with_known(_find(runtime, version, target, advance), runtime, version, target)


def _find(runtime: str, version: str, target: Target, advance: Advance | None) -> RuntimeLibrary:
    if target.system == "android":
        return android_library(runtime, version, target, advance=advance)
    own = brought_library(runtime, version, target) if native_library_of(runtime) is not None else None
    if own is not None:
        return own
    try:
        return runtime_library(runtime, version, _machine(target))
    except RuntimeNotAvailableError as error:
        raise RuntimeNotAvailableError(error.what, _linux_remedy(runtime, version, target)) from None


def library_status(runtime: str, version: str, target: Target) -> LibraryStatus:
    """The same without fetching anything, and without an error."""
    if native_library_of(runtime) is None:
        return LibraryStatus("missing", f"{runtime} has no library that the native runner can open")
    try:
        return (_on_android if target.system == "android" else _on_linux)(runtime, version, target)
    except PermanentError as error:
        return LibraryStatus("missing", error.what, error.remedy)


def _on_android(runtime: str, version: str, target: Target) -> LibraryStatus:
    try:
        return LibraryStatus("ready", android_library(runtime, version, target, offline=True).source)
    except NotOnThisHostError as error:
        if error.would_ask is None:
            raise
        return LibraryStatus("fetched when needed", f"from {error.would_ask}", error.remedy)


def _on_linux(runtime: str, version: str, target: Target) -> LibraryStatus:
    own = brought_library(runtime, version, target)
    if own is not None:
        return LibraryStatus("ready", own.source, glibc=_glibc_of(own))
    wheel = pinned_wheels().get((runtime, version, _machine(target)))
    if wheel is None:
        how = f"there is none of {runtime} {version} for {target.name} that is known here"
        return LibraryStatus("missing", how, _linux_remedy(runtime, version, target))
    tag = re.search(r"manylinux_(\d+)_(\d+)", wheel.platforms[0])
    glibc = (int(tag[1]), int(tag[2])) if tag else None
    if is_here(wheel):
        return LibraryStatus("ready", f"wheel of {wheel}", glibc=glibc)
    return LibraryStatus("fetched when needed", f"wheel of {wheel}, from the package index", glibc=glibc)


def _machine(target: Target) -> str:
    """As `pinned_wheels` names it."""
    return target.name.removeprefix("linux-")


def _linux_remedy(runtime: str, version: str, target: Target) -> str:
    known = sorted({f"{name} {number}" for name, number, _ in pinned_wheels()})
    pinned = sorted({machine for _, _, machine in pinned_wheels()})
    if native_library_of(runtime) is None:
        return f"{runtime} is for the python runner. The native runner has {', '.join(known)}."
    # Looked up on the index: neither has a wheel for armv7.
    return (
        f"Known are {', '.join(known)} for Linux on {' and '.join(pinned)}. For others build the library, put it at"
        f" FOLDER/{place_in_a_folder(runtime, version, target)} and export {VARIABLE}=FOLDER, or use the python runner."
    )


def _glibc_of(library: RuntimeLibrary) -> tuple[int, int] | None:
    """The newest version of glibc's symbols that a library names."""
    with library.path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        found = {(int(major), int(minor)) for major, minor in re.findall(rb"GLIBC_(\d+)\.(\d+)", content)}
    return max(found, default=None)
