"""One file taken out of an archive (.aar, .zip) that others made.

It is asked for by its exact name and written to a place of ours, so no name in the archive ever becomes a path; what
it says of its size is not believed.
"""

from __future__ import annotations

import os
import tempfile
import zipfile
import zlib
from pathlib import Path
from typing import Final

from devices.cache import sweep_parts
from devices.errors import RuntimeNotAvailableError

MAX_BYTES: Final = 1 << 30
"""A runtime's library has tens of megabytes."""
_CHUNK: Final = 1 << 20


def names_of(archive: Path) -> list[str]:
    """The names in an archive. Raises `RuntimeNotAvailableError` where it is none."""
    try:
        with zipfile.ZipFile(archive) as opened:
            return opened.namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise _damaged(archive, error) from None
    except OSError as error:
        raise RuntimeNotAvailableError(f"{archive} cannot be read: {error.strerror or error}") from None


def take_out(archive: Path, member: str, to: Path) -> None:
    """Copy a member to `to`, atomically, unless it is there already as the archive has it.

    Raises `RuntimeNotAvailableError` where the archive is damaged, lacks the member or holds it twice, or where it
    unpacks to more than `MAX_BYTES`.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            found = [info for info in opened.infolist() if info.filename == member]
            if len(found) != 1:
                held = "holds it more than once" if found else "does not hold it"
                raise RuntimeNotAvailableError(f"{member} cannot be taken out of {archive}: the archive {held}")
            if found[0].flag_bits & 1:
                raise RuntimeNotAvailableError(f"{member} in {archive} is encrypted")
            if not _is_whole(to, found[0]):
                _copy(opened, found[0], to)
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError) as error:
        raise _damaged(archive, error) from None
    except OSError as error:
        name = error.filename or archive
        raise RuntimeNotAvailableError(f"{name}: {error.strerror or error}, taking {member} out of {archive}") from None


def _is_whole(path: Path, info: zipfile.ZipInfo) -> bool:
    if not path.is_file() or path.stat().st_size != info.file_size:
        return False
    checksum = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            checksum = zlib.crc32(chunk, checksum)
    return checksum == info.CRC


def _copy(opened: zipfile.ZipFile, info: zipfile.ZipInfo, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    sweep_parts(to.parent)
    descriptor, part = tempfile.mkstemp(dir=to.parent, prefix=".part-")
    try:
        with os.fdopen(descriptor, "wb") as file, opened.open(info) as source:
            left = MAX_BYTES
            while chunk := source.read(min(_CHUNK, left + 1)):  # at its end zipfile compares the checksum
                left -= len(chunk)
                if left < 0:
                    raise RuntimeNotAvailableError(
                        f"{info.filename} in {opened.filename} unpacks to more than {MAX_BYTES >> 20} MiB"
                    )
                file.write(chunk)
        Path(part).chmod(0o644)
        Path(part).replace(to)
    finally:
        Path(part).unlink(missing_ok=True)


def _damaged(archive: Path, error: Exception) -> RuntimeNotAvailableError:
    return RuntimeNotAvailableError(
        f"{archive} is no archive that can be read: {str(error) or type(error).__name__}", "Fetch it again."
    )
