"""A way to get a POSIX shell on a device. Local, ssh and adb differ in this alone; the rest is one code for all."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from devices.errors import DeviceError


class Transport(Protocol):
    """Opens shells on one device."""

    @property
    def name(self) -> str:
        """The device as the user wrote it."""
        ...

    @property
    def kind(self) -> str:
        """`local`, `ssh`, …"""
        ...

    def open(self) -> None:
        """Make sure that shells can be had, logging in where that is needed. Raises `devices.errors`."""
        ...

    def close(self) -> None:
        """Let go of the connection. May be opened again."""
        ...

    def shell_command(self, bootstrap: str) -> list[str]:
        """The argv to start on this computer so that `/bin/sh -c bootstrap` runs on the device with its standard
        streams connected. `bootstrap` has no single quote and no newline in it. Raises `TransientError` when there is
        no connection.
        """
        ...

    def ended_early(self, exit_code: int | None, text: str, *, began: bool, printed: str = "") -> DeviceError:
        """What it means that a shell ended without its closing mark.

        `exit_code` is that of the local client (null when it had to be killed), `text` what it wrote to stderr, and
        `began` whether the shell on the device had reported in, and `printed` what came on stdout where it had not.
        """
        ...


@runtime_checkable
class WatchedTransport(Protocol):
    """A transport whose client does not notice by itself that the device is gone."""

    longest_silence_s: float
    """Where nothing moves in a session for as long, `lost` is asked of it, again and again."""

    def lost(self) -> DeviceError | None:
        """Why the device is held for lost; null while it answers, or may still answer. Never waits."""
        ...
