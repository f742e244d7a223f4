"""Energy blocks of one device as a table: the source that its survey offers, read block by block, less idling.

Nothing here knows a kind of source: `devices/power` does.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from devices.power.battery_capacity import BatteryCapacity, battery_capacity, hours_of_use
from devices.power.per_inference import InferenceEnergy
from devices.power.registry import SOURCES, choose_source
from devices.power.survey import parse_survey
from devices.readings import unavailable
from harness.analysis.evidence.energy_evidence import ENERGY_COLUMNS
from harness.analysis.evidence.idle_baseline import idle_doubt
from harness.analysis.tables.block_energy import as_measured, read_energy
from harness.documents.comparison import ContinuousUse, EnergyOnDevice
from harness.experiment.energy_source import with_stand_ins
from harness.plain_file import read_plain_file
from harness.quantity import Measured, Unavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from harness.documents.records import EnergyBlock
    from harness.experiment.declaration import Energy

_TYPES = {
    "device": "object",
    "arm": "object",
    "cycle": "int64",
    "quantity": "object",
    "value": "float64",
    "resolution": "float64",
    "reason": "object",
}

_METER_BYTES = 512 << 20
"""A sample of some meters is a line of 40 bytes, and there are thousands in a second."""


@dataclass(frozen=True)
class DeviceEnergy:
    """What one device's energy blocks gave."""

    source: str
    """The end of a value's source, such as `, power rails behind the battery`; empty without one."""
    rows: list[dict[str, object]] = field(default_factory=list)
    """The rows have the columns of `ENERGY_COLUMNS`."""
    facts: EnergyOnDevice | None = None
    idle_doubt: str | None = None
    """Why energy above idling cannot be relied on, though there is a value."""


def read_device_energy(
    device: str,
    blocks: Sequence[EnergyBlock],
    survey_text: str | None,
    energy: Energy,
    names: dict[str, str],
    home: Path,
) -> DeviceEnergy:
    """`names`: arm id → name; `home`: the folder that the experiment's paths are relative to.

    A device whose blocks cannot be read has the reason in every row; without blocks there are no rows.
    """
    if not blocks:
        return DeviceEnergy("")
    survey = parse_survey(survey_text or "", meter_declared=energy.meter_csv is not None)
    found = choose_source(survey, energy.source)
    if isinstance(found, unavailable.NotThere):
        return _nothing(device, blocks, names, found.reason)
    meter = None
    if energy.meter_csv is not None:
        path = home / energy.meter_csv
        try:
            meter = read_plain_file(path, most_bytes=_METER_BYTES).decode("utf-8", "replace")
        except (OSError, ValueError) as error:  # ValueError: a name with NUL
            why = error.strerror if isinstance(error, OSError) else error
            return _nothing(device, blocks, names, f"the meter's file {path} cannot be read: {why}")
    offset_s = energy.meter_offset_s if meter is not None else None
    read = []
    for each in with_stand_ins(found, survey, energy):
        readout, inferences = read_energy(each, blocks, survey, meter_csv=meter, meter_offset_s=offset_s)
        read.append((each, readout, _in_one_session(inferences)))
        if _is_mostly_known(read[-1][2]):
            break
    # Where none of them will do, the reasons of the most trustworthy are told.
    found, readout, whole = read[-1] if _is_mostly_known(read[-1][2]) else read[0]
    label = SOURCES[found.source].label
    rows = [row for each in whole for row in _rows(device, each, names)]
    idle = [each.idle_power_mw for each in whole if isinstance(each.idle_power_mw, float)]
    idle_power: Measured = (
        as_measured(float(np.median(idle)), "mW", f"median of idle blocks, {label}")
        if idle
        else Unavailable(reason=_first_reason([each.idle_power_mw for each in whole]))
    )
    capacity = battery_capacity(survey)
    facts = EnergyOnDevice(
        source=label,
        covers=found.covers,
        left_out=list(found.left_out),
        idle_power=idle_power,
        found_out=dict(readout.facts),
        continuous_use=[
            _continuous_use(name, [each for each in whole if each.arm == arm], capacity) for arm, name in names.items()
        ],
    )
    return DeviceEnergy(f", {label}", rows, facts, idle_doubt(blocks, readout.blocks, names))


