"""Copying files from a device, and writing small ones there."""

from __future__ import annotations

import io
import os
import posixpath
import secrets
import shutil
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from devices.base import PushProgress
from devices.errors import CommandFailedError, NoSpaceError, PermanentError
from devices.posix.shell import Shell
from devices.posix.shell_words import quote

# Names are arguments of tar there; the smallest limit on arguments in the field is 128 KiB.
_ARGUMENT_BYTES = 60_000
_CHUNK_BYTES = 1 << 18
MOST_FILE_BYTES = 1 << 30
"""The most bytes of a file of which nobody says how long it may be."""
# Of a member beside its content: headers, a long name, padding; and of the archive's end.
_MEMBER_BYTES = 8 << 10
_ARCHIVE_BYTES = 1 << 20


def fetch_files(
    shell: Shell,
    files: Sequence[tuple[str, Path]],
    progress: PushProgress | None = None,
    *,
    most_bytes: Sequence[int] | None = None,
) -> None:
    """Copy (path there, path here). Each arrives under a temporary name and is renamed when whole.

    `most_bytes`: the most that each may have, `MOST_FILE_BYTES` where nothing is said. What arrives is taken for the
    file of that name among those that were asked for, or for nothing. Raises `CommandFailedError` naming what is not
    there (whatever else was asked for has then been copied), and `PermanentError` for more than was asked for.
    """
    absent: list[str] = []
    bounds = dict(zip((path for _, path in files), most_bytes or [MOST_FILE_BYTES] * len(files), strict=True))
    for group in _groups(files):
        absent += _fetch_group(shell, group, bounds, progress)
    if absent:
        more = f" and {len(absent) - 1} more" if len(absent) > 1 else ""
        raise CommandFailedError(f"{shell.name}: no such file there: {absent[0]}{more}")


def write_file(shell: Shell, path: str, content: bytes) -> None:
    """Write a small file atomically, creating its directory."""
    directory = posixpath.dirname(path)
    temporary = f"{directory}/.part-{secrets.token_hex(8)}"
    script = (
        f"t={quote(temporary)}\n"
        f"mkdir -p -- {quote(directory)} || exit 3\n"
        # The size is checked because a lost connection looks to cat like the end of the file.
        f'cat >"$t" && [ "$(wc -c <"$t")" -eq {len(content)} ] && mv -f -- "$t" {quote(path)} && exit 0\n'
        'rm -f -- "$t"\n'
        "exit 1\n"
    )
    shell.check(script, what=f"writing {path}", stdin=content)


def _groups(files: Sequence[tuple[str, Path]]) -> Iterator[list[tuple[str, Path]]]:
    group: list[tuple[str, Path]] = []
    size = 0
    for source, target in files:
        if not source.startswith("/"):
            raise ValueError(f"not an absolute path: {source!r}")
        length = len(os.fsencode(quote(source))) + 3
        if group and size + length > _ARGUMENT_BYTES:
            yield group
            group, size = [], 0
        group.append((source, target))
        size += length
    if group:
        yield group


