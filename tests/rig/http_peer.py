"""A real HTTP server on loopback that does as it is told: answers, hangs, breaks off, sends elsewhere, never ends."""

from __future__ import annotations

import contextlib
import socketserver
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


Behaviour = Callable[[BaseHTTPRequestHandler, "HttpPeer"], None]


def answers(status: int, text: bytes = b"", **headers: str) -> Behaviour:
    """A whole answer."""

    def behave(handler: BaseHTTPRequestHandler, _: HttpPeer) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(text)))
        handler.end_headers()
        handler.wfile.write(text)

    return behave


def hangs(_: BaseHTTPRequestHandler, peer: HttpPeer) -> None:
    """No byte, until the test is over."""
    peer.over.wait(60)


def breaks_off(handler: BaseHTTPRequestHandler, _: HttpPeer) -> None:
    """The connection is closed without an answer."""
    handler.close_connection = True


def never_ends(handler: BaseHTTPRequestHandler, peer: HttpPeer) -> None:
    """An answer as long as somebody reads it."""
    handler.send_response(200)
    handler.end_headers()
    while not peer.over.is_set():
        handler.wfile.write(b"x" * 4096)


def drips(handler: BaseHTTPRequestHandler, peer: HttpPeer) -> None:
    """A head that goes on for ever, a byte at a time: no time-out between two bytes ends it."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
    while not peer.over.wait(0.05):
        handler.wfile.write(b"y")
        handler.wfile.flush()


class HttpPeer:
    """The server. Request n is answered as `behaviours[n]` says, later ones as the last."""

    def __init__(self, *behaviours: Behaviour) -> None:
        self.asked: list[Asked] = []
        self.over = threading.Event()
        peer = self

        class Handler(BaseHTTPRequestHandler):
            def _take(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                number = len(peer.asked)
                peer.asked.append(Asked(self.command, self.path, dict(self.headers.items()), body))
                with contextlib.suppress(OSError):
                    behaviours[min(number, len(behaviours) - 1)](self, peer)

            do_POST = do_PUT = do_GET = _take  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            allow_reuse_address = True

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> HttpPeer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
