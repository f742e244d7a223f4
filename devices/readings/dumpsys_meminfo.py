"""`dumpsys meminfo PID`: memory of a process as Android counts it, in KiB, graphics memory included."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

from devices.readings.bounded_number import whole
from devices.readings.unavailable import NotThere, Whole

_COLUMNS = {
    "Pss Total": "pss", "Private Dirty": "private_dirty", "Private Clean": "private_clean", "SwapPss Dirty": "swap_pss",
    "Swapped Dirty": "swapped", "Rss Total": "rss", "Heap Size": "heap_size", "Heap Alloc": "heap_alloc",
    "Heap Free": "heap_free",
}  # fmt: skip


@dataclass(frozen=True)
class DumpsysMeminfo:
    """One process."""

    pid: Whole
    total_pss_kib: Whole
    """The total of the App Summary; of the table where the text has no summary and ends in a whole TOTAL row."""
    total_rss_kib: Whole
    total_swap_pss_kib: Whole
    native_heap_size_kib: Whole
    native_heap_alloc_kib: Whole
    java_heap_pss_kib: Whole
    graphics_kib: Whole
    """The App Summary's graphics: Gfx dev, EGL mtrack and GL mtrack together."""
    gl_mtrack_kib: Whole
    """What the GPU driver counts to the process."""
    egl_mtrack_kib: Whole
    gfx_dev_kib: Whole
    system_kib: Whole
    is_complete: bool
    """The App Summary's totals are there, or (native processes of old) the table's TOTAL row with every column."""


def parse_dumpsys_meminfo(text: str) -> DumpsysMeminfo | NotThere:
    """Columns go by their two-line heading: Android 11 put Rss in the middle."""
    lines = text.splitlines(keepends=True)
    columns = _columns(lines)
    summary = text.partition("App Summary")[2]
    if not columns and not summary:
        return NotThere("this is no output of dumpsys meminfo for a process")
    table = text.partition("App Summary")[0]
    total_row = _row(table, "TOTAL", columns)
    pss = _summary(summary, r"TOTAL PSS") if "TOTAL PSS:" in summary else _summary(summary, r"TOTAL")
    in_summary = isinstance(pss, int)
    if not in_summary:
        pss = total_row.get("pss", NotThere("there is no TOTAL"))
    pid = re.search(r"\*\* MEMINFO in pid (\d{1,10}) \[", text)
    native = _row(table, "Native Heap", columns)
    return DumpsysMeminfo(
        pid=whole(pid[1] if pid else None, "pid", 1, 1 << 31),
        total_pss_kib=pss,
        total_rss_kib=_summary(summary, r"TOTAL RSS"),
        total_swap_pss_kib=_summary(summary, r"TOTAL SWAP PSS"),
        native_heap_size_kib=native.get("heap_size", NotThere("the heap's size is not given")),
        native_heap_alloc_kib=native.get("heap_alloc", NotThere("what the heap gave out is not given")),
        java_heap_pss_kib=_summary(summary, r"Java Heap"),
        graphics_kib=_summary(summary, r"Graphics"),
        gl_mtrack_kib=_row(table, "GL mtrack", columns).get("pss", NotThere("there is no row GL mtrack")),
        egl_mtrack_kib=_row(table, "EGL mtrack", columns).get("pss", NotThere("there is no row EGL mtrack")),
        gfx_dev_kib=_row(table, "Gfx dev", columns).get("pss", NotThere("there is no row Gfx dev")),
        system_kib=_summary(summary, r"System"),
        is_complete=in_summary or (bool(columns) and len(total_row) == len(columns)),
    )


def _columns(lines: list[str]) -> list[str]:
    for upper, lower in pairwise(lines):
        first, second = upper.split(), lower.split()
        if first[:1] == ["Pss"] and second[:1] == ["Total"] and len(first) == len(second) and lower.endswith("\n"):
            return [_COLUMNS.get(f"{one} {two}", f"{one} {two}") for one, two in zip(first, second, strict=True)]
    return []


def _row(table: str, name: str, columns: list[str]) -> dict[str, Whole]:
    # The first of its name. Of a row that is cut, the cells that end in a blank are whole.
    found = re.search(rf"(?m)^[ \t]*{re.escape(name)}((?:[ \t]+[\d()]+(?=[ \t\r\n]))+)", table)
    if found is None or not columns:
        return {}
    # A footnote is glued to its value: 2(6).
    cells = [re.sub(r"\(\d{1,3}\)$", "", cell) for cell in found[1].split()]
    return {column: whole(cell, f"{name}: {column}", 0, 1 << 40) for column, cell in zip(columns, cells, strict=False)}


def _summary(summary: str, name: str) -> Whole:
    found = re.search(rf"(?m)^.*?(?:^|[ \t]){name}:[ \t]+(\d{{1,13}})(?=[ \t\r\n])", summary)
    return whole(found[1] if found else None, name, 0, 1 << 40)
