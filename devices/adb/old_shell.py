"""A program that stands in for `adb shell -T` where the phone has no shell v2 (before Android 7, and some boards).

    python old_shell.py BOOTSTRAP ADB... -s SERIAL

Such a phone's shell keeps neither stderr nor exit codes apart and cannot be told the end of its standard input. So what
comes on ours is sent as a file first and becomes the script's input there; its stderr goes into a file there, which is
told after its stdout. `exec-out` passes bytes unchanged. Exit codes are in the marks of `devices.posix.shell_session`.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import selectors
import signal
import subprocess
import sys
import tempfile

_PIECE_BYTES = 1 << 18
_PUSH_TIMEOUT_S = 600.0
_PUSH_SILENT_CODE = 255
_HELD = ": held; "
_LINES_BEFORE_INPUT = 2


def main(bootstrap: str, adb: list[str]) -> int:
    """Run the bootstrap on the phone between our standard streams; returns an exit code that says little."""
    # By default a SIGTERM would end this without a word to the client below, which would go on.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    token = secrets.token_hex(12)
    place = f"/data/local/tmp/.bakeoff-{token}"
    is_held = bootstrap.startswith(_HELD)
    with tempfile.NamedTemporaryFile() as spool:
        _spool_input(spool.fileno(), lines=_LINES_BEFORE_INPUT if is_held else None)
        push = subprocess.run(
            [*adb, "push", spool.name, f"{place}.in"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PUSH_TIMEOUT_S,
            check=False,
        )
    if push.returncode != 0:
        # Not what it printed on a file of ours, whose name nobody knows, but what it means.
        os.write(2, push.stderr + push.stdout)
        return _PUSH_SILENT_CODE
    # A session of its own: killing its group kills what the script started, and no more.
    run = f"$s sh -c '{bootstrap}'"
    tell = f'printf "\\036%s stderr\\n" {token}; cat "$p.err"; rm -f "$p.in" "$p.err"; printf "\\036%s over\\n" {token}'
    script = f"p={place}; s=; command -v setsid >/dev/null 2>&1 && s=setsid; "
    if is_held:
        script += f'{{ cat "$p.in"; exec cat; }} | {{ {run} 2>"$p.err"; {tell}; }}'
    else:
        script += f'{run} <"$p.in" 2>"$p.err"; {tell}'
    with subprocess.Popen(
        [*adb, "exec-out", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=None
    ) as client:
        try:
            _pass_on(client, token, watch_input=is_held)
        finally:
            client.kill()
    return 0


def _spool_input(spool: int, *, lines: int | None) -> None:
    """Our standard input into a file: all of it, or its first lines."""
    while lines is None or lines > 0:
        piece = os.read(0, _PIECE_BYTES if lines is None else 1)
        if not piece:
            return
        os.write(spool, piece)
        if lines is not None and piece == b"\n":
            lines -= 1


def _pass_on(client: subprocess.Popen[bytes], token: str, *, watch_input: bool) -> None:
    """The client's stdout to ours, then to our stderr, up to the last mark; ends early when our input does."""
    assert client.stdout is not None
    marks = [f"\x1e{token} stderr\n".encode(), f"\x1e{token} over\n".encode()]
    target, held_back = 1, b""
    with selectors.DefaultSelector() as selector:
        selector.register(client.stdout, selectors.EVENT_READ)
        if watch_input:
            selector.register(0, selectors.EVENT_READ)
        while True:
            ready = [key.fileobj for key, _ in selector.select()]
            if 0 in ready and not os.read(0, _PIECE_BYTES):
                return
            if client.stdout not in ready:
                continue
            piece = os.read(client.stdout.fileno(), _PIECE_BYTES)
            if not piece:
                _write(target, held_back)
                return
            held_back += piece
            while marks and (at := held_back.find(marks[0])) >= 0:
                _write(target, held_back[:at])
                held_back = held_back[at + len(marks.pop(0)) :]
                target = 2
            if not marks:
                return
            # Only what may be the beginning of a mark waits for more.
            at = held_back.rfind(b"\x1e", max(0, len(held_back) - len(marks[0])))
            if at < 0 or not marks[0].startswith(held_back[at:]):
                at = len(held_back)
            _write(target, held_back[:at])
            held_back = held_back[at:]


def _write(target: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(target, view) :]


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        sys.exit(main(sys.argv[1], sys.argv[2:]))
