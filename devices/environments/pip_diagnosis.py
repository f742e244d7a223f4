"""What pip means by what it says when it gives up."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto


class PipTrouble(Enum):
    """Kinds of failure that want different remedies."""

    NO_SUCH_VERSION = auto()
    """The index has the distribution, but not that version for this platform and Python."""
    NOT_FOR_THIS_MACHINE = auto()
    """The index has nothing at all of it for this platform and Python, or does not know it."""
    NO_INDEX = auto()
    """No package index could be reached."""
    NO_SPACE = auto()
    CONFLICT = auto()
    OTHER = auto()


@dataclass(frozen=True)
class PipDiagnosis:
    """Why an installation failed."""

    trouble: PipTrouble
    last_line: str
    versions: tuple[str, ...]
    """What pip says it could have had for this platform and Python, oldest first."""


_NETWORK = (
    "Failed to establish a new connection",
    "Temporary failure in name resolution",
    "Name or service not known",
    "Network is unreachable",
    "Connection refused",
    "ConnectTimeoutError",
    "ReadTimeoutError",
    "ProxyError",
    "SSLError",
    "Could not fetch URL",
    "NewConnectionError",
)


def diagnose_pip(output: str) -> PipDiagnosis:
    """Read pip's output, stdout and stderr together."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR")]
    last = (errors or lines or ["pip said nothing"])[-1]
    offered = re.search(r"\(from versions: ([^)]*)\)", output)
    names = offered[1] if offered else ""
    versions = tuple(name.strip() for name in names.split(",") if name.strip() not in ("", "none"))
    if "No space left on device" in output:
        trouble = PipTrouble.NO_SPACE
    elif versions:
        # Something answered: a failed attempt at another index beside it is not why.
        trouble = PipTrouble.NO_SUCH_VERSION
    elif any(sign in output for sign in _NETWORK):
        trouble = PipTrouble.NO_INDEX
    elif offered or "No matching distribution found" in output or "requires a different Python" in output:
        trouble = PipTrouble.NOT_FOR_THIS_MACHINE
    elif "ResolutionImpossible" in output or "conflicting dependencies" in output:
        trouble = PipTrouble.CONFLICT
    else:
        trouble = PipTrouble.OTHER
    return PipDiagnosis(trouble, last, versions)
