"""A browser's processes, as /proc tells them: who they are, how large, and how long they worked."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from devices.python_runner.machine import read_text_file

PROC = Path("/proc")


class Process(NamedTuple):
    """One of them."""

    pid: int
    role: str
    """`browser`, `gpu`, `page` or `other`, by how it was started."""


def tree(pid: int) -> list[Process]:
    """A process and all that it and its children started; empty where /proc does not say."""
    children: dict[int, list[int]] = {}
    for folder in PROC.glob("[0-9]*"):
        stat = read_text_file(folder / "stat")
        if stat is not None:
            children.setdefault(int(stat.rpartition(")")[2].split()[1]), []).append(int(folder.name))
    found, rest = [], [pid]
    while rest:
        each = rest.pop()
        found.append(each)
        rest += children.get(each, [])
    return [Process(each, "browser" if each == pid else _role(each)) for each in found if (PROC / str(each)).exists()]


def _role(pid: int) -> str:
    line = (read_text_file(PROC / str(pid) / "cmdline") or "").replace("\0", " ")
    if "--type=gpu-process" in line or re.search(r" gpu\s*$", line):
        return "gpu"
    if "--type=renderer" in line or re.search(r" -isForBrowser | (web|tab)\s*$", line):
        return "page"
    return "other"


def is_running(pid: int) -> bool:
    """Whether a process's main thread has work: it runs, or waits for a core."""
    return (read_text_file(PROC / str(pid) / "stat") or "").rpartition(")")[2][1:2] == "R"


def cpu_ns(pid: int) -> int | None:
    """How long all threads of a process that still live have worked (schedstat's first number, nanoseconds)."""
    total = 0
    found = False
    for task in (PROC / str(pid) / "task").glob("[0-9]*"):
        words = (read_text_file(task / "schedstat") or "").split()
        if words and words[0].isdigit():
            total += int(words[0])
            found = True
    return total if found else None


def size_bytes(pid: int, file: str, key: str) -> int | None:
    """A size in kB from a file of /proc/PID, in bytes."""
    matched = re.search(rf"^{key}:\s+(\d+) kB", read_text_file(PROC / str(pid) / file) or "", re.MULTILINE)
    return int(matched.group(1)) * 1024 if matched else None
