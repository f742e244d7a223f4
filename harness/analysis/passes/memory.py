"""Memory: a fresh process a repeat."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.analysis.conditions.block_conditions import failed_gates
from harness.analysis.evidence.process_evidence import process_effect, process_level
from harness.analysis.passes.analysed_pass import AnalysedPass

if TYPE_CHECKING:
    from harness.analysis.evidence.evidence import Level, Paired
    from harness.analysis.passes.device_data import DeviceData
    from harness.documents.comparison import NoEffect
    from harness.documents.manifest import ManifestArm
    from harness.quantity import Quantity


def _level(data: DeviceData, arm: ManifestArm, quantity: Quantity) -> Level:
    return process_level(quantity, data.rows(data.memory, arm, quantity), data.source(arm))


def _effect(data: DeviceData, candidate: ManifestArm, quantity: Quantity, seed: int) -> Paired | NoEffect:
    return process_effect(
        data.rows(data.memory, data.baseline, quantity), data.rows(data.memory, candidate, quantity), seed
    )


def _is_wanted(data: DeviceData, quantity: Quantity) -> bool:
    """Only phones say what their graphics driver holds; elsewhere nobody misses it, unless a rule does."""
    experiment = data.manifest.experiment
    if experiment.measure.memory_repeats <= 0:
        return False
    if not quantity.told_by_few:
        return True
    is_ruled = any(rule.quantity == quantity.name for rule in experiment.rules)
    return is_ruled or bool((data.memory["quantity"] == quantity.name).any())


MEMORY = AnalysedPass(
    name="memory",
    level=_level,
    effect=_effect,
    is_wanted=_is_wanted,
    failed_gates=lambda data: failed_gates(
        data.records.memory if data.records is not None else [], "process of the memory pass"
    ),
)
