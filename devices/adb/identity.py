"""Identity of a phone from the answer of adb_scripts/describe.sh."""

from __future__ import annotations

import re
from typing import Final

from devices.adb.properties import parse_getprop
from devices.adb_scripts import read_script
from devices.identity import AndroidFacts, Identity
from devices.posix.identify_linux import parse_cpufreq, parse_identity
from devices.said_number import whole_number

DESCRIBE_SCRIPT: Final = "describe.sh"

_REASONS = {
    "model": "neither properties nor a device tree name the product",
    "cpu_model": "neither properties nor /proc/cpuinfo name the processor",
    "os": "neither properties nor an os-release name the system",
    "clusters": "the kernel lets nobody read its clocks here",
    "governor": "the kernel lets nobody read its governor here",
    "libc": "no loader of a known C library is there",
}


def describe_script() -> str:
    """The script to run on the phone."""
    return read_script(DESCRIBE_SCRIPT)


def parse_android_identity(text: str) -> Identity:
    """Identity from what `describe.sh` printed. A board with Linux and adbd is identified like any Linux machine."""
    identity = parse_identity(text, "adb")
    properties = parse_getprop(_section(text, "properties"))
    facts = parse_android_facts(properties)
    values: dict[str, object] = {"android": facts}
    if facts is not None:
        values["model"] = _model(facts, properties) or identity.model
        values["os"] = f"Android {facts.release}" if facts.release else "Android"
        values["cpu_model"] = identity.cpu_model or facts.soc
        values["is_virtual"] = identity.is_virtual or _is_emulator(properties) or None
    if not identity.clusters:
        clusters, governor = parse_cpufreq(_as_policies(_section(text, "core_cpufreq")))
        values |= {"clusters": clusters, "governor": governor}
    whole = identity.model_dump() | values
    missing = {
        name: (_REASONS.get(name) if facts is not None else None) or identity.missing.get(name) or "not said"
        for name, value in whole.items()
        if name not in ("kind", "missing") and (value is None or value == [])
    }
    return Identity.model_validate(whole | {"missing": missing})


def parse_android_facts(properties: dict[str, str]) -> AndroidFacts | None:
    """What the properties say; null where there are none of Android's. An empty property counts as absent."""

    def first(*names: str) -> str | None:
        return next((properties[name].strip() for name in names if properties.get(name, "").strip()), None)

    release, sdk = first("ro.build.version.release"), first("ro.build.version.sdk")
    model, fingerprint = first("ro.product.model"), first("ro.build.fingerprint", "ro.system.build.fingerprint")
    if not any((release, sdk, model, fingerprint)):
        return None
    abis = first("ro.product.cpu.abilist") or ",".join(
        filter(None, (first("ro.product.cpu.abi"), first("ro.product.cpu.abi2")))
    )
    return AndroidFacts(
        manufacturer=first("ro.product.manufacturer", "ro.product.brand"),
        model=model,
        device=first("ro.product.device", "ro.build.product"),
        soc_manufacturer=first("ro.soc.manufacturer"),
        soc_model=first("ro.soc.model", "ro.board.platform", "ro.hardware"),
        build_fingerprint=fingerprint,
        build_type=first("ro.build.type"),
        release=release,
        sdk=None if sdk is None else whole_number(sdk),
        abis=[abi.strip() for abi in abis.split(",") if abi.strip()],
        serial=first("ro.serialno", "ro.boot.serialno"),
    )


def _model(facts: AndroidFacts, properties: dict[str, str]) -> str | None:
    if facts.model is None:
        return None
    maker = facts.manufacturer
    if maker is None or facts.model.lower().startswith(maker.lower()):
        return facts.model
    # Makers that write themselves in small letters are written as the brand is, where that is the same name.
    brand = properties.get("ro.product.brand", "").strip()
    spelt = brand if brand.lower() == maker.lower() and brand != maker else maker
    return f"{spelt[:1].upper()}{spelt[1:]} {facts.model}"


def _is_emulator(properties: dict[str, str]) -> bool:
    return properties.get("ro.kernel.qemu") == "1" or properties.get("ro.boot.qemu") == "1"


def _as_policies(text: str) -> str:
    """cpuN/cpufreq/… as if it were policyN/…, once for each set of cores that share a clock."""
    owners: set[str] = set()
    kept: dict[str, list[str]] = {}
    for line in text.splitlines():
        found = re.fullmatch(r".*/cpu(\d+)/cpufreq/(\w+):(.*)", line)
        if found:
            kept.setdefault(found[1], []).append(f"x/policy{found[1]}/{found[2]}:{found[3]}")
            if found[2] == "related_cpus" and found[3].split()[:1] == [found[1]]:
                owners.add(found[1])
    return "\n".join(line for core, lines in kept.items() if core in owners or not owners for line in lines)


def _section(text: str, name: str) -> str:
    return text.partition(f"\n@@bakeoff {name}\n")[2].partition("\n@@bakeoff ")[0].strip("\n")
