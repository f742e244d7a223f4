"""The machine's state: what can be read of it without root."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from devices.python_runner.clock import clock_ns, suspended_ns


class _OpenFile:
    """A file of /proc or /sys that is kept open and read anew each time: microseconds instead of a path look-up."""

    def __init__(self, path: Path) -> None:
        self.fd = os.open(str(path), os.O_RDONLY)

    def read(self) -> str | None:
        try:
            return os.pread(self.fd, 8192, 0).decode("utf-8", "replace")
        except OSError:
            return None


class ContextReader:
    """Snapshots of the machine's state, in the shape of `harness.documents.records.Context`; what cannot be read is
    null.
    """

    def __init__(self, root: Path = Path("/")) -> None:
        self._load = self._open(root / "proc/loadavg")
        self._memory = self._open(root / "proc/meminfo")
        self._stat = self._open(root / "proc/stat")
        self._boot_id = read_text_file(root / "proc/sys/kernel/random/boot_id")
        cpus = root / "sys/devices/system/cpu"
        numbers = sorted(int(path.name[3:]) for path in cpus.glob("cpu[0-9]*") if path.name[3:].isdigit())
        frequencies = [self._open(cpus / f"cpu{number}" / "cpufreq/scaling_cur_freq") for number in numbers]
        self._frequencies = [file for file in frequencies if file is not None]
        governors = [self._open(path) for path in sorted(cpus.glob("cpufreq/policy*/scaling_governor"))]
        if not governors:
            governors = [self._open(cpus / f"cpu{number}" / "cpufreq/scaling_governor") for number in numbers]
        self._governors = [file for file in governors if file is not None]
        self._zones: dict[str, _OpenFile] = {}
        for zone in sorted((root / "sys/class/thermal").glob("thermal_zone*"), key=lambda path: (len(path.name), path)):
            kind, file = read_text_file(zone / "type") or zone.name, self._open(zone / "temp")
            if file is not None:
                self._zones[kind if kind not in self._zones else f"{kind} ({zone.name})"] = file

    @staticmethod
    def _open(path: Path) -> _OpenFile | None:
        try:
            return _OpenFile(path)
        except OSError:
            return None

    def read(self) -> dict[str, Any]:
        """One snapshot; well under a millisecond."""
        load = self._load.read() if self._load else None
        memory = self._memory.read() if self._memory else None
        available = re.search(r"^MemAvailable:\s+(\d+) kB", memory or "", re.MULTILINE)
        frequencies = [integer_of(file.read()) for file in self._frequencies]
        governors = sorted({text.strip() for text in (file.read() for file in self._governors) if text})
        temperatures = {kind: integer_of(file.read()) for kind, file in self._zones.items()}
        busy_ticks, total_ticks = self.cpu_ticks() or (None, None)
        return {
            "monotonic_ns": clock_ns(),
            "load_1min": float(load.split()[0]) if load else None,
            # A list with holes would no longer say which CPU is which.
            "cpu_frequency_khz": frequencies if frequencies and None not in frequencies else None,
            "governor": "+".join(governors) or None,
            "temperature_celsius": {kind: value / 1000 for kind, value in temperatures.items() if value is not None},
            "boot_id": self._boot_id,
            "memory_available_bytes": int(available.group(1)) * 1024 if available else None,
            "cpu_busy_ticks": busy_ticks,
            "cpu_total_ticks": total_ticks,
            "suspended_ns": suspended_ns(),
        }

    def cpu_ticks(self) -> tuple[int, int] | None:
        """Ticks of all CPUs since boot: busy ones, and all. Guests' times are in user's and nice's (proc(5))."""
        text = self._stat.read() if self._stat else None
        matched = re.match(r"cpu +(\d+) (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)(?: (\d+))?", text or "")
        if matched is None:
            return None
        user, nice, system, idle, iowait, irq, softirq, steal = (int(ticks or 0) for ticks in matched.groups())
        busy = user + nice + system + irq + softirq + steal
        return busy, busy + idle + iowait


def read_text_file(path: Path) -> str | None:
    """A small file's text without white space around it; null where it cannot be read or is empty."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip() or None
    except OSError:
        return None


def integer_of(text: str | None) -> int | None:
    """The integer that a text is; null where it is none."""
    try:
        return int(text) if text is not None else None
    except ValueError:
        return None
