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
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
CALLED_FOR = re.compile(
    r"(BAKEOFF|ADB|ANDROID|PIP|MLFLOW|GIT|STUB|PYTEST|ORT|GITHUB|KMP)_\w+|NIGHTS?|PG[A-Z]+|COLUMNS|PATH"
    r"|_|PWD|OLDPWD|SHLVL|DISPLAY|WAYLAND_DISPLAY|TMPDIR"
)
"""Variables that are looked up each time, and by no module while it is imported."""

_AT_START = {**os.environ, "PYTHONPATH": str(REPOSITORY)}


class _Warm:
    """The warm process of this test process; started by the first command."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pid_here = 0
        self._place = Path()

    def place(self) -> Path:
        """The socket that it listens on."""
        with self._lock:
            if self._pid_here != os.getpid():
                self._start()
            return self._place

    def _start(self) -> None:
        folder = Path(tempfile.mkdtemp(prefix="bakeoff-warm-"))
        place = folder / "socket"
        place.with_suffix(".json").write_text(json.dumps([CALLED_FOR.pattern, _AT_START, sys.executable]))
        ours, theirs = socket.socketpair()
        with theirs, socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(place))
            listener.listen(64)
            handles = [theirs.fileno(), listener.fileno()]
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.rig.warm_process", *map(str, handles)],
                cwd=REPOSITORY,
                env={**_AT_START, "JE_ARROW_MALLOC_CONF": "background_thread:false"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=handles,
            )
        if ours.recv(4) != b"warm":
            raise RuntimeError(f"the warm process ended with {process.wait()}")
        self._pid_here, self._place = os.getpid(), place
        atexit.register(self._end, os.getpid(), ours, process)

    def _end(self, owner: int, lifeline: socket.socket, process: subprocess.Popen[bytes]) -> None:
        if owner == os.getpid():
            lifeline.close()
            process.wait()
            shutil.rmtree(self._place.parent)

    def fork(self, request: Mapping[str, object], streams: Sequence[int]) -> socket.socket:
        """A child with these standard streams; its PID and then its exit code come on the socket, a line each."""
        asker = socket.socket(socket.AF_UNIX)
        asker.connect(str(self.place()))
        socket.send_fds(asker, [b"+"], streams)
        asker.sendall(json.dumps(request).encode() + b"\n")
        return asker


_WARM = _Warm()


def can_fork(environment: Mapping[str, str]) -> bool:
    """Whether a command with this environment can be one that is forked."""
    names = _AT_START.keys() | environment.keys()
    return (
        sys.platform == "linux"
        and not os.isatty(0)
        and all(CALLED_FOR.fullmatch(name) or _AT_START.get(name) == environment.get(name) for name in names)
    )


def in_a_shell() -> str:
    """What a shell runs for `bakeoff`, to be followed by its arguments."""
    if sys.platform != "linux":
        return f"{shlex.quote(sys.executable)} -m harness.cli.main"
    program = Path(__file__).with_name("forking_program.py")
    return shlex.join([sys.executable, "-I", "-S", str(program), str(_WARM.place())])


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
