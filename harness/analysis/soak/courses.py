"""The lines of a soak's charts: every window, or, of many, the lowest and the highest of each stretch."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from harness.analysis.soak.battery import battery_level
from harness.analysis.soak.heat import hottest_zone
from harness.analysis.soak.memory import held_bytes
from harness.analysis.soak.throttling import reference_ns
from harness.documents.soak_result import Series

if TYPE_CHECKING:
    from harness.analysis.soak.windows import SoakRecords
    from harness.statistics.estimate import Floats

MOST_POINTS = 600


def draw_courses(records: SoakRecords) -> list[Series]:
    """Those that there is anything of."""
    hours = records.hours
    zone, celsius = hottest_zone(records)
    lines: list[tuple[str, str, str, Floats]] = [
        ("memory", "memory held", "bytes", held_bytes(records)),
        ("latency_p50", "median", "ns", _latency(records, "latency_p50_ns")),
        ("latency_p99", "99 of 100 within", "ns", _latency(records, "latency_p99_ns")),
        ("temperature", f"zone {zone}", "°C", celsius),
        ("reference", "fixed work", "ns", reference_ns(records)),
        ("battery", "battery", "%", battery_level(records)),
    ]
    courses = []
    for name, label, unit, values in lines:
        known = np.isfinite(values)
        if not known.any():
            continue
        kept = thinned(values[known])
        courses.append(
            Series(
                name=name,  # type: ignore[arg-type]  # one of those above
                label=label,
                unit=unit,
                hours=[round(float(hour), 6) for hour in hours[known][kept]],
                values=[float(value) for value in values[known][kept]],
                of_windows=int(known.sum()),
            )
        )
    return courses


def thinned(values: Floats, most: int = MOST_POINTS) -> np.ndarray:
    """Places, shape (at most `most`,), rising: all, or the lowest and the highest of each of `most`/2 stretches. What
    sticks out is never thinned away.
    """
    if values.size <= most:
        return np.arange(values.size)
    edges = np.linspace(0, values.size, most // 2 + 1).astype(int)
    stretches = [np.arange(start, end) for start, end in itertools.pairwise(edges)]
    kept = {int(stretch[pick(values[stretch])]) for stretch in stretches for pick in (np.argmin, np.argmax)}
    return np.array(sorted(kept))


def _latency(records: SoakRecords, which: str) -> Floats:
    return np.array([getattr(window, which) for window in records.windows], dtype=np.float64)
