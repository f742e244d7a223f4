"""What the page pass tells: frames of a page that animates while an arm infers, and inferences whose outputs are not
read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from devices.runtimes.registry import runs_in_a_page
from harness.documents.records import MOST_FRAMES

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from harness.analysis.tables.device_records import DeviceRecords
    from harness.documents.manifest import Manifest
    from harness.documents.records import PageMeasured

PAGE_COLUMNS: Final = ("arm", "repeat", "quantity", "value", "reason")
"""The columns of the page table: `value` is float64 (NaN where missing), `reason` says why it is missing."""
_FEWEST_AT_REST: Final = 5
"""Frames at rest of which a rate can be told."""


def page_frame(manifest: Manifest, records: DeviceRecords | None) -> pd.DataFrame:
    """One row an arm, fresh tab and quantity of the page pass, in PAGE_COLUMNS; arms outside of pages say so once."""
    import pandas as pd

    last = {(one.arm, one.repeat): one for one in (records.page if records is not None else [])}
    rows: list[tuple[str, int, str, float, str | None]] = []
    for arm in manifest.arms:
        mine = sorted(repeat for of, repeat in last if of == arm.id)
        for repeat in mine:
            for quantity, told in page_values(last[arm.id, repeat]).items():
                value, reason = (np.nan, told) if isinstance(told, str) else (told, None)
                rows.append((arm.name, repeat, quantity, value, reason))
        if not mine and not runs_in_a_page(arm.runtime):
            outside = f"{arm.name} runs in no web page"
            rows += [(arm.name, 0, quantity, np.nan, outside) for quantity in QUANTITIES_OF_PAGES]
    return pd.DataFrame(rows, columns=list(PAGE_COLUMNS)).astype({"value": "float64", "repeat": "int64"})


QUANTITIES_OF_PAGES: Final = ("frames_dropped", "longest_frame", "unread_latency")


def page_values(measured: PageMeasured) -> dict[str, float | str]:
    """Quantity → value in its unit, or why there is none."""
    why = "; ".join(measured.notes) or "the page told none"
    values: dict[str, float | str] = dict.fromkeys(QUANTITIES_OF_PAGES, why)
    if MOST_FRAMES in (len(measured.rest_frame_ns), len(measured.frame_ns)):
        told = f"the page drew more than the {MOST_FRAMES} frames that it tells: shorten measure.page.work_s"
        values |= {"frames_dropped": told, "longest_frame": told}
    elif len(measured.rest_frame_ns) >= _FEWEST_AT_REST and measured.frame_ns:
        values["frames_dropped"] = dropped_frames(measured.rest_frame_ns, measured.frame_ns)
        values["longest_frame"] = float(max(measured.frame_ns))
    if measured.unread_inferences > 0 and measured.unread_ns > 0:
        values["unread_latency"] = measured.unread_ns / measured.unread_inferences
    return values


def dropped_frames(rest_ns: Sequence[int], work_ns: Sequence[int]) -> float:
    """Frames that did not come, in per cent of those that were due. A frame was due every median of the times between
    frames at rest; one that came after k of them stands for k - 1 that did not.
    """
    due = np.maximum(1, np.rint(np.asarray(work_ns, dtype=np.float64) / max(1.0, float(np.median(rest_ns)))))
    return float(100.0 * (due - 1).sum() / due.sum())
