"""Records of all devices as tidy tables: one row per inference, per memory value, per look at the machine.

Ids of arms become the user's names through the manifest. The tables are written as parquet beside the records.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.analysis.tables.device_records import DeviceRecords
from harness.analysis.tables.graphics_memory import graphics_memory
from harness.analysis.tables.in_browser import in_browser
from harness.documents.records import Context, MemoryMeasured
from harness.quantity import QUANTITIES, Available, Unavailable

if TYPE_CHECKING:
    import pandas as pd

    from harness.documents.manifest import Manifest

QUALITY_COLUMNS = ("device", "arm", "item", "scene", "quantity", "value", "reason")
"""The columns of the quality table: `value` is float64 (may be +inf; NaN where missing), `reason` says why it is
missing.
"""

_MEMORY_FIELDS = {
    quantity.name: quantity.measured_as
    for quantity in QUANTITIES.values()
    if quantity.measured_in == "memory" and quantity.measured_as is not None
}


@dataclass(frozen=True)
class Tables:
    """The tidy tables of a run.

    - latency: device, arm, pair, position, session, index, latency_ns, block_started_ns, item; whole pairs only;
    - memory: device, arm, repeat, session, quantity, value (float64, NaN where missing), reason;
    - telemetry: device, session, moment, pair, arm, monotonic_ns, load_1min, cpu_khz_mean, cpu_khz_min, cpu_khz_max,
      governor, temperature_celsius, temperature_zone (the hottest), boot_id, memory_available_bytes.
    """

    latency: pd.DataFrame
    memory: pd.DataFrame
    telemetry: pd.DataFrame

    def write(self, folder: Path) -> None:
        """Write each table as `<name>.parquet` below `folder`, which is made."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("latency", "memory", "telemetry"):
            getattr(self, name).to_parquet(folder / f"{name}.parquet", index=False)


def make_tables(manifest: Manifest, records: Mapping[str, DeviceRecords]) -> Tables:
    """Tables of the given devices (name → records), devices in the manifest's order first."""
    import pandas as pd

    order = [device.name for device in manifest.devices if device.name in records]
    order += [name for name in records if name not in order]
    names = {arm.id: arm.name for arm in manifest.arms}
    stems = manifest.stems()
    latency = [_latency(device, records[device], names, stems) for device in order]
    memory = [row for device in order for row in _memory(device, records[device], names)]
    telemetry = [row for device in order for row in _telemetry(device, records[device], names)]
    return Tables(
        latency=pd.concat([_empty_latency(), *[frame for frame in latency if len(frame)]], ignore_index=True)
        if any(len(frame) for frame in latency)
        else _empty_latency(),
        memory=pd.DataFrame(memory, columns=list(_MEMORY_TYPES)).astype(_MEMORY_TYPES),
        telemetry=pd.DataFrame(telemetry, columns=list(_TELEMETRY_TYPES)).astype(_TELEMETRY_TYPES),
    )


_LATENCY_TYPES = {
    "device": "object",
    "arm": "object",
    "pair": "int64",
    "position": "int64",
    "session": "int64",
    "launch": "int64",
    "index": "int64",
    "latency_ns": "int64",
    "block_started_ns": "int64",
    "item": "object",
}
_MEMORY_TYPES = {
    "device": "object",
    "arm": "object",
    "repeat": "int64",
    "session": "int64",
    "quantity": "object",
    "value": "float64",
    "reason": "object",
}
_TELEMETRY_TYPES = {
    "device": "object",
    "session": "int64",
    "moment": "object",
    "pair": "Int64",
    "arm": "object",
    "monotonic_ns": "int64",
    "load_1min": "float64",
    "cpu_khz_mean": "float64",
    "cpu_khz_min": "float64",
    "cpu_khz_max": "float64",
    "governor": "object",
    "temperature_celsius": "float64",
    "temperature_zone": "object",
    "boot_id": "object",
    "memory_available_bytes": "float64",
}


def _empty_latency() -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(columns=list(_LATENCY_TYPES)).astype(_LATENCY_TYPES)


