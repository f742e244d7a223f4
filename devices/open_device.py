"""From what a user writes after `-d` to a device."""

from __future__ import annotations

import difflib

from devices.base import Device
from devices.errors import PermanentError

_KINDS = "local, ssh://[user@]host[:port][/workdir], adb, adb:SERIAL and adb:*"


def open_devices(text: str) -> list[Device]:
    """As `open_device`; `adb:*` gives every phone that adb lists."""
    from devices.adb.address import ALL
    from devices.adb.device import attached_phones

    return list(attached_phones()) if text == ALL else [open_device(text)]


def open_device(text: str) -> Device:
    """The device named by `local`, `ssh://[user@]host[:port][/workdir]`, `adb` or `adb:SERIAL`; nothing is connected
    yet.

    Raises `PermanentError` for anything else.
    """
    from devices.adb.address import ALL, KIND, PREFIX
    from devices.adb.device import AdbDevice
    from devices.posix.local import LocalDevice
    from devices.ssh.address import SCHEME
    from devices.ssh.device import SshDevice

    if text == "local":
        return LocalDevice()
    if text.startswith(SCHEME):
        return SshDevice(text)
    if text == ALL:
        raise PermanentError(f"{text!r} is every phone attached, and one is wanted here", "Name it: adb:SERIAL.")
    if text == KIND or text.startswith(PREFIX):
        return AdbDevice(text)
    if text.startswith("browser"):
        kind = text.split(":", 1)[0]
        raise PermanentError(f"{text!r}: {kind} devices are not in this version", f"Devices are {_KINDS}.")
    near = difflib.get_close_matches(text, ["local", KIND], 1, 0.7)
    if near:
        hint = f"Did you mean {near[0]}?"
    elif "@" in text and "/" not in text:
        hint = f"Did you mean ssh://{text}?"
    else:
        hint = f"Devices are {_KINDS}."
    raise PermanentError(f"{text!r} is not a device", hint)
