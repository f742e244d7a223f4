"""Archives of npm's packages, fetched through npm itself, so that the user's registry, proxy and certificates apply.

Nothing of a package is run or installed: `npm pack` puts the archive that a registry has into a folder.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import os
import re
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import Field, TypeAdapter, ValidationError

from devices.errors import PermanentError
from devices.json_answer import JsonAnswer

VARIABLE: Final = "BAKEOFF_WEB_ENGINES"
_TIMEOUT_S: Final = 600.0
_MOST_ARCHIVE_BYTES: Final = 512 << 20
_MOST_SAID: Final = 1 << 20


class NpmError(PermanentError):
    """A package cannot be had, with what to do."""


@dataclass(frozen=True)
class FetchedArchive:
    """An archive that npm fetched."""

    path: Path
    integrity: str
    """What the registry says of it, such as `sha512-…`: the archive was found to agree with it."""


class _Packed(JsonAnswer):
    """Of what `npm pack --json` prints of a package."""

    integrity: str = Field(max_length=200)


class _Fault(JsonAnswer):
    code: str = Field(default="", max_length=100)
    summary: str = ""


class _Failed(JsonAnswer):
    """What it prints where it fails."""

    error: _Fault


def npm_is_here() -> bool:
    """Whether this computer has npm."""
    return shutil.which("npm") is not None


def fetch_archive(name: str, version: str, into: Path) -> FetchedArchive:
    """The archive of one version of a package, below the empty folder `into`. Raises `NpmError`."""
    npm = shutil.which("npm")
    what = f"{name}@{version}"
    if npm is None:
        raise NpmError(
            f"{what} cannot be fetched: there is no npm on this computer",
            f"Install Node.js, which has npm; {by_hand(name, version)}",
        )
    # A folder of its own: npm reads a package.json and a .npmrc of the folder it runs in.
    command = [npm, "pack", what, "--ignore-scripts", "--json", "--pack-destination", str(into)]
    command += ["--fetch-retries=1", "--update-notifier=false", "--loglevel=error"]
    code, said = _run(command, into, what)
    if code != 0:
        raise _failed(name, version, said)
    archives = list(into.glob("*.tgz"))
    try:
        packed = TypeAdapter(list[_Packed]).validate_json(said)
    except ValidationError:
        packed = []
    if len(archives) != 1 or len(packed) != 1:
        raise NpmError(f"{what}: npm says that it fetched it, and left no archive", by_hand(name, version))
    if archives[0].stat().st_size > _MOST_ARCHIVE_BYTES:
        raise NpmError(f"{what}: the archive is larger than {_MOST_ARCHIVE_BYTES >> 20} MiB, and was not opened")
    if not agrees(archives[0], packed[0].integrity):
        raise NpmError(f"{what}: the archive is not the one that npm says it is ({packed[0].integrity})", "Try again.")
    return FetchedArchive(archives[0], packed[0].integrity)


def agrees(archive: Path, integrity: str) -> bool:
    """Whether a file has the hash that npm writes as `sha512-` and base64."""
    kind, _, text = integrity.partition("-")
    if kind not in {"sha256", "sha384", "sha512"}:
        return False
    try:
        wanted = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    with archive.open("rb") as file:
        return hashlib.file_digest(file, kind).digest() == wanted


def by_hand(name: str, version: str) -> str:
    """What a person does where there is no npm or no network: the end of a remedy."""
    archive = archive_name(name, version)
    return f"or put {archive} (made by: npm pack {name}@{version}) into a folder and export {VARIABLE}=FOLDER"


def archive_name(name: str, version: str) -> str:
    """What npm calls the archive of a package: `@litertjs/core` → `litertjs-core-2.5.3.tgz`."""
    return f"{name.removeprefix('@').replace('/', '-')}-{version}.tgz"


def _run(command: list[str], folder: Path, what: str) -> tuple[int, bytes]:
    """Exit code and stdout. Everything that npm started ends with it."""
    said = folder / ".said"
    with said.open("w+b") as file:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            start_new_session=True,
        )
        try:
            code = child.wait(_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            raise NpmError(
                f"{what}: npm did not finish within {_TIMEOUT_S / 60:g} minutes", "Look at the network, and try again."
            ) from None
        finally:
            if child.poll() is None:
                _end_group(child)
        file.seek(0)
        return code, file.read(_MOST_SAID)


def _end_group(child: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def _failed(name: str, version: str, said: bytes) -> NpmError:
    try:
        fault = _Failed.model_validate_json(said).error
    except ValidationError:
        fault = _Fault()
    what = f"{name}@{version}"
    if fault.code == "ETARGET":
        return NpmError(f"npm has no version {version} of {name}", f"npm view {name} versions lists those there are.")
    if fault.code == "E404":
        return NpmError(
            f"the registry that npm asks here has no {name}",
            f"Look at npm config get registry; {by_hand(name, version)}",
        )
    why = " ".join(re.sub(r"[^\x20-\x7e]+", " ", fault.summary).split())[:300] or f"npm says {fault.code or 'nothing'}"
    return NpmError(
        f"{what} cannot be fetched: {why}", f"Look at the network and at npm's proxy settings; {by_hand(name, version)}"
    )
