"""The files of a package that a page needs, taken out of its archive once and kept in the cache."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from pydantic import ValidationError

from devices.cache import cache_folder
from devices.runtimes.web_engine import NpmPackage
from devices.web_engines.npm_fetch import VARIABLE, NpmError, archive_name, fetch_archive
from devices.web_engines.package_origin import PackageOrigin

_MOST_FILE_BYTES: Final = 256 << 20
_MOST_MEMBERS: Final = 100_000


@dataclass(frozen=True)
class PackageFiles:
    """A folder that has those of the wanted files that a version of a package has, by their paths in it."""

    folder: Path
    origin: PackageOrigin


def package_files(package: NpmPackage, version: str, wanted: Sequence[str]) -> PackageFiles:
    """The files of a package, by their paths in it, such as `dist/index.js`; fetched once and then reused.

    Those that the user names with $BAKEOFF_WEB_ENGINES come first: a folder of archives as npm names them, or of
    packages as `node_modules` has them. Raises `NpmError`.
    """
    brought = _brought(package, version)
    if brought is not None and brought.is_dir():
        return _in_folder(brought, package, version)
    pinned = package.pinned.get(version)
    label = f"{archive_name(package.name, version).removesuffix('.tgz')}-{_key(brought, wanted)}"
    folder = cache_folder() / "npm" / label
    known = _known(folder, package, version)
    if known is not None:
        return PackageFiles(folder / "files", known)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _lock(folder.with_name(f"{label}.lock")):
        known = _known(folder, package, version)
        if known is not None:
            return PackageFiles(folder / "files", known)
        for left in folder.parent.glob(f".part-{label}-*"):  # of a process that was killed: we hold the lock
            shutil.rmtree(left, ignore_errors=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".part-{label}-") as temporary:
            made = Path(temporary) / "made"
            origin = _take_out(package, version, wanted, brought, Path(temporary), made / "files")
            if brought is None and pinned is not None and origin.archive_sha256 != pinned:
                raise NpmError(
                    f"{package.name}@{version}: its archive has SHA-256 {origin.archive_sha256}, and the one that was"
                    f" tested has {pinned}",
                    "The registry that npm asks here has another file under that name: ask who runs it.",
                )
            (made / "origin.json").write_text(origin.model_dump_json(indent=2), encoding="utf-8")
            shutil.rmtree(folder, ignore_errors=True)
            made.rename(folder)
    return PackageFiles(folder / "files", origin)


def is_here(package: NpmPackage, version: str, wanted: Sequence[str]) -> bool:
    """Whether `package_files` would give them without npm."""
    brought = _brought(package, version)
    label = f"{archive_name(package.name, version).removesuffix('.tgz')}-{_key(None, wanted)}"
    return brought is not None or (cache_folder() / "npm" / label / "origin.json").exists()


def _key(brought: Path | None, wanted: Sequence[str]) -> str:
    """Of what was asked for, and of which archive."""
    whole = "\0".join(sorted(wanted))
    if brought is not None:
        whole += f"\0\0{_sha256(brought)}"
    return hashlib.sha256(whole.encode()).hexdigest()[:12]


def _known(folder: Path, package: NpmPackage, version: str) -> PackageOrigin | None:
    try:
        origin = PackageOrigin.model_validate_json((folder / "origin.json").read_bytes())
    except (OSError, ValidationError):
        return None
    return origin if (origin.name, origin.version) == (package.name, version) else None


def _take_out(
    package: NpmPackage, version: str, wanted: Sequence[str], brought: Path | None, scratch: Path, into: Path
) -> PackageOrigin:
    integrity = None
    archive = brought
    if archive is None:
        fetching = scratch / "fetch"
        fetching.mkdir()
        fetched = fetch_archive(package.name, version, fetching)
        archive, integrity = fetched.path, fetched.integrity
    _extract(archive, wanted, into)
    _refuse_other(into, package, version, str(archive))
    return PackageOrigin(
        name=package.name,
        version=version,
        archive_sha256=_sha256(archive),
        integrity=integrity,
        source="npm" if brought is None else str(brought),
    )


def _extract(archive: Path, wanted: Sequence[str], into: Path) -> None:
    """Those of the files that it has, and package.json. Names in an archive are a stranger's: each is compared with
    what is wanted.
    """
    left = {*wanted, "package.json"}
    try:
        with tarfile.open(archive, "r:gz") as whole:
            for count, member in enumerate(whole):
                if count >= _MOST_MEMBERS:
                    raise NpmError(f"{archive}: the archive has more than {_MOST_MEMBERS:,} files, and was not opened")
                # npm puts everything below one folder, which is not always called `package`.
                name = "/".join(PurePosixPath(member.name).parts[1:])
                if name not in left or not member.isfile():
                    continue
                if member.size > _MOST_FILE_BYTES:
                    raise NpmError(f"{archive}: {name} is larger than {_MOST_FILE_BYTES >> 20} MiB, and was not opened")
                source = whole.extractfile(member)
                if source is None:
                    continue
                path = into / name
                path.parent.mkdir(parents=True, exist_ok=True)
                with source, path.open("wb") as file:
                    shutil.copyfileobj(source, file)
                left.discard(name)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise NpmError(f"{archive}: cannot be unpacked: {error}", "Fetch it again.") from None


def _refuse_other(folder: Path, package: NpmPackage, version: str, where: str) -> None:
    try:
        said = json.loads((folder / "package.json").read_text(encoding="utf-8"))
        found = (said["name"], said["version"])
    except (OSError, ValueError, KeyError, TypeError):
        raise NpmError(f"{where}: its package.json cannot be read, so nothing says what it is") from None
    if found != (package.name, version):
        raise NpmError(f"{where} is {found[0]}@{found[1]}, and not {package.name}@{version}"[:300])


def _brought(package: NpmPackage, version: str) -> Path | None:
    """What the user has of this version of the package: an archive, or the folder of an unpacked one."""
    named = os.environ.get(VARIABLE)
    if not named:
        return None
    folder = Path(named).expanduser()
    if not folder.is_dir():
        raise NpmError(f"${VARIABLE} names {folder}, which is no folder", "Name one that has the engines' archives.")
    archive = folder / archive_name(package.name, version)
    if archive.is_file():
        return archive
    unpacked = folder / package.name
    try:
        said = json.loads((unpacked / "package.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return unpacked if isinstance(said, dict) and said.get("version") == version else None


def _in_folder(folder: Path, package: NpmPackage, version: str) -> PackageFiles:
    _refuse_other(folder, package, version, str(folder))
    origin = PackageOrigin(name=package.name, version=version, archive_sha256=None, integrity=None, source=str(folder))
    return PackageFiles(folder, origin)


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    """Two at once would fetch the same archive."""
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
