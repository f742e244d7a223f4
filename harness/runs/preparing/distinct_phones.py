"""Every phone of a run once: one that is attached by USB and over Wi-Fi has two addresses, and would count as two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from devices.adb.address import ALL
from devices.errors import DeviceError
from devices.open_device import open_devices
from devices.retry import with_reconnect
from harness.errors import UserError
from harness.runs.session.device_threads import in_threads

if TYPE_CHECKING:
    from devices.base import Device, DeviceIdentity
    from devices.identity import Identity
    from harness.runs.session.progress import Progress
    from harness.runs.session.stop_request import StopRequest

FIRST_CONNECT_S: Final = 10.0


@dataclass(frozen=True)
class AskedDevice:
    """A device as the command line asks for it."""

    device: Device
    is_named: bool
    """By a name of its own, rather than as one of `adb:*`."""


def open_asked(names: Sequence[str]) -> list[AskedDevice]:
    """The devices of these `-d`, each name once; nothing is connected yet. Raises `DeviceError`."""
    asked: dict[str, AskedDevice] = {}
    for name in dict.fromkeys(names):
        for device in open_devices(name):
            asked.setdefault(device.name, AskedDevice(device, is_named=name != ALL))
    return list(asked.values())


def distinct_phones(asked: Sequence[AskedDevice], progress: Progress, stop: StopRequest) -> list[Device]:
    """The devices, in order, less those of `adb:*` that are a phone by a second address; that is said.

    A phone is known by its serial (its own, not adb's) together with its boot id. Where there are several phones each
    is connected to for that; one that does not answer is left in: it is prepared later, and says what is the matter.
    Raises `UserError` for a phone that is named twice.
    """
    phones = [each for each in asked if each.device.name.startswith("adb")]
    if len(phones) < 2:
        return [each.device for each in asked]
    try:
        identities = in_threads([partial(_identity, each.device, stop) for each in phones], stop)
    except KeyboardInterrupt:
        stop.ask()
        raise
    known: dict[tuple[str, str], AskedDevice] = {}
    doubles: set[str] = set()
    pairs = zip(phones, identities, strict=True)
    for each, identity in sorted(pairs, key=lambda pair: not pair[0].is_named):
        key = _key(identity)
        if key is None:
            continue
        first = known.setdefault(key, each)
        if first is each:
            continue
        same = f"{each.device.name} is the same phone as {first.device.name} (serial {key[0]})"
        if each.is_named:
            raise UserError(same, "Name it once with -d, by the address that is to be used.")
        progress.say(each.device.name, f"{same}; it is measured once, by that address")
        doubles.add(each.device.name)
    return [each.device for each in asked if each.device.name not in doubles]


def _identity(device: DeviceIdentity, stop: StopRequest) -> Identity | None:
    def ask() -> Identity:
        device.connect()
        return device.identify()

    try:
        return with_reconnect(device, ask, total_s=FIRST_CONNECT_S, sleep=stop.sleep)
    except DeviceError:
        return None


def _key(identity: Identity | None) -> tuple[str, str] | None:
    if identity is None or identity.android is None:
        return None
    serial, boot_id = identity.android.serial, identity.boot_id
    return (serial, boot_id) if serial and boot_id else None
