"""Sending one large blob so that a lost connection costs no more than what was on its way.

It grows under a temporary name that tells whose it is. After a loss its beginning is hashed on the device and here, and
only the rest is sent. What counts in the end is the hash of the whole, computed there; then it gets its name.

Two programs that send the same blob at once write two temporary files. One that was left by another program is taken
over by renaming it, once nobody has written to it for half a minute. Should somebody do so all the same (a connection
that was silent and comes to life), then they write the same bytes to the same places.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from devices.base import Blob, PushProgress
from devices.errors import CorruptTransferError, DeviceError, NotReachableError, PermanentError
from devices.posix.blob_survey import STAMP_ONE, Part, part_name, stamps_path
from devices.posix.shell import Shell
from devices.posix.shell_words import quote

PROGRAM = secrets.token_hex(6)
"""This program's name in temporary names."""

_BLOCK_BYTES = 1 << 20
_CHUNK_BYTES = 1 << 18


@dataclass(frozen=True)
class HashProgram:
    """How hashes are had on the device, as words for its shell."""

    files: str
    """Prints `<sha256>  <name>` for each file named to it, or of standard input."""
    growing: str | None = None
    """Prints the same for a file that is being written, given its name and its size when whole."""


SendWhole = Callable[[Blob, str, PushProgress | None], None]
"""A quicker way to a device for a whole file: brings it there under the given temporary name, has it verified, and
names it by its hash.
"""


def send_large(
    shell: Shell,
    directory: str,
    hashes: HashProgram,
    blob: Blob,
    part: Part | None,
    progress: PushProgress | None,
    send_whole: SendWhole | None = None,
) -> None:
    """Bring one blob into `directory` there, from the end of `part` on where its content is right.

    Raises `NoSpaceError`, `TransientError` when the device is lost, `CorruptTransferError` when what arrived is not
    what was sent, and `PermanentError` when the file here is not what its blob says.
    """
    check_readable(blob)
    name = part_name(PROGRAM, blob.sha256)
    blocks = _blocks_there(shell, directory, hashes, blob, part, name) if part is not None else 0
    if blocks == 0 and send_whole is not None:
        send_whole(blob, name, progress)
        return
    what = f"sending {blob.path.name}"
    script = (
        f"cd -- {quote(directory)} || exit 3\n"
        "trap '' HUP PIPE\n"
        f"t={name}\n"
        # Its words on success are left out: the last line is to be the trouble.
        f'e=$(dd of="$t" bs={_BLOCK_BYTES} seek={blocks} conv=notrunc 2>&1) || {{\n'
        '  printf "%s\\n" "$e" | grep -v " records \\| copied" >&2; rm -f -- "$t"; exit 4\n'
        "}\n"
    ) + closing_script(directory, hashes.files, blob, private=bool(shell.privately))
    answer = b"".join(shell.transfer(script, what=what, feed=_rest(blob, blocks, progress)))
    raise_unless_whole(shell, answer, blob)


def closing_script(directory: str, hash_words: str, blob: Blob, *, private: bool = False) -> str:
    """The end of a script: hashes "$t"; if the hash is right, gives it its name and writes down that it was verified.

    What is shorter than the blob is kept, to be gone on with; what has another hash is removed. Prints what it came to,
    for `raise_unless_whole`.
    """
    return (
        f'[ "$(wc -c <"$t")" -ge {blob.bytes} ] || {{ echo short; exit 0; }}\n'
        f'h=$({hash_words} "$t" 2>/dev/null)\n' + naming_script(directory, blob, private=private)
    )


def naming_script(directory: str, blob: Blob, *, private: bool = False) -> str:
    """As `closing_script`, where the hash is in "$h" already."""
    mode = ("700", "600") if private else ("755", "644")
    return (
        f'[ "${{h%% *}}" = {blob.sha256} ] || {{ rm -f -- "$t"; echo other; exit 0; }}\n'
        f'chmod {mode[not os.access(blob.path, os.X_OK)]} "$t" && mv -f -- "$t" {blob.sha256} || exit 1\n'
        f"( {STAMP_ONE} {blob.sha256} >>{quote(stamps_path(directory))} ) 2>/dev/null\n"
        "echo whole\n"
    )


def raise_unless_whole(shell: Shell, answer: bytes, blob: Blob) -> None:
    """Raises what the answer of a `closing_script` means, unless the blob is there."""
    if answer == b"whole\n":
        return
    if answer != b"other\n":
        raise NotReachableError(
            f"{shell.name}: sending {blob.path.name} was cut off", "It is gone on with after a while."
        )
    with blob.path.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != blob.sha256:
            raise changed(blob)
    raise CorruptTransferError(
        f"{shell.name}: {blob.path.name} arrived with another SHA-256 than it was sent with",
        "If it happens again, look at the cable and the device's disk and memory.",
    )


def check_readable(blob: Blob) -> None:
    """Raises `PermanentError` where the file here cannot be read or has another size."""
    try:
        with blob.path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
    except OSError as error:
        raise PermanentError(f"{blob.path}: cannot be read: {error.strerror}") from error
    if size != blob.bytes:
        raise changed(blob)


def changed(blob: Blob) -> DeviceError:
    """The error of a file that is not the one that was hashed."""
    return PermanentError(
        f"{blob.path}: the file is not what it was when the run was planned", "Start a new run with it."
    )


def _blocks_there(shell: Shell, directory: str, hashes: HashProgram, blob: Blob, part: Part, name: str) -> int:
    """How many whole blocks of the blob are there, in a file called `name` by now. Where 0, there is no such file."""
    blocks = min(part.bytes, blob.bytes) // _BLOCK_BYTES
    if part.bytes > blob.bytes:
        blocks = 0
    script = (
        f"cd -- {quote(directory)} || exit 3\n"
        f"[ {part.name} = {name} ] || mv -f -- {part.name} {name} || exit 0\n"
        f"h=$(dd if={name} bs={_BLOCK_BYTES} count={blocks} 2>/dev/null | {hashes.files})\n"
        f'[ "${{h%% *}}" = {_beginning(blob, blocks)} ] && [ {blocks} -gt 0 ] && echo good && exit 0\n'
        f"rm -f -- {name}\n"
    )
    answer = b"".join(shell.transfer(script, what=f"looking at what is there of {blob.path.name}"))
    return blocks if answer == b"good\n" else 0


def _beginning(blob: Blob, blocks: int) -> str:
    digest = hashlib.sha256()
    left = blocks * _BLOCK_BYTES
    with blob.path.open("rb") as file:
        while left > 0 and (chunk := file.read(min(left, _CHUNK_BYTES))):
            digest.update(chunk)
            left -= len(chunk)
    return digest.hexdigest()


def _rest(blob: Blob, blocks: int, progress: PushProgress | None) -> Iterator[bytes]:
    with blob.path.open("rb") as file:
        file.seek(blocks * _BLOCK_BYTES)
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk
            if progress is not None:
                progress(len(chunk))
