"""What a device says of itself, as lines of text; for each fact it cannot give, why."""

from __future__ import annotations

from devices.identity import AndroidFacts, CpuCluster, Identity
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
        if field == "model" and identity.android is not None:
            facts += _of_android(identity.android)
    return facts


def clusters_in_words(identity: Identity) -> str | None:
    """Such as `4 cores up to 1803 MHz, 2 cores up to 2914 MHz`; null where none is known."""
    return ", ".join(_cluster(cluster) for cluster in identity.clusters) or None


def _of_android(android: AndroidFacts) -> list[tuple[str, str]]:
    version = " ".join(filter(None, (android.release, f"(SDK {android.sdk})" if android.sdk is not None else None)))
    facts = [
        ("System on a chip", android.soc),
        ("Android", version),
        ("Build", android.build_fingerprint),
        ("Kind of build", android.build_type),
        ("ABIs", ", ".join(android.abis)),
    ]
    return [(name, text or "unavailable: its properties do not say") for name, text in facts]


def _text(field: str, identity: Identity) -> str | None:
    if field == "memory_bytes":
        return None if identity.memory_bytes is None else fmt.byte_count(identity.memory_bytes)
    if field == "is_virtual":
        return None if identity.is_virtual is None else ("yes" if identity.is_virtual else "no")
    if field == "clusters":
        return clusters_in_words(identity)
    value = getattr(identity, field)
    return None if value is None else str(value)


def _cluster(cluster: CpuCluster) -> str:
    if cluster.max_frequency_khz is None:
        return f"{fmt.count(cluster.cores, 'core')} of unknown clock"
    return (
        f"{fmt.count(cluster.cores, 'core')} up to {fmt.with_unit(fmt.plain(cluster.max_frequency_khz / 1e3), 'MHz')}"
    )
