"""What each block of the latency pass went through: throttling, load of others, outliers; gates of any pass."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from harness.analysis.conditions.heat import signs_of_heat
from harness.analysis.conditions.load_of_others import cores_around_reference, cores_of_others, crowded_blocks
from harness.analysis.evidence.block_findings import find_stalls, outlying_blocks
from harness.quantity import QUANTITIES
from harness.statistics.throttling import Throttling, find_throttling
from harness.words.changes import value_in_words
from harness.words.gate_names import gate_name
from harness.words.sentences import counted, listed

if TYPE_CHECKING:
    from harness.documents.records import EnergyBlock, LatencyBlock, MemoryMeasured

_BUSY_CORES = 0.5
_BUSY_SHARE = 0.05
_LEAST_BUSY_BLOCKS = 2
_NAMED = 3


def failed_gates(
    blocks: Sequence[LatencyBlock] | Sequence[MemoryMeasured] | Sequence[EnergyBlock], noun: str = "block"
) -> str | None:
    """`the temperature gate did not hold before 3 of 60 blocks`; None where every gate held. `noun`: what the gates
    stood before, with its pass where that is not the latency pass.
    """
    failed = Counter(condition for block in blocks if block.gate is not None for condition in block.gate.failed)
    if not failed:
        return None
    parts = [
        f"the {gate_name(condition).gate} gate did not hold before {count} of {counted(len(blocks), noun)}"
        for condition, count in failed.most_common()
    ]
    return listed(parts)


def gate_warnings(failed: Iterable[str | None]) -> list[str]:
    """Warnings on what `failed_gates` found in each pass."""
    return [f"{gates[:1].upper()}{gates[1:]}, and they were measured in spite of it." for gates in failed if gates]


def block_warnings(blocks: list[LatencyBlock], names: Mapping[str, str]) -> list[str]:
    """Warnings on the blocks of whole pairs, in time order. `names`: arm id → name."""
    warnings = _throttling(blocks) + _others(blocks, names)
    for arm, name in names.items():
        own = [block for block in blocks if block.arm == arm]
        warnings += _outlying_blocks(own, name) + _stalls(own, name)
    return warnings


def _throttling(blocks: list[LatencyBlock]) -> list[str]:
    """By the blocks before which others were quiet, and by CPU times where they were recorded: heat is not the only
    thing that slows a fixed work down.
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
        return [_slowed(found, judged[found.until].pair + 1, signs_of_heat(judged, found))]
    found = find_throttling(durations)
    if found is None:
        return []
    crowded = [
        cores_around_reference(measured[place]) or 0.0
        for place in range(found.since, found.until + 1)
        if is_crowded[place]
    ]
    of_heat = not counted_cpu or find_throttling(of_cpu) is not None
    busy = f"kept up to {max(crowded):.1f} cores busy" if crowded else "came and went" if of_heat else "took the core"
    cause = "heat cannot be told from them" if of_heat else "slowed by other programs, not by heat"
    return [
        f"A fixed work took up to {100 * (found.factor - 1):.0f} % longer than at first (slowest about pair "
        f"{measured[found.until].pair + 1}) while other programs {busy}: {cause}. Measure on an idle device."
    ]


def _slowed(found: Throttling, pair: int, signs: list[str]) -> str:
    """Throttling is what a clock or a temperature agrees with; else the device may have been slowed from outside."""
    took = f"a fixed work took up to {100 * (found.factor - 1):.0f} % longer than at first (slowest about pair {pair})"
    if signs:
        return (
            f"The device throttled: {took}, while {listed(signs)}. The pairs allow for it; let the device cool to have "
            "it gone."
        )
    return (
        f"The device slowed down: {took}. The pairs allow for it. No clock and no temperature tells of heat: it may be "
        "others that no counter shows, such as the host of a virtual machine."
    )


def _others(blocks: list[LatencyBlock], names: Mapping[str, str]) -> list[str]:
    known = [(cores, block) for block in blocks if (cores := cores_of_others(block)) is not None]
    busy = [(cores, block) for cores, block in known if cores > _BUSY_CORES]
    if len(busy) < max(_LEAST_BUSY_BLOCKS, _BUSY_SHARE * len(known)):
        return []
    most, block = max(busy, key=lambda one: one[0])
    return [
        f"Others kept more than half a core busy during {len(busy)} of {counted(len(known), 'block')} (at most "
        f"{most:.1f} cores, {names[block.arm]} in pair {block.pair + 1}). Measure on an idle device."
    ]


def _latency(nanoseconds: float) -> str:
    return value_in_words(QUANTITIES["latency_p50"], float(nanoseconds))


def _outlying_blocks(blocks: list[LatencyBlock], name: str) -> list[str]:
    medians = np.array([float(np.median(block.latency_ns)) for block in blocks])
    places = outlying_blocks(medians)
    if not places:
        return []
    told = listed([f"pair {blocks[place].pair + 1} ({_latency(medians[place])})" for place in places[:_NAMED]])
    return [
        f"{counted(len(places), 'block')} of {name} stood out from its neighbours, such as in {told}: they are counted "
        "like all others."
    ]


def _stalls(blocks: list[LatencyBlock], name: str) -> list[str]:
    found = find_stalls([np.array(block.latency_ns, dtype=np.float64) for block in blocks])
    if found is None:
        return []
    worst = max(found.slowest_ns, key=lambda place: found.slowest_ns[place])
    return [
        f"{found.count} of {counted(found.of, 'inference')} of {name} took more than {found.bound:.1f} times as long "
        f"as their neighbours (the longest {_latency(found.slowest_ns[worst])}, in pair {blocks[worst].pair + 1})."
    ]
