"""Load of others: the cores that anything but the worker kept busy, from ticks of /proc/stat and the worker's CPU time.

Ticks are hundredths of a second, so a look over t seconds is good to about 2/(100·t) of a core.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.documents.records import Context, LatencyBlock
    from harness.statistics.estimate import Floats

CROWDED_CORES: Final = 0.25
"""Above what is usual on this device: from here on a slow fixed work may be others' doing, and says nothing of heat."""
_USUAL: Final = 0.25
"""Quantile. What others take all the time explains no change: a screen, a driver's threads."""
NEAR_BEST: Final = 1.05
"""Times the best: what the device did that fast, whatever others took then did not slow it."""
_BEST: Final = 0.1
"""Quantile of the fixed work before blocks that is the device's best."""
_TICKS_PER_SECOND = 100.0
"""USER_HZ of /proc/stat, on every architecture that a runner is built for."""


def cores_of_others(block: LatencyBlock) -> float | None:
    """Between the looks before and after the block; None where the device does not say."""
    return None if block.cpu_ns is None else cores_between(block.before, block.after, block.cpu_ns)


def cores_around_reference(block: LatencyBlock) -> float | None:
    """At the fixed work before a block: the more of what the gate saw right before it and of what the block itself saw
    right after. None where neither is known.
    """
    gate = block.gate.values.get("others_busy_cores") if block.gate is not None else None
    known = [cores for cores in (cores_of_others(block), gate) if isinstance(cores, float)]
    return max(known, default=None)


def are_crowded(others: Floats, seconds: Floats, near_best: np.ndarray) -> np.ndarray:
    """Which looks, of these lengths, others kept more than `CROWDED_CORES` busier than usual, and more than ticks can
    tell. Usual is what they take in the quietest quarter of all, or, where that is less, in the median of the looks
    during which the device was `near_best`: others who came early and stayed are not usual by that. Where it is not
    known (NaN) nobody is blamed. Shapes (n,).
    """
    known = np.isfinite(others)
    if not known.any():
        return known
    usual = float(np.quantile(others[known], _USUAL))
    if (known & near_best).any():
        usual = min(usual, float(np.median(others[known & near_best])))
    bound = usual + CROWDED_CORES + 2.0 / (_TICKS_PER_SECOND * np.maximum(seconds, 1e-9))
    return known & (np.where(known, others, 0.0) > bound)


def crowded_blocks(blocks: Sequence[LatencyBlock], durations: Floats) -> np.ndarray:
    """Of which blocks the fixed work before it, which took so long, may have been slowed by others. Shapes (n,)."""
    cores = [cores_around_reference(block) for block in blocks]
    others = np.array([np.nan if each is None else each for each in cores], dtype=np.float64)
    seconds = [(block.after.monotonic_ns - block.before.monotonic_ns) / 1e9 for block in blocks]
    best = float(np.quantile(durations, _BEST)) if durations.size else 0.0
    return are_crowded(others, np.array(seconds, dtype=np.float64), durations <= NEAR_BEST * best)


def cores_between(before: Context, after: Context, own_ns: int) -> float | None:
    """Between two looks at a device, less what was its own work; None where the device does not say."""
    seconds = (after.monotonic_ns - before.monotonic_ns) / 1e9
    if before.cpu_busy_ticks is None or after.cpu_busy_ticks is None or seconds <= 0.0:
        return None
    busy = (after.cpu_busy_ticks - before.cpu_busy_ticks) / _TICKS_PER_SECOND
    return None if busy < 0.0 else max(0.0, busy - own_ns / 1e9) / seconds
