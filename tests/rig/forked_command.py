"""A `bakeoff` that costs no imports: forked from a warm process, one for each test process.

Whoever looks at the interpreter itself (what is imported and how long it takes, terminals, process groups, the command
line that others see) starts a fresh process instead. So does, by itself, a command whose environment says something
that may be read while something is imported: only names of `CALLED_FOR` may differ from the warm process's.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import re
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
CALLED_FOR = re.compile(
    r"(BAKEOFF|ADB|ANDROID|PIP|MLFLOW|GIT|STUB|PYTEST|ORT)_\w+|PG[A-Z]+|COLUMNS|PATH|DISPLAY|WAYLAND_DISPLAY|TMPDIR"
)
"""Variables that are looked up each time, and by no module while it is imported."""

_AT_START = {**os.environ, "PYTHONPATH": str(REPOSITORY)}


class _Warm:
    """The warm process of this test process; started by the first command."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lifeline: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._pid_here = 0

    def _start(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.rig.warm_process", str(theirs.fileno())],
                cwd=REPOSITORY,
                env={**_AT_START, "JE_ARROW_MALLOC_CONF": "background_thread:false"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )
        if ours.recv(4) != b"warm":
            raise RuntimeError(f"the warm process ended with {self._process.wait()}")
        self._lifeline, self._pid_here = ours, os.getpid()
        atexit.register(self._end, os.getpid())

    def _end(self, owner: int) -> None:
        if owner == os.getpid() and self._lifeline is not None and self._process is not None:
            self._lifeline.close()
            self._process.wait()

    def fork(self, request: Mapping[str, object], streams: Sequence[int]) -> socket.socket:
        """A child with these standard streams; its PID and then its exit code come on the socket, a line each."""
        ours, theirs = socket.socketpair()
        with theirs, self._lock:
            if self._lifeline is None or self._pid_here != os.getpid():
                self._start()
            assert self._lifeline is not None
            socket.send_fds(self._lifeline, [b"+"], [theirs.fileno(), *streams])
        ours.sendall(json.dumps(request).encode() + b"\n")
        return ours


_WARM = _Warm()


def can_fork(environment: Mapping[str, str]) -> bool:
    """Whether a command with this environment can be one that is forked."""
    names = _AT_START.keys() | environment.keys()
    return (
        sys.platform == "linux"
        and not os.isatty(0)
        and all(CALLED_FOR.fullmatch(name) or _AT_START.get(name) == environment.get(name) for name in names)
    )


def run_forked(
    module: str,
    arguments: Sequence[str],
    *,
    folder: Path | None,
    environment: Mapping[str, str],
    timeout_s: float,
) -> subprocess.CompletedProcess[bytes]:
    """`python -m MODULE ARGUMENTS` by `subprocess.run` with captured output; `can_fork` must have said that it can."""
    outputs, theirs = zip(os.pipe(), os.pipe(), strict=True)
    status = Path("/proc/self/status").read_text()
    asked = {
        "module": module,
        "arguments": arguments,
        "folder": str((Path.cwd() if folder is None else folder).absolute()),
        "environment": dict(environment),
        "umask": int(status.split("Umask:", 1)[1].split(None, 1)[0], 8),
    }
    try:
        answer = _WARM.fork(asked, [0, *theirs])
    finally:
        for handle in theirs:
            os.close(handle)
    with answer:
        parts: dict[int, bytearray] = {handle: bytearray() for handle in (*outputs, answer.fileno())}
        try:
            in_time = _read(parts, time.monotonic() + timeout_s)
        finally:
            for handle in outputs:
                os.close(handle)
        pid, *code = parts[answer.fileno()].decode().split()
        if not in_time:
            if not code:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)
            raise subprocess.TimeoutExpired(list(arguments), timeout_s, *(bytes(parts[handle]) for handle in outputs))
        return subprocess.CompletedProcess(list(arguments), int(code[0]), *(bytes(parts[handle]) for handle in outputs))


def _read(parts: dict[int, bytearray], until: float) -> bool:
    """Read each to its end; False where that did not come in time."""
    with selectors.DefaultSelector() as selector:
        for handle in parts:
            selector.register(handle, selectors.EVENT_READ)
        while selector.get_map():
            for key, _ in selector.select(max(0.0, until - time.monotonic())):
                part = os.read(key.fd, 1 << 16)
                parts[key.fd] += part
                if not part:
                    selector.unregister(key.fd)
            if time.monotonic() > until:
                return False
    return True
