"""Ports: `tcp:` and `localabstract:` for `adb forward`, and `reverse:` with the listeners that it asks for."""

from __future__ import annotations

import contextlib
import socket
import threading

from tests.rig.phone.link import Link, Stream, StreamClosedError

_READ_BYTES = 64 * 1024


def connect_port(name: bytes) -> socket.socket | None:
    """A connection to a port on the phone; null if nobody listens."""
    kind, _, rest = name.partition(b":")
    try:
        if kind == b"tcp":
            return socket.create_connection(("127.0.0.1", int(rest)), timeout=5)
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(b"\0" + rest)
    except (OSError, ValueError):
        return None
    return connection


def join(stream: Stream, connection: socket.socket) -> None:
    """Carry bytes both ways until one side ends."""
    connection.settimeout(None)

    def to_the_stream() -> None:
        with contextlib.suppress(OSError, StreamClosedError):
            while content := connection.recv(_READ_BYTES):
                stream.write(content)
        stream.close()

    threading.Thread(target=to_the_stream, daemon=True).start()
    with connection, contextlib.suppress(OSError):
        while content := stream.read():
            connection.sendall(content)
        connection.shutdown(socket.SHUT_RDWR)


class Reversals:
    """Ports of the phone that lead to the host, for as long as their link lives."""

    def __init__(self) -> None:
        self._listeners: dict[str, tuple[str, socket.socket]] = {}
        self._lock = threading.Lock()

    def answer(self, link: Link, request: str, stream: Stream) -> None:
        """`forward:[norebind:]LOCAL;REMOTE`, `killforward:LOCAL`, `killforward-all`, `list-forward`."""
        verb, _, rest = request.partition(":")
        if verb == "list-forward":
            with self._lock:
                rows = "".join(f"host-1 {local} {remote}\n" for local, (remote, _) in self._listeners.items())
            stream.write(_text(rows))
        elif verb == "killforward-all":
            self.close()
            stream.write(b"OKAY")
        elif verb == "killforward":
            with self._lock:
                found = self._listeners.pop(rest, None)
            if found is None:
                stream.write(b"FAIL" + _text(f"listener '{rest}' not found"))
            else:
                _stop(found[1])
                stream.write(b"OKAY")
        else:
            stream.write(self._listen(link, rest))

    def _listen(self, link: Link, rest: str) -> bytes:
        norebind = rest.startswith("norebind:")
        local, _, remote = rest.removeprefix("norebind:").partition(";")
        with self._lock:
            if norebind and local in self._listeners:
                return b"FAIL" + _text(f"cannot rebind existing socket {local}")
            if local in self._listeners:
                _stop(self._listeners.pop(local)[1])
            if not local.startswith("tcp:"):
                return b"FAIL" + _text(f"unsupported socket {local}")
            try:
                listener = socket.create_server(("127.0.0.1", int(local.removeprefix("tcp:"))))
            except (OSError, ValueError) as problem:
                return b"FAIL" + _text(f"cannot bind listener: {problem}")
            port = listener.getsockname()[1]
            self._listeners[f"tcp:{port}"] = (remote, listener)
        threading.Thread(target=self._accept, args=(link, listener, remote.encode()), daemon=True).start()
        return b"OKAY" + (_text(str(port)) if local == "tcp:0" else b"")

    def _accept(self, link: Link, listener: socket.socket, remote: bytes) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(link, connection, remote), daemon=True).start()

    def _carry(self, link: Link, connection: socket.socket, remote: bytes) -> None:
        stream = link.open_to_host(remote)
        if stream is None:
            connection.close()
        else:
            join(stream, connection)

    def close(self) -> None:
        """No port leads to the host any more."""
        with self._lock:
            listeners, self._listeners = list(self._listeners.values()), {}
        for _, listener in listeners:
            _stop(listener)


def _stop(listener: socket.socket) -> None:
    # Closing alone would leave the port open for as long as a thread waits in accept.
    with contextlib.suppress(OSError):
        listener.shutdown(socket.SHUT_RDWR)
    listener.close()


def _text(text: str) -> bytes:
    return b"%04x" % len(text.encode()) + text.encode()
