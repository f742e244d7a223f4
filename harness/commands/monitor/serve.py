"""Metrics over HTTP, for as long as the monitor runs: Prometheus's own WSGI application, on a port of ours."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from harness.errors import UserError

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

DEFAULT_ADDRESS, DEFAULT_PORT = "127.0.0.1", 9477
_SLOWEST_READER_S = 10.0


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _SixServer(_Server):
    address_family = socket.AF_INET6


class _Quiet(WSGIRequestHandler):
    timeout = _SLOWEST_READER_S  # one who connects and says nothing holds a thread no longer than this

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the library's own name
        """Scrapes are no news."""


@contextmanager
def served(registry: CollectorRegistry, address: str, port: int) -> Iterator[str]:
    """While this lasts, `/metrics` answers there; yields its address. Port 0 is any free one. Raises `UserError`."""
    from prometheus_client import make_wsgi_app

    try:
        kind = _SixServer if ":" in address else _Server
        server = make_server(address, port, make_wsgi_app(registry), kind, _Quiet)
    except OSError as error:
        raise UserError(
            f"cannot listen on {address} port {port}: {error.strerror or error}",
            "Name another with --port, or stop what listens there.",
        ) from None
    thread = threading.Thread(target=server.serve_forever, daemon=True, name="bakeoff-metrics")
    thread.start()
    host = f"[{address}]" if ":" in address else address
    try:
        yield f"http://{host}:{server.server_port}/metrics"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
