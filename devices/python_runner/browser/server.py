"""A server on loopback that gives pages to those alone who know their tokens. Whoever does not learns nothing of it."""

from __future__ import annotations

import contextlib
import re
import select
import shutil
import socket
import threading
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import TYPE_CHECKING, Any

from devices.python_runner.browser.web_socket import WebSocket, accept_key

if TYPE_CHECKING:
    from devices.python_runner.browser.served import Served

_TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript", ".mjs": "text/javascript"}
_TYPES[".wasm"] = "application/wasm"
_HEADERS = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Origin-Agent-Cluster": "?1",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Connection": "close",
}
_MOST_CONNECTIONS = 64
"""At a time. Where more come, the oldest that has not yet named a token makes room."""
_REQUEST_TIMEOUT_S = 30.0


class Server:
    """Serves until `close`. Threads of it sleep in the kernel while nobody asks: nothing wakes while an arm works."""

    def __init__(self) -> None:
        """Raises OSError where there is no loopback."""
        self._served: dict[str, Served] = {}
        self._connections = 0
        self._strangers: list[socket.socket] = []
        """Connections that have not named a token so far, the oldest first."""
        self._lock = threading.Lock()
        self._listening = [_listen(socket.AF_INET, "127.0.0.1", 0)]
        self.port: int = self._listening[0].getsockname()[1]
        self.has_ipv6 = False
        with contextlib.suppress(OSError):  # a machine without IPv6 has two sites less one
            self._listening.append(_listen(socket.AF_INET6, "::1", self.port))
            self.has_ipv6 = True
        self._closing, closed = socket.socketpair()
        self._thread = threading.Thread(target=self._accept, args=(closed,), daemon=True)
        self._thread.start()

    def add(self, served: Served) -> str:
        """Serves it; returns the address below which all of it is, with a slash at its end."""
        with self._lock:
            self._served[served.token] = served
        return f"http://{served.host}:{self.port}/{served.token}/"

    def remove(self, served: Served) -> None:
        """Serves it no more."""
        with self._lock:
            self._served.pop(served.token, None)

    def find(self, token: str) -> Served | None:
        """What a token opens."""
        with self._lock:
            return self._served.get(token)

    def close(self) -> None:
        """Takes no connection more."""
        self._closing.close()
        self._thread.join()

    def _accept(self, closed: socket.socket) -> None:
        while True:
            readable, _, _ = select.select([*self._listening, closed], [], [])
            if closed in readable:
                break
            for listening in readable:
                try:
                    connection, address = listening.accept()
                except OSError:
                    continue  # who asked has gone, or there are no descriptors left: nothing to answer
                if not self._takes(connection):
                    connection.close()
                    continue
                threading.Thread(target=self._answer, args=(connection, address), daemon=True).start()
        for listening in self._listening:
            listening.close()
        closed.close()

    def _takes(self, connection: socket.socket) -> bool:
        """Whether a connection is one of those that are served: who opens many and says nothing keeps nobody out."""
        with self._lock:
            if self._connections >= _MOST_CONNECTIONS:
                if not self._strangers:
                    return False
                with contextlib.suppress(OSError):  # its thread wakes, and finds it at an end
                    self._strangers.pop(0).shutdown(socket.SHUT_RDWR)
            self._connections += 1
            self._strangers.append(connection)
            return True

    def knows(self, connection: socket.socket) -> None:
        """A connection has named a token, or is over: it makes room for no other."""
        with self._lock, contextlib.suppress(ValueError):
            self._strangers.remove(connection)

    def _answer(self, connection: socket.socket, address: Any) -> None:
        handler = None
        try:
            handler = _Handler(connection, address, self)  # type: ignore[arg-type]  # it asks no more of a server
        except (OSError, ValueError):
            pass  # who asked has gone, or spoke no HTTP
        finally:
            self.knows(connection)
            with self._lock:
                self._connections -= 1
            if handler is None or not handler.is_socket:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
                connection.close()


def _listen(family: int, host: str, port: int) -> socket.socket:
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.bind((host, port))
        listening.listen(64)
        listening.setblocking(False)
    except OSError:
        listening.close()
        raise
    return listening


class _Handler(BaseHTTPRequestHandler):
    """One request; then the connection ends, unless it became a page's socket."""

    protocol_version = "HTTP/1.1"
    timeout = _REQUEST_TIMEOUT_S
    is_socket = False

    def do_GET(self) -> None:
        """A file, or the socket."""
        served, name = self._asked()
        if served is None:
            self._nothing()
        elif name == "socket":
            self._upgrade(served)
        else:
            self._give(served, name)

    def do_PUT(self) -> None:
        """An output of an arm, while one is wanted."""
        served, name = self._asked()
        size_text = self.headers.get("Content-Length", "")
        matched = re.fullmatch(r"output/(\d{1,4})", name)
        if served is None or matched is None or not re.fullmatch(r"\d{1,12}", size_text) or not self._is_own(served):
            self._nothing()
            return
        number, size = int(matched.group(1)), int(size_text)
        if not served.may_put(number, size):
            self._nothing()
            return
        content = self.rfile.read(size)
        if len(content) != size or not served.put(number, content):
            self._nothing()
            return
        self._head(200, 0, "application/octet-stream")

    def _asked(self) -> tuple[Served | None, str]:
        """Whose page asks, and for what; nobody's where the token, or the name it came under, is wrong."""
        self.close_connection = True
        matched = re.fullmatch(r"/([A-Za-z0-9_-]{43})/([A-Za-z0-9_./@+-]{1,300})(?:\?[^ ]{0,100})?", self.path)
        server: Any = self.server
        served = server.find(matched.group(1)) if matched else None
        if served is not None:
            server.knows(self.connection)
        if matched is None or served is None or self.headers.get("Host") != f"{served.host}:{server.port}":
            return None, ""
        return served, matched.group(2)

    def _is_own(self, served: Served) -> bool:
        server: Any = self.server
        return self.headers.get("Origin") == f"http://{served.host}:{server.port}"

    def _give(self, served: Served, name: str) -> None:
        content = served.content(name)
        mime = _TYPES.get(Path(name).suffix, "application/octet-stream")
        if content is None:
            self._nothing()
        elif isinstance(content, bytes):
            self._head(200, len(content), mime)
            self.wfile.write(content)
            served.fetched[name] = len(content)
        else:
            with content.open("rb") as file:
                size = file.seek(0, 2)
                file.seek(0)
                self._head(200, size, mime)
                shutil.copyfileobj(file, self.wfile, 1 << 20)
            served.fetched[name] = size

    def _upgrade(self, served: Served) -> None:
        key = self.headers.get("Sec-WebSocket-Key", "")
        asked = self.headers.get("Upgrade", "").lower(), self.headers.get("Sec-WebSocket-Version")
        is_whole = re.fullmatch(r"[A-Za-z0-9+/]{22}==", key) and asked == ("websocket", "13")
        if not is_whole or not self._is_own(served) or not served.take_socket():
            self._nothing()
            return
        self.send_response_only(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", accept_key(key))
        self.end_headers()
        self.is_socket = True
        served.socket = WebSocket(self.connection)
        served.arrived.set()

    def _head(self, status: int, size: int, mime: str) -> None:
        self.send_response_only(status)
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Type", mime)
        self.send_header("Content-Length", str(size))
        self.end_headers()

    def _nothing(self) -> None:
        self.close_connection = True
        self.send_response_only(404)
        self.send_header("Connection", "close")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Whatever is wrong with a request, its sender is told no more than of an address that is not there."""
        self._nothing()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name that it has in the library
        """Says nothing: a stranger's requests do not belong in the log."""
