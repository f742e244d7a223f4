"""The native runner as tests need it: built for this machine, with and without sanitizers, and runtimes' libraries."""

from __future__ import annotations

import functools
import hashlib
import os
import platform
import shutil
import subprocess
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import pytest

from devices.build.native_build import SOURCES, build, sources, target_for_machine
from devices.errors import DeviceError
from devices.libraries.runtime_library import pinned_wheels, runtime_library
from tests.rig.built_once import built_once

SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer"]

# A worker that a test kills with SIGSEGV must die of it; what workers hold at their end is not given back.
SANITIZER_OPTIONS = """
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "detect_leaks=0:handle_segv=0:handle_abort=0:handle_sigbus=0:allocator_may_return_null=1";
}
"""


@functools.cache
def native_runner() -> Path:
    """For this machine. Skips the test where it cannot be built."""
    target = target_for_machine(platform.machine())
    if target is None or platform.system() != "Linux":
        pytest.skip(f"the native runner has no target for {platform.system()} on {platform.machine()}")
    try:
        return build(target)
    except DeviceError as error:
        pytest.skip(f"the native runner cannot be built here: {error}")


@functools.cache
def sanitized_runner() -> Path:
    """Built by the system's compiler with AddressSanitizer and UndefinedBehaviorSanitizer."""
    return compile_sanitized("runner", [str(path) for path in sources()])


def compile_sanitized(name: str, files: list[str]) -> Path:
    """A program of these C files and the runner's headers, under sanitizers; kept under the hash of its sources."""
    compiler = shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        pytest.skip("no gcc or clang with its sanitizers on this machine: apt install gcc libc6-dev")
    parts = [Path(file).read_bytes() for file in files] + [path.read_bytes() for path in sorted(SOURCES.rglob("*.h"))]
    digest = hashlib.sha256(repr((parts, SANITIZERS, SANITIZER_OPTIONS)).encode()).hexdigest()[:16]
    cache = Path(os.environ.get("BAKEOFF_TEST_CACHE") or Path.home() / ".cache" / "bakeoff-tests")
    made = cache / "sanitized" / f"{name}-{digest}"
    with built_once(made) as is_missing:
        if is_missing:
            part = made.with_suffix(".part")
            options = made.with_suffix(".c")
            options.write_text(SANITIZER_OPTIONS)
            command = [compiler, "-std=c11", "-D_GNU_SOURCE", "-O1", "-g", "-Wall", "-Wextra", "-Werror", *SANITIZERS]
            command += [f"-I{SOURCES}", *files, str(options), "-ldl", "-o", str(part)]
            done = subprocess.run(command, check=False, capture_output=True, text=True)
            if done.returncode != 0 and "cannot find" in done.stderr:
                pytest.skip(f"no sanitizers for {compiler} on this machine: {done.stderr.splitlines()[0]}")
            assert done.returncode == 0, done.stderr
            options.unlink()
            part.rename(made)
    return made


@functools.cache
def library_of(runtime: str) -> str | None:
    """The runtime's shared library for this machine: that of its installed package, or out of the pinned wheel."""
    patterns = {"onnxruntime": "capi/libonnxruntime.so.*", "ai-edge-litert": "libLiteRt.so"}
    if runtime not in patterns:
        return None
    spec = find_spec(runtime.replace("-", "_"))
    for folder in (spec.submodule_search_locations or []) if spec is not None else []:
        for path in Path(folder).glob(patterns[runtime]):
            return str(path)
    pinned = [number for name, number, _ in pinned_wheels() if name == runtime]
    try:
        return str(runtime_library(runtime, pinned[0], platform.machine()).path)
    except DeviceError as error:
        pytest.skip(f"no library of {runtime} for the native runner here: {error}")


def library_version(runtime: str) -> str:
    """Of what `library_of` gives."""
    if find_spec(runtime.replace("-", "_")) is not None:
        return version(runtime)
    return next(number for name, number, _ in pinned_wheels() if name == runtime)
