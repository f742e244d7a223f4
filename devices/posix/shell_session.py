"""One script running in a shell on a device: proof that it began, its streams, proof that it ended.

A connection that breaks can look like a command that ended well (adb returns 0), an exit status of 255 can be ssh's own
or the command's, and a login shell may print greetings. So both streams carry a mark with a random token before the
script's first byte and, with the exit status, after its last. What lies outside the marks is noise; an end without the
mark is a lost connection.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import selectors
import subprocess
import time
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import IO

from devices.errors import DeadlineError, DeviceError, PermanentError
from devices.posix.shell_words import pack_script
from devices.posix.transport import Transport, WatchedTransport

_READ_BYTES = 1 << 18
_NOISE_BYTES = 1 << 16
_MOST_NOISE_BYTES = 16 << 20
"""The most bytes of greetings before a script begins, and of what comes after its end."""
_MARK_BYTES = 64
"""The most bytes of a mark's end: a number and a newline. One that is longer is no mark of ours, however alike."""
_MARK_NUMBER = re.compile(rb"[0-9]{1,10}")
MOST_STDERR_BYTES = 64 << 20
"""The most bytes that a script may say on stderr; the last megabyte is kept."""
_KEPT_STDERR_BYTES = 1 << 20
_EXIT_WAIT_S = 5.0
_LOOK_EVERY_S = 0.5

# Reads a token and a packed script from its standard input, byte by byte as `read` must, so that what follows on that
# input is the script's own. No single quote, no newline: it is quoted for login shells of every kind. The token comes
# with its control character, so that echo will do: a phone's printf is a program that has to be started.
BOOTSTRAP = (
    "IFS= read -r t && IFS= read -r s || exit 97; "
    'echo "$t begin $$"; echo "$t begin $$" >&2; '
    '(eval "$(printf %b "$s")"); r=$?; '
    'echo "$t end $r" >&2; echo "$t end $r"'
)

HELD = ": held; "
"""Begins the bootstrap of a session whose standard input is held open, for transports that must know."""


class BadMarkError(ValueError):
    """The marks around a script's output say no number, or what lies outside of them has no end."""


class _MarkedStream:
    """Cuts the payload between the marks out of a stream that comes in pieces."""

    def __init__(self, token: str) -> None:
        self._begin = f"{token} begin ".encode()
        self._end = f"{token} end ".encode()
        self._buffer = b""
        self.noise = b""
        self._noise_bytes = 0
        self.pid: int | None = None
        self.status: int | None = None

    @property
    def began(self) -> bool:
        return self.pid is not None

    @property
    def ended(self) -> bool:
        return self.status is not None

    def take(self, chunk: bytes) -> bytes:
        """The payload that this chunk completes."""
        if self.ended or not self.began:
            self._noise_bytes += len(chunk)
            if self._noise_bytes > _MOST_NOISE_BYTES + _READ_BYTES:
                raise BadMarkError
        if self.ended:
            self.noise = (self.noise + chunk)[-_NOISE_BYTES:]
            return b""
        self._buffer += chunk
        if not self.began:
            start = self._buffer.find(self._begin)
            newline = self._buffer.find(b"\n", start) if start >= 0 else -1
            if newline < 0:
                self._check_unfinished(start, self._begin)
                self._buffer = self._buffer[-_NOISE_BYTES:]
                return b""
            self.noise = self._buffer[:start]
            self.pid = self._number(self._buffer[start + len(self._begin) : newline])
            self._buffer = self._buffer[newline + 1 :]
        at = self._buffer.find(self._end)
        if at < 0:
            # Hold back only what may be the start of the mark: a slow stream must not be a mark's length behind.
            at = self._buffer.rfind(b"\x1e", max(0, len(self._buffer) - len(self._end)))
            if at < 0 or not self._end.startswith(self._buffer[at:]):
                at = len(self._buffer)
            payload, self._buffer = self._buffer[:at], self._buffer[at:]
            return payload
        payload, self._buffer = self._buffer[:at], self._buffer[at:]
        newline = self._buffer.find(b"\n")
        if newline < 0:
            self._check_unfinished(0, self._end)
        else:
            self.status = self._number(self._buffer[len(self._end) : newline])
            self.noise = (self.noise + self._buffer[newline + 1 :])[-_NOISE_BYTES:]
            self._buffer = b""
        return payload

    def _check_unfinished(self, start: int, mark: bytes) -> None:
        if start >= 0 and len(self._buffer) - start - len(mark) > _MARK_BYTES:
            raise BadMarkError

    @staticmethod
    def _number(said: bytes) -> int:
        if not _MARK_NUMBER.fullmatch(said.strip()):
            raise BadMarkError
        return int(said)

    @property
    def is_misread(self) -> bool:
        """Whether the token came back, and not from our shell: another read it as a command, and complained."""
        name = self._begin[1:].partition(b" ")[0]
        return not self.began and name in self._buffer

    def left_over(self) -> bytes:
        """What never became payload."""
        return self.noise + self._buffer