def _latency(device: str, records: DeviceRecords, names: Mapping[str, str], stems: Mapping[str, str]) -> pd.DataFrame:
    import pandas as pd

    blocks = [block for pair in records.complete_pairs(list(names)) for block in pair]
    if not blocks:
        return _empty_latency()
    counts = np.array([len(block.latency_ns) for block in blocks])

    def each(values: list[Any]) -> Any:
        return np.repeat(np.array(values), counts)

    return pd.DataFrame(
        {
            "device": device,
            "arm": each([names.get(block.arm, block.arm) for block in blocks]),
            "pair": each([block.pair for block in blocks]),
            "position": each([block.position for block in blocks]),
            "session": each([block.session for block in blocks]),
            "launch": each([-1 if block.launch is None else block.launch for block in blocks]),
            "index": np.concatenate([np.arange(count) for count in counts]),
            "latency_ns": np.concatenate([np.array(block.latency_ns, dtype=np.int64) for block in blocks]),
            "block_started_ns": each([block.started_ns for block in blocks]),
            "item": each([stems.get(block.item, block.item) for block in blocks]),
        }
    ).astype(_LATENCY_TYPES)


def _memory(device: str, records: DeviceRecords, names: Mapping[str, str]) -> list[dict[str, Any]]:
    last: dict[tuple[str, int], MemoryMeasured] = {(one.arm, one.repeat): one for one in records.memory}
    rows: list[dict[str, Any]] = []
    for arm in names:
        for repeat in sorted(key[1] for key in last if key[0] == arm):
            measured = last[arm, repeat]
            graphics = graphics_memory(measured)
            if graphics is not None:
                rows.append(
                    {
                        "device": device,
                        "arm": names[arm],
                        "repeat": repeat,
                        "session": measured.session,
                        "quantity": "gpu_memory",
                        "value": graphics.value if isinstance(graphics, Available) else np.nan,
                        "reason": graphics.reason if isinstance(graphics, Unavailable) else None,
                    }
                )
            for name, value_or_reason in in_browser(names[arm], measured, records).items():
                rows.append(
                    {
                        "device": device,
                        "arm": names[arm],
                        "repeat": repeat,
                        "session": measured.session,
                        "quantity": name,
                        "value": np.nan if isinstance(value_or_reason, str) else float(value_or_reason),
                        "reason": value_or_reason if isinstance(value_or_reason, str) else None,
                    }
                )
            for quantity, field in _MEMORY_FIELDS.items():
                value = getattr(measured, field)
                reason = None if value is not None else "; ".join(measured.notes) or "the device does not report it"
                rows.append(
                    {
                        "device": device,
                        "arm": names[arm],
                        "repeat": repeat,
                        "session": measured.session,
                        "quantity": quantity,
                        "value": np.nan if value is None else float(value),
                        "reason": reason,
                    }
                )
    return rows


def _telemetry(device: str, records: DeviceRecords, names: Mapping[str, str]) -> list[dict[str, Any]]:
    return [
        {
            "device": device,
            "session": moment.session,
            "moment": moment.moment,
            "pair": moment.pair,
            "arm": None if moment.arm is None else names.get(moment.arm, moment.arm),
            **_context(moment.context),
        }
        for moment in records.moments
    ]


def _context(context: Context) -> dict[str, Any]:
    clocks = context.cpu_frequency_khz or None
    zones = context.temperature_celsius
    hottest = max(zones, key=lambda zone: zones[zone]) if zones else None
    return {
        "monotonic_ns": context.monotonic_ns,
        "load_1min": context.load_1min,
        "cpu_khz_mean": None if clocks is None else sum(clocks) / len(clocks),
        "cpu_khz_min": None if clocks is None else min(clocks),
        "cpu_khz_max": None if clocks is None else max(clocks),
        "governor": context.governor,
        "temperature_celsius": None if hottest is None else zones[hottest],
        "temperature_zone": hottest,
        "boot_id": context.boot_id,
        "memory_available_bytes": context.memory_available_bytes,
    }
