"""Sending one large file by `adb push`, which is twice as quick as a stream through a shell.

adb says "1 file pushed" also of a file that did not arrive; so what counts is the hash that the phone computes of it.
Where a native runner is there to compute it, it does so while the file arrives.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import select
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from devices.adb.diagnosis import AdbFailure, AdbTrouble, adb_error, classify_adb_error
from devices.adb.transport import AdbTransport
from devices.base import Blob, PushProgress
from devices.errors import DeadlineError, TransientError
from devices.posix.large_blob import HashProgram, closing_script, naming_script, raise_unless_whole
from devices.posix.shell import STALL_S, Shell
from devices.posix.shell_words import quote

_PERCENT = re.compile(rb"\[ *([0-9]{1,3})%\]")
_LOOK_EVERY_S = 0.25
# adb says each percent. To read all of them takes from the push; at the end a pause is time lost.
_PAUSE_S = 0.02
_LAST_PAUSE_S = 0.001
_LAST_PERCENT = 90
_BEGIN_TIMEOUT_S = 30.0
_TEXT_BYTES = 1 << 14
_LINE_BYTES = 1 << 10


def push_whole(
    transport: AdbTransport,
    shell: Shell,
    directory: str,
    hashes: HashProgram,
    blob: Blob,
    name: str,
    progress: PushProgress | None,
) -> None:
    """Bring one blob into `directory` there, by way of the temporary name `name`.

    adbd removes the file that it writes when the connection is lost. So it is given another name as soon as it is
    there; adbd has it open and goes on, and what has arrived stays, to be gone on with (`devices.posix.large_blob`).

    Raises `NoSpaceError`, `TransientError` when the phone is lost, `CorruptTransferError` when what arrived is not what
    was sent, and `PermanentError` when the file here is not what its blob says.
    """
    moved = 0

    def advance(total: int) -> None:
        nonlocal moved
        if progress is not None and total > moved:
            progress(total - moved)
            moved = total

    arriving = f"{name}.{secrets.token_hex(4)}"
    answer = b""
    # The session first: what is sent before it has begun there would be lost with the connection.
    with (
        shell.session(_arrival_script(directory, hashes, blob, arriving, name), hold_stdin=True) as arrival,
        _adb_push(transport, blob, f"{directory}/{arriving}") as client,
    ):
        arrival.wait_until_begun(_BEGIN_TIMEOUT_S)
        failure = client.finish(advance)
        if failure is None:
            with contextlib.suppress(TransientError):
                answer = b"".join(arrival.stream(idle_s=STALL_S, until=time.monotonic() + STALL_S))
    if failure is not None and failure.trouble not in (AdbTrouble.UNKNOWN, AdbTrouble.NO_SPACE):
        raise adb_error(transport.name, failure)
    if answer == b"":
        answer = shell.check(
            _closing_script(directory, hashes, blob, arriving, name, keep=failure is None),
            what=f"checking {blob.path.name}",
            timeout_s=STALL_S,
        )
    if answer != b"whole\n" and failure is not None:
        raise adb_error(transport.name, failure)
    raise_unless_whole(shell, answer, blob)
    advance(blob.bytes)


def _arrival_script(directory: str, hashes: HashProgram, blob: Blob, arriving: str, name: str) -> str:
    """Renames the file once it is there, and where that is possible hashes it while it grows, and gives it its name."""
    script = (
        f"cd -- {quote(directory)} || exit 3\n"
        "trap '' HUP PIPE\n"
        f"a={arriving} t={name} n=0\n"
        # Of tries whose end nobody saw.
        'for o in "$t".*; do [ "$o" = "$a" ] || rm -f -- "$o"; done\n'
        'until [ -e "$a" ]; do\n'
        '  n=$((n + 1)); [ "$n" -lt 500 ] || exit 0; sleep 0.02 2>/dev/null || sleep 1\n'
        "done\n"
        'mv -f -- "$a" "$t" || exit 0\n'
    )
    if hashes.growing is None:
        return script
    return f'{script}h=$({hashes.growing} "$t" {blob.bytes}) || exit 0\n' + naming_script(directory, blob)


def _closing_script(directory: str, hashes: HashProgram, blob: Blob, arriving: str, name: str, *, keep: bool) -> str:
    """`keep`: what is short is kept, to be gone on with."""
    script = (
        f"cd -- {quote(directory)} || exit 3\n"
        f"a={arriving} t={name}\n"
        '[ -e "$a" ] && mv -f -- "$a" "$t"\n'
        '[ -e "$t" ] || { echo short; exit 0; }\n'
    )
    if not keep:
        script += f'[ "$(wc -c <"$t")" -ge {blob.bytes} ] || rm -f -- "$t"\n'
    return script + closing_script(directory, hashes.files, blob)


class _AdbPush:
    """One `adb push` under way."""

    def __init__(self, transport: AdbTransport, blob: Blob, client: subprocess.Popen[bytes], terminal: int) -> None:
        self._transport, self._blob, self._client, self._terminal = transport, blob, client, terminal

    def finish(self, advance: Callable[[int], None]) -> AdbFailure | None:
        """Wait for its end; what it said went wrong, or null. Raises when the phone falls silent on the way."""
        text, percent = b"", 0
        heard_at = time.monotonic()
        while True:
            ended = self._client.poll() is not None
            piece = _read(self._terminal)
            if piece:
                heard_at = time.monotonic()
                text = (text + piece)[-_TEXT_BYTES:]
                if percents := _PERCENT.findall(text[-_LINE_BYTES:]):
                    percent = min(int(percents[-1]), 100)
                    advance(self._blob.bytes * percent // 100)
                continue
            if ended:
                break
            self._raise_if_lost(time.monotonic() - heard_at)
            # Readable also when adb has closed it, which is a moment before it ends.
            if select.select([self._terminal], [], [], _LOOK_EVERY_S)[0]:
                time.sleep(_PAUSE_S if percent < _LAST_PERCENT else _LAST_PAUSE_S)
        if self._client.returncode == 0:
            return None
        return classify_adb_error(re.sub(rb"\x1b\[\w", b"", text).decode(errors="replace"))

    def _raise_if_lost(self, silent_s: float) -> None:
        problem = self._transport.lost() if silent_s >= self._transport.longest_silence_s else None
        if problem is not None:
            raise problem
        if silent_s > STALL_S:
            raise DeadlineError(f"{self._transport.name}: sending {self._blob.path.name} stood still for {STALL_S:g} s")


@contextlib.contextmanager
def _adb_push(transport: AdbTransport, blob: Blob, target: str) -> Iterator[_AdbPush]:
    """Start `adb push`; leaving kills what is left of it."""
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
    os.set_blocking(ours, False)
    try:
        yield _AdbPush(transport, blob, client, ours)
    finally:
        os.close(ours)
        if client.poll() is None:
            client.kill()
        client.wait()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 1 << 16)
    except OSError:
        # Nothing there yet, or (EIO) nobody at the other end any more.
        return b""
