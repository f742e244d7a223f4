"""Identity of a Linux machine: one script that prints what the kernel says, and pure functions that read it."""

from __future__ import annotations

import re
from collections import Counter

from devices.identity import CpuCluster, Identity
from devices.posix.arm_cores import arm_core_name
from devices.said_number import whole_number

_HEADING = "@@bakeoff "

_SOURCES = {
    "cpuinfo": "cat /proc/cpuinfo",
    "online": "cat /sys/devices/system/cpu/online",
    "cpufreq": (
        "grep . /dev/null /sys/devices/system/cpu/cpufreq/policy*/affected_cpus"
        " /sys/devices/system/cpu/cpufreq/policy*/related_cpus"
        " /sys/devices/system/cpu/cpufreq/policy*/cpuinfo_max_freq"
        " /sys/devices/system/cpu/cpufreq/policy*/scaling_governor"
    ),
    "meminfo": "cat /proc/meminfo",
    "os_release": "cat /etc/os-release || cat /usr/lib/os-release",
    "device_tree_model": "tr -d '\\000' </proc/device-tree/model",
    "dmi": "for f in sys_vendor product_name product_version; do cat /sys/class/dmi/id/$f || echo; done",
    "machine": "uname -m",
    "kernel": "uname -sr",
    "glibc": "getconf GNU_LIBC_VERSION",
    "ldd": "ldd --version 2>&1",
    "loaders": "ls -d /system/bin/linker64 /system/bin/linker /lib/ld-musl-* /lib*/ld-linux* /lib*/ld-uClibc*",
    "boot_id": "cat /proc/sys/kernel/random/boot_id",
    "containers": "ls -d /.dockerenv /run/.containerenv",
    "detect_virt": "systemd-detect-virt",
}

IDENTITY_SCRIPT = (
    "".join(f"printf '\\n{_HEADING}{name}\\n'\n{{ {command}; }} 2>/dev/null\n" for name, command in _SOURCES.items())
    + "exit 0\n"
)
"""Prints every section under its heading; one that cannot be read is empty."""


def parse_identity(text: str, kind: str) -> Identity:
    """Identity from the output of `IDENTITY_SCRIPT`. What is not there is null, with the reason in `missing`."""
    sections = _split(text)
    cpuinfo = sections["cpuinfo"]
    clusters, governor = parse_cpufreq(sections["cpufreq"])
    values: dict[str, object] = {
        "model": parse_model(sections["device_tree_model"], sections["dmi"], cpuinfo),
        "cpu_model": parse_cpu_model(cpuinfo),
        "architecture": _line(sections["machine"]),
        "cores": parse_cpu_list(sections["online"]) or count_processors(cpuinfo),
        "clusters": clusters,
        "governor": governor,
        "memory_bytes": parse_memory_total(sections["meminfo"]),
        "os": parse_os_release(sections["os_release"]),
        "kernel": _line(sections["kernel"]),
        "libc": parse_libc(sections["glibc"], sections["ldd"], sections["loaders"]),
        "boot_id": _line(sections["boot_id"]),
        "is_virtual": parse_is_virtual(cpuinfo, sections["containers"], sections["detect_virt"], sections["kernel"]),
        "android": None,
    }
    missing = {name: _REASONS[name] for name, value in values.items() if value is None or value == []}
    return Identity.model_validate({"kind": kind, "missing": missing} | values)


_REASONS = {
    "model": "neither a device tree nor DMI names the product",
    "cpu_model": "/proc/cpuinfo names no model",
    "architecture": "uname -m gave nothing",
    "cores": "neither /sys nor /proc/cpuinfo lists processors",
    "clusters": "the kernel offers no cpufreq here, as on most virtual machines",
    "governor": "the kernel offers no cpufreq here, as on most virtual machines",
    "memory_bytes": "/proc/meminfo has no MemTotal",
    "os": "there is no os-release",
    "kernel": "uname -sr gave nothing",
    "libc": "neither getconf, ldd nor a known loader",
    "boot_id": "/proc/sys/kernel/random/boot_id cannot be read",
    "is_virtual": "nothing here tells: no hypervisor flag on this architecture, no systemd-detect-virt",
    "android": "this is no Android device",
}


def _split(text: str) -> dict[str, str]:
    sections = dict.fromkeys(_SOURCES, "")
    for part in text.split(f"\n{_HEADING}")[1:]:
        name, _, body = part.partition("\n")
        if name in sections:
            sections[name] = body.strip("\n")
    return sections


def _line(text: str) -> str | None:
    return text.strip().splitlines()[0].strip() if text.strip() else None


def parse_cpu_list(text: str) -> int | None:
    """How many CPUs a list such as `0-3,6` names."""
    if not re.fullmatch(r"[0-9]{1,6}(-[0-9]{1,6})?(,[0-9]{1,6}(-[0-9]{1,6})?)*", text.strip()):
        return None
    count = 0
    for part in text.strip().split(","):
        first, _, last = part.partition("-")
        count += int(last or first) - int(first) + 1
    return count


def count_processors(cpuinfo: str) -> int | None:
    """Processors that /proc/cpuinfo lists."""
    return len(re.findall(r"(?m)^processor\s*:\s*\d+", cpuinfo)) or None


def parse_cpu_model(cpuinfo: str) -> str | None:
    """`model name` on x86; on ARM the kinds of cores, such as `4× Cortex-A55 + 4× Cortex-A76`."""
    cores: Counter[str] = Counter()
    implementer: int | None = None
    for key, value in _fields(cpuinfo):
        if key == "CPU implementer" and _hex(value) is not None:
            implementer = _hex(value)
        elif key == "CPU part" and implementer is not None and (part := _hex(value)) is not None:
            cores[arm_core_name(implementer, part)] += 1
    if len(cores) == 1:
        return next(iter(cores))
    if cores:
        return " + ".join(f"{count}× {name}" for name, count in cores.items())
    fields = dict(reversed(_fields(cpuinfo)))
    for key in ("model name", "Model Name", "cpu model", "uarch", "cpu"):
        if fields.get(key):
            return re.sub(r"\s+", " ", fields[key])
    return None


