"""What a device says of itself. A fact that cannot be read is null, and `missing` says why."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class CpuCluster(BaseModel):
    """Cores that share a maximum clock."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cores: int
    max_frequency_khz: int | None


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
    missing: dict[str, str] = {}
    """Name of a field above → why it is null."""
