"""What the blocks of the energy pass went through: a device that did the same work ever more slowly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from harness.statistics.throttling import find_throttling

if TYPE_CHECKING:
    from harness.documents.records import EnergyBlock

_SLOWER: Final = 1.08
"""The share is a soak's, since bursts of other programs' load are in these blocks as they are in its windows."""


def energy_warnings(blocks: Sequence[EnergyBlock], names: Mapping[str, str], of_pass: str = "energy pass") -> list[str]:
    """Warnings on the blocks of whole cycles, in time order, idle ones among them. `names`: arm id → name; `of_pass`:
    what the pass of long blocks is called.

    No fixed work is done before an energy block, so each arm's own work is the measure: how long an inference took on
    average. Where there are too few cycles for that, the blocks of all arms together, each against its arm's median.
    """
    own = {arm: [block for block in blocks if block.arm == arm and block.inferences] for arm in names}
    warnings = [_slowed(found, names[arm], of_pass) for arm, found in own.items()]
    if not any(warnings):
        working = [block for block in blocks if block.arm in own and block.inferences]
        warnings = [_slowed(working, "The device", of_pass)]
    return [text for text in warnings if text is not None]


def _slowed(blocks: Sequence[EnergyBlock], who: str, of_pass: str) -> str | None:
    took_ns = np.array([(block.ended_ns - block.started_ns) / block.inferences for block in blocks])
    for arm in {block.arm for block in blocks}:
        of_arm = np.array([block.arm == arm for block in blocks])
        took_ns[of_arm] /= np.median(took_ns[of_arm])
    found = find_throttling(took_ns, bound=_SLOWER)
    if found is None:
        return None
    return (
        f"{who} did up to {100 * (1 - 1 / found.factor):.0f} % fewer inferences a second in the {of_pass} than at "
        f"first (slowest about cycle {blocks[found.until].cycle + 1}): the device throttled, or other programs slowed "
        "it down. The cycles allow for it, an arm's own energy does not; let the device cool, or let "
        "its temperature gate wait longer."
    )
