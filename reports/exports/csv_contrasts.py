"""One row for each device, candidate and quantity: both values, the change with its interval, the result."""

from __future__ import annotations

from pathlib import Path

from harness.documents.comparison import Comparison, Contrast, DeviceResult, Effect
from harness.quantity import Available, Measured
from reports import format as fmt
from reports.comparison_parts import reasons_unavailable
from reports.exports.csv_cells import Cell, table
from reports.exports.export import Export

_COLUMNS = (
    "device",
    "candidate",
    "quantity",
    "label",
    "unit",
    "baseline_value",
    "candidate_value",
    "scale",
    "change",
    "low",
    "high",
    "level",
    "method",
    "p_value",
    "n",
    "replicate",
    "result",
    "words",
    "unavailable_because",
)


def _render(comparison: Comparison, run_folder: Path) -> bytes:
    return table(_COLUMNS, [_row(device, contrast) for device in comparison.devices for contrast in device.contrasts])


def _row(device: DeviceResult, contrast: Contrast) -> list[Cell]:
    effect = contrast.effect if isinstance(contrast.effect, Effect) else None
    interval = effect.interval if effect is not None else None
    values = (contrast.baseline_value, contrast.candidate_value)
    units = [value.unit for value in values if isinstance(value, Available)]
    return [
        device.device,
        contrast.candidate,
        contrast.quantity,
        fmt.label(contrast.quantity),
        units[0] if units else None,
        *(_number(value) for value in values),
        *((None, None) if effect is None else (effect.scale, effect.estimate)),
        *((None,) * 4 if interval is None else (interval.low, interval.high, interval.level, interval.method)),
        *((None, None, None) if effect is None else (effect.p_value, effect.n, effect.replicate)),
        contrast.outcome,
        contrast.words,
        "; ".join(reasons_unavailable(contrast)) or None,
    ]


def _number(value: Measured) -> float | None:
    return value.value if isinstance(value, Available) else None


EXPORT = Export("csv", "a row for each quantity on each device, for spreadsheets", _render)
