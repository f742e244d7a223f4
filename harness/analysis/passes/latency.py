"""Latency: pairs of blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.analysis.conditions.block_conditions import failed_gates
from harness.analysis.evidence.latency_evidence import latency_effect, latency_level
from harness.analysis.passes.analysed_pass import AnalysedPass

if TYPE_CHECKING:
    from harness.analysis.evidence.evidence import Level, Paired
    from harness.analysis.passes.device_data import DeviceData
    from harness.documents.comparison import NoEffect
    from harness.documents.manifest import ManifestArm
    from harness.quantity import Quantity


def _level(data: DeviceData, arm: ManifestArm, quantity: Quantity) -> Level:
    blocks = data.blocks[data.blocks["arm"] == arm.name]
    first_look = data.manifest.experiment.measure.first_look
    return latency_level(quantity, blocks, data.source(arm), first_look, arm.name, data.clock_step_ns)


def _effect(data: DeviceData, candidate: ManifestArm, quantity: Quantity, seed: int) -> Paired | NoEffect:
    blocks, baseline = data.blocks, data.baseline
    return latency_effect(
        quantity,
        blocks[blocks["arm"] == baseline.name],
        blocks[blocks["arm"] == candidate.name],
        {"baseline": baseline.name, "candidate": candidate.name},
        seed,
        data.manifest.experiment.measure.first_look,
        data.clock_step_ns,
    )


LATENCY = AnalysedPass(
    name="latency",
    level=_level,
    effect=_effect,
    is_wanted=lambda _data, _quantity: True,
    failed_gates=lambda data: failed_gates(data.latency_blocks),
)
