"""The DevTools protocol over a browser's pipe: JSON ended by a zero byte, down its descriptor 3 and up its 4.

A pipe and not a port: a port would let every process of the device drive the browser.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
from typing import Any

from devices.python_runner.clock import clock_ns

_MOST_BYTES = 64 << 20
_MOST_EVENTS = 100_000


class DevToolsError(Exception):
    """The browser does not answer, or does not know what was asked."""


class DevTools:
    """One connection, for one thread. It is silent while nothing is asked."""

    def __init__(self, write_fd: int, read_fd: int) -> None:
        self._write_fd, self._read_fd = write_fd, read_fd
        self._buffer = bytearray()
        self._number = 0
        self.events: list[dict[str, Any]] = []
        """What it said without being asked, oldest first; whoever reads takes it out."""

    def call(self, method: str, timeout_s: float = 10.0, **params: Any) -> dict[str, Any]:
        """Asks for one thing. Raises DevToolsError."""
        self._number += 1
        line = json.dumps({"id": self._number, "method": method, "params": params}).encode() + b"\0"
        try:
            while line:
                line = line[os.write(self._write_fd, line) :]
        except OSError as error:
            raise DevToolsError(f"{method}: the browser closed its pipe") from error
        deadline_ns = clock_ns() + int(timeout_s * 1e9)
        while True:
            message = self._next(deadline_ns)
            if message is None:
                raise DevToolsError(f"{method}: no answer within {timeout_s:g} s")
            if message.get("id") == self._number:
                if "error" in message:
                    raise DevToolsError(f"{method}: {message['error'].get('message')}")
                result: dict[str, Any] = message.get("result", {})
                return result
            self._keep(message)

    def wait_for(self, method: str, timeout_s: float) -> dict[str, Any] | None:
        """The parameters of an event, which may have come before; None where it does not come."""
        deadline_ns = clock_ns() + int(timeout_s * 1e9)
        while True:
            for event in self.events:
                if event.get("method") == method:
                    params: dict[str, Any] = event.get("params", {})
                    return params
            message = self._next(deadline_ns)
            if message is None:
                return None
            self._keep(message)

    def _keep(self, message: dict[str, Any]) -> None:
        if "method" in message and len(self.events) < _MOST_EVENTS:
            self.events.append(message)

    def _next(self, deadline_ns: int) -> dict[str, Any] | None:
        while True:
            end = self._buffer.find(b"\0")
            if end >= 0:
                line = bytes(self._buffer[:end])
                del self._buffer[: end + 1]
                with contextlib.suppress(ValueError):
                    message = json.loads(line)
                    if isinstance(message, dict):
                        return message
                continue
            left_ns = deadline_ns - clock_ns()
            if left_ns <= 0 or not select.select([self._read_fd], [], [], left_ns / 1e9)[0]:
                return None
            chunk = os.read(self._read_fd, 1 << 16)
            if not chunk or len(self._buffer) > _MOST_BYTES:
                raise DevToolsError("the browser closed its pipe")
            self._buffer += chunk

    def close(self) -> None:
        """A browser that was started with the pipe ends when it is closed."""
        for fd in (self._write_fd, self._read_fd):
            with contextlib.suppress(OSError):
                os.close(fd)
