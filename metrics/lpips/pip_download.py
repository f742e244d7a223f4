"""Fetch one pinned archive through pip, so that the user's index, proxy and certificates apply; run none of it.

A wheel is only a file. For a source distribution, however, pip prepares metadata before it saves the file, and that
runs the package's build script. pip calls that script through a build backend, so the backend given here is our own:
it writes the three lines of metadata that pip wants and never looks at the package.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

_TIMEOUT_S = 600.0

_BACKEND = """
from pathlib import Path


class Backend:
    def get_requires_for_build_wheel(self, config_settings=None):
        return []

    def prepare_metadata_for_build_wheel(self, metadata_directory, config_settings=None):
        folder = Path(metadata_directory, "{distribution}-{version}.dist-info")
        folder.mkdir()
        folder.joinpath("METADATA").write_text("Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n")
        folder.joinpath("WHEEL").write_text("Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        return folder.name


__legacy__ = Backend()
get_requires_for_build_wheel = __legacy__.get_requires_for_build_wheel
prepare_metadata_for_build_wheel = __legacy__.prepare_metadata_for_build_wheel
"""


@dataclass(frozen=True)
class PinnedArchive:
    """One archive of one release. `sha256` is checked by pip before it opens the archive, and by us after."""

    name: str
    version: str
    sha256: str
    kind: Literal["wheel", "sdist"]

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


class PipDownloadError(RuntimeError):
    """pip could not fetch the archive; the text is pip's own last word."""


def pip_download(archive: PinnedArchive, into: Path) -> Path:
    """Fetch an archive into an empty folder; its path.

    Raises:
        PipDownloadError: no pip, no such release, no network, another hash, or ten minutes without an end.
    """
    requirements = into / "requirements.txt"
    requirements.write_text(f"{archive.name}=={archive.version} --hash=sha256:{archive.sha256}\n", encoding="utf-8")
    saved = into / "saved"
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "download", "--quiet"]
    command += ["--no-deps", "--require-hashes", "--retries", "1", "--dest", str(saved)]
    environment = dict(os.environ)
    if archive.kind == "wheel":
        command += ["--only-binary=:all:"]
    else:
        command += ["--no-binary=:all:", "--use-pep517", "--no-build-isolation"]
        environment["PYTHONPATH"] = os.pathsep.join(
            [str(_write_backend(archive, into / "backend")), *filter(None, [environment.get("PYTHONPATH")])]
        )
    command += ["--requirement", str(requirements)]
    try:
        finished = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise PipDownloadError(f"pip did not finish within {_TIMEOUT_S:g} s") from None
    if finished.returncode != 0:
        raise PipDownloadError(_last_word(finished.stderr) or f"pip ended with {finished.returncode}")
    for path in saved.iterdir():
        if hashlib.sha256(path.read_bytes()).hexdigest() == archive.sha256:
            return path
    raise PipDownloadError(f"pip saved no file with the pinned hash of {archive}")


def _write_backend(archive: PinnedArchive, folder: Path) -> Path:
    """A folder whose `setuptools.build_meta` is ours; pip takes it for the one that a package asks for by default."""
    package = folder / "setuptools"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    code = _BACKEND.format(name=archive.name, version=archive.version, distribution=archive.name.replace("-", "_"))
    (package / "build_meta.py").write_text(code, encoding="utf-8")
    return folder


def _last_word(stderr: str) -> str:
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR:")] or lines
    return errors[-1].removeprefix("ERROR:").strip() if errors else ""