def _fields(cpuinfo: str) -> list[tuple[str, str]]:
    pairs = (line.split(":", 1) for line in cpuinfo.splitlines() if ":" in line)
    return [(key.strip(), value.strip()) for key, value in pairs]


def _hex(value: str) -> int | None:
    return int(value, 16) if re.fullmatch(r"(0[xX])?[0-9a-fA-F]{1,8}", value) else None


def parse_cpufreq(text: str) -> tuple[list[CpuCluster], str | None]:
    """Clusters and governor from `grep . …/cpufreq/policy*/…`, whose lines are `path:value`.

    A cluster's clock is `cpuinfo_max_freq` in kHz, boost included, whether or not the silicon reaches it. Its cores are
    those online (`affected_cpus`). Governors that differ between clusters are all named, with commas.
    """
    policies: dict[int, dict[str, str]] = {}
    for line in text.splitlines():
        found = re.fullmatch(r".*/policy([0-9]{1,6})/(\w+):(.*)", line)
        if found:
            policies.setdefault(int(found[1]), {})[found[2]] = found[3].strip()
    clusters: list[CpuCluster] = []
    governors: list[str] = []
    for _, policy in sorted(policies.items()):
        cores = len((policy.get("affected_cpus") or policy.get("related_cpus") or "").split())
        maximum = policy.get("cpuinfo_max_freq", "")
        if cores:
            clusters.append(CpuCluster(cores=cores, max_frequency_khz=whole_number(maximum)))
        governor = policy.get("scaling_governor")
        if governor and governor not in governors:
            governors.append(governor)
    # A policy for each core is how x86 does it: cores of one clock are one cluster.
    if len(clusters) > 1 and all(cluster.cores == 1 for cluster in clusters):
        clocks = Counter(cluster.max_frequency_khz for cluster in clusters)
        clusters = [CpuCluster(cores=count, max_frequency_khz=clock) for clock, count in clocks.items()]
    return clusters, ",".join(governors) or None


def parse_memory_total(meminfo: str) -> int | None:
    """MemTotal in bytes."""
    found = re.search(r"(?m)^MemTotal:\s*([0-9]{1,15}) kB\s*$", meminfo)
    return int(found[1]) * 1024 if found else None


def parse_os_release(text: str) -> str | None:
    """PRETTY_NAME, or NAME with VERSION_ID."""
    fields: dict[str, str] = {}
    for line in text.splitlines():
        key, equals, value = line.strip().partition("=")
        if equals and re.fullmatch(r"[A-Z_0-9]+", key):
            unquoted = value[1:-1] if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'" else value
            fields[key] = re.sub(r"\\(.)", r"\1", unquoted)
    if fields.get("PRETTY_NAME"):
        return fields["PRETTY_NAME"]
    return " ".join(filter(None, (fields.get("NAME"), fields.get("VERSION_ID")))) or None


def parse_model(device_tree_model: str, dmi: str, cpuinfo: str) -> str | None:
    """The product's name: from the device tree, from DMI, or a Raspberry Pi's `Model` line in /proc/cpuinfo."""
    if device_tree_model.strip("\0 \n"):
        return device_tree_model.strip("\0 \n")
    rows = [line.strip() for line in dmi.splitlines()]
    vendor, product, version = [*rows, "", "", ""][:3]
    if _says_something(product):
        words = [vendor] if _says_something(vendor) and not product.startswith(vendor) else []
        # Lenovo's product name is a number, and the version the name.
        words += [product, version] if vendor == "LENOVO" and _says_something(version) else [product]
        return " ".join(words)
    return dict(_fields(cpuinfo)).get("Model") or None


def _says_something(text: str) -> bool:
    fillers = ("to be filled", "default string", "system product name", "not specified", "none", "o.e.m.", "unknown")
    return bool(text) and not text.lower().startswith(fillers)


def parse_libc(glibc: str, ldd: str, loaders: str) -> str | None:
    """`glibc 2.36`, `musl 1.2.4`, `bionic`, `uClibc`; by getconf, then ldd, then the loaders that are there."""
    asked = re.search(r"glibc \d+\.\d+(\.\d+)?", glibc)
    if asked:
        return asked[0]
    if "musl" in ldd:
        version = re.search(r"Version (\S+)", ldd)
        return f"musl {version[1]}" if version else "musl"
    told = re.search(r"(?:GLIBC|GNU libc).*?(\d+\.\d+)\s*$", ldd, re.MULTILINE)
    if told:
        return f"glibc {told[1]}"
    for sign, name in (
        ("/system/bin/linker", "bionic"),
        ("ld-musl-", "musl"),
        ("ld-uClibc", "uClibc"),
        ("ld-linux", "glibc"),
    ):
        if sign in loaders:
            return name
    return None


def parse_is_virtual(cpuinfo: str, containers: str, detect_virt: str, kernel: str) -> bool | None:
    """True on a virtual machine or in a container; null where nothing tells."""
    verdict = detect_virt.strip()
    if containers.strip() or "microsoft" in kernel.lower() or (verdict and verdict != "none"):
        return True
    flags = next((value.split() for key, value in _fields(cpuinfo) if key == "flags"), None)
    if flags is not None and "hypervisor" in flags:
        return True
    return False if verdict == "none" or flags is not None else None
