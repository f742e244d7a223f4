"""What the memory pass tells of an arm that ran in a browser beside what it tells of any other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.analysis.conditions.browser_facts import engine_start_ns, session_creation_ns

if TYPE_CHECKING:
    from harness.analysis.tables.device_records import DeviceRecords
    from harness.documents.records import MemoryMeasured


def in_browser(arm: str, measured: MemoryMeasured, records: DeviceRecords) -> dict[str, int | str]:
    """Quantity → value in its unit, or why there is none, of the arm of this name. Empty where no arm of the device ran
    in a browser.
    """
    if not any(engine_start_ns(each) is not None for each in records.loaded):
        return {}
    loads = [each for each in records.loaded if each.arm == measured.arm and each.n < measured.n]
    started = engine_start_ns(loads[-1]) if loads else None
    if started is None:
        outside = f"{arm} runs in no web page"
        return {"engine_start": outside, "session_creation": outside, "browser_memory": outside}
    session = session_creation_ns(loads[-1])
    whole = [part.bytes for part in measured.parts if part.of == "all_processes" and part.what == "private_footprint"]
    return {
        "engine_start": started,
        "session_creation": session if session is not None else "the page did not tell it",
        "browser_memory": whole[0] if whole else "this browser does not tell the memory of its processes",
    }