def _fetch_group(
    shell: Shell, group: Sequence[tuple[str, Path]], bounds: dict[Path, int], progress: PushProgress | None
) -> list[str]:
    """Fetch files in one tar stream; returns the paths that were not there."""
    targets: dict[str, list[Path]] = {}
    for source, target in group:
        targets.setdefault(_member_name(source), []).append(target)
    names = " ".join(quote(f"./{name}") for name in targets)
    # -h: what a link points to, not the link. tar's exit code only says that something was missing; so do its members.
    # GNU tar reads backslashes in names as escapes unless told not to; others do not know the option.
    literal = "tar --version 2>/dev/null | grep -q GNU && o=--no-unquote\n" if "\\" in names else ""
    script = f"cd / || exit 3\no=\n{literal}tar $o -chf - {names} || [ $? -le 2 ]\n"
    most = _ARCHIVE_BYTES + sum(_MEMBER_BYTES + bounds[places[0]] for places in targets.values())
    reader = _StreamReader(shell.transfer(script, what=f"fetching {len(targets)} files", most_bytes=most))
    arrived: dict[str, Path] = {}
    try:
        with reader, tarfile.open(fileobj=reader, mode="r|", bufsize=_CHUNK_BYTES) as archive:
            for member in archive:
                name = member.name.removeprefix("./").lstrip("/")
                if name not in targets:
                    continue
                first, *others = targets[name]
                if member.islnk():
                    # A second name of content that has just come (a hard link there).
                    same = arrived.get(member.linkname.removeprefix("./").lstrip("/"))
                    if same is None:
                        raise PermanentError(f"{shell.name}: /{name} came as a link to what was not asked for")
                    _copy(same, first)
                else:
                    _receive(_content(shell, archive, member, name, bounds[first]), first, progress)
                for other in others:
                    _copy(first, other)
                arrived[name] = first
            reader.drain()
    except (tarfile.TarError, ValueError, LookupError, OverflowError, RecursionError, EOFError) as error:
        raise PermanentError(
            f"{shell.name}: what came from its tar is no archive ({error or type(error).__name__})",
            "Try by hand what tar there is: tar --version",
        ) from None
    return [source for source, _ in group if _member_name(source) not in arrived]


def _content(shell: Shell, archive: tarfile.TarFile, member: tarfile.TarInfo, name: str, most_bytes: int) -> IO[bytes]:
    """A member's content: a plain file no longer than it may be, and not one that unpacks to more than was sent."""
    if member.size > most_bytes and not member.issparse():
        raise PermanentError(
            f"{shell.name}: /{name} came with {member.size:,} bytes, and {most_bytes:,} at most were asked for",
            "Was it changed there meanwhile? Start a new run.",
        )
    content = archive.extractfile(member) if member.isreg() and not member.issparse() else None
    if content is None:
        raise PermanentError(
            f"{shell.name}: not a plain file: /{name}", "Something put it there in a file's place. Start a new run."
        )
    return content


def _member_name(source: str) -> str:
    return posixpath.normpath(source).lstrip("/")


def _receive(content: IO[bytes], target: Path, progress: PushProgress | None) -> None:
    temporary = _temporary(target)
    try:
        with temporary.open("wb") as file:
            while chunk := content.read(_CHUNK_BYTES):
                file.write(chunk)
                if progress is not None:
                    progress(len(chunk))
        temporary.replace(target)
    except OSError as error:
        raise _cannot_write(target, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def _copy(source: Path, target: Path) -> None:
    temporary = _temporary(target)
    try:
        shutil.copyfile(source, temporary)
        temporary.replace(target)
    except OSError as error:
        raise _cannot_write(target, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def _temporary(target: Path) -> Path:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _cannot_write(target, error) from error
    return target.parent / f".part-{secrets.token_hex(8)}"


def _cannot_write(target: Path, error: OSError) -> PermanentError:
    what = f"cannot write {target} on this computer: {error.strerror}"
    if "space" in (error.strerror or "") or "quota" in (error.strerror or ""):
        return NoSpaceError(what, "Free space here, or choose another folder for runs.")
    return PermanentError(what)


class _StreamReader(io.RawIOBase):
    """A generator of bytes as the file that tarfile reads."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._buffer = memoryview(b"")

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        """Exactly `size` bytes, fewer only at the end."""
        pieces: list[memoryview] = []
        left = size
        while left > 0:
            if not self._buffer:
                chunk = next(self._chunks, None)
                if chunk is None:
                    break
                self._buffer = memoryview(chunk)
            piece, self._buffer = self._buffer[:left], self._buffer[left:]
            pieces.append(piece)
            left -= len(piece)
        return b"".join(pieces)

    def drain(self) -> None:
        """Read to the end, so that a failure reported there is raised."""
        for _ in self._chunks:
            pass
        self._buffer = memoryview(b"")

    def close(self) -> None:
        close = getattr(self._chunks, "close", None)
        if close is not None:
            close()
        super().close()
