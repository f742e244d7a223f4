"""Whether a device slept while it measured: its clocks stand still then, so no latency shows it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from devices.power.block import slept_between
from harness.words.sentences import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.analysis.tables.device_records import DeviceRecords
    from harness.documents.records import Context


@dataclass(frozen=True)
class _Look:
    session: int
    context: Context
    place: str
    """Such as `cycle 2 of the energy pass`; empty outside the passes."""


def sleep_warnings(records: DeviceRecords) -> list[str]:
    """What a device does between two sessions of the runner is not counted."""
    looks = sorted(_looks(records), key=lambda look: (look.session, look.context.monotonic_ns))
    times = 0
    total_ns = 0
    first = ""
    for before, after in itertools.pairwise(looks):
        if before.session != after.session:
            continue
        slept_ns = slept_between(before.context, after.context)
        if slept_ns:
            times, total_ns = times + 1, total_ns + slept_ns
            first = first or after.place or before.place
    if times == 0:
        return []
    at = f", first about {first}" if first else ""
    return [
        f"The device fell asleep while it measured: {total_ns / 1e9:.1f} s in all (seen {counted(times, 'time')}{at}). "
        "It wakes up with other clocks and caches; keep its screen on, or hold a wake lock."
    ]


def _looks(records: DeviceRecords) -> Iterator[_Look]:
    for started in records.started:
        yield _Look(started.session, started.context, "")
    for block in records.blocks:
        for context in (block.before, block.after):
            yield _Look(block.session, context, f"pair {block.pair + 1} of the latency pass")
    for energy in records.energy:
        for context in (energy.before, energy.after):
            of_pass = "energy pass" if energy.readings else "long blocks"
            yield _Look(energy.session, context, f"cycle {energy.cycle + 1} of the {of_pass}")
    for finished in records.finished:
        yield _Look(finished.session, finished.context, "")
