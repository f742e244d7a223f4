"""Which cores a device has, with their maximum clocks, and what `big`, `little` and `prime` are there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from devices.errors import PermanentError

if TYPE_CHECKING:
    from devices.base import DeviceCommands

_SCRIPT = (
    "cat /sys/devices/system/cpu/online 2>/dev/null;"
    " grep . /dev/null /sys/devices/system/cpu/cpu[0-9]*/cpufreq/cpuinfo_max_freq 2>/dev/null; exit 0"
)
_TIMEOUT_S = 60.0


def cores_for(device: DeviceCommands, asked: list[int] | Literal["big", "little", "prime"]) -> list[int]:
    """Core numbers on this device. Raises `PermanentError` where it has no such cores or does not say."""
    said = device.run(["sh", "-c", _SCRIPT], timeout_s=_TIMEOUT_S).stdout.decode("utf-8", "replace")
    clocks = parse_core_clocks(said)
    if isinstance(asked, str):
        return cores_of_kind(device.name, clocks, asked)
    missing = [core for core in asked if core not in clocks]
    if missing and clocks:
        raise PermanentError(
            f"{device.name}: it has no core {', '.join(map(str, missing))}",
            f"Its cores are {', '.join(map(str, sorted(clocks)))}.",
        )
    return asked


def parse_core_clocks(text: str) -> dict[int, int | None]:
    """Core number → maximum clock in kHz, None where the kernel does not say; from the list of cores that are online
    (`0-3,6`) and lines `…/cpu4/cpufreq/cpuinfo_max_freq:2400000`.
    """
    online, _, rest = text.partition("\n")
    clocks: dict[int, int | None] = {}
    if re.fullmatch(r"[0-9]{1,4}(-[0-9]{1,4})?(,[0-9]{1,4}(-[0-9]{1,4})?)*", online.strip()):
        for part in online.strip().split(","):
            first, _, last = part.partition("-")
            clocks |= dict.fromkeys(range(int(first), int(last or first) + 1))
    for line in rest.splitlines() if clocks else text.splitlines():
        found = re.fullmatch(r".*/cpu([0-9]{1,4})/cpufreq/cpuinfo_max_freq:\s*([0-9]{1,15})\s*", line)
        # A core that is offline cannot be asked for, though it has a clock.
        if found and (int(found[1]) in clocks or not re.match(r"[0-9]", online.strip())):
            clocks[int(found[1])] = int(found[2])
    return clocks


def cores_of_kind(name: str, clocks: dict[int, int | None], kind: Literal["big", "little", "prime"]) -> list[int]:
    """The cores of a kind by maximum clock: `little` the slowest, `prime` the fastest, `big` all between them, or the
    faster of two kinds. Raises `PermanentError` for the device `name` where there are no kinds.
    """
    known = {core: clock for core, clock in clocks.items() if clock is not None}
    steps = sorted(set(known.values()))
    remedy = "Give the numbers of cores instead, such as cores = [0, 1]."
    if not known or len(known) < len(clocks):
        raise PermanentError(f"{name}: its kernel does not say which cores are {kind} (no maximum clocks)", remedy)
    if len(steps) == 1:
        raise PermanentError(f"{name}: all its {len(known)} cores have one maximum clock; none are {kind}", remedy)
    wanted = {"little": steps[:1], "prime": steps[-1:], "big": steps[1:-1] or steps[-1:]}[kind]
    return sorted(core for core, clock in known.items() if clock in wanted)
