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
from typing import TYPE_CHECKING, Any, Final

from devices.base import Blob, DeviceCommands
from devices.build.native_build import BINARY_NAME, build
from devices.build.zig import BuildError
from devices.environments.wheel_download import WheelError
from devices.errors import PermanentError, RuntimeNotAvailableError
from devices.libraries.accelerator_library import accelerator_library
from devices.libraries.beside import not_brought
from devices.libraries.native_library import native_library
from devices.libraries.portable_libc import LOADERS, portable_libc
from harness.documents.runner_record import LibraryRecord, RunnerRecord
from harness.runs.preparing.library_folder import PlacedLibrary, place_library, worker_command
from harness.runs.preparing.native_offer import native_target
from harness.runs.preparing.runner_setup import RunnerSetup
from harness.runs.preparing.web_setup import set_up_web, web_needs

if TYPE_CHECKING:
    from devices.base import Device
    from devices.build.native_build import Target
    from devices.identity import Identity
    from devices.libraries.runtime_library import RuntimeLibrary
    from harness.experiment.resolve import ResolvedArm
    from harness.runs.preparing.runner_choice import RunnerChoice
    from harness.runs.preparing.web_setup import WebNeeds
    from harness.runs.session.progress import Progress

_PLACE_TIMEOUT_S = 60.0

# A blob is named by its hash; a program needs a name and the right to run. $1: folder, then pairs of blob and name.
_PLACE = """
folder=$1; shift
mkdir -p "$folder" || exit 1
while [ $# -gt 0 ]; do
    if [ ! -e "$folder/$2" ]; then
        part=$folder/$2.part.$$
        cp "$1" "$part" && chmod 755 "$part" && mv -f "$part" "$folder/$2" || { rm -f "$part"; exit 1; }
    fi
    shift 2
done
"""


class RunnerDoesNotStartError(PermanentError):
    """The device cannot run the build that its own words ask for, as a 32-bit system on a 64-bit kernel cannot."""


NATIVE_FAULTS: Final = (BuildError, WheelError, RuntimeNotAvailableError, RunnerDoesNotStartError)
"""What keeps the native runner from a device where Python's may yet do."""


def set_up_native(
    device: Device,
    identity: Identity,
    arms: Sequence[ResolvedArm],
    choice: RunnerChoice,
    progress: Progress,
    retry: Callable[..., Any],
    more_web: Sequence[WebNeeds] = (),
) -> RunnerSetup:
    """Build, push and place the runner and the libraries. Raises `DeviceError`."""
    machine = identity.architecture or ""
    target = native_target(identity)
    if target is None:
        abi = identity.android.abis[0] if identity.android and identity.android.abis else None
        raise PermanentError(f"{device.name}: there is no native runner for {abi or machine or 'its machine'}")
    needs_of_web = [*web_needs(arms), *more_web]
    served = {needs.id for needs in needs_of_web}
    own = [arm for arm in arms if arm.id not in served]
    found = _libraries(own, target, device.name, progress)
    libraries = {arm: library.path for arm, library in found.items()}
    loader_files = portable_libc(machine) if choice.portable else []
    runner = build(target)
    drivers = _accelerator_libraries(device, own, libraries, target, portable=bool(loader_files))

    names = [runner, *loader_files]
    beside = [path for library in found.values() for path in library.beside]
    blobs = {path: _blob(path) for path in [*names, *dict.fromkeys([*libraries.values(), *beside, *drivers.values()])]}
    places = retry(lambda: device.push([blobs[path] for path in names]))
    digest = hashlib.sha256("".join(blobs[path].sha256 for path in names).encode()).hexdigest()[:16]
    folder = f"{device.workdir}/runners/{digest}"
    pairs = [(places[blobs[path].sha256], BINARY_NAME if path == runner else path.name) for path in names]
    retry(lambda: _place_by_name(device, folder, pairs))
    command = [f"{folder}/{BINARY_NAME}"]
    if loader_files:
        command = [f"{folder}/{LOADERS[machine]}", "--library-path", folder, *command]
    retry(lambda: _start_once(device, command, target))
    retry(lambda: device.hash_with(command))
    # What is large comes after: the runner hashes it while it arrives.
    places = retry(lambda: device.push(list(blobs.values())))

    def place(library: RuntimeLibrary) -> PlacedLibrary:
        put = partial(_place_by_name, device)
        return place_library(library.path, library.beside, blobs, places, device.workdir, put)

    placed = {arm: retry(partial(place, library)) for arm, library in found.items()}
    web = set_up_web(device, identity, needs_of_web, progress, retry)
    brought_loader = folder if loader_files else None
    return RunnerSetup(
        conductor=command,
        workers={arm.id: worker_command(command, brought_loader, placed[arm.id].folder) for arm in own}
        # The runner itself serves a tab.
        | {arm: worker_command(command, brought_loader, None) for arm in web.arms},
        libraries={arm: library.path for arm, library in placed.items()},
        accelerator_libraries={
            arm: retry(partial(_place_driver, device, path.name, blobs[path], places)) for arm, path in drivers.items()
        },
        needs={
            arm: not_brought(library.path, [*library.beside, *([drivers[arm]] if arm in drivers else [])])
            for arm, library in found.items()
        },
        record=RunnerRecord(
            runner="native",
            reason=choice.reason,
            target=target.name,
            portable=choice.portable,
            libraries={
                arm: LibraryRecord(
                    file=each.path.name,
                    sha256=each.sha256,
                    source=each.source,
                    note=each.note,
                    beside={path.name: blobs[path].sha256 for path in each.beside},
                )
                for arm, each in found.items()
            },
            engines=web.engines,
        ),
        web=web.arms,
        refused=web.refused,
    )


