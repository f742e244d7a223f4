"""Running a native runner that is built for another machine: under qemu-user, with that machine's glibc pushed along.

An Android build finds bionic on a phone and nowhere else. Here a shim stands in for it: a `libc.so` that has bionic's
names that glibc lacks, and leaves the rest to glibc, whose binary interface is the kernel's there as well.
"""

from __future__ import annotations

import platform
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from devices.build.native_build import TARGETS, build
from devices.build.zig import compile_with, zig_folder
from devices.errors import DeviceError

SHIM = """
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
int *__errno(void);
int *__errno(void) { return __errno_location(); }
void __libc_init(void *raw, void (*unused)(void), int (*run)(int, char **, char **), const void *structors);
void __libc_init(void *raw, void (*unused)(void), int (*run)(int, char **, char **), const void *structors)
{
    long count = *(long *)raw;
    char **words = (char **)raw + 1;
    (void)unused, (void)structors;
    exit(run((int)count, words, words + count + 1));
}
#ifndef __LP64__
/* bionic's entries of a folder have wide fields on every machine. */
struct dirent *readdir(DIR *folder) { return (struct dirent *)readdir64(folder); }
#endif
"""


@dataclass(frozen=True)
class Machine:
    """A machine whose programs can run here."""

    emulator: str | None
    libraries: Path
    """With its loader and its glibc."""
    loader: str
    shim_triple: str
    package: str


MACHINES = {
    "linux-aarch64": Machine(
        "qemu-aarch64-static",
        Path("/usr/aarch64-linux-gnu/lib"),
        "ld-linux-aarch64.so.1",
        "aarch64-linux-gnu",
        "libc6-arm64-cross libstdc++6-arm64-cross",
    ),
    "linux-armv7": Machine(
        "qemu-arm-static",
        Path("/usr/arm-linux-gnueabihf/lib"),
        "ld-linux-armhf.so.3",
        "arm-linux-gnueabihf",
        "libc6-armhf-cross",
    ),
    "android-arm64-v8a": Machine(
        "qemu-aarch64-static",
        Path("/usr/aarch64-linux-gnu/lib"),
        "ld-linux-aarch64.so.1",
        "aarch64-linux-gnu",
        "libc6-arm64-cross libstdc++6-arm64-cross",
    ),
    # Android's armv7 passes floating point in integer registers, as Debian's armel does and its armhf does not.
    "android-armeabi-v7a": Machine(
        "qemu-arm-static", Path("/usr/arm-linux-gnueabi/lib"), "ld-linux.so.3", "arm-linux-gnueabi", "libc6-armel-cross"
    ),
    "android-x86_64": Machine(
        None, Path("/lib/x86_64-linux-gnu"), "ld-linux-x86-64.so.2", "x86_64-linux-gnu", "libc6 on x86-64"
    ),
}


def command_for(target: str, folder: Path) -> list[str]:
    """argv that runs the target's runner here; skips the test where that is not possible."""
    machine = MACHINES[target]
    if machine.emulator is None and platform.machine() != "x86_64":
        pytest.skip("only x86-64 runs x86-64")
    emulator = shutil.which(machine.emulator) if machine.emulator else None
    if machine.emulator and emulator is None:
        pytest.skip(f"no {machine.emulator} on this machine: apt install qemu-user-static")
    loader = machine.libraries / machine.loader
    if not loader.exists():
        pytest.skip(f"no {loader} on this machine: apt install {machine.package}")
    try:
        runner = build(TARGETS[target])
    except DeviceError as error:
        pytest.skip(f"the runner for {target} cannot be built here: {error}")
    path = [str(machine.libraries)]
    if target.startswith("android"):
        path.insert(0, str(bionic_shim(machine, folder)))
    prefix = [emulator] if emulator else []
    return [*prefix, str(loader), "--library-path", ":".join(path), str(runner)]


def bionic_shim(machine: Machine, folder: Path) -> Path:
    """A folder with the stand-in `libc.so` and `libdl.so`, made below `folder`."""
    made = folder / "shim"
    made.mkdir()
    for name, source in (("libc.so", SHIM), ("libdl.so", "extern int nothing;\n")):
        path = made / f"{name}.c"
        path.write_text(source)
        compile_with(
            [
                str(zig_folder() / "zig"),
                "cc",
                "-target",
                f"{machine.shim_triple}.2.17",
                "-shared",
                "-fPIC",
                "-O1",
                "-D_GNU_SOURCE",
                "-fno-sanitize=all",
                f"-Wl,-soname,{name}",
                str(path),
                "-o",
                str(made / name),
            ],
            f"the shim {name}",
        )
    return made
