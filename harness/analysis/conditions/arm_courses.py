"""Memory and power of each arm over their own passes, for drawing: a value of each fresh process and each long block.

Neither is read while latency is measured: reading a process's memory takes milliseconds of its core, and a meter is
read around blocks that are long enough for it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from harness.documents.comparison import ArmCourse
from harness.quantity import QUANTITIES

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from harness.analysis.passes.device_data import DeviceData
    from harness.documents.manifest import ManifestArm

_MEMORY: Final = ("run_peak_memory", "pss_memory", "steady_memory")
"""The first that any arm has a value of is drawn."""
_POWER: Final = "average_power"
_MOST_POINTS: Final = 200


def arm_courses(data: DeviceData) -> list[ArmCourse]:
    """One of memory and one of power an arm, of the passes that were asked for; at most 200 points of each."""
    measure = data.manifest.experiment.measure
    courses = []
    if measure.memory_repeats > 0:
        known = {name for name in _MEMORY if _has_values(data.memory, name)}
        name = next((name for name in _MEMORY if name in known), _MEMORY[0])
        courses += [_memory(data, arm, name) for arm in data.manifest.arms]
    if data.manifest.experiment.energy_cycles > 0:
        courses += [_power(data, arm) for arm in data.manifest.arms]
    return courses


def _has_values(rows: pd.DataFrame, quantity: str) -> bool:
    return bool((rows[rows["quantity"] == quantity]["value"] > 0).any())


def _memory(data: DeviceData, arm: ManifestArm, name: str) -> ArmCourse:
    records = data.records.memory if data.records is not None else []
    at_s = dict(
        zip(
            [(record.arm, record.repeat) for record in records],
            _since_begin([record.monotonic_ns for record in records]),
            strict=True,
        )
    )
    own = {repeat: at for (name, repeat), at in at_s.items() if name == arm.id}
    rows = data.rows(data.memory, arm, QUANTITIES[name])
    source = f"fresh processes of the memory pass{data.source(arm)}"
    return _course(arm, name, source, rows, own, "repeat")


def _power(data: DeviceData, arm: ManifestArm) -> ArmCourse:
    blocks = data.energy_blocks
    begun_s = _since_begin([block.started_ns for block in blocks])
    own = {block.cycle: at for block, at in zip(blocks, begun_s, strict=True) if block.arm == arm.id}
    rows = data.rows(data.energy_rows, arm, QUANTITIES[_POWER])
    source = f"long blocks of the {data.manifest.experiment.long_pass}{data.energy.source}"
    return _course(arm, _POWER, source, rows, own, "cycle")


def _course(
    arm: ManifestArm, quantity: str, source: str, rows: pd.DataFrame, at_s: dict[int, float], number: str
) -> ArmCourse:
    points = sorted(
        (at_s[int(which)], float(value))
        for which, value in zip(rows[number], rows["value"], strict=True)
        if int(which) in at_s and math.isfinite(value) and value > 0
    )
    if not points:
        reasons = [str(reason) for reason in rows["reason"].dropna().unique()]
        why = "; ".join(reasons) or "it was not measured"
        return ArmCourse(arm=arm.name, quantity=quantity, source=source, at_s=[], values=[], unavailable=why)
    places = np.unique(np.linspace(0, len(points) - 1, min(_MOST_POINTS, len(points))).round().astype(int))
    return ArmCourse(
        arm=arm.name,
        quantity=quantity,
        source=source,
        at_s=[round(points[place][0], 3) for place in places],
        values=[points[place][1] for place in places],
    )


def _since_begin(moments_ns: Sequence[int]) -> list[float]:
    """Seconds since the first of them. After a restart of the device its clock begins anew; such a session follows on
    from what was before.
    """
    seconds: list[float] = []
    offset = 0.0
    for moment_ns in moments_ns:
        at = moment_ns / 1e9
        if not seconds:
            offset = -at
        elif at + offset < seconds[-1]:
            offset = seconds[-1] - at
        seconds.append(at + offset)
    return seconds
