"""A proxy as quick as a cable: what passes is the same, and not sooner than the cable would have carried it."""

from __future__ import annotations

import os
import socket
import threading
import time

import pytest

from tests.rig.link_rate import LinkRate
from tests.rig.tcp_proxy import TcpProxy

BYTES_PER_S = 4_000_000
LATE_S = 0.02
"""What the link makes up for."""


def test_bytes_are_not_across_before_their_time_whoever_sends_them():
    rate = LinkRate(BYTES_PER_S)
    began = time.monotonic()
    senders = [threading.Thread(target=rate.carry, args=(200_000,)) for _ in range(4)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    assert time.monotonic() - began >= 800_000 / BYTES_PER_S - LATE_S


def test_a_link_that_was_idle_has_not_saved_up_for_later():
    rate = LinkRate(BYTES_PER_S)
    rate.carry(1)
    time.sleep(0.3)
    began = time.monotonic()
    rate.carry(800_000)
    assert time.monotonic() - began >= 800_000 / BYTES_PER_S - LATE_S


def test_a_link_that_carries_nothing_is_refused():
    with pytest.raises(ValueError, match="more than 0"):
        LinkRate(0)


def test_what_passes_a_slow_proxy_is_the_same_in_both_directions_and_as_late_as_by_cable():
    content = os.urandom(1_000_000)
    with socket.create_server(("127.0.0.1", 0)) as server:
        proxy = TcpProxy(server.getsockname()[1], bytes_per_s=BYTES_PER_S)
        try:
            with socket.create_connection(("127.0.0.1", proxy.port)) as ours, server.accept()[0] as theirs:
                for source, target in ((ours, theirs), (theirs, ours)):
                    began = time.monotonic()
                    sending = threading.Thread(target=source.sendall, args=(content,))
                    sending.start()
                    with target.makefile("rb") as arrived:
                        assert arrived.read(len(content)) == content
                    sending.join()
                    assert time.monotonic() - began >= len(content) / BYTES_PER_S - LATE_S
        finally:
            proxy.close()
