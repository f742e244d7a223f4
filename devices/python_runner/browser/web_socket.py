"""The server's side of a WebSocket (RFC 6455): whole text messages in and out, of bounded size."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import select
import socket
import struct
from typing import TYPE_CHECKING, Any

from devices.python_runner.clock import clock_ns

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_TEXT, _CONTINUED, _CLOSE, _PING, _PONG = 1, 0, 8, 9, 10
_SEND_TIMEOUT_S = 30.0
_MOST_UNREAD = 1 << 20
"""Bytes that are taken in without a question: a page that says more than that is there, and says it without end."""


class MalformedError(Exception):
    """What came is no message as the protocol has them."""


class TooLargeError(MalformedError):
    """A message is longer than it may be."""


def accept_key(key: str) -> str:
    """What the server answers to `Sec-WebSocket-Key`."""
    return base64.b64encode(hashlib.sha1(key.encode("ascii") + _GUID).digest()).decode("ascii")


class WebSocket:
    """A socket that has been upgraded. Used by one thread alone."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._connection.settimeout(_SEND_TIMEOUT_S)
        self._buffer = bytearray()
        self._parts = bytearray()

    def fileno(self) -> int:
        """For `select`."""
        return self._connection.fileno()

    def send(self, message: dict[str, Any]) -> None:
        """Sends one message. Raises OSError where the page is gone."""
        content = json.dumps(message).encode("ascii")
        self._send_frame(_TEXT, content)

    def _send_frame(self, kind: int, content: bytes) -> None:
        head = bytes([0x80 | kind])
        if len(content) < 126:
            head += bytes([len(content)])
        elif len(content) < 1 << 16:
            head += b"\x7e" + struct.pack(">H", len(content))
        else:
            head += b"\x7f" + struct.pack(">Q", len(content))
        self._connection.sendall(head + content)

    def receive(
        self,
        deadline_ns: int,
        most_bytes: int,
        watched: Sequence[int] = (),
        on_watched: Callable[[int], None] | None = None,
    ) -> dict[str, Any]:
        """The next message, a JSON object. `on_watched` is called with each of `watched` that becomes readable.

        Raises EOFError where the page is gone, TimeoutError, TooLargeError, MalformedError.
        """
        while True:
            message = self._whole_message(most_bytes)
            if message is not None:
                return message
            left_ns = deadline_ns - clock_ns()
            if left_ns <= 0:
                raise TimeoutError
            readable, _, _ = select.select([self.fileno(), *watched], [], [], left_ns / 1e9)
            for fd in watched:
                if fd in readable and on_watched is not None:
                    on_watched(fd)
            if self.fileno() in readable:
                self._read()

    def has_ended(self) -> bool:
        """Whether the page is gone, as far as can be seen without waiting; what it has said stays to be received."""
        try:
            while len(self._buffer) < _MOST_UNREAD and select.select([self], [], [], 0)[0]:
                self._read()
        except (EOFError, OSError, ValueError):
            return True
        return False

    def _read(self) -> None:
        try:
            chunk = self._connection.recv(1 << 16)
        except OSError as error:
            raise EOFError from error
        if not chunk:
            raise EOFError
        self._buffer += chunk

    def _whole_message(self, most_bytes: int) -> dict[str, Any] | None:
        """The first whole message of what was read, None where there is none yet."""
        while True:
            frame = self._frame(most_bytes)
            if frame is None:
                return None
            is_last, kind, content = frame
            if kind == _CLOSE:
                raise EOFError
            if kind == _PING:
                self._send_frame(_PONG, content)
                continue
            if kind == _PONG:
                continue
            if kind not in (_TEXT, _CONTINUED) or (kind == _CONTINUED) != bool(self._parts):
                raise MalformedError(f"a frame of kind {kind} where none may be")
            self._parts += content
            if len(self._parts) > most_bytes:
                raise TooLargeError(f"a message of more than {most_bytes} bytes")
            if is_last:
                whole, self._parts = self._parts, bytearray()
                try:
                    message = json.loads(whole.decode("utf-8"))
                except (ValueError, RecursionError) as error:
                    raise MalformedError(f"a message that is no JSON: {error}") from error
                if not isinstance(message, dict):
                    raise MalformedError("a message that is no JSON object")
                return message
            if not self._parts:
                raise MalformedError("an empty part of a message")

    def _frame(self, most_bytes: int) -> tuple[bool, int, bytes] | None:
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        if buffer[0] & 0x70 or not buffer[1] & 0x80:
            raise MalformedError("a frame with reserved bits, or without a mask")
        size, at = buffer[1] & 0x7F, 2
        if size == 126:
            if len(buffer) < 4:
                return None
            size, at = struct.unpack_from(">H", buffer, 2)[0], 4
        elif size == 127:
            if len(buffer) < 10:
                return None
            size, at = struct.unpack_from(">Q", buffer, 2)[0], 10
        if size > most_bytes:
            raise TooLargeError(f"a message of {size} bytes, where {most_bytes} are the most")
        if len(buffer) < at + 4 + size:
            return None
        mask, content = bytes(buffer[at : at + 4]), bytes(buffer[at + 4 : at + 4 + size])
        is_last, kind = bool(buffer[0] & 0x80), buffer[0] & 0x0F
        del buffer[: at + 4 + size]
        # As one number: a loop over the bytes of a long answer would take seconds.
        key = (mask * (size // 4 + 1))[:size]
        content = (int.from_bytes(content, "little") ^ int.from_bytes(key, "little")).to_bytes(size, "little")
        return is_last, kind, content

    def close(self) -> None:
        """Ends it."""
        with contextlib.suppress(OSError):  # the page has ended it already
            self._connection.shutdown(socket.SHUT_RDWR)
        self._connection.close()
