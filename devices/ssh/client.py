"""The user's own OpenSSH: which version it is, and the options that keep what is meant for people out of a program's
way.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from functools import lru_cache

Version = tuple[int, int]

_VERSION_TIMEOUT_S = 10.0

_OPTIONS = {
    "BatchMode": "yes",
    "ConnectTimeout": "10",
    "ConnectionAttempts": "1",
    # A dead link is noticed after three unanswered questions: 12 s.
    "ServerAliveInterval": "4",
    "ServerAliveCountMax": "2",
    "ControlPersist": "no",
    # What a configuration may add for people who log in, and which would get in the way of a program.
    "RequestTTY": "no",
    "ClearAllForwardings": "yes",
    "Tunnel": "no",
    "ForwardX11": "no",
    "ForwardAgent": "no",
    "PermitLocalCommand": "no",
    # Its own last words, such as of a server that fell silent. A notice before the login comes with them.
    "LogLevel": "INFO",
}
_NEWER: Sequence[tuple[Version, str, str]] = (
    ((7, 6), "RemoteCommand", "none"),
    ((8, 7), "SessionType", "default"),
    ((8, 7), "StdinNull", "no"),
    ((8, 7), "ForkAfterAuthentication", "no"),
)
"""Options that an older client would refuse, and that its user's configuration cannot hold either."""


def client_options(ssh_command: Sequence[str]) -> dict[str, str]:
    """Option → value, for the command line, where the first value of an option counts."""
    version = client_version(tuple(ssh_command))
    newer = {name: value for since, name, value in _NEWER if version is None or version >= since}
    return _OPTIONS | newer


@lru_cache(maxsize=16)
def client_version(ssh_command: tuple[str, ...]) -> Version | None:
    """Such as (9, 2); null where it does not say, as a program that stands for ssh may not."""
    try:
        done = subprocess.run(
            [*ssh_command, "-V"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_VERSION_TIMEOUT_S,
            check=False,
            start_new_session=True,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(rb"OpenSSH_(?:for_Windows_)?(\d{1,3})\.(\d{1,3})", done.stderr + done.stdout)
    return (int(found[1]), int(found[2])) if found else None
