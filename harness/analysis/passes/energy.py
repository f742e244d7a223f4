"""Energy: cycles of long blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devices.power.survey import parse_survey
from devices.readings.unavailable import NotThere
from harness.analysis.conditions.block_conditions import failed_gates
from harness.analysis.evidence.energy_evidence import energy_effect, energy_level, with_idle_doubt
from harness.analysis.evidence.evidence import Level, Paired
from harness.analysis.passes.analysed_pass import AnalysedPass
from harness.documents.comparison import NoEffect
from harness.experiment.energy_source import usable_source
from harness.quantity import Unavailable

if TYPE_CHECKING:
    from harness.analysis.passes.device_data import DeviceData
    from harness.documents.manifest import ManifestArm
    from harness.quantity import Quantity


def _level(data: DeviceData, arm: ManifestArm, quantity: Quantity) -> Level:
    rows = data.rows(data.energy_rows, arm, quantity)
    if not len(rows):
        return Level(Unavailable(reason=_why_none(data)), None)
    level = energy_level(quantity, rows, data.energy.source, data.manifest.experiment.energy_looks_after)
    return with_idle_doubt(level, quantity, data.energy.idle_doubt)


def _effect(data: DeviceData, candidate: ManifestArm, quantity: Quantity, seed: int) -> Paired | NoEffect:
    ours, theirs = (data.rows(data.energy_rows, arm, quantity) for arm in (data.baseline, candidate))
    if not (len(ours) and len(theirs)):
        return NoEffect(reason=_why_none(data))
    looks_after = data.manifest.experiment.energy_looks_after
    effect = energy_effect(ours, theirs, seed, looks_after, data.goes_first(candidate))
    return effect if isinstance(effect, NoEffect) else with_idle_doubt(effect, quantity, data.energy.idle_doubt)


def _why_none(data: DeviceData) -> str:
    """Where no energy block was measured: why the plan had none, as far as the device's sensors say it."""
    measure = data.manifest.experiment.measure
    survey = parse_survey(data.survey_text or "", meter_declared=measure.energy.meter_csv is not None)
    found = usable_source(survey, measure)
    return found.reason if isinstance(found, NotThere) else "it was not measured"


ENERGY = AnalysedPass(
    name="energy",
    level=_level,
    effect=_effect,
    is_wanted=lambda data, _quantity: data.manifest.experiment.energy_cycles > 0,
    failed_gates=lambda data: failed_gates(data.energy_blocks, f"block of the {data.manifest.experiment.long_pass}"),
)
