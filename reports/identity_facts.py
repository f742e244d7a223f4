"""What a device says of itself, as lines of text; for each fact it cannot give, why."""

from __future__ import annotations

from devices.identity import CpuCluster, Identity
from reports import format as fmt

_NAMES = {
    "kind": "Reached as",
    "model": "Model",
    "cpu_model": "Processor",
    "architecture": "Architecture",
    "cores": "Cores",
    "clusters": "Clusters",
    "governor": "Clock governor",
    "memory_bytes": "Memory",
    "os": "Operating system",
    "kernel": "Kernel",
    "libc": "C library",
    "boot_id": "Boot id",
    "is_virtual": "Virtual machine",
}


def identity_facts(identity: Identity | None) -> list[tuple[str, str]]:
    """(name, text) of every fact in the order of `Identity`; empty where there is no identity."""
    if identity is None:
        return []
    facts = []
    for field, name in _NAMES.items():
        text = _text(field, identity)
        if text is None:
            text = f"unavailable: {identity.missing.get(field, 'the device does not say')}"
        facts.append((name, text))
    return facts


def _text(field: str, identity: Identity) -> str | None:
    if field == "memory_bytes":
        return None if identity.memory_bytes is None else fmt.byte_count(identity.memory_bytes)
    if field == "is_virtual":
        return None if identity.is_virtual is None else ("yes" if identity.is_virtual else "no")
    if field == "clusters":
        return ", ".join(_cluster(cluster) for cluster in identity.clusters) or None
    value = getattr(identity, field)
    return None if value is None else str(value)


def _cluster(cluster: CpuCluster) -> str:
    if cluster.max_frequency_khz is None:
        return f"{fmt.count(cluster.cores, 'core')} of unknown clock"
    return (
        f"{fmt.count(cluster.cores, 'core')} up to {fmt.with_unit(fmt.plain(cluster.max_frequency_khz / 1e3), 'MHz')}"
    )
