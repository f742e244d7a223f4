"""A command that tells what it finds itself in: a forked one and a fresh one are to tell the same."""

import atexit
import decimal
import gc
import json
import locale
import os
import random
import resource
import signal
import sys
import tempfile
import threading
import warnings
from pathlib import Path


def lines_of_status(*names: str) -> dict[str, str]:
    found = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return {name: found[name].strip() for name in names}


def stream(name: str) -> list[object]:
    one = getattr(sys, name)
    return [
        one is getattr(sys, f"__{name}__"),
        one.fileno(),
        one.write_through,
        type(one.buffer).__name__,
        one.encoding,
        one.errors,
        one.line_buffering,
        one.newlines,
        one.mode,
        one.isatty(),
        one.seekable(),
        os.fstat(one.fileno()).st_mode,
    ]


def main() -> None:
    main_module = sys.modules["__main__"]
    seen = {
        "arguments": sys.argv[1:],
        "program": Path(sys.argv[0]).name,
        "environment": dict(os.environ),
        "folder": str(Path.cwd()),
        "path": sys.path,
        "main": [main_module.__name__, main_module.__spec__ is not None and main_module.__spec__.name],
        "streams": {name: stream(name) for name in ("stdin", "stdout", "stderr")},
        "handles": sorted(int(each.name) for each in Path("/proc/self/fd").iterdir() if each.exists()),
        "kernel": lines_of_status(
            "Umask", "Uid", "Gid", "Groups", "Threads", "SigBlk", "SigIgn", "SigCgt", "NoNewPrivs", "Seccomp", "CapEff"
        ),
        "signals": {str(number): str(signal.getsignal(number)) for number in signal.valid_signals()},
        "group": [os.getpgid(0), os.getsid(0)],
        "priority": os.getpriority(os.PRIO_PROCESS, 0),
        "cores": sorted(os.sched_getaffinity(0)),
        "limits": [resource.getrlimit(getattr(resource, n)) for n in dir(resource) if n.startswith("RLIMIT_")],
        "threads": [threading.active_count(), threading.current_thread() is threading.main_thread()],
        "main thread": threading.main_thread().native_id == os.getpid(),
        "temporary": tempfile.gettempdir(),
        "locale": [locale.getlocale(), locale.setlocale(locale.LC_ALL)],
        "flags": list(sys.flags),
        "options": [sys.warnoptions, {name: str(value) for name, value in sys._xoptions.items()}],
        "limits of python": [sys.getrecursionlimit(), sys.get_int_max_str_digits(), gc.isenabled(), gc.get_threshold()],
        "warnings": sys.argv[1:2] == ["with warnings"] and [str(each) for each in warnings.filters],
        "decimal": str(decimal.getcontext()),
        "hooks": [sys.excepthook is sys.__excepthook__, sys.gettrace() is None, sys.getprofile() is None],
        "traced": lines_of_status("TracerPid"),
    }
    print(json.dumps(seen))
    import numpy as np

    by_chance = [random.getrandbits(64), int(np.random.randint(1 << 62)), next(tempfile._get_candidate_names())]
    print(json.dumps(by_chance), file=sys.stderr)
    if sys.argv[1:2] == ["exit"]:
        sys.exit(int(sys.argv[2]) if sys.argv[2].lstrip("-").isdigit() else sys.argv[2])
    if sys.argv[1:2] == ["die"]:
        os.kill(os.getpid(), int(sys.argv[2]))
    if sys.argv[1:2] == ["raise"]:
        raise RuntimeError(sys.argv[2])
    if sys.argv[1:2] == ["leave things to the end"]:
        atexit.register(print, "at exit")
        threading.Timer(0.5, print, ["a thread"]).start()
    if sys.argv[1:2] == ["sleep"]:
        signal.pause()


if __name__ == "__main__":
    main()
