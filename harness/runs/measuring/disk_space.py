"""Whether a device's disk is full: found by writing there, which is what counts, and not by what a tool says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devices.errors import NoSpaceError

if TYPE_CHECKING:
    from devices.base import DeviceFiles

PROBE_BYTES = 1 << 20


def raise_if_full(device: DeviceFiles, folder: str, *, after: str) -> None:
    """Write a megabyte into an existing folder there and remove it. Raises `NoSpaceError`; `after` says what to do
    once there is space again.
    """
    probe = f"{folder}/disk-probe"
    try:
        device.write(probe, bytes(PROBE_BYTES))
    except NoSpaceError as full:
        remedy = f"{full.remedy.rstrip('.')}. {after}"
        raise NoSpaceError(f"{device.name}: the disk is full there", remedy) from None
    finally:
        device.remove([probe])
