"""What a page imports of an engine for one accelerator: every file by the name that the page's server gives it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from devices.base import Blob
from devices.errors import RuntimeNotAvailableError
from devices.runtimes.spec import RuntimeSpec
from devices.runtimes.web_engine import NpmPackage, WebEngine
from devices.web_engines.npm_fetch import NpmError
from devices.web_engines.package_files import is_here, package_files
from devices.web_engines.package_origin import PackageOrigin


@dataclass(frozen=True)
class EngineFiles:
    """An engine on this computer, ready to be pushed."""

    files: dict[str, Blob]
    """Package and path in it → content."""
    script: str
    """The one of them that a page imports."""
    origins: list[PackageOrigin]
    """One for each of its packages."""


def engine_files(spec: RuntimeSpec, version: str, accelerator: str) -> EngineFiles:
    """The files for one accelerator, fetched once and cached. Raises `RuntimeNotAvailableError`, `NpmError`."""
    web = web_engine(spec)
    origins = []
    files: dict[str, Blob] = {}
    for package in web.packages:
        found = package_files(package, version, _files_of(web, package))
        origins.append(found.origin)
        for name in _within(package, [web.scripts[accelerator], *web.files[accelerator]]):
            path = found.folder / name
            if not path.is_file():
                raise NpmError(
                    f"{package.name}@{version} has no {name}, which {spec.name} {spec.default_version} on {accelerator}"
                    " is made of",
                    f"Name the version that was tested: {spec.name}=={spec.default_version}",
                )
            files[f"{package.name}/{name}"] = _blob(path)
    return EngineFiles(files=files, script=web.scripts[accelerator], origins=origins)


def web_engine(spec: RuntimeSpec) -> WebEngine:
    """Raises `RuntimeNotAvailableError` for a runtime that is none of a web page."""
    if spec.web is None:
        raise RuntimeNotAvailableError(f"{spec.name} does not live in a web page")
    return spec.web


def engine_is_here(spec: RuntimeSpec, version: str) -> bool:
    """Whether all files of an engine can be had without npm."""
    web = web_engine(spec)
    return all(is_here(package, version, _files_of(web, package)) for package in web.packages)


def _files_of(web: WebEngine, package: NpmPackage) -> list[str]:
    """Paths in a package of all that any accelerator needs, so that it is fetched once."""
    names = {*web.scripts.values(), *(name for names in web.files.values() for name in names)}
    return sorted(_within(package, names))


def _within(package: NpmPackage, names: set[str] | list[str]) -> list[str]:
    """Of these files those of the package, by their paths in it."""
    below = f"{package.name}/"
    return [name.removeprefix(below) for name in names if name.startswith(below)]


def _blob(path: Path) -> Blob:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Blob(path=path, sha256=digest, bytes=path.stat().st_size)
