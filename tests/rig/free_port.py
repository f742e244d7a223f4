"""Ports for servers that stop and start again on the port that they had."""

from __future__ import annotations

import itertools
import os
import socket

_FIRST, _OF_A_WORKER, _WORKERS = 10_000, 4_000, 5
"""10000 to 29999: below what the kernel gives to those that ask for any port (from 32768 on), who would else take ours
while its server is down; and each process of a test run has a part of its own.
"""
_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _WORKERS
_numbers = itertools.count(os.getpid())


def free_port() -> int:
    """A TCP port that nobody listens on, another one each time."""
    for number in itertools.islice(_numbers, _OF_A_WORKER):
        port = _FIRST + _worker * _OF_A_WORKER + number % _OF_A_WORKER
        with socket.socket() as probe:
            # As servers do: what is left of a closed connection is no server.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise RuntimeError(f"none of {_OF_A_WORKER} ports is free")
