"""A runtime's shared library for Android with bionic, out of the archive (.aar) that its makers publish.

Looked for in this order: what the user brings (`brought_library`), what was fetched before, Maven's and Gradle's own
caches, and the Maven repositories that the user names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from devices.errors import RuntimeNotAvailableError
from devices.libraries import brought_library as brought
from devices.libraries import maven_download
from devices.libraries.maven_archive import Coordinates, FoundArchive, archive_on_this_host, file_hash
from devices.libraries.runtime_library import RuntimeLibrary
from devices.runtimes.registry import RUNTIMES, native_library_of

if TYPE_CHECKING:
    from devices.build.native_build import Target
    from devices.libraries.maven_download import Advance


class NotOnThisHostError(RuntimeNotAvailableError):
    """No place has the archive; where a repository is named, it was not asked."""


def android_library(
    runtime: str, version: str, target: Target, *, offline: bool = False, advance: Advance | None = None
) -> RuntimeLibrary:
    """The library on this host; nothing is fetched where `offline`.

    Raises `RuntimeNotAvailableError` that says which file to put where, `MavenError`.
    """
    library = native_library_of(runtime)
    if library is None or library.archive is None:
        others = [spec.name for spec in RUNTIMES.values() if spec.native is not None and spec.native.archive]
        raise RuntimeNotAvailableError(f"{runtime} has no library for phones", f"There are: {', '.join(others)}.")
    coordinates = Coordinates(*library.archive, version)
    own = brought.brought_library(runtime, version, target)
    if own is not None:
        return own
    archive = maven_download.cached_archive(coordinates) or archive_on_this_host(coordinates)
    if archive is None and not offline and maven_download.repositories_are_named():
        archive = maven_download.download_archive(coordinates, advance)
    if archive is None:
        others = brought.archives_of(coordinates.artifact)
        but = f"; {brought.VARIABLE} has {', '.join(others)}" if others else ""
        raise NotOnThisHostError(
            f"{runtime} {version} for Android ({target.kind}) is not on this host{but}", _remedy(coordinates)
        )
    return _unpacked(archive, coordinates, runtime, target)


def _remedy(coordinates: Coordinates) -> str:
    return (
        f"Put the .aar of {coordinates} into a folder and name it:"
        f" export {brought.VARIABLE}=FOLDER. Or name a Maven repository that has it:"
        f" export {maven_download.VARIABLE}=URL"
    )


def _unpacked(archive: FoundArchive, coordinates: Coordinates, runtime: str, target: Target) -> RuntimeLibrary:
    path = brought.library_in_archive(archive.path, archive.sha256, runtime, target)
    if path is None:
        raise RuntimeNotAvailableError(f"{archive.path} has no {brought.library_file(runtime)}", "Fetch it again.")
    source = f"{coordinates} from {archive.place}, sha256 {archive.sha256}"
    return RuntimeLibrary(path, file_hash(path, "sha256"), source, origin="maven")
