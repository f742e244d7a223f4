"""Which items of the plan an item of the data set is on a device: itself, or one for each of its parts.

A part is an item like any other there. The first has the item's own number, the others follow behind all items; the
parts of one place have one number in all arms, of which some may have more than others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.experiment.resolve import Resolved


def inferences_of(resolved: Resolved) -> list[dict[str, list[str]]]:
    """Per item: arm id → ids of the plan's items, in the order of its parts."""
    task = resolved.task
    found: list[dict[str, list[str]]] = []
    free = len(resolved.items)
    for index, item in enumerate(resolved.items):
        counts = {arm.id: task.parts.count(arm.codec, item) if task.parts is not None else 1 for arm in resolved.arms}
        more = max(counts.values()) - 1
        ids = [f"i{index}", *(f"i{free + place}" for place in range(more))]
        free += more
        found.append({arm: ids[:count] for arm, count in counts.items()})
    return found


def timed_inference(resolved: Resolved) -> str | None:
    """The plan's item that latency is measured with, where it is not the first part of its item."""
    task = resolved.task
    if task.parts is None or not task.parts.times_last:
        return None
    of_arms = inferences_of(resolved)[resolved.latency_item].values()
    return min((ids[-1] for ids in of_arms), key=lambda last: int(last[1:]))