def energy_frame(devices: Sequence[DeviceEnergy]) -> pd.DataFrame:
    """All devices' rows in one table of the columns of `ENERGY_COLUMNS`."""
    import pandas as pd

    rows = [row for each in devices for row in each.rows]
    return pd.DataFrame(rows, columns=list(ENERGY_COLUMNS)).astype(_TYPES)


def _is_mostly_known(inferences: list[InferenceEnergy]) -> bool:
    known = sum(isinstance(one.energy_per_inference_mj, float) for one in inferences)
    return 2 * known >= len(inferences)


def _in_one_session(inferences: list[InferenceEnergy]) -> list[InferenceEnergy]:
    """Cycles that were cut by a restart are left out: their arms did not work in one state of the device."""
    sessions: dict[int, set[int]] = {}
    for each in inferences:
        sessions.setdefault(each.cycle, set()).add(each.session)
    return [each for each in inferences if len(sessions[each.cycle]) == 1]


def _rows(device: str, each: InferenceEnergy, names: dict[str, str]) -> list[dict[str, object]]:
    return [
        {
            "device": device,
            "arm": names.get(each.arm, each.arm),
            "cycle": each.cycle,
            "quantity": quantity,
            "value": np.nan if isinstance(value, unavailable.NotThere) else value,
            "resolution": np.nan if isinstance(resolution, unavailable.NotThere) else resolution,
            "reason": value.reason if isinstance(value, unavailable.NotThere) else None,
        }
        for quantity, value, resolution in (
            ("energy_per_inference", each.energy_per_inference_mj, each.resolution_mj),
            ("average_power", each.average_power_mw, each.power_resolution_mw),
        )
    ]


def _nothing(device: str, blocks: Sequence[EnergyBlock], names: dict[str, str], reason: str) -> DeviceEnergy:
    rows: list[dict[str, object]] = [
        {
            "device": device,
            "arm": names.get(block.arm, block.arm),
            "cycle": block.cycle,
            "quantity": quantity,
            "value": np.nan,
            "resolution": np.nan,
            "reason": reason,
        }
        for block in blocks
        if block.arm is not None
        for quantity in ("energy_per_inference", "average_power")
    ]
    return DeviceEnergy("", rows)


def _continuous_use(
    name: str, blocks: list[InferenceEnergy], capacity: BatteryCapacity | unavailable.NotThere
) -> ContinuousUse:
    powers = [each.average_power_mw for each in blocks if isinstance(each.average_power_mw, float)]
    power: float | unavailable.NotThere = (
        float(np.median(powers))
        if powers
        else unavailable.NotThere(_first_reason([each.average_power_mw for each in blocks]))
    )
    hours = hours_of_use(capacity, power)
    if isinstance(capacity, unavailable.NotThere) or isinstance(hours, unavailable.NotThere):
        reason = hours.reason if isinstance(hours, unavailable.NotThere) else "the battery's capacity is not known"
        return ContinuousUse(arm=name, hours=Unavailable(reason=reason), words=None)
    source = f"battery of {capacity.energy_mwh / 1000:.1f} Wh ({capacity.source})"
    shown = f"{hours:.0f}" if hours >= 10 else f"{hours:.1f}"
    return ContinuousUse(
        arm=name,
        hours=as_measured(hours, "h", source),
        words=f"about {shown} hours of continuous use on a full battery",
    )


def _first_reason(values: Sequence[float | unavailable.NotThere]) -> str:
    return next((value.reason for value in values if isinstance(value, unavailable.NotThere)), "no block was measured")
