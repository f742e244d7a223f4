"""From what a user writes after `-d` to a device."""

from __future__ import annotations

import difflib

from devices.base import Device
from devices.errors import PermanentError

_KINDS = ("local", "ssh://[user@]host[:port][/workdir]")


def open_device(text: str) -> Device:
    """The device named by `local` or `ssh://[user@]host[:port][/workdir]`; nothing is connected yet.

    Raises `PermanentError` for anything else.
    """
    from devices.local import LocalDevice
    from devices.ssh import SshDevice
    from devices.ssh_address import SCHEME

    if text == "local":
        return LocalDevice()
    if text.startswith(SCHEME):
        return SshDevice(text)
    if text.startswith(("adb:", "browser")):
        kind = text.split(":", 1)[0]
        raise PermanentError(
            f"{text!r}: {kind} devices are not in this version", f"Devices are {' and '.join(_KINDS)}."
        )
    near = difflib.get_close_matches(text, ["local"], 1, 0.7)
    if near:
        hint = f"Did you mean {near[0]}?"
    elif "@" in text and "/" not in text:
        hint = f"Did you mean ssh://{text}?"
    else:
        hint = f"Devices are {' and '.join(_KINDS)}."
    raise PermanentError(f"{text!r} is not a device", hint)
