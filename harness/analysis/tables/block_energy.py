"""Energy of a run's blocks: the records, the source that was chosen for the device, and the file of a meter."""

from __future__ import annotations

from collections.abc import Sequence

from devices.power.external_meter import estimate_offset_s
from devices.power.meter_log import MeterLog, parse_meter_csv
from devices.power.per_inference import InferenceEnergy, energy_per_inference
from devices.power.registry import SOURCES
from devices.power.source import EnergyReadings, FoundSource, SourceReadout
from devices.power.survey import Survey
from devices.readings import unavailable
from harness.documents.records import EnergyBlock
from harness.quantity import Available, Measured, Unavailable


def read_energy(
    found: FoundSource,
    blocks: Sequence[EnergyBlock],
    survey: Survey,
    *,
    meter_csv: str | None = None,
    meter_offset_s: float | None = None,
) -> tuple[SourceReadout, list[InferenceEnergy]]:
    """What each block took, and per inference of those in which an arm worked.

    `meter_offset_s` is the device's clock minus the meter's; None: a dated file is taken as right to the second, and
    the offset is looked for around that.
    """
    evidence = EnergyReadings(blocks, is_android=survey.is_android)
    if meter_csv is not None:
        log = parse_meter_csv(meter_csv)
        offset_s = _offset(log, blocks) if meter_offset_s is None else meter_offset_s
        if isinstance(offset_s, unavailable.NotThere):
            evidence = EnergyReadings(blocks, meter=offset_s, is_android=survey.is_android)
        else:
            evidence = EnergyReadings(blocks, log, offset_s, survey.is_android)
    readout = SOURCES[found.source].measure(found, evidence)
    return readout, energy_per_inference(blocks, readout)


def as_measured(value: float | unavailable.NotThere, unit: str, source: str) -> Measured:
    """A value of devices/ as one of a comparison."""
    if isinstance(value, unavailable.NotThere):
        return Unavailable(reason=value.reason)
    return Available(value=value, unit=unit, source=source)


def _offset(log: MeterLog | unavailable.NotThere, blocks: Sequence[EnergyBlock]) -> float | unavailable.NotThere:
    if isinstance(log, unavailable.NotThere):
        return log
    if log.is_relative and blocks:
        # Its first sample is taken for the first block's begin; the meter may have been started an hour earlier.
        around_s = (blocks[0].wall_started_ns - log.times_ns[0]) / 1e9
        return estimate_offset_s(log, blocks, around_s=round(around_s, 1), within_s=3600.0)
    return estimate_offset_s(log, blocks)
