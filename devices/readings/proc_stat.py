"""/proc/stat: what the processors did since boot, in clock ticks."""

from __future__ import annotations

import re
from dataclasses import dataclass

from devices.readings.bounded_number import whole
from devices.readings.lines import whole_lines
from devices.readings.unavailable import NotThere, Whole

_COLUMNS = 7
"""user nice system idle iowait irq softirq; steal and what follows came later."""


@dataclass(frozen=True)
class CpuTicks:
    """One line. Guest times are in user's and nice's."""

    user: int
    nice: int
    system: int
    idle: int
    iowait: int
    irq: int
    softirq: int
    steal: int

    @property
    def busy(self) -> int:
        """Everything but idle and iowait, and what a host stole."""
        return self.user + self.nice + self.system + self.irq + self.softirq

    @property
    def total(self) -> int:
        """Of all states but steal."""
        return self.busy + self.idle + self.iowait


@dataclass(frozen=True)
class ProcStat:
    """One look."""

    all_cores: CpuTicks | NotThere
    cores: dict[int, CpuTicks]
    boot_time_s: Whole
    """Since 1970."""
    processes: Whole


def parse_proc_stat(text: str) -> ProcStat | NotThere:
    """Lines that end."""
    together: CpuTicks | NotThere = NotThere("there is no whole line of all cores")
    cores: dict[int, CpuTicks] = {}
    fields: dict[str, str] = {}
    for line in whole_lines(text):
        name, *words = line.split()[:12] or [""]
        ticks = _ticks(words) if re.fullmatch(r"cpu\d{0,5}", name) else None
        if ticks is not None and name == "cpu":
            together = ticks if isinstance(together, NotThere) else together
        elif ticks is not None:
            cores.setdefault(int(name[3:]), ticks)
        elif len(words) == 1:
            fields.setdefault(name, words[0])
    if isinstance(together, NotThere) and not cores and "btime" not in fields:
        return NotThere("this is no /proc/stat")
    boot_time = whole(fields.get("btime"), "btime", 1, 1 << 40)
    return ProcStat(together, cores, boot_time, whole(fields.get("processes"), "processes", 1, 1 << 50))


def _ticks(words: list[str]) -> CpuTicks | None:
    numbers = [int(word) for word in words if re.fullmatch(r"\d{1,18}", word)]
    if len(numbers) != len(words) or len(numbers) < _COLUMNS:
        return None
    user, nice, system, idle, iowait, irq, softirq = numbers[:_COLUMNS]
    return CpuTicks(user, nice, system, idle, iowait, irq, softirq, numbers[_COLUMNS] if len(numbers) > _COLUMNS else 0)
