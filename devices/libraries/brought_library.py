"""A runtime's shared library that the user brings: $BAKEOFF_RUNTIME_LIBRARIES names a .so, an .aar, or a folder.

In a folder: `RUNTIME-VERSION/KIND/libNAME.so`, where KIND is Android's ABI (`arm64-v8a`) or the kind of Linux machine
(`linux-armv7`), with the libraries that it needs beside it; or archives as their makers publish them, such as
`onnxruntime-android-1.32.0.aar`.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from devices.cache import cache_folder
from devices.errors import RuntimeNotAvailableError
from devices.libraries.archive_member import names_of, take_out
from devices.libraries.beside import libraries_beside
from devices.libraries.elf_links import needed_by, refuse_cut
from devices.libraries.elf_machine import refuse_other_machine
from devices.libraries.maven_archive import file_hash
from devices.libraries.runtime_library import RuntimeLibrary
from devices.runtimes.registry import native_library_of

if TYPE_CHECKING:
    from devices.build.native_build import Target

VARIABLE: Final = "BAKEOFF_RUNTIME_LIBRARIES"


def brought_library(runtime: str, version: str, target: Target) -> RuntimeLibrary | None:
    """The user's own library for a target; None where the variable is not set or names none for it.

    A file that carries no version in its name is taken at its user's word; the report shows what version the runtime
    says it is. Raises `RuntimeNotAvailableError` for a file that was named and cannot be what is needed.
    """
    named = os.environ.get(VARIABLE)
    if not named:
        return None
    path = Path(named).expanduser()
    try:
        return _from(path, runtime, version, target)
    except OSError as error:
        what = f"{error.filename or path} cannot be read: {error.strerror or error}"
        raise RuntimeNotAvailableError(what, f"Look at what {VARIABLE} names.") from None


def _from(path: Path, runtime: str, version: str, target: Target) -> RuntimeLibrary | None:
    if path.is_dir():
        return _from_folder(path, runtime, version, target)
    if not path.is_file():
        what = f"${VARIABLE} names {path}, which is not there"
        raise RuntimeNotAvailableError(what, "Name a .so, an .aar or a folder.")
    if path.suffix == ".aar":
        return _from_archive(path, runtime, version, target)
    return _library(path, target) if path.name.startswith(library_file(runtime)) else None


def library_file(runtime: str) -> str:
    """The file name of a runtime's library, which may have a version after it.

    Raises `RuntimeNotAvailableError` for a runtime that has none.
    """
    library = native_library_of(runtime)
    if library is None:
        raise RuntimeNotAvailableError(f"{runtime} has no library that the native runner can open")
    return library.file


def place_in_a_folder(runtime: str, version: str, target: Target) -> str:
    """Where in the folder that the variable names a library is looked for, such as
    `onnxruntime-1.32.0/linux-armv7/libonnxruntime.so`.
    """
    return f"{runtime}-{version}/{_kind(target)}/{library_file(runtime)}"


def archives_of(artifact: str) -> list[str]:
    """Names of the archives of an artifact, of any version, where the variable points."""
    path = Path(os.environ.get(VARIABLE) or os.devnull).expanduser()
    archives = path.glob("*.aar") if path.is_dir() else [path]
    return sorted(each.name for each in archives if each.name.startswith(f"{artifact}-") and _version_in(each))


def library_in_archive(archive: Path, sha256: str, runtime: str, target: Target) -> Path | None:
    """Android's library out of a maker's archive, into the cache; None where the archive has none of this name at all.

    Raises `RuntimeNotAvailableError` where it has one, but none for the target's ABI, or is damaged.
    """
    file = library_file(runtime)
    member = f"jni/{target.kind}/{file}"
    names = names_of(archive)
    if member not in names:
        others = sorted(name.split("/")[1] for name in names if re.fullmatch(rf"jni/[^/]+/{re.escape(file)}", name))
        if not others:
            return None
        raise RuntimeNotAvailableError(f"{archive} has {file} for {', '.join(others)}, and none for {target.kind}")
    path = cache_folder() / "libraries" / f"{archive.stem[:80]}-{sha256[:16]}" / target.kind / file
    take_out(archive, member, path)
    refuse_other_machine(path, target.name, f"{member} in {archive}")
    refuse_cut(path, f"{member} in {archive}")
    folder = f"jni/{target.kind}"
    # What the runtime needs or looks for beside it: of a name that no folder can be left with.
    native = native_library_of(runtime)
    beside = (
        [name for files in native.accelerator_files.values() for name in files.get("android", ())] if native else []
    )
    left = [*needed_by(path), *beside]
    taken = {file}
    while left:
        name = left.pop(0)
        if name not in taken and f"{folder}/{name}" in names:
            taken.add(name)
            take_out(archive, f"{folder}/{name}", path.with_name(name))
            left += needed_by(path.with_name(name))
    return path


def _from_folder(folder: Path, runtime: str, version: str, target: Target) -> RuntimeLibrary | None:
    wanted = folder / place_in_a_folder(runtime, version, target)
    for path in (wanted, *sorted(wanted.parent.glob(f"{wanted.name}.*"))):
        if path.is_file():
            return _library(path, target)
    if target.system == "android":
        for archive in sorted(folder.glob("*.aar")):
            if _version_in(archive) == version:
                found = _from_archive(archive, runtime, version, target)
                if found is not None:
                    return found
    return None


def _from_archive(archive: Path, runtime: str, version: str, target: Target) -> RuntimeLibrary | None:
    if target.system != "android" or _version_in(archive) not in {None, version}:
        return None
    sha256 = file_hash(archive, "sha256")
    path = library_in_archive(archive, sha256, runtime, target)
    if path is None:
        return None
    source = f"{archive}, sha256 {sha256}"
    beside = libraries_beside(path, target)
    return RuntimeLibrary(path, file_hash(path, "sha256"), source, origin="brought", beside=beside)


def _library(path: Path, target: Target) -> RuntimeLibrary:
    refuse_other_machine(path, target.name, str(path))
    refuse_cut(path, str(path))
    beside = libraries_beside(path, target)
    return RuntimeLibrary(path, file_hash(path, "sha256"), str(path), origin="brought", beside=beside)


def _kind(target: Target) -> str:
    return target.kind if target.system == "android" else target.name


def _version_in(archive: Path) -> str | None:
    """The version in an archive's name: `onnxruntime-android-1.32.0.aar` → `1.32.0`."""
    found = re.search(r"-(\d[0-9A-Za-z.+-]*)$", archive.stem)
    return found[1] if found else None
