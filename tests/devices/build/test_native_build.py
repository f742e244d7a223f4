"""The runner is built for every target from any host, and what is built is what its devices can load."""

from __future__ import annotations

from pathlib import Path

import pytest

from devices.build.android_build import ALLOWED_IMPORTS, API_LEVEL, ARCHITECTURES, NDK_VARIABLE
from devices.build.native_build import TARGETS, build, target_for_abi, target_for_machine
from devices.build.zig import ZIG_WHEELS, BuildError
from devices.cache import CACHE_VARIABLE
from devices.environments.wheel_download import WheelError, unpacked
from devices.errors import DeviceError
from harness.cli.main import main
from tests.devices.elf_file import (
    PF_R,
    PF_W,
    PF_X,
    PT_GNU_RELRO,
    PT_GNU_STACK,
    PT_LOAD,
    PT_TLS,
    ElfFile,
    read_elf,
)

ET_DYN = 3
PAGE = 0x4000
DF_BIND_NOW, DF_1_NOW, DF_1_PIE = 0x8, 0x1, 0x08000000

MACHINES = {"arm64-v8a": 183, "armeabi-v7a": 40, "x86_64": 62}
"""e_machine: EM_AARCH64, EM_ARM, EM_X86_64."""

# RELATIVE, JUMP_SLOT, GLOB_DAT and ABS of each architecture's ELF supplement.
RELOCATIONS = {
    "arm64-v8a": {1027, 1026, 1025, 257},
    "armeabi-v7a": {23, 22, 21, 2},
    "x86_64": {8, 7, 6, 1},
}


def built(name: str) -> Path:
    try:
        return build(TARGETS[name])
    except WheelError as error:
        pytest.skip(f"the compiler cannot be had: {error}")


@pytest.fixture(params=sorted(ARCHITECTURES))
def android(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ElfFile]:
    monkeypatch.delenv(NDK_VARIABLE, raising=False)
    return request.param, read_elf(built(f"android-{request.param}"))


def test_android_builds_are_position_independent_programs_of_their_abi(android: tuple[str, ElfFile]) -> None:
    abi, elf = android

    assert elf.kind == ET_DYN
    assert elf.machine == MACHINES[abi]
    assert elf.interpreter == ("/system/bin/linker" if elf.bits == 32 else "/system/bin/linker64")
    assert elf.dynamic["FLAGS_1"][0] & DF_1_PIE


def test_android_builds_say_that_they_are_android_s_and_from_which_level_on(android: tuple[str, ElfFile]) -> None:
    _, elf = android

    # Type 1 of the owner "Android", whose description begins with the API level: bionic's crtbrand.
    assert int.from_bytes(elf.notes["Android", 1][:4], "little") == API_LEVEL
    assert len(elf.notes["GNU", 3]) == 20, "the build id is still there"


def test_android_builds_can_be_mapped_with_pages_of_16_kib(android: tuple[str, ElfFile]) -> None:
    _, elf = android
    loads = elf.of_kind(PT_LOAD)
    (relro,) = elf.of_kind(PT_GNU_RELRO)

    assert len(loads) >= 2
    for load in loads:
        assert load.alignment == PAGE
        assert load.offset % PAGE == load.address % PAGE
    relro_end = relro.address + relro.memory_bytes
    for load in loads:
        if load.address >= relro_end:
            assert load.address // PAGE > (relro_end - 1) // PAGE, "what is written later is not made read-only"
    assert any(load.address <= relro.address and relro_end <= load.address + load.memory_bytes for load in loads)


def test_android_builds_have_nothing_that_old_or_strict_linkers_refuse(android: tuple[str, ElfFile]) -> None:
    _, elf = android

    assert not elf.of_kind(PT_TLS)
    assert [segment.flags for segment in elf.of_kind(PT_GNU_STACK)] == [PF_R | PF_W]
    assert not any(load.flags & PF_W and load.flags & PF_X for load in elf.of_kind(PT_LOAD))
    assert {"HASH", "GNU_HASH"} <= set(elf.dynamic)
    assert "BIND_NOW" in elf.dynamic or elf.dynamic["FLAGS"][0] & DF_BIND_NOW
    assert elf.dynamic["FLAGS_1"][0] & DF_1_NOW
    refused = {"TEXTREL", "RPATH", "RUNPATH", "RELR", "RELRSZ", "ANDROID_REL", "ANDROID_RELA", "ANDROID_RELR"}
    versions = {"VERSYM", "VERDEF", "VERNEED"}
    assert set(elf.dynamic) & (refused | versions) == set()


