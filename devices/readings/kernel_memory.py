"""Lines `Name:  123 kB` of /proc: `status`, `meminfo`, `smaps_rollup`. kB are KiB."""

from __future__ import annotations

import re
from dataclasses import dataclass

from devices.readings.bounded_number import whole
from devices.readings.lines import looks_binary, whole_lines
from devices.readings.unavailable import NotThere, Whole, Word

_AMOUNT = re.compile(r"(?m)^([A-Za-z_][\w()]*):[ \t]+(\d{1,15}) kB\r*(?:\n|\Z)")


@dataclass(frozen=True)
class ProcessStatus:
    """/proc/PID/status. Kernel threads have no memory of their own; old kernels split no RssAnon off."""

    name: Word
    pid: Whole
    threads: Whole
    is_kernel_thread: bool | NotThere
    """Kernels before 6.4 do not say it."""
    peak_virtual_kib: Whole
    peak_rss_kib: Whole
    rss_kib: Whole
    rss_anon_kib: Whole
    swap_kib: Whole


@dataclass(frozen=True)
class MemoryInfo:
    """/proc/meminfo."""

    total_kib: Whole
    free_kib: Whole
    available_kib: Whole
    swap_total_kib: Whole
    swap_free_kib: Whole
    cma_free_kib: Whole
    amounts_kib: dict[str, int]
    """All lines that are whole."""


@dataclass(frozen=True)
class SmapsRollup:
    """/proc/PID/smaps_rollup. Kernels before 5.4 split Pss no further."""

    rss_kib: Whole
    pss_kib: Whole
    pss_anon_kib: Whole
    pss_file_kib: Whole
    pss_shmem_kib: Whole
    private_dirty_kib: Whole
    swap_kib: Whole
    swap_pss_kib: Whole


def parse_process_status(text: str) -> ProcessStatus | NotThere:
    """The name is what the kernel calls the process: 15 bytes of its last exec or own choice."""
    amounts, fields = _amounts(text), _fields(text)
    name = fields.get("Name", "")
    if not {"Name", "Pid", "VmRSS", "Threads"} & (fields.keys() | amounts.keys()):
        return NotThere("this is no status of a process")
    return ProcessStatus(
        name=name if name and not looks_binary(name) else NotThere("Name is not given"),
        pid=whole(fields.get("Pid"), "Pid", 1, 1 << 31),
        threads=whole(fields.get("Threads"), "Threads", 1, 1 << 31),
        is_kernel_thread=fields["Kthread"] == "1" if "Kthread" in fields else NotThere("Kthread is not given"),
        peak_virtual_kib=_amount(amounts, "VmPeak"),
        peak_rss_kib=_amount(amounts, "VmHWM"),
        rss_kib=_amount(amounts, "VmRSS"),
        rss_anon_kib=_amount(amounts, "RssAnon"),
        swap_kib=_amount(amounts, "VmSwap"),
    )


def parse_meminfo(text: str) -> MemoryInfo | NotThere:
    """A line without its unit was cut, and is left out."""
    amounts = _amounts(text)
    if not {"MemTotal", "MemFree", "MemAvailable"} & amounts.keys():
        return NotThere("this is no meminfo")
    return MemoryInfo(
        total_kib=_amount(amounts, "MemTotal"),
        free_kib=_amount(amounts, "MemFree"),
        available_kib=_amount(amounts, "MemAvailable"),
        swap_total_kib=_amount(amounts, "SwapTotal"),
        swap_free_kib=_amount(amounts, "SwapFree"),
        cma_free_kib=_amount(amounts, "CmaFree"),
        amounts_kib=amounts,
    )


def parse_smaps_rollup(text: str) -> SmapsRollup | NotThere:
    """Names are matched whole: `Pss` is not `Pss_Anon`."""
    amounts = _amounts(text)
    if not {"Rss", "Pss"} & amounts.keys():
        return NotThere("this is no smaps_rollup")
    return SmapsRollup(
        rss_kib=_amount(amounts, "Rss"),
        pss_kib=_amount(amounts, "Pss"),
        pss_anon_kib=_amount(amounts, "Pss_Anon"),
        pss_file_kib=_amount(amounts, "Pss_File"),
        pss_shmem_kib=_amount(amounts, "Pss_Shmem"),
        private_dirty_kib=_amount(amounts, "Private_Dirty"),
        swap_kib=_amount(amounts, "Swap"),
        swap_pss_kib=_amount(amounts, "SwapPss"),
    )


def _amounts(text: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for name, value in _AMOUNT.findall(text):
        found.setdefault(name, int(value))
    return found


def _amount(amounts: dict[str, int], name: str) -> Whole:
    return amounts.get(name, NotThere(f"{name} is not given"))


def _fields(text: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    for line in whole_lines(text):
        name, colon, value = line.partition(":")
        if colon and re.fullmatch(r"\w+", name):
            fields.setdefault(name, value.strip())
    return fields
