"""A proxy between the adb server and a phone's adbd: drops the connection, stands still, falls silent, asks for a key,
is no quicker than a cable.

It waits for the moment by what passes: a text, and so many bytes after it.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tests.rig.free_port import free_port
from tests.rig.link_rate import LinkRate
from tests.rig.phone.link import Link

_PIECE_BYTES = 1 << 16
# The banner, in which a phone names its features, is among the first bytes.
_GREETING_BYTES = 8192

Direction = Literal["to phone", "from phone"]


@dataclass(frozen=True)
class Sight:
    """A text that passes; an empty one is seen in whatever comes next. Scripts go to a phone as one line each."""

    text: bytes
    direction: Direction
    or_text: bytes = b""
    """Seen instead will do: a packet of adb's may end in the middle of a text, with the next one's header in it."""


class _Trap:
    """What is done once, when all sights have been seen one after another and `count` more bytes passed after them."""

    def __init__(self, sights: tuple[Sight, ...], count: int, act: Callable[[], None]) -> None:
        self._sights = list(sights)
        self._direction = sights[-1].direction
        self._left = count
        self._before = b""
        self.act = act

    def due_within(self, piece: bytes, direction: Direction) -> int | None:
        """How many bytes of the piece pass before it is time; null if it is not within this piece."""
        at = 0
        if self._sights:
            first = self._sights[0]
            if direction != first.direction:
                return None
            window = self._before + piece
            texts = (first.text, first.or_text) if first.or_text else (first.text,)
            ends = [found + len(text) for text in texts if (found := window.find(text)) >= 0]
            if not ends:
                kept = max(map(len, texts)) - 1
                self._before = window[-kept:] if kept > 0 else b""
                return None
            at = max(0, min(ends) - len(self._before))
            self._before = b""
            del self._sights[0]
            if self._sights:
                return None
        elif direction != self._direction:
            return None
        if at + self._left > len(piece):
            self._left -= len(piece) - at
            return None
        return at + self._left


class TcpProxy:
    """Listens on a port of this machine and passes everything on to a Unix socket, or another port."""

    def __init__(self, target: Path | int, bytes_per_s: float | None = None) -> None:
        """`bytes_per_s`: what it carries in each direction, over all connections; null: what it can."""
        self._target = target
        self._rates: dict[Direction, LinkRate] = {}
        if bytes_per_s is not None:
            self._rates = {"to phone": LinkRate(bytes_per_s), "from phone": LinkRate(bytes_per_s)}
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()
        self._flows: list[threading.Event] = []
        self._trap: _Trap | None = None
        self._is_closed = False
        self.refuses = False
        """New connections are closed at once."""
        self.is_silent = False
        """New connections are taken, and nothing is ever said on them: adb calls such a phone offline."""
        self.asks_for_a_key = False
        """No key that is offered on a new connection is taken: adb calls such a phone unauthorized."""
        self.hides_shell_v2 = False
        """On a new connection the phone's shell v2 is not among the features that it names."""
        self.drops = 0
        self._server = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, daemon=True).start()

    def when(self, *sights: Sight, more_bytes: int = 0, act: Callable[[], None]) -> None:
        """Do something once: when the sights have been seen, in this order, and so many more bytes of the last one's
        direction have passed. What comes after them waits until it is done. Replaces what was waited for before.
        """
        with self._lock:
            self._trap = _Trap(sights, more_bytes, act)

    def drop_after(self, count: int, direction: Direction) -> None:
        """Drop the connection once, when `count` more bytes have passed."""
        self.when(Sight(b"", direction), more_bytes=count, act=self.drop_now)

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

    def resume(self) -> None:
        """After `stall_now`: what was held back goes on its way."""
        with self._lock:
            for flows in self._flows:
                flows.set()

    def close(self) -> None:
        """End."""
        self._is_closed = True
        self.resume()
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
            if self.is_silent or self.asks_for_a_key:
                with self._lock:
                    self._connections.add(client)
                serve = _keep_silent if self.is_silent else _ask_for_a_key
                threading.Thread(target=serve, args=(client,), daemon=True).start()
                continue
            try:
                phone = self._connect()
            except OSError:
                client.close()
                continue
            flows = threading.Event()
            flows.set()
            with self._lock:
                self._connections |= {client, phone}
                self._flows.append(flows)
            for arguments in (
                (client, phone, "to phone", flows, False),
                (phone, client, "from phone", flows, self.hides_shell_v2),
            ):
                threading.Thread(target=self._pass_on, args=arguments, daemon=True).start()

    def _connect(self) -> socket.socket:
        if self.refuses:
            raise ConnectionRefusedError
        if isinstance(self._target, int):
            return socket.create_connection(("127.0.0.1", self._target))
        phone = socket.socket(socket.AF_UNIX)
        try:
            phone.connect(str(self._target))
        except OSError:
            phone.close()
            raise
        return phone

    def _pass_on(
        self, source: socket.socket, target: socket.socket, direction: Direction, flows: threading.Event, hides: bool
    ) -> None:
        passed = 0
        try:
            while piece := source.recv(_PIECE_BYTES):
                if hides and passed < _GREETING_BYTES:
                    # The same bytes in another order: as long as before, and with the same checksum.
                    piece = piece.replace(b"shell_v2", b"shell_2v")
                passed += len(piece)
                if direction in self._rates:
                    self._rates[direction].carry(len(piece))
                flows.wait()
                with self._lock:
                    trap = self._trap
                    due = None if trap is None else trap.due_within(piece, direction)
                    if due is not None:
                        self._trap = None
                if trap is not None and due is not None:
                    target.sendall(piece[:due])
                    trap.act()
                    flows.wait()
                    piece = piece[due:]
                target.sendall(piece)
        except OSError:
            pass
        finally:
            for one in (source, target):
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
            source.close()


def _keep_silent(client: socket.socket) -> None:
    with client, contextlib.suppress(OSError):
        while client.recv(_PIECE_BYTES):
            pass


def _ask_for_a_key(client: socket.socket) -> None:
    with contextlib.suppress(OSError):
        Link(client, b"", lambda _link, _name: None, threading.Event()).serve()
