"""`adb`, `adb:SERIAL` and `adb:*`, taken apart; and which of the phones that are attached is meant."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

from devices.adb.phone_list import ListedPhone
from devices.errors import NotReachableError, PermanentError

KIND = "adb"
PREFIX = "adb:"
ALL = "adb:*"

# What `adb connect` takes: such a phone is not found by itself again.
_CONNECTED_BY_HAND = re.compile(r"(?:[\w.-]+|\[[0-9A-Fa-f:.%\w]+\]):\d{1,5}|(?:tcp|vsock|localfilesystem):.+")


def parse_adb_address(text: str) -> str | None:
    """The serial in `adb:SERIAL`; null for `adb`. Raises `PermanentError` for anything else."""
    if text == KIND:
        return None
    serial = text.removeprefix(PREFIX)
    if not text.startswith(PREFIX) or not serial or serial == "*" or "\0" in serial or "\n" in serial:
        raise PermanentError(
            f"{text!r} is not the address of one phone",
            "Write adb for the only phone attached, or adb:SERIAL; `adb devices` lists serials.",
        )
    return serial


def is_connected_by_hand(serial: str) -> bool:
    """Whether `adb connect SERIAL` is how this phone came, and comes back."""
    return _CONNECTED_BY_HAND.fullmatch(serial) is not None


def only_phone(phones: Sequence[ListedPhone]) -> ListedPhone | None:
    """The phone that `adb` alone means: the only one attached, or the one that ANDROID_SERIAL names; null if there is
    none.

    One that is ready is meant even when others are listed as offline: emulators leave such lines behind. Raises
    `PermanentError` when there is a choice.
    """
    named = os.environ.get("ANDROID_SERIAL")
    if named:
        return next((phone for phone in phones if phone.serial == named), ListedPhone(named, "no device"))
    candidates = [phone for phone in phones if phone.state != "offline"] or list(phones)
    if len(candidates) > 1:
        proposed = next((phone for phone in candidates if phone.state == "device"), candidates[0])
        raise PermanentError(
            f"{KIND}: {len(candidates)} phones are attached: {', '.join(map(str, candidates))}",
            f"Choose one: -d {PREFIX}{proposed.serial}, or all: -d '{ALL}'.",
        )
    return candidates[0] if candidates else None


def absent_phone(name: str, serial: str, phones: Sequence[ListedPhone]) -> NotReachableError:
    """The error for a phone that adb does not list. `name` is the device's."""
    by = " (ANDROID_SERIAL)" if name == KIND and os.environ.get("ANDROID_SERIAL") == serial else ""
    others = f"; attached: {', '.join(map(str, phones))}" if phones else ""
    return NotReachableError(
        f"{name}: no phone {serial}{by} is attached{others}",
        "Is the cable in, USB debugging on, and the phone not only charging? `adb devices -l` shows what adb sees.",
    )
