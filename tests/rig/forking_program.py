"""`bakeoff` for a shell, forked from the warm process of a test: `python -I -S forking_program.py SOCKET ARGUMENTS`.

It hands its standard streams, its environment and its folder to the warm process, passes signals on to the command,
and ends as it ended. Where the command cannot be forked it becomes a fresh one. It imports next to nothing.
"""

import json
import os
import re
import signal
import socket
import sys

MODULE = "harness.cli.main"
PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def fits(called_for: str, at_start: dict[str, str]) -> bool:
    """Whether the environment is as far that of the warm process as it must be, and no stream is a terminal's."""
    try:
        has_terminal = any(os.isatty(handle) or not os.fstat(handle) for handle in range(3))
    except OSError:
        return False
    names = at_start.keys() | os.environ.keys()
    return not has_terminal and all(
        re.fullmatch(called_for, name) or at_start.get(name) == os.environ.get(name) for name in names
    )


def main() -> None:
    """Ask, and end as the command did."""
    place, words = sys.argv[1], sys.argv[2:]
    with open(f"{place}.json", encoding="utf-8") as file:  # noqa: PTH123 - pathlib is slow to import
        called_for, at_start, program = json.load(file)
    if not fits(called_for, at_start) or any(signal.getsignal(number) is signal.SIG_IGN for number in PASSED_ON):
        os.execv(program, [program, "-m", MODULE, *words])
    mask = os.umask(0)
    os.umask(mask)
    request = {
        "module": MODULE,
        "arguments": words,
        "folder": os.getcwd(),  # noqa: PTH109
        "environment": dict(os.environ),
        "umask": mask,
    }
    signal.pthread_sigmask(signal.SIG_BLOCK, PASSED_ON)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asker:
        asker.connect(place)
        socket.send_fds(asker, [b"+"], [0, 1, 2])
        asker.sendall(json.dumps(request).encode() + b"\n")
        said = asker.makefile("r")
        pid = int(said.readline())
        for number in PASSED_ON:
            signal.signal(number, lambda number, _frame: os.kill(pid, number))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, PASSED_ON)
        os.closerange(0, 3)  # whoever reads a pipe of the command's waits for the command alone
        code = int(said.readline())
    for number in PASSED_ON:
        signal.signal(number, signal.SIG_DFL)
    if code < 0:
        os.kill(os.getpid(), -code)
    os._exit(code)


if __name__ == "__main__":
    main()
