"""What people call a device."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from devices.identity import Identity


def shown_name(device: str, identity: Identity | None) -> str:
    """A phone by its model, with the address that tells it from another of the same: `Google Pixel 8 (adb:R5CT30A)`.
    Every other device by the name that its user gave it.
    """
    if identity is None or identity.android is None or not identity.model:
        return device
    return f"{identity.model} ({device})"
