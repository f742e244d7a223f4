"""One run at a time on a phone: two would measure each other, and the first that ends would let the phone sleep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from devices.errors import PermanentError
from devices.posix.command_lines import pattern_of
from devices.said_number import whole_number
from harness.runs.measuring.keep_awake import AnotherRunError, FallsAsleep

if TYPE_CHECKING:
    from devices.base import DeviceCommands

_LOOK_S: Final = 30.0
# $1 is the work directory there, $2 its pattern. A runner is known by its plan, which is on its command line.
_LOOK: Final = r"""w=$1
for p in $(grep -l -- "$2/runs/" /proc/[0-9]*/cmdline 2>/dev/null); do
  f=$({ tr '\0' '\n' <"$p"; } 2>/dev/null | grep '/plan\.json$' | head -n 1)
  case $f in "$w"/runs/*/plan.json) ;; *) continue ;; esac
  s=$(cat "${p%/cmdline}/stat" 2>/dev/null) || continue
  set -- ${s##*) }
  printf '%s %s\n' "${20}" "${f%/plan.json}"
done
exit 0
"""


@dataclass(frozen=True, order=True)
class RunAtWork:
    """A run whose runner works on a device."""

    start_ticks: int
    """When it was started, in the kernel's clock ticks since the device was."""
    folder: str
    """The run's folder there."""


def refuse_second_run(device: DeviceCommands, own_folder: str | None = None) -> None:
    """Raises `AnotherRunError` where a runner of another run is at work on a phone. Other devices are not asked: a
    machine is many people's, and load of others is a gate of its own.
    """
    if isinstance(device, FallsAsleep):
        _refuse(device, [each for each in _at_work(device) if each.folder != own_folder])


def defer_to_earlier_run(device: DeviceCommands, own_folder: str) -> None:
    """Once our runner is started: of two that began at the same time the later one gives way.

    Raises `AnotherRunError` for the later one.
    """
    if not isinstance(device, FallsAsleep):
        return
    found = _at_work(device)
    own = min((each for each in found if each.folder == own_folder), default=None)
    if own is not None:
        _refuse(device, [each for each in found if each.folder != own_folder and each < own])


def _refuse(device: DeviceCommands, others: list[RunAtWork]) -> None:
    if others:
        folder = min(others).folder
        raise AnotherRunError(
            f"{device.name}: another run is at work there, in {folder}",
            "Two would measure each other. Wait for it, or go on with it (--resume of its folder here). To have it"
            f" stop: touch {folder}/stop on the phone.",
        )


def _at_work(device: DeviceCommands) -> list[RunAtWork]:
    done = device.run(["sh", "-c", _LOOK, "sh", device.workdir, pattern_of(device.workdir)], timeout_s=_LOOK_S)
    if done.exit_code != 0:
        said = done.stderr.decode(errors="replace").strip()
        raise PermanentError(f"{device.name}: looking for runs at work failed: {said}")
    found = []
    for line in done.stdout.decode(errors="replace").splitlines():
        ticks, _, folder = line.partition(" ")
        started = whole_number(ticks)
        if started is not None:
            found.append(RunAtWork(started, folder))
    return found
