"""What each block of the latency pass went through: throttling, load of others, outliers; gates of any pass."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from harness.analysis.conditions.load_of_others import cores_of_others
from harness.analysis.conditions.slow_stretch import slowed
from harness.analysis.evidence.block_findings import find_stalls, outlying_blocks
from harness.quantity import QUANTITIES
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
    slow = slowed(blocks)
    warnings = ([] if slow is None else [slow.words]) + _others(blocks, names)
    for arm, name in names.items():
        own = [block for block in blocks if block.arm == arm]
        warnings += _outlying_blocks(own, name) + _stalls(own, name)
    return warnings


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
