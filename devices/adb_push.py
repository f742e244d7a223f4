"""Sending one large file by `adb push`, which is quicker than a stream through a shell.

adb says "1 file pushed" also of a file that did not arrive; so what counts is the hash that the phone computes of it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from devices.adb_diagnosis import AdbFailure, AdbTrouble, adb_error, classify_adb_error
from devices.adb_transport import AdbTransport
from devices.base import Blob, Progress
from devices.errors import CorruptTransferError, DeadlineError, DeviceError, PermanentError
from devices.shell import STALL_S, Shell
from devices.shell_words import quote

_PERCENT = re.compile(rb"\[ *(\d+)%\]")
_LOOK_EVERY_S = 0.25
_TEXT_BYTES = 1 << 14
# One name for each program: a second try overwrites what a first one left, and two are not in each other's way.
_PROGRAM = secrets.token_hex(6)
_OTHER_HASH = 5


def push_file(
    transport: AdbTransport, shell: Shell, directory: str, hash_command: str, blob: Blob, progress: Progress | None
) -> None:
    """Bring one blob into `directory` there, by way of a temporary name.

    Raises `NoSpaceError`, `TransientError` when the phone is lost, `CorruptTransferError` when what arrived is not what
    was sent, and `PermanentError` when the file here is not what its blob says.
    """
    _check_readable(blob)
    temporary = f"{directory}/.in-{_PROGRAM}-{blob.sha256}"
    moved = 0

    def advance(total: int) -> None:
        nonlocal moved
        if progress is not None and total > moved:
            progress(total - moved)
            moved = total

    failure = _adb_push(transport, blob, temporary, advance)
    mode = "755" if os.access(blob.path, os.X_OK) else "644"
    script = (
        f"cd -- {quote(directory)} || exit 3\n"
        f"t={quote(temporary)}\n"
        f'if h=$({hash_command} "$t" 2>/dev/null) && [ "${{h%% *}}" = {blob.sha256} ]; then\n'
        f'  chmod {mode} "$t" && mv -f -- "$t" {blob.sha256} && exit 0\n'
        "  exit 1\n"
        "fi\n"
        'rm -f -- "$t"\n'
        f"exit {_OTHER_HASH}\n"
    )
    if failure is not None and failure.trouble not in (AdbTrouble.UNKNOWN, AdbTrouble.NO_SPACE):
        raise adb_error(transport.name, failure)
    what = f"checking {blob.path.name}"
    completed = shell.complete(script, what=what, timeout_s=STALL_S)
    if completed.exit_code == 0:
        advance(blob.bytes)
        return
    if completed.exit_code != _OTHER_HASH:
        raise shell.failure(what, completed.exit_code, completed.stderr)
    if failure is not None:
        raise adb_error(transport.name, failure)
    with blob.path.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != blob.sha256:
            raise _changed(blob)
    raise CorruptTransferError(
        f"{transport.name}: {blob.path.name} arrived with another SHA-256 than it was sent with",
        "If it happens again, look at the cable and the phone's storage.",
    )


def _check_readable(blob: Blob) -> None:
    try:
        with blob.path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
    except OSError as error:
        raise PermanentError(f"{blob.path}: cannot be read: {error.strerror}") from error
    if size != blob.bytes:
        raise _changed(blob)


def _changed(blob: Blob) -> DeviceError:
    return PermanentError(
        f"{blob.path}: the file is not what it was when the run was planned", "Start a new run with it."
    )


def _adb_push(transport: AdbTransport, blob: Blob, target: str, advance: Callable[[int], None]) -> AdbFailure | None:
    """Run `adb push`; what it said went wrong, or null. Raises when the phone falls silent on the way."""
    # To a terminal, and to nothing else, adb tells how far it is.
    ours, its = os.openpty()
    argv = transport.command("push", str(Path(blob.path).absolute()), target)
    try:
        client = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=its,
            stderr=its,
            start_new_session=True,
            env={**os.environ, "TERM": "xterm"},
        )
    except OSError:
        os.close(ours)
        raise
    finally:
        os.close(its)
    text = b""
    os.set_blocking(ours, False)
    heard_at = time.monotonic()
    try:
        while True:
            ended = client.poll() is not None
            piece = _read(ours)
            if piece:
                heard_at = time.monotonic()
                text = (text + piece)[-_TEXT_BYTES:]
                percents = _PERCENT.findall(text)
                if percents:
                    advance(blob.bytes * min(int(percents[-1]), 100) // 100)
                continue
            if ended:
                break
            silent_s = time.monotonic() - heard_at
            problem = transport.lost() if silent_s >= transport.longest_silence_s else None
            if problem is not None:
                raise problem
            if silent_s > STALL_S:
                raise DeadlineError(f"{transport.name}: sending {blob.path.name} stood still for {STALL_S:g} s")
            with contextlib.suppress(subprocess.TimeoutExpired):
                client.wait(0.02 if silent_s < 1 else _LOOK_EVERY_S)
    finally:
        os.close(ours)
        if client.poll() is None:
            client.kill()
        client.wait()
    return (
        None if client.returncode == 0 else classify_adb_error(re.sub(rb"\x1b\[\w", b"", text).decode(errors="replace"))
    )


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 1 << 16)
    except OSError:
        # Nothing there yet, or (EIO) nobody at the other end any more.
        return b""
