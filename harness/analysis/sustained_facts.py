"""How each arm slowed down within its long blocks on one device: from the first slice of a block to its last."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from harness.analysis.passes.sustained import run_of
from harness.documents.comparison import SustainedArm, SustainedOnDevice
from harness.quantity import QUANTITIES, Available, Unavailable
from harness.words.changes import change_in_words

if TYPE_CHECKING:
    from harness.analysis.evidence.sustained_evidence import LongRun
    from harness.analysis.passes.device_data import DeviceData


def sustained_facts(data: DeviceData) -> SustainedOnDevice | None:
    """None where no whole cycle of long blocks was measured."""
    if not data.energy_blocks:
        return None
    runs = {arm.name: run_of(data, arm) for arm in data.manifest.arms}
    first = next(iter(runs.values()))
    return SustainedOnDevice(
        block_s=first.lasted_s,
        compared="the second half of each block" if first.is_halved else "whole blocks",
        arms=[_of_arm(name, run) for name, run in runs.items()],
    )


def _of_arm(name: str, run: LongRun) -> SustainedArm:
    if run.slowdown is None:
        reason = run.why_lost or "its blocks were not told in slices"
        return SustainedArm(arm=name, slowdown=Unavailable(reason=reason), words=None)
    change = change_in_words(
        QUANTITIES["sustained_latency"],
        math.exp(run.slowdown.mean),
        *(math.exp(end) for end in run.slowdown.interval(0.95) or ()),
    )
    is_change = not change.startswith("no ")
    ended = f"at the end of a block {change} than at its begin" if is_change else f"{change} within a block"
    return SustainedArm(
        arm=name,
        slowdown=Available(
            value=100.0 * math.expm1(run.slowdown.mean),
            unit="%",
            source=f"last slice of {run.slowdown.n} blocks against their first, geometric mean",
        ),
        words=ended,
    )
