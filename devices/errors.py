"""Two families of device errors. Whether a thing is tried again follows from the type, never from a message."""

from __future__ import annotations


class DeviceError(Exception):
    """A device could not do what it was asked. `remedy` says what a person can do about it."""

    def __init__(self, what: str, remedy: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.what}\n  {self.remedy}" if self.remedy else self.what


class TransientError(DeviceError):
    """Cable, network, a reboot, a busy server: retried with backoff after a reconnect."""


class PermanentError(DeviceError):
    """Trying again will not help: fails at once, with the remedy in its text."""


class NotReachableError(TransientError):
    """The device does not answer."""


class DeadlineError(TransientError):
    """Something took longer than it was given. A link that hangs without a word looks like this."""


class NotAuthorisedError(PermanentError):
    """The device answers and refuses: login, key, or a host key that changed."""


class NoSpaceError(PermanentError):
    """The device's disk is full."""


class CommandFailedError(PermanentError):
    """A command of ours ended with a non-zero exit code on the device."""


class RuntimeNotAvailableError(PermanentError):
    """A runtime cannot be provisioned on the device: no Python, no wheel for it, no package index."""


class CorruptTransferError(TransientError):
    """What arrived on the device does not have the hash of what was sent."""
