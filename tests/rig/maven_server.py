"""A Maven repository on loopback, over real HTTP: its files are a folder's, and it can be told to fail in many ways."""

from __future__ import annotations

import base64
import hashlib
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self


class MavenServer:
    """Serves `folder`; faults are set by attributes and hold until they are changed."""

    def __init__(self, folder: Path, *, root: str = "/maven", certificate: Path | None = None) -> None:
        """`root`: where the repository begins. `certificate`: a key and a certificate, for https."""
        self.folder = folder
        self.root = root
        self._scheme = "http" if certificate is None else "https"
        self.requests: list[str] = []
        """Paths that were asked for, in order."""
        self.authorizations: list[str | None] = []
        self.cut_after: int | None = None
        """Bytes of a body after which the connection is closed."""
        self.stall_after: int | None = None
        """Bytes of a body after which nothing more is said."""
        self.drip_s: float | None = None
        """Seconds between single bytes."""
        self.redirect_to: str | None = None
        """Where archives are said to be; `{path}` stands for their path."""
        self.redirect_from: str | None = None
        """The one path that is redirected, where it is not every archive's."""
        self.password: str | None = None
        """`NAME:PASSWORD` that is asked for."""
        self.status: int | None = None
        self.content_length: str | None = None
        """What is said of an archive's length instead of the truth."""
        self._over = threading.Event()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.answer(self)

            def log_message(self, *arguments: object) -> None:
                """Nothing."""

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._http.socket = context.wrap_socket(self._http.socket, server_side=True, do_handshake_on_connect=False)
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    @property
    def port(self) -> int:
        """Free, and ours."""
        return int(self._http.server_address[1])

    @property
    def url(self) -> str:
        """The repository's root."""
        return f"{self._scheme}://127.0.0.1:{self.port}{self.root}"

    def put(self, path: str, content: bytes, *, checksums: tuple[str, ...] = ("sha256", "sha1")) -> None:
        """A file below the root, with its checksums beside it."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        for kind in checksums:
            file.with_name(f"{file.name}.{kind}").write_text(hashlib.new(kind, content).hexdigest() + "\n")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._http.shutdown()
        self._http.server_close()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """One request."""
        self.requests.append(handler.path)
        self.authorizations.append(handler.headers.get("Authorization"))
        if self.status is not None:
            handler.send_error(self.status)
            return
        if self.password is not None:
            wanted = f"Basic {base64.b64encode(self.password.encode()).decode()}"
            if handler.headers.get("Authorization") != wanted:
                handler.send_error(401)
                return
        moved = handler.path == self.redirect_from if self.redirect_from else handler.path.endswith(".aar")
        if self.redirect_to is not None and moved:
            handler.send_response(302)
            handler.send_header("Location", self.redirect_to.format(path=handler.path))
            handler.end_headers()
            return
        file = self.folder / handler.path.removeprefix(f"{self.root}/")
        if not file.is_file():
            handler.send_error(404)
            return
        self._send(handler, file.read_bytes(), archive=file.suffix == ".aar")

    def _send(self, handler: BaseHTTPRequestHandler, content: bytes, *, archive: bool) -> None:
        handler.send_response(200)
        said = self.content_length if archive else None
        handler.send_header("Content-Length", said if said is not None else str(len(content)))
        handler.end_headers()
        if not archive:
            handler.wfile.write(content)
        elif self.cut_after is not None:
            handler.wfile.write(content[: self.cut_after])
        elif self.stall_after is not None:
            handler.wfile.write(content[: self.stall_after])
            handler.wfile.flush()
            self._over.wait(30.0)
        elif self.drip_s is not None:
            for byte in content:
                if self._over.is_set():
                    return
                try:
                    handler.wfile.write(bytes([byte]))
                    handler.wfile.flush()
                except OSError:  # the client had enough
                    return
                time.sleep(self.drip_s)
        else:
            handler.wfile.write(content)
