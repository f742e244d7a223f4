"""What a person would try after a login that ran no command, tried: a cause is told by a test, not by a phrase in what
a stranger's machine said.
"""

from __future__ import annotations

import os
import re
import secrets
import selectors
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass

_TIMEOUT_S = 10.0
_MOST_BYTES = 1 << 16
# ssh's own lines: that sshd lets us in, and that it opens no session all the same (MaxSessions 0).
_LET_IN = re.compile(r"Authenticated to .*")
_NO_SESSION = re.compile(r"channel \d+: open failed: .*")


@dataclass(frozen=True)
class ByHand:
    """What came of it."""

    let_in: bool
    """Whether ssh said that it was; only with its LogLevel VERBOSE."""
    prints: bool
    """Whether `echo hello` printed hello."""
    passes_stdin: bool
    """Whether a command there gets what is written to ssh."""
    is_windows: bool
    """Whether the shell there knows Windows' own variable of its system."""
    opens_no_session: bool
    """Whether sshd refused the session itself."""


def try_by_hand(ssh_command: Callable[[str], list[str]]) -> ByHand:
    """Log in anew for each of a few harmless commands; `ssh_command` gives the argv of ssh for one, with its LogLevel
    VERBOSE.
    """
    token = f"hello-{secrets.token_hex(8)}"
    said = _said(ssh_command(f"echo {token}"))
    prints = token in said
    return ByHand(
        let_in=any(_LET_IN.fullmatch(line) for line in said),
        prints=prints,
        passes_stdin=prints and token in _said(ssh_command("cat"), f"{token}\n".encode()),
        is_windows=prints and any("Windows_NT" in _said(ssh_command(f"echo {each}")) for each in ("%OS%", "$env:OS")),
        opens_no_session=any(_NO_SESSION.fullmatch(line) for line in said),
    )


def _said(argv: list[str], stdin: bytes = b"") -> list[str]:
    """The lines of both streams, no more than some tens of KB of them, within ten seconds."""
    said = b""
    with subprocess.Popen(
        argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0, start_new_session=True
    ) as client:
        assert client.stdin is not None
        assert client.stdout is not None
        try:
            client.stdin.write(stdin)
            client.stdin.close()
        except BrokenPipeError:
            pass
        until = time.monotonic() + _TIMEOUT_S
        with selectors.DefaultSelector() as selector:
            selector.register(client.stdout, selectors.EVENT_READ)
            while len(said) < _MOST_BYTES and selector.select(max(0.0, until - time.monotonic())):
                chunk = os.read(client.stdout.fileno(), _MOST_BYTES)
                if not chunk:
                    break
                said += chunk
        client.kill()
    return [line.strip() for line in said.decode(errors="replace").splitlines()]
