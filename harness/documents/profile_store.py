"""Profiles of devices on this computer: `$BAKEOFF_PROFILES`, or `~/.local/share/bakeoff/profiles`."""

from __future__ import annotations

import hashlib
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from devices.identity import device_key
from devices.readings.unavailable import NotThere
from harness.documents.folder import read_model, safe_name, write_atomically, write_model
from harness.documents.profile import DeviceProfile
from harness.errors import UserError

if TYPE_CHECKING:
    from devices.identity import Identity

VARIABLE: Final = "BAKEOFF_PROFILES"

OLDEST: Final = timedelta(days=90)
"""A calibration that is older says nothing of the device as it is now."""


def profile_path(name: str, identity: Identity) -> Path:
    """Where the device's profile is, or would be."""
    key = device_key(name, identity)
    return profiles_folder() / f"{safe_name(name)}-{hashlib.sha256(key.encode()).hexdigest()[:12]}.json"


def records_path(name: str, identity: Identity) -> Path:
    """Where the records of its calibration are, beside the profile: what its numbers can be computed again from."""
    return profile_path(name, identity).with_suffix(".records.jsonl")


def profiles_folder() -> Path:
    """`$BAKEOFF_PROFILES`, or `~/.local/share/bakeoff/profiles`."""
    return Path(os.environ.get(VARIABLE) or "~/.local/share/bakeoff/profiles").expanduser()


def store_profile(profile: DeviceProfile) -> Path:
    """Write it in place of an older one; returns where. Raises `DiskError`."""
    path = profile_path(profile.device, profile.identity)
    write_model(path, profile)
    return path


def store_records(name: str, identity: Identity, records: Path) -> None:
    """Keep a calibration's records in place of an older one's. Raises `DiskError`."""
    write_atomically(records_path(name, identity), records.read_bytes())


def find_profile(name: str, identity: Identity) -> DeviceProfile | NotThere:
    """The device's profile with its calibration, no older than `OLDEST`; or why there is none to be shown."""
    path = profile_path(name, identity)
    if not path.is_file():
        return NotThere("the device was never looked at with `bakeoff doctor`")
    try:
        profile = read_model(path, DeviceProfile)
    except UserError as error:
        return NotThere(error.what)
    if profile.key != device_key(name, identity) or profile.calibration is None:
        return NotThere("the device was never calibrated")
    age = datetime.now(UTC) - profile.calibration.made_at
    if age > OLDEST:
        return NotThere(f"the device was calibrated {age.days} days ago")
    return profile