def _libraries(
    arms: Sequence[ResolvedArm], target: Target, device: str, progress: Progress
) -> dict[str, RuntimeLibrary]:
    """Arm id → library; one that a person should know something of is spoken of."""
    found: dict[tuple[str, str], RuntimeLibrary] = {}
    for arm in arms:
        name, version = key = (arm.runtime.name, arm.runtime_version)
        if key not in found:
            found[key] = native_library(name, version, target, _fetching(progress, device, f"fetching {name}"))
            if found[key].note:
                progress.say(device, f"{name} {version}: {found[key].note}")
    return {arm.id: found[arm.runtime.name, arm.runtime_version] for arm in arms}


def _fetching(progress: Progress, device: str, what: str) -> Callable[[int, int], None]:
    return lambda done, total: progress.advance(device, f"{what} (kB)", done // 1000, max(done, total) // 1000)


def _start_once(device: DeviceCommands, command: Sequence[str], target: Target) -> None:
    done = device.run([*command, "--context"], timeout_s=_PLACE_TIMEOUT_S)
    if done.exit_code != 0:
        lines = (done.stderr or done.stdout).decode("utf-8", "replace").strip().splitlines()
        said = lines[-1] if lines else f"exit code {done.exit_code}"
        raise RunnerDoesNotStartError(f"{device.name}: the runner for {target.name} does not start there: {said}")


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


def _place_driver(device: DeviceCommands, name: str, blob: Blob, places: dict[str, str]) -> str:
    """A runtime looks for an accelerator's library by its name: one folder a hash, and in it the name."""
    folder = f"{device.workdir}/accelerators/{blob.sha256[:16]}"
    _place_by_name(device, folder, [(places[blob.sha256], name)])
    return f"{folder}/{name}"


def _place_by_name(device: DeviceCommands, folder: str, pairs: Sequence[tuple[str, str]]) -> None:
    """Copies there of pushed files, under names in a folder."""
    words = [word for pair in pairs for word in pair]
    done = device.run(["sh", "-c", _PLACE, "sh", folder, *words], timeout_s=_PLACE_TIMEOUT_S)
    if done.exit_code != 0:
        said = done.stderr.decode("utf-8", "replace").strip()
        names = ", ".join(name for _, name in pairs)
        raise PermanentError(f"{device.name}: {names} cannot be put in place in {folder}: {said or done.exit_code}")


def _blob(path: Path) -> Blob:
    content = path.read_bytes()
    return Blob(path=path, sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))
