"""A proxy between the adb server and a phone's adbd: drops the connection at a byte, or stands still."""

from __future__ import annotations

import contextlib
import socket
import threading
from pathlib import Path

from tests.rig.adb_server import free_port

_PIECE_BYTES = 1 << 16


class TcpProxy:
    """Listens on a port of this machine and passes everything on to a Unix socket."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()
        self._left: dict[str, int | None] = {"to phone": None, "from phone": None}
        self._flows: list[threading.Event] = []
        self._is_closed = False
        self.refuses = False
        self.drops = 0
        self._server = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, daemon=True).start()

    def drop_after(self, count: int, direction: str) -> None:
        """Drop the connection once, when `count` more bytes have passed `to phone` or `from phone`."""
        with self._lock:
            self._left[direction] = count

    def drop_now(self) -> None:
        """Drop every connection."""
        with self._lock:
            connections, self._connections = self._connections, set()
            self.drops += 1
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def stall_now(self) -> None:
        """Pass nothing on over the connections of now, without closing anything; new ones flow."""
        with self._lock:
            for flows in self._flows:
                flows.clear()

    def close(self) -> None:
        """End."""
        self._is_closed = True
        for flows in self._flows:
            flows.set()
        with contextlib.suppress(OSError):
            # A thread that waits in accept would keep the port open.
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self.drop_now()

    def _accept(self) -> None:
        while not self._is_closed:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            phone = socket.socket(socket.AF_UNIX)
            try:
                if self.refuses:
                    raise ConnectionRefusedError
                phone.connect(str(self._target))
            except OSError:
                client.close()
                phone.close()
                continue
            flows = threading.Event()
            flows.set()
            with self._lock:
                self._connections |= {client, phone}
                self._flows.append(flows)
            for source, target, direction in ((client, phone, "to phone"), (phone, client, "from phone")):
                threading.Thread(target=self._pass_on, args=(source, target, direction, flows), daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket, direction: str, flows: threading.Event) -> None:
        try:
            while piece := source.recv(_PIECE_BYTES):
                flows.wait()
                with self._lock:
                    left = self._left[direction]
                    if left is not None:
                        piece = piece[:left]
                        self._left[direction] = left - len(piece) or None
                target.sendall(piece)
                if left is not None and left == len(piece):
                    self.drop_now()
        except OSError:
            pass
        finally:
            for one in (source, target):
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
            source.close()
