"""What a device says of itself. A fact that cannot be read is null, and `missing` says why."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class CpuCluster(BaseModel):
    """Cores that share a maximum clock."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cores: int
    max_frequency_khz: int | None


class AndroidFacts(BaseModel):
    """What a phone's properties say of it. Null or empty where it has no such property."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    manufacturer: str | None = None
    model: str | None = None
    device: str | None = None
    """The maker's code name, such as `shiba`."""
    soc_manufacturer: str | None = None
    soc_model: str | None = None
    """Such as `SM8550`; before Android 12 the platform's name, such as `kona`."""
    build_fingerprint: str | None = None
    build_type: str | None = None
    """`user`, `userdebug`, `eng`."""
    release: str | None = None
    """Android's version, such as `14`."""
    sdk: int | None = None
    abis: list[str] = []
    """Best first, such as `arm64-v8a`."""
    serial: str | None = None

    @property
    def soc(self) -> str | None:
        """Maker and model of the system on a chip."""
        return " ".join(filter(None, (self.soc_manufacturer, self.soc_model))) or None


class Identity(BaseModel):
    """Identity of a machine. Two results are comparable only where these agree."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str
    """`local`, `ssh`, `adb`, …"""
    model: str | None = None
    """Product name of the board or phone."""
    cpu_model: str | None = None
    architecture: str | None = None
    """uname -m."""
    cores: int | None = None
    clusters: list[CpuCluster] = []
    governor: str | None = None
    memory_bytes: int | None = None
    os: str | None = None
    """PRETTY_NAME of /etc/os-release, or Android's version."""
    kernel: str | None = None
    libc: str | None = None
    """Such as `glibc 2.36`, `musl`, `bionic`."""
    boot_id: str | None = None
    is_virtual: bool | None = None
    """True on a virtual machine or in a container where that can be told: its timings are noisier."""
    android: AndroidFacts | None = None
    missing: dict[str, str] = {}
    """Name of a field above → why it is null."""


def device_key(name: str, identity: Identity) -> str:
    """What makes a device the same one: a phone's serial, elsewhere the name that the user gives it; its model; and its
    build of the system, since an update changes what is measured. A restart changes nothing of it.
    """
    android = identity.android
    who = f"serial {android.serial}" if android is not None and android.serial else name
    build = android.build_fingerprint if android is not None else None
    return "; ".join(part for part in (who, identity.model, identity.cpu_model, build) if part)


def shown_name(device: str, identity: Identity | None) -> str:
    """A phone by its model, with the address that tells it from another of the same: `Google Pixel 8 (adb:R5CT30A)`.
    Every other device by the name that its user gave it.
    """
    if identity is None or identity.android is None or not identity.model:
        return device
    return f"{identity.model} ({device})"
