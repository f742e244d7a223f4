"""The processor time that processes have used, from a proc file system."""

from __future__ import annotations

import os
from dataclasses import dataclass

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class CpuTime:
    """`seconds` that living processes and the children they have waited for have used."""

    seconds: float
    processes: int


def read_cpu_time(proc_fd: int, only: frozenset[int] | None = None) -> CpuTime:
    """Sum over all processes of an opened proc, or over those named."""
    ticks = count = 0
    for name in os.listdir(proc_fd):
        if not name.isdigit() or (only is not None and int(name) not in only):
            continue
        try:
            file = os.open(f"{name}/stat", os.O_RDONLY, dir_fd=proc_fd)
        except OSError:
            continue
        try:
            text = os.read(file, 4096)
        except OSError:
            continue
        finally:
            os.close(file)
        # After the name, which may hold anything: state is field 3, utime stime cutime cstime are 14 to 17.
        fields = text[text.rindex(b")") + 1 :].split()
        ticks += sum(int(value) for value in fields[11:15])
        count += 1
    return CpuTime(ticks / _TICKS_PER_S, count)
