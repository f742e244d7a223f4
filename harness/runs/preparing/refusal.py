"""Why a runtime did not open an arm's model on a device, by kind, each with its own remedy.

The kind follows from how far the runner came, which it says itself, and never from the words of a linker or a runtime:
Android's linker says "not found" of a library that is not there, and of one that may not be read.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from harness.errors import UserError

if TYPE_CHECKING:
    from devices.base import DeviceCommands
    from devices.identity import Identity
    from harness.experiment.resolve import ResolvedArm

CANNOT_OPEN_REMEDY: Final = "Export it again for this runtime, or name another runtime for the arm."
"""What to do about a model that its runtime refuses."""
_ASKED_REMEDY: Final = "Ask for something else in the arm's table, or name another runtime for it."
_TIMEOUT_S: Final = 60.0
_SHOWN_NAMES: Final = 4

_FOLDERS: Final = {
    bits: (
        f"/system/{lib} /apex/com.android.runtime/{lib}/bionic /apex/*/{lib}"
        f" /system_ext/{lib} /product/{lib} /vendor/{lib} /odm/{lib}"
    )
    for bits, lib in ((64, "lib64"), (32, "lib"))
}
"""Where Android keeps the libraries of a program of 64 or 32 bits."""

# Prints those of its arguments that no folder has, or lets us read.
_LOOK = """
for name; do
    for folder in %s; do
        [ -r "$folder/$name" ] && continue 2
    done
    echo "$name"
done
"""


@dataclass(frozen=True)
class Refusal:
    """Of one arm on one device."""

    kind: Literal["library", "request", "model", "browser"]
    """What is at fault: the runtime's library (or its Python package), what the arm asks of it, the model, or a browser
    that is not there.
    """
    reason: str
    """The reason in the runtime's own words."""
    remedy: str

    def error(self, arm: ResolvedArm, where: str = "") -> UserError:
        """The error of a command that ends with it. `where`: the device, where that is not clear."""
        runtime = f"{arm.runtime.name} {arm.runtime_version}{f' on {where}' if where else ''}"
        if self.kind == "browser":
            return UserError(f"{arm.arm.name}: {self.reason}", self.remedy)
        if self.kind == "model":
            return UserError(f"{arm.model.path}: {runtime} cannot open it: {self.reason}", self.remedy)
        cannot = "does not start" if self.kind == "library" else "cannot do what is asked of it"
        return UserError(f"{arm.arm.name}: {runtime} {cannot}: {self.reason}", self.remedy)


def refused_by(
    answer: Mapping[str, Any], device: DeviceCommands, identity: Identity, argv: Sequence[str], needs: Sequence[str]
) -> Refusal:
    """From the runner's answer to `argv`, which had it open a model.

    `needs`: libraries that the runtime's own needs, and that were not brought along. Raises `DeviceError`.
    """
    error, reason = str(answer["error"]), f"{answer['error']}: {answer['message']}"
    if answer.get("stage") != "start":
        return Refusal("model", reason, CANNOT_OPEN_REMEDY)
    if error == "ValueError":
        return Refusal("request", reason, _ASKED_REMEDY)
    return Refusal("library", reason, _about_the_library(device, identity, argv, needs))


def _about_the_library(device: DeviceCommands, identity: Identity, argv: Sequence[str], needs: Sequence[str]) -> str:
    lacking = _lacking(device, identity, needs) if identity.android is not None else []
    if lacking:
        shown = ", ".join(lacking[:_SHOWN_NAMES])
        folder = _FOLDERS[_bits(identity)].split()[0]
        return (
            f"It is not the model: the runtime's library needs {shown}, which is not on {device.name}, or may not be"
            f" read there (ls -lL {folder}/{lacking[0]} shows it). Put what it needs beside a library of your own in"
            " BAKEOFF_RUNTIME_LIBRARIES, or take a build of the runtime that does without."
        )
    return f"It is not the model: the runtime itself does not start. Run there, this says why: {shlex.join(argv)}"


def _lacking(device: DeviceCommands, identity: Identity, needs: Sequence[str]) -> list[str]:
    """Those that this Android does not have, or that may not be read there."""
    if not needs:
        return []
    done = device.run(["sh", "-c", _LOOK % _FOLDERS[_bits(identity)], "sh", *needs], timeout_s=_TIMEOUT_S)
    said = done.stdout.decode("utf-8", "replace").splitlines()
    return [name for name in needs if name in said]  # of what it says, only what was asked


def _bits(identity: Identity) -> int:
    abi = identity.android.abis[0] if identity.android is not None and identity.android.abis else ""
    return 64 if "64" in abi else 32
