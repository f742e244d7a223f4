"""Graphics memory of a process, as a phone's `dumpsys meminfo` told it at the end of a memory step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devices.readings.dumpsys_meminfo import DumpsysMeminfo, parse_dumpsys_meminfo
from harness.documents.plan import MEMINFO_ID
from harness.quantity import Available, Measured, Unavailable

if TYPE_CHECKING:
    from harness.documents.records import MemoryMeasured


def graphics_memory(measured: MemoryMeasured) -> Measured | None:
    """In bytes; None where the device was not asked."""
    reading = next((each for each in measured.readings if each.probe == MEMINFO_ID), None)
    if reading is None:
        return None
    if reading.text is None:
        return Unavailable(reason=f"dumpsys meminfo gave nothing: {reading.error}")
    said = parse_dumpsys_meminfo(reading.text)
    if not isinstance(said, DumpsysMeminfo):
        return Unavailable(reason=said.reason)
    for size, what in (
        (said.graphics_kib, "Graphics of the App Summary"),
        (said.gl_mtrack_kib, "GL mtrack"),
    ):
        if isinstance(size, int):
            return Available(value=size * 1024.0, unit="bytes", source=f"dumpsys meminfo, {what}")
    return Unavailable(reason="dumpsys meminfo counts no graphics memory to the process")
