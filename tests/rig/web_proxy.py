"""A proxy for http and https on loopback: whatever host is asked for, one server of this machine answers."""

from __future__ import annotations

import base64
import socket
import socketserver
import threading
from types import TracebackType
from typing import Self

_HEAD_MAX_BYTES = 1 << 16


class WebProxy:
    """Leads `CONNECT host:port` and `GET http://host/…` to `port` of this machine, so that no name is looked up."""

    def __init__(self, port: int) -> None:
        self.asked: list[str] = []
        """What stood behind CONNECT or GET, in order."""
        self.password: str | None = None
        """`NAME:PASSWORD` that is asked for."""
        proxy = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                proxy._answer(self.request, port)

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True

        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    @property
    def port(self) -> int:
        """Free, and ours."""
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """As `https_proxy` takes it."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, client: socket.socket, port: int) -> None:
        head = b""
        while b"\r\n\r\n" not in head and len(head) < _HEAD_MAX_BYTES:
            chunk = client.recv(4096)
            if not chunk:
                return
            head += chunk
        first, _, rest = head.partition(b"\r\n")
        method, target, _version = first.decode("ascii").split(" ")
        self.asked.append(target)
        if self.password is not None:
            wanted = b"Basic " + base64.b64encode(self.password.encode())
            if wanted not in rest:
                client.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
                return
        with socket.create_connection(("127.0.0.1", port)) as server:
            if method == "CONNECT":
                client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                path = "/" + target.split("/", 3)[3]
                server.sendall(f"{method} {path} HTTP/1.1\r\n".encode() + rest)
            back = threading.Thread(target=_pass_on, args=(server, client), daemon=True)
            back.start()
            _pass_on(client, server)
            back.join()


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    """Until the source has no more, or one of them is gone."""
    try:
        while chunk := source.recv(1 << 16):
            sink.sendall(chunk)
        sink.shutdown(socket.SHUT_WR)
    except OSError:  # a side that hung up: the other one is told, and that is all that a proxy does
        for end in (source, sink):
            end.close()
