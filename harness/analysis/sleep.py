"""Whether a device slept while it measured: its clocks stand still then, so no latency shows it."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.analysis.wording import counted

if TYPE_CHECKING:
    from harness.analysis.device_records import Moment

LEAST_NS = 100_000_000
"""The two clocks that show it are read one after the other; a busy machine may hold a process up in between."""


def sleep_warnings(moments: Sequence[Moment]) -> list[str]:
    """`moments` in the order of the records. What a device does between two sessions of the runner is not counted."""
    times = 0
    total_ns = 0
    first: Moment | None = None
    for before, after in itertools.pairwise(moments):
        if before.session != after.session:
            continue
        if before.context.suspended_ns is None or after.context.suspended_ns is None:
            continue
        slept_ns = after.context.suspended_ns - before.context.suspended_ns
        if slept_ns > LEAST_NS:
            times, total_ns, first = times + 1, total_ns + slept_ns, first or after
    if first is None:
        return []
    at = f", first about pair {first.pair + 1}" if first.pair is not None else ""
    return [
        f"The device fell asleep while it measured: {total_ns / 1e9:.1f} s in all ({counted(times, 'time')}{at}). It "
        "wakes up with other clocks and caches; keep its screen on, or hold a wake lock."
    ]