def test_android_builds_relocate_in_the_four_plain_ways_only(android: tuple[str, ElfFile]) -> None:
    abi, elf = android

    assert elf.relocation_kinds
    assert elf.relocation_kinds <= RELOCATIONS[abi]


def test_android_builds_import_nothing_that_is_not_allowed(android: tuple[str, ElfFile]) -> None:
    _, elf = android
    allowed = {name for names in ALLOWED_IMPORTS.values() for name in names}

    assert set(elf.needed) <= {"libc.so", "libdl.so", "libm.so"}
    assert "libc.so" in elf.needed
    assert "dlopen" in elf.imports
    assert set(elf.imports) <= allowed


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_a_runner_is_smaller_than_220_kb(name: str) -> None:
    assert built(name).stat().st_size < 220_000


@pytest.mark.parametrize(
    ("name", "interpreter"),
    [
        ("linux-x86_64", "/lib64/ld-linux-x86-64.so.2"),
        ("linux-aarch64", "/lib/ld-linux-aarch64.so.1"),
        ("linux-armv7", "/lib/ld-linux-armhf.so.3"),
    ],
)
def test_linux_builds_run_on_any_glibc_since_2_17(name: str, interpreter: str) -> None:
    path = built(name)
    elf = read_elf(path)
    asked = {word for word in path.read_bytes().split(b"\0") if word.startswith(b"GLIBC_2.")}

    assert elf.interpreter == interpreter
    assert asked
    assert max(int(word.split(b".")[1]) for word in asked) <= 17
    assert {needed.split(".so")[0] for needed in elf.needed} <= {"libc", "libdl", "ld-linux-armhf", "ld-linux-aarch64"}


def test_a_second_build_is_a_look_up(monkeypatch: pytest.MonkeyPatch) -> None:
    first = built("linux-x86_64")
    changed = first.stat().st_mtime_ns
    monkeypatch.setattr("devices.build.native_build.compile_with", lambda *_: pytest.fail("compiled again"))

    assert build(TARGETS["linux-x86_64"]) == first
    assert first.stat().st_mtime_ns == changed


def test_targets_are_found_by_what_devices_say_of_themselves() -> None:
    machines = {machine: target_for_machine(machine) for machine in ("x86_64", "aarch64", "armv7l", "riscv64")}

    assert {machine: target and target.name for machine, target in machines.items()} == {
        "x86_64": "linux-x86_64",
        "aarch64": "linux-aarch64",
        "armv7l": "linux-armv7",
        "riscv64": None,
    }
    assert target_for_abi("arm64-v8a") is TARGETS["android-arm64-v8a"]
    assert target_for_abi("mips") is None


def test_the_command_says_where_the_runner_is(capsys: pytest.CaptureFixture[str]) -> None:
    path = built("linux-aarch64")

    assert main(["runner", "build", "--target", "linux-aarch64"]) == 0

    assert str(path) in capsys.readouterr().out


def test_the_ndks_clang_is_used_where_one_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clang = tmp_path / "ndk" / "toolchains" / "llvm" / "prebuilt" / "linux-x86_64" / "bin" / "clang"
    clang.parent.mkdir(parents=True)
    # A stand-in that keeps what it was told where the program should be: there is no NDK on this machine.
    clang.write_text('#!/bin/sh\nfor last in "$@"; do :; done\nprintf "%s\\n" "$@" >"$last"\n')
    clang.chmod(0o755)
    monkeypatch.setenv(NDK_VARIABLE, str(tmp_path / "ndk"))
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))

    said = build(TARGETS["android-arm64-v8a"]).read_text().splitlines()

    assert "--target=aarch64-linux-android28" in said
    assert any(word.endswith("native/conductor/conductor.c") for word in said)
    assert not any("start.c" in word or "BIONIC" in word for word in said)


def test_an_ndk_that_is_none_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NDK_VARIABLE, str(tmp_path))
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))

    with pytest.raises(BuildError) as failed:
        build(TARGETS["android-arm64-v8a"])

    assert str(tmp_path) in failed.value.what
    assert "unset ANDROID_NDK_HOME" in failed.value.remedy


def test_without_a_network_it_is_said_which_file_to_put_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheel = next(iter(ZIG_WHEELS.values()))
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)

    with pytest.raises(DeviceError) as failed:
        unpacked(wheel)

    assert f"ziglang=={wheel.version}" in failed.value.what
    assert wheel.sha256 in failed.value.remedy
    assert str(tmp_path / "wheels") in failed.value.remedy
