"""What each block of the latency pass went through: gates that did not hold, throttling, load of others, outliers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from harness.analysis.wording import counted, listed
from harness.statistics.outliers import find_outliers
from harness.statistics.throttling import find_throttling

if TYPE_CHECKING:
    from harness.records import LatencyBlock

_TICKS_PER_SECOND = 100.0
"""USER_HZ of /proc/stat, on every architecture that a runner is built for."""
_BUSY_CORES = 0.5
_BUSY_SHARE = 0.05
_LEAST_BUSY_BLOCKS = 2
_OUTLYING = 0.10
"""A block that is less than 10 % away from its neighbours is not worth a reader's time."""
_STALL = 1.5
_NAMED = 3

_GATES = {"others_busy_cores": "load", "battery_status": "charging"}


def failed_gates(blocks: list[LatencyBlock]) -> str | None:
    """`the temperature gate did not hold before 3 of 60 blocks`; None where every gate held."""
    failed = Counter(condition for block in blocks if block.gate is not None for condition in block.gate.failed)
    if not failed:
        return None
    parts = [
        f"the {_GATES.get(condition, condition.replace('_', ' '))} gate did not hold before {count} of "
        f"{counted(len(blocks), 'block')}"
        for condition, count in failed.most_common()
    ]
    return listed(parts)


def block_warnings(blocks: list[LatencyBlock], names: Mapping[str, str]) -> list[str]:
    """Warnings on the blocks of whole pairs, in time order. `names`: arm id → name."""
    warnings = []
    gates = failed_gates(blocks)
    if gates is not None:
        warnings.append(f"{gates[:1].upper()}{gates[1:]}, and they were measured in spite of it.")
    warnings += _throttling(blocks) + _others(blocks, names)
    for arm, name in names.items():
        own = [block for block in blocks if block.arm == arm]
        warnings += _outlying_blocks(own, name) + _stalls(own, name)
    return warnings


def cores_of_others(block: LatencyBlock) -> float | None:
    """Cores that anything but the worker kept busy between the looks before and after the block; None where the device
    does not say. Ticks are hundredths of a second, so it is good to about 2/(100 · seconds) of a core.
    """
    before, after = block.before, block.after
    seconds = (after.monotonic_ns - before.monotonic_ns) / 1e9
    if before.cpu_busy_ticks is None or after.cpu_busy_ticks is None or block.cpu_ns is None or seconds <= 0.0:
        return None
    busy = (after.cpu_busy_ticks - before.cpu_busy_ticks) / _TICKS_PER_SECOND
    return None if busy < 0.0 else max(0.0, busy - block.cpu_ns / 1e9) / seconds


def _throttling(blocks: list[LatencyBlock]) -> list[str]:
    measured = [block for block in blocks if block.reference_ns]
    found = find_throttling(np.array([float(min(block.reference_ns)) for block in measured]))
    if found is None:
        return []
    return [
        f"The device throttled: a fixed work took up to {100 * (found.factor - 1):.0f} % longer than at first (slowest "
        f"about pair {measured[found.until].pair + 1}). The pairs allow for it; let the device cool to have it gone."
    ]


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


def _outlying_blocks(blocks: list[LatencyBlock], name: str) -> list[str]:
    medians = np.array([float(np.median(block.latency_ns)) for block in blocks])
    if not medians.size or not np.all(medians > 0):
        return []
    places = find_outliers(np.log(medians), least_size=float(np.log1p(_OUTLYING)))
    if not places:
        return []
    told = listed([f"pair {blocks[place].pair + 1} ({medians[place] / 1e6:.2f} ms)" for place in places[:_NAMED]])
    return [
        f"{counted(len(places), 'block')} of {name} stood out from its neighbours, such as in {told}: they are counted "
        "like all others."
    ]


def _stalls(blocks: list[LatencyBlock], name: str) -> list[str]:
    """Single inferences far slower than their block: at least half as long again as its median, and further from it
    than 99 of 100 clean runs have one (in robust standard deviations of all inferences about their blocks).
    """
    if not blocks or any(not block.latency_ns or np.median(block.latency_ns) <= 0 for block in blocks):
        return []
    ratios = [np.array(block.latency_ns, dtype=np.float64) / float(np.median(block.latency_ns)) for block in blocks]
    everything = np.concatenate(ratios)
    from scipy.special import ndtri

    spread = 1.4826 * float(np.median(np.abs(everything - 1.0)))
    # Two more than Gaussian noise allows for: timings have a longer tail upwards, which is no finding.
    bound = max(_STALL, 1.0 + (float(-ndtri(0.01 / everything.size)) + 2.0) * spread)
    slow = int((everything > bound).sum())
    if not slow:
        return []
    worst = max(range(len(blocks)), key=lambda place: float(ratios[place].max()))
    longest_ms = max(blocks[worst].latency_ns) / 1e6
    return [
        f"{slow} of {counted(everything.size, 'inference')} of {name} took more than {bound:.1f} times as long as "
        f"their neighbours (the longest {longest_ms:.2f} ms, in pair {blocks[worst].pair + 1})."
    ]