class ShellSession:
    """A script under way on a device. A context manager: leaving it kills what is left of the local client.

    `feed` (pieces of at least one byte) becomes the script's standard input, which is closed after it unless
    `hold_stdin`: then it stays open until the session is closed, and its end tells the script that nobody listens.
    """

    def __init__(
        self, transport: Transport, script: str, feed: Iterable[bytes] | None = None, *, hold_stdin: bool = False
    ) -> None:
        self._transport = transport
        token = f"\x1e{secrets.token_hex(12)}"
        self._out, self._err = _MarkedStream(token), _MarkedStream(token)
        self.stderr = b""
        self._stderr_bytes = 0
        self._feed = iter(feed or ())
        self._pending = memoryview(token.encode() + b"\n" + pack_script(script) + b"\n")
        self._hold_stdin = hold_stdin
        self._watched = transport if isinstance(transport, WatchedTransport) else None
        self._moved_at = time.monotonic()
        argv = transport.shell_command(HELD + BOOTSTRAP if hold_stdin else BOOTSTRAP)
        try:
            # A session of its own: Ctrl-C in the user's terminal is ours to handle, not the client's to die of.
            self._client = subprocess.Popen(
                argv,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                start_new_session=True,
            )
        except FileNotFoundError as error:
            raise PermanentError(
                f"{transport.name}: the program {argv[0]!r} is not installed on this computer",
                "Install it (Debian, Ubuntu: apt install openssh-client) and try again."
                if transport.kind == "ssh"
                else "Install it and try again.",
            ) from error
        self._selector = selectors.DefaultSelector()
        for pipe, events, role in (
            (self._pipe(self._client.stdin), selectors.EVENT_WRITE, "in"),
            (self._pipe(self._client.stdout), selectors.EVENT_READ, "out"),
            (self._pipe(self._client.stderr), selectors.EVENT_READ, "err"),
        ):
            os.set_blocking(pipe.fileno(), False)
            self._selector.register(pipe, events, role)

    @staticmethod
    def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
        assert pipe is not None
        return pipe

    def __enter__(self) -> ShellSession:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def began(self) -> bool:
        """Whether the shell on the device has reported in."""
        return self._out.began or self._err.began

    @property
    def pid(self) -> int | None:
        """Process id of the shell on the device, which leads the process group of all that the script starts."""
        return self._err.pid if self._err.pid is not None else self._out.pid

    @property
    def exit_code(self) -> int:
        """Exit status of the script, once `stream` has ended."""
        assert self._out.status is not None
        return self._out.status

    @property
    def alive(self) -> bool:
        """Whether the local client is still there."""
        return self._client.poll() is None

    def wait_gone(self, timeout_s: float) -> None:
        """Wait for the end of the local client, at most `timeout_s`."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._client.wait(timeout_s)

    def client_text(self) -> str:
        """What the local client said on stderr, as far as it can be had without waiting.

        Outside the marks that is all there is. Where the closing mark is missing, the client's last words come after
        what the script wrote, and cannot be told from it.
        """
        with contextlib.suppress(OSError, ValueError):
            while chunk := os.read(self._pipe(self._client.stderr).fileno(), _READ_BYTES):
                self._take_stderr(self._err.take(chunk))
                if self._stderr_bytes > MOST_STDERR_BYTES:
                    break
        said = self._err.left_over() if self._err.ended else self._err.left_over() + b"\n" + self.stderr[-_NOISE_BYTES:]
        return said.decode(errors="replace")

    def printed_text(self) -> str:
        """What came on stdout outside the marks: a login shell's greetings, or what ran in the place of ours."""
        return self._out.left_over().decode(errors="replace")

    @property
    def is_misread(self) -> bool:
        """Whether another program than our shell is seen to read what was meant for it."""
        return self._out.is_misread or self._err.is_misread

    def wait_until_begun(self, timeout_s: float) -> None:
        """Return once the shell on the device has reported in. Raises as `stream` does."""
        until = time.monotonic() + timeout_s
        while not self.began:
            self._pump(self._wait_s(timeout_s, until))

    def stream(self, *, idle_s: float, until: float | None = None) -> Iterator[bytes]:
        """Yield the script's stdout as it comes, and b"" whenever nothing moved in either direction for `idle_s`.

        Ends when the script has ended; its stderr and exit code are then known. `until` is a point on the monotonic
        clock. Raises `DeadlineError` when it passes, and the transport's error when the session breaks.
        """
        while not self._out.ended or (not self._err.ended and self._reading_stderr()):
            payload = self._pump(self._wait_s(idle_s, until))
            if payload is None:
                yield b""
            elif payload:
                yield payload

    def _wait_s(self, idle_s: float, until: float | None) -> float:
        if until is None:
            return idle_s
        left_s = until - time.monotonic()
        if left_s <= 0:
            raise DeadlineError(f"{self._transport.name}: no answer within the time allowed")
        return min(idle_s, left_s)

    def _pump(self, wait_s: float) -> bytes | None:
        """Move what can be moved; the stdout that came, or None if nothing moved for `wait_s`."""
        events = self._await_movement(wait_s)
        if not events:
            return None
        payload = b""
        for key, _ in events:
            if key.data == "in":
                self._write_some()
                continue
            try:
                chunk = os.read(key.fd, _READ_BYTES)
            except BlockingIOError:
                continue
            if not chunk:
                self._selector.unregister(key.fileobj)
                if key.data == "out" and not self._out.ended:
                    raise self._broken()
                continue
            try:
                if key.data == "err":
                    self._take_stderr(self._err.take(chunk))
                else:
                    payload = self._out.take(chunk)
            except BadMarkError:
                raise PermanentError(
                    f"{self._transport.name}: what answers there is no shell: around the output of a command lies what"
                    " none prints",
                    "Try by hand what /bin/sh there is, and what its start-up files print.",
                ) from None
        if self._stderr_bytes > MOST_STDERR_BYTES:
            raise PermanentError(
                f"{self._transport.name}: a command there printed errors without end"
                f" ({MOST_STDERR_BYTES >> 20} MiB and more)",
                "Its last words: " + self.stderr[-200:].decode(errors="replace").strip().rpartition("\n")[2],
            )
        return payload

    def _take_stderr(self, payload: bytes) -> None:
        self._stderr_bytes += len(payload)
        self.stderr += payload
        if len(self.stderr) > 2 * _KEPT_STDERR_BYTES:
            self.stderr = self.stderr[-_KEPT_STDERR_BYTES:]

    def _await_movement(self, wait_s: float) -> list[tuple[selectors.SelectorKey, int]]:
        """What can be moved, waited for; raises when the transport holds the device for lost meanwhile."""
        if self._watched is None:
            return self._selector.select(wait_s)
        until = time.monotonic() + wait_s
        while True:
            left_s = until - time.monotonic()
            events = self._selector.select(max(0.0, min(left_s, _LOOK_EVERY_S)))
            now = time.monotonic()
            if events:
                self._moved_at = now
                return events
            if now - self._moved_at >= self._watched.longest_silence_s:
                problem = self._watched.lost()
                if problem is not None:
                    raise problem
            if left_s <= _LOOK_EVERY_S:
                return []

    def _reading_stderr(self) -> bool:
        return any(key.data == "err" for key in self._selector.get_map().values())

    def _write_some(self) -> None:
        stdin = self._pipe(self._client.stdin)
        if not self._pending:
            self._pending = memoryview(next(self._feed, b""))
        if not self._pending:
            self._selector.unregister(stdin)
            if not self._hold_stdin:
                stdin.close()
            return
        try:
            self._pending = self._pending[os.write(stdin.fileno(), self._pending) :]
        except BlockingIOError:
            return
        except BrokenPipeError:
            # The script does not want the rest, or the connection is gone: its own mark will tell which.
            self._selector.unregister(stdin)
            with contextlib.suppress(OSError):
                stdin.close()

    def _broken(self) -> DeviceError:
        try:
            exit_code: int | None = self._client.wait(_EXIT_WAIT_S)
        except subprocess.TimeoutExpired:
            exit_code = None
        text = self.client_text()
        return self._transport.ended_early(
            exit_code, text, began=self.began, printed="" if self.began else self.printed_text()
        )

    def close(self) -> None:
        """Close the script's standard input and end the local client. May be called more than once."""
        self._selector.close()
        for pipe in (self._client.stdin, self._client.stdout, self._client.stderr):
            with contextlib.suppress(OSError):
                self._pipe(pipe).close()
        if self._client.poll() is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._client.wait(0.5 if self._out.ended else 0.05)
        if self._client.poll() is None:
            self._client.terminate()
            try:
                self._client.wait(2.0)
            except subprocess.TimeoutExpired:
                self._client.kill()
                self._client.wait()
