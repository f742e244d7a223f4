"""Holding what else moves under a measurement: the clocks' governor, and the charging of the battery. Needs root there.

What is changed is on the device's list of changes (`devices.posix.changes`) before it is, and undone from there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from devices.adb_scripts import read_script
from devices.errors import DeviceError, PermanentError
from devices.posix.changes import change_list
from devices.posix.shell import Shell
from devices.posix.shell_words import quote_all

HoldKind = Literal["governor", "charging"]

_NO_LIST, _NO_SUCH_GOVERNOR, _NEEDS_ROOT = 3, 5, 6
_REMEDIES = {
    _NO_LIST: "Free space there, or choose a work directory that may be written to.",
    _NO_SUCH_GOVERNOR: "Write one of those into {what}.",
    _NEEDS_ROOT: (
        "On a phone: `adb root`, where its build allows that. A board: reach it as root (ssh://root@HOST). Or take "
        "{what} out of the experiment."
    ),
}
_TAKE_OUT = "Take {what} out of the experiment, or this device out of the run."


@dataclass(frozen=True)
class Hold:
    """What is to be held."""

    governor: str | None = None
    charging_off: bool = False


@dataclass(frozen=True)
class Held:
    """One file of the kernel that is held."""

    kind: HoldKind
    place: str
    before: str
    """What it said before anything of ours was changed."""
    held: str


def hold(shell: Shell, workdir: str, asked: Hold) -> list[Held]:
    """Hold it until `devices.posix.changes.restore`; may be called again, such as after a restart of the device.

    Raises `PermanentError` with the remedy where it cannot be held; what was changed until then is on the list.
    """
    held: list[Held] = []
    if asked.charging_off:
        held += _run(shell, workdir, "charging", [])
    if asked.governor is not None:
        held += _run(shell, workdir, "governor", [asked.governor])
    return held


def _run(shell: Shell, workdir: str, kind: HoldKind, words: list[str]) -> list[Held]:
    arguments = quote_all([change_list(workdir), *words])
    done = shell.complete(f"set -- {arguments}\n" + read_script(f"hold_{kind}.sh"), what=f"holding the {kind}")
    if done.exit_code != 0:
        raise _refused(shell, kind, done.exit_code, done.stderr)
    lines = [line.split("\t") for line in done.stdout.decode(errors="replace").splitlines()]
    if any(len(line) != 4 for line in lines):
        raise PermanentError(
            f"{shell.name}: holding the {kind} gave an answer that is none",
            "Something else answers there.",
        )
    return [Held(kind, place, before, held) for _, place, before, held in lines]


def _refused(shell: Shell, kind: HoldKind, exit_code: int, stderr: bytes) -> DeviceError:
    script, _, said = stderr.decode(errors="replace").strip().rpartition("\n")[2].partition(": ")
    if script != f"hold_{kind}":
        return shell.failure(f"holding the {kind}", exit_code, stderr)
    remedy = _REMEDIES.get(exit_code, _TAKE_OUT).format(what=f"measure.hold.{kind}")
    return PermanentError(f"{shell.name}: the {kind} cannot be held: {said}", remedy)
