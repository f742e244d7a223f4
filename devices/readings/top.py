"""`top` of toybox: what the processors do, in % of one core, and which processes do it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from devices.readings.bounded_number import decimal, whole
from devices.readings.lines import whole_lines
from devices.readings.unavailable import NotThere, Whole

_STATES = re.compile(r"\s*(\d{1,6})%cpu((?:\s+\d{1,6}%[a-z]+)+)\s*")
_STATE_NAMES = ("user", "nice", "sys", "idle")


@dataclass(frozen=True)
class TopProcess:
    """One row."""

    pid: int
    cpu_percent: float
    """The share of one core: 366 is three and two thirds of them."""
    name: str
    """The last column: a command line, or a process name; cut to the terminal's width by top itself."""


@dataclass(frozen=True)
class Top:
    """One look."""

    cpu_percent: Whole
    """100 for each core."""
    user_percent: Whole
    nice_percent: Whole
    system_percent: Whole
    idle_percent: Whole
    threads: Whole
    """The threads that `top -H` counts."""
    processes: list[TopProcess]
    is_consistent: bool
    """The states add up to no more than the cores have. Toybox prints nonsense at times."""


def parse_top(text: str) -> Top | NotThere:
    """The columns are the user's choice: %CPU is found by its place in the heading, where names are glued together
    (`S[%CPU]`, `NI[%CPU]S`).
    """
    lines = whole_lines(text)
    states: dict[str, str] = {}
    for line in lines:
        if found := _STATES.fullmatch(line):
            states = {name: value for value, name in re.findall(r"(\d+)%([a-z]+)", found[2])} | {"cpu": found[1]}
            break
    if not states:
        return NotThere("this is no output of top from toybox")
    threads = re.match(r"Threads:\s+(\d{1,9}) total", lines[0])
    amounts = {name: whole(states.get(name), f"%{name}", 0, 1_000_000) for name in ("cpu", *_STATE_NAMES)}
    known = [int(value) for name, value in states.items() if name != "cpu"]
    return Top(
        cpu_percent=amounts["cpu"],
        user_percent=amounts["user"],
        nice_percent=amounts["nice"],
        system_percent=amounts["sys"],
        idle_percent=amounts["idle"],
        threads=whole(threads[1] if threads else None, "threads", 0, 1_000_000),
        processes=_processes(lines),
        # Rounding of each state, and a few per cent of a core for the moment it takes.
        is_consistent=sum(known) <= int(states["cpu"]) + 5 * len(known),
    )


def _processes(lines: list[str]) -> list[TopProcess]:
    start = next((at for at, line in enumerate(lines) if re.match(r"\s*[PT]ID\b.*%CPU", line)), None)
    if start is None:
        return []
    names = re.findall(r"[%A-Z+]+", lines[start])
    column = names.index("%CPU")
    processes: list[TopProcess] = []
    for line in lines[start + 1 :]:
        words = line.split()
        if len(words) < len(names) or not re.fullmatch(r"\d{1,10}", words[0]):
            continue
        share = decimal(words[column], "%CPU", 0.0, 100_000.0)
        if isinstance(share, float):
            processes.append(TopProcess(int(words[0]), share, words[-1]))
    return processes
