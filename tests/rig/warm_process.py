"""A process that has imported what `bakeoff` imports, and forks a child for each command: `forked_command.py` asks it.

A fresh `bakeoff` spends most of its processor time on imports. A child that is forked here has them done, and is given
everything else that a fresh process has of its own: arguments, environment, folder, umask, standard streams, signal
dispositions, random numbers.

Nothing of a command is ever run in the warm process itself, which stays with one thread, its lifeline and the sockets
of the commands in flight.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import io
import json
import os
import pkgutil
import random
import runpy
import select
import signal
import socket
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

import numpy

PACKAGES = ("harness", "devices", "metrics", "reports")
OTHERS = (
    "PIL.Image",
    "PIL.ImageOps",
    "cv2",
    "matplotlib.backends.backend_svg",
    "matplotlib.figure",
    "onnx",
    "pandas",
    "rich.console",
    "rich.table",
    "scipy.ndimage",
    "scipy.optimize",
    "scipy.signal",
    "scipy.stats",
    "sqlalchemy",
    "threadpoolctl",
)
"""What commands import only when they come to it."""
NEVER = ("devices.python_runner", "harness.history.migrations.env")
"""Programs of their own, which run when they are imported or know another `sys.path`."""
STANDARD = 3
"""stdin, stdout, stderr."""


def main() -> None:
    """Serve until the lifeline ends; a forked child goes on as the command."""
    lifeline, listener = (socket.socket(fileno=int(handle)) for handle in sys.argv[1:])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the tests, whose end ends the lifeline
    import_all()
    threads = len(list(Path("/proc/self/task").iterdir()))
    if threads != 1:
        sys.exit(f"the imports of bakeoff started {threads - 1} threads, which no forked child would have")
    gc.collect()
    gc.freeze()
    lifeline.sendall(b"warm")
    request = serve(lifeline, listener)
    if request is not None:
        become(request)
        run(request["module"])


def import_all() -> None:
    """Every module of the product, and what these import only inside functions."""
    for package in PACKAGES:
        for module in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
            if not module.name.startswith(NEVER):
                importlib.import_module(module.name)
    for name in OTHERS:
        importlib.import_module(name)


def serve(lifeline: socket.socket, listener: socket.socket) -> dict[str, Any] | None:
    """Fork for each request: a byte with the standard streams, on a connection of its own. A child's PID and, when it
    ended, its exit code are told there; a child whose asker is gone is killed, as its asker may have been. Returns the
    request in a child, and None at the end of the lifeline.
    """
    children: dict[int, tuple[int, socket.socket]] = {}  # pidfd: (pid, whom to tell)
    askers: dict[int, int] = {}  # connection: pidfd
    poll = select.poll()
    poll.register(lifeline, select.POLLIN)
    poll.register(listener, select.POLLIN)
    while True:
        # Whom nobody knows yet comes last: by then no number of a handle in what is ready is one that was closed.
        for ready, _ in sorted(poll.poll(), key=lambda event: event[0] == listener.fileno()):
            if ready == lifeline.fileno():
                return None
            if ready in askers and askers[ready] in children:
                poll.unregister(ready)
                signal.pidfd_send_signal(askers.pop(ready), signal.SIGKILL)
            elif ready in children:
                pid, asker = children.pop(ready)
                poll.unregister(ready)
                os.close(ready)
                if askers.pop(asker.fileno(), None) is not None:
                    poll.unregister(asker)
                _, status = os.waitpid(pid, 0)
                tell(asker, f"{os.waitstatus_to_exitcode(status)}\n")
                asker.close()
            elif ready == listener.fileno():
                asker, _ = listener.accept()
                _, streams, _, _ = socket.recv_fds(asker, 1, STANDARD)
                pid = os.fork() if len(streams) == STANDARD else -1
                if pid == 0:
                    for handle, (_, other) in children.items():
                        os.close(handle)
                        other.close()
                    lifeline.close()
                    listener.close()
                    return take(asker, streams)
                for handle in streams:
                    os.close(handle)
                if pid < 0:
                    asker.close()
                    continue
                tell(asker, f"{pid}\n")
                handle = os.pidfd_open(pid)
                children[handle] = pid, asker
                askers[asker.fileno()] = handle
                poll.register(handle, select.POLLIN)
                poll.register(asker, 0)  # to hear that it is gone


def run(module: str) -> None:
    """In the child: `python -m MODULE`. What is due at its end is done by hand: an interpreter that ends takes itself
    to pieces, and each page of memory that is shared with the warm process would be copied for that, .15 s of a core.
    """
    code = 0
    interrupted = False
    sys.modules.pop(module, None)  # `-m` imports what it runs for the first time
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if end.code is not None and not isinstance(end.code, int):
            print(end.code, file=sys.stderr)
        code = 0 if end.code is None else end.code & 0xFF if isinstance(end.code, int) else 1
    except BaseException as fault:
        sys.excepthook(type(fault), fault, fault.__traceback__)
        code, interrupted = 1, isinstance(fault, KeyboardInterrupt)
    threading._shutdown()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            code = 120
    if interrupted:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    os._exit(code)


def tell(asker: socket.socket, line: str) -> None:
    """Say it to one who may be gone."""
    try:
        asker.sendall(line.encode())
    except OSError:
        return


def take(asker: socket.socket, streams: list[int]) -> dict[str, Any]:
    """In the child: its standard streams, and what it is asked to be."""
    for place, handle in enumerate(streams):
        os.dup2(handle, place)
        os.close(handle)
    with asker, asker.makefile("rb") as said:
        request: dict[str, Any] = json.loads(said.readline())
    return request


def become(request: dict[str, Any]) -> None:
    """In the child: everything that a fresh process has of its own."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(request["environment"])
    os.umask(request["umask"])
    os.chdir(request["folder"])
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        replace_stream(name, mode)
    sys.argv = ["bakeoff", *request["arguments"]]
    sys.path[0] = request["folder"]
    tempfile.tempdir = None
    random.seed()
    numpy.random.seed()
    threading.main_thread()._set_native_id()  # a fork leaves it the one of its parent


def replace_stream(name: str, mode: str) -> None:
    """A standard stream as the interpreter makes it at its start, when it looks at what it reads from or writes to."""
    before = getattr(sys, name)
    is_unbuffered = isinstance(before.buffer, io.RawIOBase)
    handle = open(before.fileno(), f"{mode}b", buffering=0 if is_unbuffered else -1, closefd=False)  # noqa: SIM115
    stream = io.TextIOWrapper(
        handle,
        before.encoding,
        before.errors,
        newline=None if mode == "r" else "\n",
        line_buffering=before.line_buffering,
        write_through=before.write_through,
    )
    stream.mode = mode
    setattr(sys, name, stream)
    setattr(sys, f"__{name}__", stream)


if __name__ == "__main__":
    main()
