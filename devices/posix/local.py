"""This computer as a device: the same contract, the same code, a shell of its own."""

from __future__ import annotations

import os

from devices.errors import DeviceError, PermanentError, TransientError
from devices.posix.posix_device import PosixDevice

WORKDIR_VARIABLE = "BAKEOFF_LOCAL_WORKDIR"
DEFAULT_WORKDIR = "~/.cache/bakeoff/device"


class LocalTransport:
    """Shells on this computer."""

    name = "local"
    kind = "local"

    def open(self) -> None:
        """Nothing to open."""

    def close(self) -> None:
        """Nothing to close."""

    def shell_command(self, bootstrap: str) -> list[str]:
        """The argv of a shell here."""
        return ["/bin/sh", "-c", bootstrap]

    def ended_early(self, exit_code: int | None, text: str, *, began: bool, printed: str = "") -> DeviceError:
        """A shell that was killed, or could not begin."""
        said = text.strip() or printed.strip() or f"exit code {exit_code}"
        if began:
            return TransientError(f"{self.name}: the shell of a command was killed ({said})")
        return PermanentError(f"{self.name}: /bin/sh does not run a script ({said})")


class LocalDevice(PosixDevice):
    """This computer. Its work directory is `$BAKEOFF_LOCAL_WORKDIR`, or `~/.cache/bakeoff/device`."""

    def __init__(self, workdir: str | None = None) -> None:
        # A job of cron's may have no HOME: then it is the one that the system knows for this user.
        default = os.path.expanduser(DEFAULT_WORKDIR)  # noqa: PTH111 - Path's fails for a user without any
        super().__init__(LocalTransport(), workdir or os.environ.get(WORKDIR_VARIABLE) or default)
