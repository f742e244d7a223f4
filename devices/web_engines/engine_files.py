"""What a page imports of an engine for one accelerator: every file by the name that the page's server gives it."""

from __future__ import annotations

import hashlib
import posixpath
import re
from dataclasses import dataclass
from pathlib import Path

from devices.base import Blob
from devices.cache import cache_folder
from devices.errors import RuntimeNotAvailableError
from devices.runtimes.spec import RuntimeSpec
from devices.runtimes.web_engine import NpmPackage, WebEngine
from devices.web_engines.npm_fetch import NpmError
from devices.web_engines.package_files import PackageOrigin, is_here, package_files


@dataclass(frozen=True)
class EngineFiles:
    """An engine on this computer, ready to be pushed."""

    files: dict[str, Blob]
    """Name below the engine's address → its content."""
    script: str
    """The one of them that a page imports."""
    origins: list[PackageOrigin]
    """Of each of its packages."""
    written_addresses: dict[str, str]
    """File → SHA-256 of it as its package has it, where the name of a package was written as an address in it."""


def engine_files(spec: RuntimeSpec, version: str, accelerator: str) -> EngineFiles:
    """The files for one accelerator, fetched once and cached. Raises `RuntimeNotAvailableError`, `NpmError`."""
    web = web_engine(spec)
    script = web.scripts[accelerator]
    origins = []
    paths: dict[str, Path] = {}
    for package in web.packages:
        found = package_files(package, version, _files_of(web, package))
        origins.append(found.origin)
        for name in (script, *web.files[accelerator]):
            if _owner(web, name) == package:
                paths[name] = found.folder / name.removeprefix(package.below)
    files, written = {}, {}
    for name, path in paths.items():
        if not path.is_file():
            raise NpmError(
                f"{spec.name} {version} has no {name}, which its {accelerator} needs in {spec.default_version}",
                f"Name the version that was tested: {spec.name}=={spec.default_version}",
            )
        blob = _blob(path)
        addressed = _with_addresses(path, name, web) if name.endswith((".js", ".mjs")) else None
        if addressed is not None:
            written[name] = blob.sha256
            blob = addressed
        files[name] = blob
    return EngineFiles(files=files, script=script, origins=origins, written_addresses=written)


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
    return sorted(name.removeprefix(package.below) for name in names if _owner(web, name) == package)


def _owner(web: WebEngine, name: str) -> NpmPackage:
    below = [package for package in web.packages if package.below and name.startswith(package.below)]
    return below[0] if below else web.packages[0]


def _with_addresses(path: Path, name: str, web: WebEngine) -> Blob | None:
    """A module whose imports of packages are written as addresses; None where it has none."""
    text = path.read_text(encoding="utf-8")
    changed = text
    for package, file in web.imports.items():
        address = posixpath.relpath(file, posixpath.dirname(name))
        address = address if address.startswith(".") else f"./{address}"
        changed = re.sub(
            rf"""(\bfrom\s*|\bimport\s*)(["']){re.escape(package)}\2""", rf"\g<1>\g<2>{address}\g<2>", changed
        )
    if changed == text:
        return None
    content = changed.encode()
    digest = hashlib.sha256(content).hexdigest()
    kept = cache_folder() / "npm" / "addressed" / f"{digest}{path.suffix}"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        part = kept.with_name(f".part-{digest}-{id(content)}")
        part.write_bytes(content)
        part.rename(kept)
    return Blob(path=kept, sha256=digest, bytes=len(content))


def _blob(path: Path) -> Blob:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Blob(path=path, sha256=digest, bytes=path.stat().st_size)
