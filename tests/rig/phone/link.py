"""One connection to an adb server: the handshake, and many streams over one socket."""

from __future__ import annotations

import contextlib
import os
import queue
import socket
import threading
from collections.abc import Callable

from tests.rig.phone import message
from tests.rig.phone.message import AUTH, CLSE, CNXN, OKAY, OPEN, WRTE

_RECEIVE_BYTES = 1 << 20
# What a peer must be able to take before the largest payload is agreed on.
_HANDSHAKE_PAYLOAD_BYTES = 4096


class StreamClosedError(Exception):
    """The other side closed the stream, or the link is gone."""


class Stream:
    """A stream between a service on the phone and a client. One write is under way in each direction at a time."""

    def __init__(self, link: Link, local_id: int, remote_id: int) -> None:
        self.link = link
        self.local_id, self.remote_id = local_id, remote_id
        self._inbox: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._may_send = threading.Semaphore(1)
        self._write_lock = threading.Lock()
        self.closed = False
        self.closed_fd = os.eventfd(0, os.EFD_NONBLOCK)
        """Readable once the stream is closed, for services that wait in `select`."""
        self._rest = bytearray()

    def read(self) -> bytes:
        """What came next; b"" once the other side has closed. Taking a message acknowledges it."""
        if self._rest:
            rest, self._rest = bytes(self._rest), bytearray()
            return rest
        payload = self._inbox.get()
        if payload is None:
            self._inbox.put(None)
            return b""
        self.link.send(OKAY, self.local_id, self.remote_id)
        return payload

    def read_exactly(self, count: int) -> bytes:
        """Raises `StreamClosedError` when the stream ends before that many bytes."""
        while len(self._rest) < count:
            rest, self._rest = self._rest, bytearray()
            more = self.read()
            if not more:
                raise StreamClosedError
            rest += more
            self._rest = rest
        taken = bytes(memoryview(self._rest)[:count])
        del self._rest[:count]
        return taken

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Raises `StreamClosedError` when nobody is there to read."""
        view = memoryview(data)
        with self._write_lock:
            while view:
                part, view = view[: self.link.max_payload_bytes], view[self.link.max_payload_bytes :]
                self._may_send.acquire()
                if self.closed:
                    self._may_send.release()
                    raise StreamClosedError
                self.link.send(WRTE, self.local_id, self.remote_id, part)

    def flush(self) -> None:
        """Wait until the other side has taken what was written."""
        self._may_send.acquire()
        self._may_send.release()

    def close(self) -> None:
        """From our side; no error if it is closed already."""
        if not self.closed:
            self.link.send(CLSE, self.local_id, self.remote_id)
            self.link.forget(self)

    # The three below are the link's to call.

    def acknowledged(self) -> None:
        self._may_send.release()

    def received(self, payload: bytes) -> None:
        self._inbox.put(payload)

    def end(self) -> None:
        """Nothing will come and nothing will be taken any more: wakes whoever waits."""
        if not self.closed:
            self.closed = True
            os.eventfd_write(self.closed_fd, 1)
            self._inbox.put(None)
            self._may_send.release()

    def __del__(self) -> None:
        os.close(self.closed_fd)


Service = Callable[[Stream], None]
"""Serves one stream to its end, in a thread of its own; the stream is closed after it."""


class Link:
    """Serves one accepted socket until it breaks.

    `find_service` returns what serves a stream of that name, or null. `banner` is what CNXN says of the phone; a link
    whose `may_connect` is not set stays unauthorised until it is.
    """

    def __init__(
        self,
        connection: socket.socket,
        banner: bytes,
        find_service: Callable[[Link, bytes], Service | None],
        may_connect: threading.Event,
    ) -> None:
        self._socket = connection
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._banner = banner
        self._find_service = find_service
        self._may_connect = may_connect
        self._send_lock = threading.Lock()
        self._streams: dict[int, Stream] = {}
        self._streams_lock = threading.Lock()
        self._next_id = 1
        self._waiting: dict[int, queue.SimpleQueue[int]] = {}
        self._checksums = False
        self.max_payload_bytes = _HANDSHAKE_PAYLOAD_BYTES
        self.moving = threading.Event()
        """Cleared: not a byte passes in either direction."""
        self.moving.set()
        self.adbd_died = False
        """The link ended because adbd did: nobody is left to hang up on commands."""

    def serve(self) -> None:
        """Returns when the link is broken and every stream has ended."""
        try:
            while True:
                header = message.unpack_header(self._receive(message.HEADER_BYTES))
                payload = self._receive(header.payload_bytes)
                self.moving.wait()
                self._handle(header, payload)
        except (OSError, EOFError, message.NotAMessageError):
            pass
        finally:
            self.cut()
            with self._streams_lock:
                streams, self._streams = list(self._streams.values()), {}
            for stream in streams:
                stream.end()
            for waiting in list(self._waiting.values()):
                waiting.put(0)
            self._socket.close()

    def cut(self) -> None:
        """Break the link now."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self.moving.set()

    def send(self, command: int, arg0: int, arg1: int, payload: bytes | memoryview = b"") -> None:
        """One message. A link that is broken takes it without a word: its streams are told by `serve`."""
        self.moving.wait()
        data = message.pack(command, arg0, arg1, payload, checksum=self._checksums)
        with self._send_lock, contextlib.suppress(OSError):
            self._socket.sendall(data)

    def open_to_host(self, name: bytes, timeout_s: float = 10.0) -> Stream | None:
        """A stream that the phone asks the host for, as a reversed port does; null if the host refuses."""
        answer: queue.SimpleQueue[int] = queue.SimpleQueue()
        with self._streams_lock:
            local_id = self._take_id()
            self._waiting[local_id] = answer
        self.send(OPEN, local_id, 0, name + b"\0")
        try:
            remote_id = answer.get(timeout=timeout_s)
        except queue.Empty:
            remote_id = 0
        with self._streams_lock:
            self._waiting.pop(local_id, None)
            return self._streams.get(local_id) if remote_id else None

    def forget(self, stream: Stream) -> None:
        """The stream is over."""
        with self._streams_lock:
            self._streams.pop(stream.local_id, None)
        stream.end()

    def _take_id(self) -> int:
        taken, self._next_id = self._next_id, self._next_id + 1
        return taken

    def _receive(self, count: int) -> bytes:
        if not count:
            return b""
        data = bytearray(count)
        view, got = memoryview(data), 0
        while got < count:
            size = self._socket.recv_into(view[got : got + _RECEIVE_BYTES])
            if not size:
                raise EOFError
            got += size
        return bytes(data)

    def _handle(self, header: message.Header, payload: bytes) -> None:
        if header.command == CNXN:
            self._checksums = header.arg0 == message.VERSION_WITH_CHECKSUMS
            self.max_payload_bytes = min(header.arg1, message.MAX_PAYLOAD_BYTES)
            if self._may_connect.is_set():
                self._welcome()
            else:
                self._ask_for_a_key()
        elif header.command == AUTH:
            if header.arg0 == message.AUTH_SIGNATURE:
                self._ask_for_a_key()
            elif header.arg0 == message.AUTH_RSA_PUBLIC_KEY:
                # The person holding the phone may take their time.
                threading.Thread(target=self._welcome_when_allowed, daemon=True).start()
        elif header.command == OPEN:
            self._open(header.arg0, payload.rstrip(b"\0"))
        else:
            self._on_stream(header, payload)

    def _on_stream(self, header: message.Header, payload: bytes) -> None:
        with self._streams_lock:
            stream = self._streams.get(header.arg1)
            waiting = self._waiting.get(header.arg1)
            if stream is None and waiting is not None and header.command == OKAY:
                self._streams[header.arg1] = Stream(self, header.arg1, header.arg0)
        if stream is None:
            if waiting is not None:
                waiting.put(header.arg0 if header.command == OKAY else 0)
            elif header.command == WRTE:
                self.send(CLSE, 0, header.arg0)
        elif header.command == WRTE:
            stream.received(payload)
        elif header.command == OKAY:
            stream.acknowledged()
        elif header.command == CLSE:
            self.forget(stream)

    def _open(self, remote_id: int, name: bytes) -> None:
        service = self._find_service(self, name)
        if service is None:
            self.send(CLSE, 0, remote_id)
            return
        with self._streams_lock:
            stream = Stream(self, self._take_id(), remote_id)
            self._streams[stream.local_id] = stream
        self.send(OKAY, stream.local_id, remote_id)
        threading.Thread(target=self._serve_stream, args=(service, stream), daemon=True).start()

    def _serve_stream(self, service: Service, stream: Stream) -> None:
        try:
            service(stream)
        except StreamClosedError:
            pass
        finally:
            stream.close()

    def _ask_for_a_key(self) -> None:
        self.send(AUTH, message.AUTH_TOKEN, 0, os.urandom(20))

    def _welcome_when_allowed(self) -> None:
        self._may_connect.wait()
        self._welcome()

    def _welcome(self) -> None:
        self.send(CNXN, message.VERSION, message.MAX_PAYLOAD_BYTES, self._banner)
