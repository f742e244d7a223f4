"""What one page is served under its own token, and what it may give back."""

from __future__ import annotations

import secrets
import threading
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from devices.python_runner.browser.web_socket import WebSocket


class Served:
    """All that one token opens: the tab's, or a frame's. Its files, and one socket in its life."""

    def __init__(self, host: str, files: dict[str, str]) -> None:
        self.token = secrets.token_urlsafe(32)
        self.host = host
        """The name that it is served under, without the port."""
        self.files = dict(files)
        """Name below the token → path on this device."""
        self.contents: dict[str, bytes] = {}
        """Name below the token → what is served, for what is no file."""
        self.arrived = threading.Event()
        """Set once its page has opened its socket."""
        self.socket: WebSocket | None = None
        self.came_again = False
        """Whether a page asked for the socket a second time: it was loaded anew."""
        self.fetched: dict[str, int] = {}
        """Name → bytes, of what was served."""
        self.missing: list[str] = []
        """Names that were asked for and are not there, the first few."""
        self._puts: dict[int, bytes] | None = None
        self._most_bytes: list[int] = []
        self._lock = threading.Lock()

    def content(self, name: str) -> bytes | Path | None:
        """What is under a name: bytes, a file, or nothing."""
        if name in self.contents:
            return self.contents[name]
        path = self.files.get(name)
        if path is None or not Path(path).is_file():
            if len(self.missing) < 8:
                self.missing.append(name)
            return None
        return Path(path)

    def take_socket(self) -> bool:
        """Whether the page may have its socket: only the first may."""
        with self._lock:
            if self._taken:
                self.came_again = True
                return False
            self._taken = True
            return True

    _taken = False

    def open_puts(self, most_bytes: list[int]) -> None:
        """From now on outputs are taken, one a number, each of at most so many bytes."""
        with self._lock:
            self._puts, self._most_bytes = {}, most_bytes

    def may_put(self, number: int, size: int) -> bool:
        """Whether an output may be given now."""
        with self._lock:
            return self._puts is not None and number < len(self._most_bytes) and size <= self._most_bytes[number]

    def put(self, number: int, content: bytes) -> bool:
        """Takes an output; False where there is one already, or none is wanted any more."""
        with self._lock:
            if self._puts is None or number in self._puts or number >= len(self._most_bytes):
                return False
            self._puts[number] = content
            return True

    def close_puts(self) -> dict[int, bytes]:
        """Outputs that were given; no more are taken."""
        with self._lock:
            puts, self._puts = self._puts or {}, None
            return puts
