"""`adb forward` and `adb reverse` with the stand-in phone."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator

import pytest

from tests.rig.free_port import free_port
from tests.rig.phone_on_a_desk import PhoneOnADesk, wait_for


@pytest.fixture
def echo_port() -> Iterator[int]:
    """A port that gives back, shouting, what it is sent. The phone shares this machine's network."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(connection,), daemon=True).start()

    def answer(connection: socket.socket) -> None:
        with connection:
            while content := connection.recv(4096):
                connection.sendall(content.upper())

    threading.Thread(target=serve, daemon=True).start()
    yield listener.getsockname()[1]
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


def ask(port: int, content: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=120) as connection:
        threading.Thread(target=connection.sendall, args=(content,), daemon=True).start()
        got = b""
        while len(got) < len(content):
            more = connection.recv(65536)
            assert more, f"the connection ended after {len(got)} of {len(content)} bytes"
            got += more
        return got


def test_a_forwarded_port_leads_to_the_phone(desk: PhoneOnADesk, echo_port: int) -> None:
    port = int(desk.adb("forward", "tcp:0", f"tcp:{echo_port}").text)
    content = os.urandom(200_000).hex().encode()
    assert ask(port, content) == content.upper()
    assert f"tcp:{port} tcp:{echo_port}" in desk.adb("forward", "--list").text
    assert desk.adb("forward", "--remove", f"tcp:{port}").exit_code == 0


def test_a_forwarded_port_that_nobody_serves_closes_at_once(desk: PhoneOnADesk) -> None:
    port = int(desk.adb("forward", "tcp:0", f"tcp:{free_port()}").text)
    with socket.create_connection(("127.0.0.1", port), timeout=120) as connection:
        assert connection.recv(1) == b""
    desk.adb("forward", "--remove", f"tcp:{port}")


def test_a_reversed_port_leads_to_the_host(desk: PhoneOnADesk, echo_port: int) -> None:
    port = int(desk.adb("reverse", "tcp:0", f"tcp:{echo_port}").text)
    assert ask(port, b"hello" * 50_000) == b"HELLO" * 50_000
    assert f"tcp:{port} tcp:{echo_port}" in desk.adb("reverse", "--list").text
    assert desk.adb("reverse", "--remove", f"tcp:{port}").exit_code == 0
    assert desk.adb("reverse", "--list").text == ""
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), timeout=120)


def test_removing_a_reversed_port_that_is_not_there_fails_in_words(desk: PhoneOnADesk) -> None:
    answered = desk.adb("reverse", "--remove", "tcp:1")
    assert answered.exit_code == 1
    assert "listener 'tcp:1' not found" in answered.stderr.decode()


def test_all_reversed_ports_can_be_removed(desk: PhoneOnADesk, echo_port: int) -> None:
    for _ in range(2):
        desk.adb("reverse", "tcp:0", f"tcp:{echo_port}")
    assert desk.adb("reverse", "--remove-all").exit_code == 0
    wait_for(lambda: desk.adb("reverse", "--list").text == "", "no port is reversed")
