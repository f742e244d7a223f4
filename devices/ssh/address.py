"""`ssh://[user@]host[:port][/workdir]`, taken apart and checked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

from devices.errors import PermanentError

SCHEME = "ssh://"
DEFAULT_WORKDIR = "~/.cache/bakeoff"

_ADDRESS = re.compile(
    r"ssh://(?:(?P<user>[^@/]*)@)?(?:\[(?P<ipv6>[0-9A-Fa-f]*:[0-9A-Za-z:.%]+)\]|(?P<host>[^@/:\[\]]*))(?::(?P<port>[^/]*))?(?P<path>/.*)?",
    re.DOTALL,
)
_REMEDY = "Write it as ssh://[user@]host[:port][/workdir], such as ssh://pi@bench-4."


@dataclass(frozen=True)
class SshAddress:
    """Where to log in. What is null is left to the user's ~/.ssh/config."""

    text: str
    host: str
    user: str | None
    port: int | None
    workdir: str

    def target_words(self) -> list[str]:
        """The words of an ssh command line that name the target."""
        words = [] if self.port is None else ["-p", str(self.port)]
        words += [] if self.user is None else ["-l", self.user]
        return [*words, "--", self.host]

    def by_hand(self) -> str:
        """What a person would type to log in."""
        port = "" if self.port is None else f"-p {self.port} "
        user = "" if self.user is None else f"{self.user}@"
        return f"ssh {port}{user}{self.host}"


def parse_ssh_address(text: str) -> SshAddress:
    """Raises `PermanentError` for what is not an address, or would be an option to ssh.

    The host may be an alias of ~/.ssh/config. In the path %XX stands for any byte; `/~/x` is below the home directory.
    """
    found = _ADDRESS.fullmatch(text)
    if found is None:
        raise PermanentError(f"{text!r} is not an ssh address", _REMEDY)
    user = None if found["user"] is None else unquote(found["user"])
    host = found["ipv6"] or found["host"] or ""
    if user is not None and ":" in user:
        raise PermanentError(
            "a password in an ssh address would be seen by every user of this computer",
            f"Leave it out and log in with a key: ssh-copy-id {host or 'host'}",
        )
    for what, value in (("host", host), ("user", user)):
        if value is not None and not re.fullmatch(r"[\w:][\w.:%+\\@$-]*", value):
            raise PermanentError(f"{text!r}: {value!r} is not a name for a {what}", _REMEDY)
    port: int | None = None
    if found["port"] is not None:
        if not re.fullmatch(r"[0-9]{1,5}", found["port"]) or not 1 <= int(found["port"]) <= 65535:
            raise PermanentError(f"{text!r}: {found['port']!r} is not a port", _REMEDY)
        port = int(found["port"])
    path = unquote(found["path"] or "", errors="surrogateescape")
    if path.startswith("/~/"):
        path = path[1:]
    workdir = DEFAULT_WORKDIR if path in ("", "/") else path
    return SshAddress(text, host, user, port, workdir)
