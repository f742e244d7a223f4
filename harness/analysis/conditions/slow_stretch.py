"""Where a device did a fixed work more slowly than at first, and whether heat or other programs are why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from harness.analysis.conditions.heat import signs_of_heat
from harness.analysis.conditions.load_of_others import cores_around_reference, crowded_blocks
from harness.statistics.throttling import Throttling, find_throttling
from harness.words.sentences import listed

if TYPE_CHECKING:
    from harness.documents.records import LatencyBlock


@dataclass(frozen=True)
class Slowed:
    """The slowest stretch of a latency pass: its first and last block, and what is known of why."""

    factor: float
    """The fixed work took so many times as long as at first."""
    first: LatencyBlock
    last: LatencyBlock
    cause: Literal["heat", "others", "unknown"]
    words: str
    """A warning."""


def slowed(blocks: Sequence[LatencyBlock]) -> Slowed | None:
    """From the blocks of whole pairs, in time order; None where the device kept its pace.

    By the blocks before which others were quiet, and by CPU times where they were recorded: heat is not the only thing
    that slows a fixed work down.
    """
    measured = [block for block in blocks if block.reference_ns]
    counted_cpu = all(min(block.reference_cpu_ns, default=0) > 0 for block in measured)
    durations = np.array([float(min(block.reference_ns)) for block in measured])
    of_cpu = np.array([float(min(block.reference_cpu_ns)) for block in measured]) if counted_cpu else durations
    is_crowded = crowded_blocks(measured, durations)
    quiet = np.flatnonzero(~is_crowded)
    found = find_throttling(of_cpu[quiet])
    if found is not None:
        judged = [measured[place] for place in quiet]
        return _of_the_device(found, judged, signs_of_heat(judged, found))
    found = find_throttling(durations)
    if found is None:
        return None
    crowded = [
        cores_around_reference(measured[place]) or 0.0
        for place in range(found.since, found.until + 1)
        if is_crowded[place]
    ]
    of_heat = not counted_cpu or find_throttling(of_cpu) is not None
    busy = f"kept up to {max(crowded):.1f} cores busy" if crowded else "came and went" if of_heat else "took the core"
    cause = "heat cannot be told from them" if of_heat else "slowed by other programs, not by heat"
    last = measured[found.until]
    return Slowed(
        found.factor,
        measured[found.since],
        last,
        "unknown" if of_heat else "others",
        f"A fixed work took up to {100 * (found.factor - 1):.0f} % longer than at first (slowest about pair "
        f"{last.pair + 1}) while other programs {busy}: {cause}. Measure on an idle device.",
    )


def _of_the_device(found: Throttling, judged: Sequence[LatencyBlock], signs: list[str]) -> Slowed:
    """Throttling is what a clock or a temperature agrees with; else the device may have been slowed from outside."""
    last = judged[found.until]
    took = (
        f"a fixed work took up to {100 * (found.factor - 1):.0f} % longer than at first (slowest about pair "
        f"{last.pair + 1})"
    )
    words = (
        f"The device throttled: {took}, while {listed(signs)}. The pairs allow for it; let the device cool to have "
        "it gone."
        if signs
        else f"The device slowed down: {took}. The pairs allow for it. No clock and no temperature tells of heat: it "
        "may be others that no counter shows, such as the host of a virtual machine."
    )
    return Slowed(found.factor, judged[found.since], last, "heat" if signs else "unknown", words)
