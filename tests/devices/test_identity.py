"""What a machine says of itself, read by pure functions; and what this very machine says."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import pytest

from devices.identity import CpuCluster, Identity
from devices.posix.identify_linux import (
    count_processors,
    parse_cpu_list,
    parse_cpu_model,
    parse_cpufreq,
    parse_identity,
    parse_is_virtual,
    parse_libc,
    parse_memory_total,
    parse_model,
    parse_os_release,
)
from devices.posix.posix_device import PosixDevice

SAMPLES = Path(__file__).parents[2] / ".." / "shared" / "samples"


def sample(name: str) -> str:
    path = SAMPLES / name
    if not path.exists():
        pytest.skip(f"no {name} in ../shared/samples: unpack the shared samples beside the repository")
    return path.read_text()


# Expected values are those of SOURCES.tsv beside the samples.
@pytest.mark.parametrize(
    ("name", "memory_kib"),
    [("proc/meminfo-android-4gb.txt", 3744240), ("proc/meminfo-galaxy-s20plus-cut.txt", 11162608)],
)
def test_memory_of_real_meminfo(name: str, memory_kib: int) -> None:
    assert parse_memory_total(sample(name)) == memory_kib * 1024


def test_clusters_of_a_real_policy_whose_last_line_is_cut() -> None:
    clusters, governor = parse_cpufreq(sample("cpufreq/ssd202d-grep-policy0-cut.txt"))
    assert clusters == [CpuCluster(cores=2, max_frequency_khz=1700000)]
    assert governor is None


def test_files_that_are_no_policy_have_no_clusters() -> None:
    for name in ("mt7623-governors", "pixel-big-available-frequencies", "pixel-little-boost-frequencies-empty"):
        assert parse_cpufreq(sample(f"cpufreq/{name}.txt")) == ([], None)


POLICY = "/sys/devices/system/cpu/cpufreq/policy"


def test_clusters_of_a_big_little_processor() -> None:
    # Three clusters as of a Snapdragon 865, one core of the middle one offline.
    text = "".join(
        f"{POLICY}{first}/affected_cpus:{online}\n"
        f"{POLICY}{first}/related_cpus:{related}\n"
        f"{POLICY}{first}/cpuinfo_max_freq:{clock}\n"
        f"{POLICY}{first}/scaling_governor:schedutil\n"
        for first, online, related, clock in (
            (0, "0 1 2 3", "0 1 2 3", 1804800),
            (4, "4 6", "4 5 6", 2419200),
            (7, "7", "7", 2841600),
        )
    )
    clusters, governor = parse_cpufreq(text)
    assert [(cluster.cores, cluster.max_frequency_khz) for cluster in clusters] == [
        (4, 1804800),
        (2, 2419200),
        (1, 2841600),
    ]
    assert governor == "schedutil"


def test_a_policy_for_each_core_is_one_cluster_a_clock() -> None:
    text = "".join(
        f"{POLICY}{core}/affected_cpus:{core}\n{POLICY}{core}/cpuinfo_max_freq:{5000000 if core < 2 else 3800000}\n"
        f"{POLICY}{core}/scaling_governor:{'performance' if core else 'powersave'}\n"
        for core in range(12)
    )
    clusters, governor = parse_cpufreq(text)
    assert clusters == [
        CpuCluster(cores=2, max_frequency_khz=5000000),
        CpuCluster(cores=10, max_frequency_khz=3800000),
    ]
    assert governor == "powersave,performance"


PI_5 = "".join(
    f"processor\t: {core}\nBogoMIPS\t: 108.00\nFeatures\t: fp asimd\nCPU implementer\t: 0x41\nCPU architecture: 8\n"
    "CPU variant\t: 0x4\nCPU part\t: 0xd0b\nCPU revision\t: 1\n\n"
    for core in range(4)
) + ("Revision\t: d04170\nSerial\t\t: 0\nModel\t\t: Raspberry Pi 5 Model B Rev 1.0\n")
RK3588 = "".join(
    f"processor\t: {core}\nCPU implementer\t: 0x41\nCPU part\t: {part}\n\n"
    for core, part in enumerate(["0xd05"] * 4 + ["0xd0b"] * 4)
)
ARMV7 = "processor\t: 0\nmodel name\t: ARMv7 Processor rev 3 (v7l)\nCPU implementer\t: 0x41\nCPU part\t: 0xd08\n"
XEON = "processor\t: 0\nmodel name\t: Intel(R) Xeon(R)   CPU @ 2.20GHz\nflags\t\t: fpu hypervisor lahf_lm\n"
RISCV = "processor\t: 0\nhart\t\t: 1\nisa\t\t: rv64imafdc\nmmu\t\t: sv39\nuarch\t\t: sifive,u74-mc\n"


@pytest.mark.parametrize(
    ("cpuinfo", "model"),
    [
        (PI_5, "Cortex-A76"),
        (RK3588, "4× Cortex-A55 + 4× Cortex-A76"),
        (ARMV7, "Cortex-A72"),
        (ARMV7.replace("0xd08", "0xfff"), "ARM core 0x41/0xfff"),
        (XEON, "Intel(R) Xeon(R) CPU @ 2.20GHz"),
        (RISCV, "sifive,u74-mc"),
        ("processor\t: 0\n", None),
        ("", None),
    ],
)
def test_processors_are_named(cpuinfo: str, model: str | None) -> None:
    assert parse_cpu_model(cpuinfo) == model


def test_cores_are_counted() -> None:
    assert [parse_cpu_list(text) for text in ("0", "0-3\n", "0-3,6,8-9", "", "none")] == [1, 4, 7, None, None]
    assert count_processors(RK3588) == 8
    assert count_processors("") is None


@pytest.mark.parametrize(
    ("device_tree", "dmi", "cpuinfo", "model"),
    [
        ("Raspberry Pi 5 Model B Rev 1.0", "", PI_5, "Raspberry Pi 5 Model B Rev 1.0"),
        ("", "", PI_5, "Raspberry Pi 5 Model B Rev 1.0"),
        ("", "LENOVO\n20XW00\nThinkPad X1 Carbon Gen 9\n", XEON, "LENOVO 20XW00 ThinkPad X1 Carbon Gen 9"),
        ("", "Dell Inc.\nXPS 13 9310\n\n", XEON, "Dell Inc. XPS 13 9310"),
        ("", "HP\nHP ZBook\n\n", XEON, "HP ZBook"),
        ("", "\nTo Be Filled By O.E.M.\n\n", XEON, None),
        ("", "\n\n\n", XEON, None),
    ],
)
def test_products_are_named(device_tree: str, dmi: str, cpuinfo: str, model: str | None) -> None:
    assert parse_model(device_tree, dmi, cpuinfo) == model


@pytest.mark.parametrize(
    ("glibc", "ldd", "loaders", "libc"),
    [
        ("glibc 2.36", "ldd (Debian GLIBC 2.36-9+deb12u4) 2.36", "/lib64/ld-linux-x86-64.so.2", "glibc 2.36"),
        ("", "ldd (Ubuntu GLIBC 2.35-0ubuntu3.8) 2.35\nCopyright", "", "glibc 2.35"),
        ("", "musl libc (aarch64)\nVersion 1.2.4_git20230717\nDynamic Program Loader", "", "musl 1.2.4_git20230717"),
        ("", "sh: ldd: not found", "/lib/ld-musl-armhf.so.1", "musl"),
        ("", "", "/system/bin/linker64\n/system/bin/linker", "bionic"),
        ("", "", "/lib/ld-linux-armhf.so.3", "glibc"),
        ("", "", "", None),
    ],
)
def test_the_c_library_is_asked_for(glibc: str, ldd: str, loaders: str, libc: str | None) -> None:
    assert parse_libc(glibc, ldd, loaders) == libc


@pytest.mark.parametrize(
    ("cpuinfo", "containers", "detected", "kernel", "is_virtual"),
    [
        (XEON, "", "", "Linux 6.1.0", True),
        (XEON.replace("hypervisor", ""), "", "", "Linux 6.1.0", False),
        (PI_5, "", "none", "Linux 6.6", False),
        (PI_5, "", "qemu", "Linux 6.6", True),
        (PI_5, "/.dockerenv", "none", "Linux 6.6", True),
        (PI_5, "", "", "Linux 6.6", None),
        (XEON.replace("hypervisor", ""), "", "", "Linux 5.15.153.1-microsoft-standard-WSL2", True),
    ],
)
def test_what_is_no_bare_machine_is_told(
    cpuinfo: str, containers: str, detected: str, kernel: str, is_virtual: bool | None
) -> None:
    assert parse_is_virtual(cpuinfo, containers, detected, kernel) is is_virtual


def test_the_system_s_name_is_unquoted() -> None:
    assert parse_os_release('PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\n') == (
        "Debian GNU/Linux 12 (bookworm)"
    )
    assert parse_os_release("NAME=Buildroot\nVERSION_ID=2023.02\n") == "Buildroot 2023.02"
    assert parse_os_release('PRETTY_NAME="a \\"b\\" \\$c"') == 'a "b" $c'
    assert parse_os_release("garbage") is None


def test_a_machine_that_says_nothing_is_all_unavailable_with_reasons() -> None:
    for text in ("", "no such thing\n\n@@bakeoff unheard-of\nx\n"):
        identity = parse_identity(text, "ssh")
        nulls = {
            name
            for name in Identity.model_fields
            if name not in ("kind", "missing") and getattr(identity, name) in (None, [])
        }
        assert set(identity.missing) == nulls
        assert len(nulls) == len(Identity.model_fields) - 2
        assert all(identity.missing.values())


def test_this_machine_is_identified_the_same_way_by_every_road(device: PosixDevice) -> None:
    identity = device.identify()
    assert identity.kind in ("local", "ssh", "adb")
    assert identity.architecture == platform.machine()
    assert identity.kernel == f"{platform.system()} {platform.release()}"
    assert identity.cores == os.sysconf("SC_NPROCESSORS_ONLN")
    assert identity.boot_id == Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    assert identity.memory_bytes == parse_memory_total(Path("/proc/meminfo").read_text())
    assert identity.cpu_model
    for name in Identity.model_fields:
        if name not in ("kind", "missing"):
            assert (getattr(identity, name) in (None, [])) == (name in identity.missing)
