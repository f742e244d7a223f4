"""The native runner on a device: built for its machine, pushed, and the runtimes' own shared libraries beside it.

On Android with bionic the runner is Android's own build and the libraries are Android's. On Linux with glibc they are
those of the runtimes' wheels. Where a device has no libc that these builds can use, their loader and libraries are
pushed along ("portable"): CPU only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from devices.accelerator_library import accelerator_library
from devices.android_library import android_library
from devices.base import Blob
from devices.errors import PermanentError
from devices.native_build import BINARY_NAME, build, target_for_abi, target_for_machine
from devices.portable_libc import LOADERS, portable_libc
from devices.runtime_library import runtime_library
from harness.runs.runner_setup import RunnerSetup

if TYPE_CHECKING:
    from devices.base import Device
    from devices.identity import Identity
    from devices.native_build import Target
    from harness.experiment.resolve import ResolvedArm
    from harness.runs.progress import Progress

_PLACE_TIMEOUT_S = 60.0

# A blob is named by its hash; a program needs a name and the right to run. $1: folder, then pairs of blob and name.
_PLACE = """
folder=$1; shift
mkdir -p "$folder" || exit 1
while [ $# -gt 0 ]; do
    if [ ! -e "$folder/$2" ]; then
        cp "$1" "$folder/$2.part" && chmod 755 "$folder/$2.part" && mv -f "$folder/$2.part" "$folder/$2" || exit 1
    fi
    shift 2
done
"""


def set_up_native(
    device: Device, identity: Identity, arms: Sequence[ResolvedArm], progress: Progress, retry: Callable[..., Any]
) -> RunnerSetup:
    """Build, push and place the runner and the libraries. Raises `DeviceError`."""
    libc = identity.libc or ""
    abi = identity.android.abis[0] if identity.android and identity.android.abis else None
    machine = identity.architecture or ""
    loader_files: list[Path] = []
    if libc.startswith("bionic") and abi is not None:
        target, words = target_for_abi(abi), "native"
    elif libc.startswith("glibc"):
        target, words = target_for_machine(machine), "native"
    else:
        target, loader_files, words = target_for_machine(machine), portable_libc(machine), "native, portable"
    if target is None:
        raise PermanentError(f"{device.name}: there is no native runner for {abi or machine or 'its machine'}")
    progress.say(device.name, f"{words} runner for {target.name}")
    runner = build(target)
    libraries = {arm.id: _library(arm, target, machine, abi) for arm in arms}

    drivers = _accelerator_libraries(device, arms, libraries, target, portable=bool(loader_files))
    paths = [runner, *loader_files, *dict.fromkeys([*libraries.values(), *drivers.values()])]
    blobs = {path: _blob(path) for path in paths}
    places = retry(lambda: device.push(list(blobs.values())))

    names = [runner, *loader_files]
    digest = hashlib.sha256("".join(blobs[path].sha256 for path in names).encode()).hexdigest()[:16]
    folder = f"{device.workdir}/runners/{digest}"
    words_of_pairs = [
        word for path in names for word in (places[blobs[path].sha256], BINARY_NAME if path == runner else path.name)
    ]
    done = retry(lambda: device.run(["sh", "-c", _PLACE, "sh", folder, *words_of_pairs], timeout_s=_PLACE_TIMEOUT_S))
    if done.exit_code != 0:
        said = done.stderr.decode("utf-8", "replace").strip()
        raise PermanentError(f"{device.name}: the runner cannot be put in its place: {said or done.exit_code}")
    command = [f"{folder}/{BINARY_NAME}"]
    if loader_files:
        command = [f"{folder}/{LOADERS[machine]}", "--library-path", folder, *command]
    return RunnerSetup(
        conductor=command,
        workers={arm.id: command if loader_files else [] for arm in arms},
        libraries={arm: places[blobs[path].sha256] for arm, path in libraries.items()},
        accelerator_libraries={
            arm: retry(partial(_place_by_name, device, path.name, blobs[path], places)) for arm, path in drivers.items()
        },
    )


def _accelerator_libraries(
    device: Device, arms: Sequence[ResolvedArm], libraries: dict[str, Path], target: Target, *, portable: bool
) -> dict[str, Path]:
    """Arm id → the library that drives its accelerator, on this host."""
    found = {}
    for arm in arms:
        if portable and arm.arm.accelerator != "cpu":
            raise PermanentError(
                f"{device.name}: {arm.arm.name} asks for {arm.arm.accelerator}, and a device without a C library that"
                " our builds fit runs on the CPU only",
                "Set accelerator to 'cpu' for this device.",
            )
        path = accelerator_library(arm.runtime.name, arm.arm.accelerator, libraries[arm.id], target.system)
        if path is not None:
            found[arm.id] = path
    return found


def _place_by_name(device: Device, name: str, blob: Blob, places: dict[str, str]) -> str:
    """A runtime looks for an accelerator's library by its name: one folder a hash, and in it the name."""
    folder = f"{device.workdir}/accelerators/{blob.sha256[:16]}"
    done = device.run(["sh", "-c", _PLACE, "sh", folder, places[blob.sha256], name], timeout_s=_PLACE_TIMEOUT_S)
    if done.exit_code != 0:
        said = done.stderr.decode("utf-8", "replace").strip()
        raise PermanentError(f"{device.name}: {name} cannot be put in its place: {said or done.exit_code}")
    return f"{folder}/{name}"


def _library(arm: ResolvedArm, target: Target, machine: str, abi: str | None) -> Path:
    if target.system == "android":
        return android_library(arm.runtime.name, arm.runtime_version, abi or "")
    return runtime_library(arm.runtime.name, arm.runtime_version, machine).path


def _blob(path: Path) -> Blob:
    content = path.read_bytes()
    return Blob(path=path, sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))
