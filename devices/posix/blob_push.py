"""Bringing blobs to a device: asked for by hash, sent (small ones in batches), hashed there, then renamed."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import tarfile
from collections.abc import Iterator, Sequence

from devices.base import Blob, PushProgress
from devices.errors import CorruptTransferError, NoSpaceError, PermanentError
from devices.posix.blob_survey import STAMP, BlobSurvey, stamps_path, survey_blobs
from devices.posix.large_blob import PROGRAM, HashProgram, SendWhole, changed, send_large
from devices.posix.shell import NO_SPACE_REMEDY, Shell
from devices.posix.shell_words import quote

# A lost connection costs one batch.
_BATCH_BYTES = 16 << 20
_BATCH_FILES = 1000
_CHUNK_BYTES = 1 << 18
# A file takes up whole file-system blocks, and its name some of a directory's.
_BLOCK_BYTES = 4096
_SPARE_BYTES = 1 << 20
_LARGE_BYTES = 4 << 20


def push_blobs(
    shell: Shell,
    directory: str,
    hashes: HashProgram,
    blobs: Sequence[Blob],
    progress: PushProgress | None = None,
    send_whole: SendWhole | None = None,
) -> dict[str, str]:
    """Bring blobs into `directory` on the device; returns sha256 → path there.

    `send_whole` is a quicker way for single large files, where there is one. Raises `NoSpaceError` before anything is
    sent when the device cannot hold what is missing, `CorruptTransferError` when what arrived is not what was sent, and
    `PermanentError` when a file here is not what its blob says.
    """
    wanted = {blob.sha256: blob for blob in blobs}
    for sha256 in wanted:
        if not re.fullmatch(r"[0-9a-f]{64}", sha256):
            raise ValueError(f"not a SHA-256 in lower-case hex: {sha256!r}")
    survey = survey_blobs(shell, directory, hashes.files, list(wanted), PROGRAM)
    missing = [blob for sha256, blob in wanted.items() if sha256 not in survey.present]
    _check_space(shell, directory, missing, survey)
    for blob in missing:
        if blob.bytes >= _LARGE_BYTES:
            send_large(shell, directory, hashes, blob, survey.parts.get(blob.sha256), progress, send_whole)
    for batch in _batches([blob for blob in missing if blob.bytes < _LARGE_BYTES]):
        _send(shell, directory, hashes.files, batch, progress)
    return {sha256: f"{directory}/{sha256}" for sha256 in wanted}


def _check_space(shell: Shell, directory: str, missing: Sequence[Blob], survey: BlobSurvey) -> None:
    free_bytes = survey.free_bytes
    if free_bytes is None or not missing:
        return
    needed = sum(blob.bytes // _BLOCK_BYTES * _BLOCK_BYTES + 2 * _BLOCK_BYTES for blob in missing) + _SPARE_BYTES
    # A part that is there is gone on with, or removed before anything is sent in its place.
    needed -= sum(survey.parts[blob.sha256].bytes for blob in missing if blob.sha256 in survey.parts)
    if needed > free_bytes:
        raise NoSpaceError(
            f"{shell.name}: {len(missing)} files need {needed / 1e6:.1f} MB in {directory}, where"
            f" {free_bytes / 1e6:.1f} MB are free",
            NO_SPACE_REMEDY,
        )


def _batches(blobs: Sequence[Blob]) -> Iterator[list[Blob]]:
    batch: list[Blob] = []
    size = 0
    for blob in blobs:
        if batch and (size + blob.bytes > _BATCH_BYTES or len(batch) >= _BATCH_FILES):
            yield batch
            batch, size = [], 0
        batch.append(blob)
        size += blob.bytes
    if batch:
        yield batch


def _send(
    shell: Shell, directory: str, hash_command: str, batch: Sequence[Blob], progress: PushProgress | None
) -> None:
    # The script outlives a lost connection: what arrived whole is kept, the rest and the temporary directory go.
    script = (
        f"cd -- {quote(directory)} || exit 3\n"
        f"i=.in-{secrets.token_hex(8)}\n"
        'mkdir -- "$i" && cd -- "$i" || exit 3\n'
        "trap '' HUP PIPE\n"
        "tar -xof - >&2\n"
        "r=$?\n"
        f"good=$(ls | xargs {hash_command} 2>/dev/null | while read -r h n; do\n"
        '  [ "$h" = "${n#\\*}" ] && printf "%s\\n" "$h"\n'
        "done)\n"
        'if [ -n "$good" ]; then printf "%s\\n" "$good" | xargs sh -c \'mv -f -- "$@" ..\' sh || r=4; fi\n'
        'cd .. && rm -rf -- "$i"\n'
        f'( printf "%s\\n" "$good" | {STAMP} >>{quote(stamps_path(directory))} ) 2>/dev/null\n'
        '[ -n "$good" ] && printf "%s\\n" "$good"\n'
        'exit "$r"\n'
    )
    what = f"sending {len(batch)} file{'s' if len(batch) != 1 else ''}"
    answer = b"".join(shell.transfer(script, what=what, feed=_archive(batch, progress, private=bool(shell.privately))))
    arrived = set(answer.decode(errors="replace").split())
    bad = [blob for blob in batch if blob.sha256 not in arrived]
    if bad:
        raise CorruptTransferError(
            f"{shell.name}: {len(bad)} of {len(batch)} files arrived with another SHA-256 than they were sent with,"
            f" such as {bad[0].path.name}",
            "If it happens again, look at the device's disk and memory.",
        )


def _archive(batch: Sequence[Blob], progress: PushProgress | None, *, private: bool) -> Iterator[bytes]:
    """A tar stream of the blobs, named by their hashes. What is sent is hashed on the way."""
    for blob in batch:
        header = tarfile.TarInfo(blob.sha256)
        header.size = blob.bytes
        header.mode = (0o755 if os.access(blob.path, os.X_OK) else 0o644) & (0o700 if private else 0o777)
        header.mtime = 86400  # not 0: GNU tar remarks on an implausibly old time
        yield header.tobuf(tarfile.GNU_FORMAT)
        digest = hashlib.sha256()
        sent = 0
        try:
            with blob.path.open("rb") as file:
                while chunk := file.read(_CHUNK_BYTES):
                    digest.update(chunk)
                    sent += len(chunk)
                    if sent > blob.bytes:
                        break
                    yield chunk
                    if progress is not None:
                        progress(len(chunk))
        except OSError as error:
            raise PermanentError(f"{blob.path}: cannot be read: {error.strerror}") from error
        if sent != blob.bytes or digest.hexdigest() != blob.sha256:
            raise changed(blob)
        if sent % tarfile.BLOCKSIZE:
            yield bytes(tarfile.BLOCKSIZE - sent % tarfile.BLOCKSIZE)
    yield bytes(2 * tarfile.BLOCKSIZE)
