"""Building the native runner for Android: without an NDK, or with the NDK's clang where ANDROID_NDK_HOME names one.

Without one, zig's clang compiles for Android's own ABI against our declarations of the few calls used
(`native/platform/bionic.h`), and lld links against empty libraries that have exactly the allowed names. Those
libraries are not shipped: on the device the linker finds the real ones.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from devices.build.zig import BuildError, compile_with, zig_folder

NDK_VARIABLE: Final = "ANDROID_NDK_HOME"
API_LEVEL: Final = 28

ALLOWED_IMPORTS: Final[dict[str, tuple[str, ...]]] = {
    "libc.so": (
        *(
            "__errno",
            "__libc_init",
            "_exit",
            "accept4",
            "access",
            "bind",
            "calloc",
            "clock_gettime",
            "close",
            "closedir",
            "dup2",
        ),
        *("execvp", "fcntl", "flock", "fork", "free", "fsync", "ftruncate", "getauxval", "getenv"),
        *("getpid", "getsockname", "getuid", "kill", "listen", "lseek", "memchr", "memcmp"),
        *("memcpy", "memmove", "memset", "mkdir", "nanosleep", "open", "opendir", "pipe2", "poll", "prctl", "pread"),
        *("qsort", "read", "readdir", "readlink", "realloc", "realpath", "rename", "rmdir", "sched_getaffinity"),
        *("sched_setaffinity", "setenv", "setsid", "setsockopt", "shutdown", "signal"),
        *(
            "snprintf",
            "socket",
            "strchr",
            "strcmp",
            "strerror",
            "strlen",
            "strncmp",
            "strrchr",
            "strstr",
            "strtod",
            "strtoll",
        ),
        *("uname", "unlink", "vsnprintf", "waitpid", "write"),
    ),
    "libdl.so": ("dlerror", "dlopen", "dlsym"),
}
"""What may be imported, by the library that has it: all of it is in Android 7 and later. A generous list would hide
what an old device lacks.
"""

_OWN_DECLARATIONS = "-DBAKEOFF_OWN_BIONIC_DECLARATIONS"
_WARNINGS = ("-Wall", "-Wextra", "-Wshadow", "-Werror")
_COMPILE: Final = (
    "-std=c11",
    "-Os",
    "-fPIC",
    "-fvisibility=hidden",
    "-fno-stack-protector",
    # Tables for unwinding are an eighth of the program, and nothing is ever thrown through C.
    "-fno-asynchronous-unwind-tables",
    "-fno-unwind-tables",
    "-ffunction-sections",
    "-fdata-sections",
    *_WARNINGS,
)
_LINK: Final = (
    "-pie",
    "--hash-style=both",
    *("-z", "now", "-z", "relro", "-z", "text", "-z", "noexecstack", "-z", "max-page-size=16384"),
    *("-z", "separate-loadable-segments"),
    "--build-id=sha1",
    "--no-undefined",
    "--gc-sections",
    "--as-needed",
    "--no-rosegment",
    "--strip-all",
)


@dataclass(frozen=True)
class AndroidArchitecture:
    """One of Android's ABIs, in the compiler's words."""

    abi: str
    """The name that ro.product.cpu.abilist has."""
    triple: str
    linker: str
    """The dynamic linker that starts the program."""
    compile_flags: tuple[str, ...] = ()


ARCHITECTURES: Final[dict[str, AndroidArchitecture]] = {
    architecture.abi: architecture
    for architecture in (
        AndroidArchitecture(
            "arm64-v8a", f"aarch64-linux-android{API_LEVEL}", "/system/bin/linker64", ("-mno-outline-atomics",)
        ),
        AndroidArchitecture("armeabi-v7a", f"armv7a-linux-androideabi{API_LEVEL}", "/system/bin/linker"),
        AndroidArchitecture("x86_64", f"x86_64-linux-android{API_LEVEL}", "/system/bin/linker64"),
    )
}


def build_flags(abi: str) -> str:
    """All that decides what comes out, but for the sources: part of the key of a kept build."""
    return repr((ARCHITECTURES[abi], _COMPILE, _LINK, ALLOWED_IMPORTS, os.environ.get(NDK_VARIABLE)))


def compile_for_android(abi: str, own: Path, sources: Sequence[Path], folder: Path, made: Path) -> None:
    """The runner for an ABI from the runner's folder and its C files; `folder` is for what is left over. Raises
    `BuildError`.
    """
    architecture = ARCHITECTURES[abi]
    ndk = os.environ.get(NDK_VARIABLE)
    if ndk:
        _compile_with_ndk(Path(ndk), architecture, own, sources, made)
    else:
        _compile_without_ndk(architecture, own, sources, folder, made)


def _compile_with_ndk(
    ndk: Path, architecture: AndroidArchitecture, own: Path, sources: Sequence[Path], made: Path
) -> None:
    found = sorted(ndk.glob("toolchains/llvm/prebuilt/*/bin/clang"))
    if not found:
        raise BuildError(
            f"{NDK_VARIABLE} is {ndk}, and there is no clang in its toolchains/llvm/prebuilt",
            f"Name an NDK's folder, or unset {NDK_VARIABLE}: it is not needed.",
        )
    link = ["-fPIE", "-pie", "-s", "-ldl", "-Wl,--gc-sections,-z,max-page-size=16384"]
    compile_with(
        [
            str(found[0]),
            f"--target={architecture.triple}",
            *_COMPILE,
            "-D_GNU_SOURCE",
            f"-I{own}",
            *map(str, sources),
            *link,
            "-o",
            str(made),
        ],
        f"the runner for Android {architecture.abi} with the NDK",
    )


def _compile_without_ndk(
    architecture: AndroidArchitecture, own: Path, sources: Sequence[Path], folder: Path, made: Path
) -> None:
    zig = zig_folder()
    sources = [*sources, own / "android" / "start.c"]
    objects = [_compile(zig, architecture, path, folder, [f"-I{own}"]) for path in sources]
    if architecture.abi == "armeabi-v7a":
        objects.append(
            _compile(zig, architecture, own / "android" / "arm_helpers.c", folder, [f"-I{own}", "-fno-builtin"])
        )
    libraries = [_empty_library(zig, architecture, name, folder) for name in ALLOWED_IMPORTS]
    compile_with(
        [str(zig / "zig"), "ld.lld", *_LINK, f"--dynamic-linker={architecture.linker}"]
        + [str(path) for path in (*objects, *libraries)]
        + ["-o", str(made)],
        f"the runner for Android {architecture.abi}",
    )


def _compile(zig: Path, architecture: AndroidArchitecture, path: Path, folder: Path, flags: Sequence[str]) -> Path:
    made = folder / f"{path.stem}.o"
    compile_with(
        [
            str(zig / "zig"),
            "clang",
            "-target",
            architecture.triple,
            *_COMPILE,
            *architecture.compile_flags,
            _OWN_DECLARATIONS,
            "-nostdinc",
            "-isystem",
            str(zig / "lib" / "include"),
            *flags,
            "-c",
            str(path),
            "-o",
            str(made),
        ],
        f"{path.name} for Android {architecture.abi}",
    )
    return made


def _empty_library(zig: Path, architecture: AndroidArchitecture, name: str, folder: Path) -> Path:
    """A library to link against: the names, and nothing in them."""
    source = folder / f"empty_{name}.c"
    functions = "".join(f"void {function}(void);\nvoid {function}(void) {{}}\n" for function in ALLOWED_IMPORTS[name])
    source.write_text(functions, encoding="utf-8")
    compiled = _compile(zig, architecture, source, folder, ["-fno-builtin", "-fvisibility=default", "-w"])
    made = folder / name
    compile_with(
        [str(zig / "zig"), "ld.lld", "-shared", "-soname", name, str(compiled), "-o", str(made)],
        f"a stand-in for Android's {name}",
    )
    return made
