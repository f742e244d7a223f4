"""When an arm is warm: by its blocks' medians."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devices.python_runner.contract import NO_TREND_BELOW

if TYPE_CHECKING:
    from collections.abc import Sequence


def median(values: Sequence[float]) -> float:
    """The middle value, or the mean of the two middle ones."""
    ordered, middle = sorted(values), len(values) // 2
    return float(ordered[middle]) if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def is_settled(medians: Sequence[float], tolerance: float) -> bool:
    """Whether the last three medians agree within `tolerance`, or the last six show no trend."""
    last = medians[-3:]
    agree = len(last) == 3 and max(last) <= min(last) * (1 + tolerance)
    return agree or (len(medians) >= 6 and abs(kendall_s(medians[-6:])) < NO_TREND_BELOW)


def kendall_s(values: Sequence[float]) -> int:
    """Kendall's S against time: pairs of values that rise, less pairs that fall (Kendall 1938)."""
    return sum((later > earlier) - (later < earlier) for k, earlier in enumerate(values) for later in values[k + 1 :])
