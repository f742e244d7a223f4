"""A runtime's shared library for Android with bionic, out of the archive (.aar) that its makers publish.

Looked for in this order: what the user brings (`brought_library`), what was fetched before, Maven's and Gradle's own
caches, and Maven repositories: the makers' public ones, or those that the user names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from devices.errors import RuntimeNotAvailableError
from devices.libraries import brought_library as brought
from devices.libraries import maven_download
from devices.libraries.beside import libraries_beside
from devices.libraries.maven_archive import Coordinates, FoundArchive, archive_on_this_host, file_hash
from devices.libraries.runtime_library import RuntimeLibrary
from devices.runtimes.registry import RUNTIMES, native_library_of

if TYPE_CHECKING:
    from devices.build.native_build import Target
    from devices.libraries.maven_download import Advance


class NotOnThisHostError(RuntimeNotAvailableError):
    """No place on this host has the archive, and no repository was asked."""

    def __init__(self, what: str, coordinates: Coordinates) -> None:
        super().__init__(what, maven_download.without_internet(coordinates))
        self.would_ask = maven_download.places_to_ask(coordinates)
        """The repositories that would be asked, in a few words; None where there are none."""


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
    others = brought.archives_of(coordinates.artifact) if archive is None else []
    but = f"; {brought.VARIABLE} has {', '.join(others)}" if others else ""
    if archive is None and not offline and maven_download.places_to_ask(coordinates) is not None:
        try:
            archive = maven_download.download_archive(coordinates, advance)
        except maven_download.MavenError as error:
            raise maven_download.MavenError(f"{error.what}{but}", error.remedy) from None
    if archive is None:
        raise NotOnThisHostError(
            f"{runtime} {version} for Android ({target.kind}) is not on this host{but}", coordinates
        )
    return _unpacked(archive, coordinates, runtime, target)


def _unpacked(archive: FoundArchive, coordinates: Coordinates, runtime: str, target: Target) -> RuntimeLibrary:
    path = brought.library_in_archive(archive.path, archive.sha256, runtime, target)
    if path is None:
        raise RuntimeNotAvailableError(f"{archive.path} has no {brought.library_file(runtime)}", "Fetch it again.")
    source = f"{coordinates} from {archive.place}, sha256 {archive.sha256}"
    beside = libraries_beside(path, target)
    return RuntimeLibrary(path, file_hash(path, "sha256"), source, origin="maven", beside=beside)
