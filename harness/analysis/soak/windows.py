"""The windows of one device's soak, read and folded: what was recorded, as arrays of one value a window."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harness.analysis.tables.device_records import iterate_records
from harness.documents.records import ArmFailed, ArmLoaded, RunnerFinished, RunnerStarted, SoakWindow
from harness.statistics.estimate import Floats


@dataclass(frozen=True)
class SoakRecords:
    """What one device's runner wrote, in the order it was written."""

    started: list[RunnerStarted]
    loaded: list[ArmLoaded]
    failed: list[ArmFailed]
    finished: list[RunnerFinished]
    windows: list[SoakWindow]
    last_ns: dict[int, int]
    """Session → monotonic stamp of its last record."""

    @property
    def seconds(self) -> Floats:
        """Length of every window."""
        return np.array([(window.ended_ns - window.started_ns) / 1e9 for window in self.windows], dtype=np.float64)

    @property
    def hours(self) -> Floats:
        """Hours of soaking at the end of every window."""
        return np.asarray(np.cumsum(self.seconds) / 3600.0)

    @property
    def inferences(self) -> Floats:
        """In every window."""
        return np.array([window.inferences for window in self.windows], dtype=np.float64)

    @property
    def sessions(self) -> list[list[int]]:
        """Places of the windows of every session that has any: each session has a process of its own."""
        places: dict[int, list[int]] = {}
        for place, window in enumerate(self.windows):
            places.setdefault(window.session, []).append(place)
        return list(places.values())


def read_soak_records(path: Path) -> SoakRecords:
    """Read records.jsonl. Raises `RecordsError` for a damaged file."""
    found = SoakRecords([], [], [], [], [], {})
    for record in iterate_records(path):
        found.last_ns[record.session] = record.monotonic_ns
        match record:
            case RunnerStarted():
                found.started.append(record)
            case ArmLoaded():
                found.loaded.append(record)
            case ArmFailed():
                found.failed.append(record)
            case RunnerFinished():
                found.finished.append(record)
            case SoakWindow():
                found.windows.append(record)
            case _:
                pass
    return found
