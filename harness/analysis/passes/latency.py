"""Latency: pairs of blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.analysis.conditions.block_conditions import failed_gates
from harness.analysis.evidence.latency_evidence import latency_effect, latency_level
from harness.analysis.evidence.latency_tail import TAILS, blocks_of, tail_effect, tail_level, with_doubts_of
from harness.analysis.passes.analysed_pass import AnalysedPass
from harness.quantity import QUANTITIES
from harness.statistics.launches import launches_of

if TYPE_CHECKING:
    from harness.analysis.evidence.evidence import Level, Paired
    from harness.analysis.passes.device_data import DeviceData
    from harness.documents.comparison import NoEffect
    from harness.documents.manifest import ManifestArm
    from harness.quantity import Quantity
    from harness.statistics.launches import Labels


def _level(data: DeviceData, arm: ManifestArm, quantity: Quantity) -> Level:
    if quantity.name in TAILS:
        own = blocks_of(data.latency[data.latency["arm"] == arm.name])
        first_look = data.manifest.experiment.measure.first_look
        return tail_level(quantity, list(own.values()), _launches(list(own)), data.source(arm), first_look)
    blocks = data.blocks[data.blocks["arm"] == arm.name]
    first_look = data.manifest.experiment.measure.first_look
    return latency_level(quantity, blocks, data.source(arm), first_look, arm.name, data.clock_step_ns)


def _effect(data: DeviceData, candidate: ManifestArm, quantity: Quantity, seed: int) -> Paired | NoEffect:
    blocks, baseline = data.blocks, data.baseline
    if quantity.name in TAILS:
        ours, theirs = (blocks_of(data.latency[data.latency["arm"] == arm.name]) for arm in (baseline, candidate))
        both = [place for place in ours if place in theirs]
        tail = tail_effect(
            quantity,
            [ours[place] for place in both],
            [theirs[place] for place in both],
            _launches(both),
            seed,
            data.manifest.experiment.measure.first_look,
        )
        return with_doubts_of(tail, lambda: _effect(data, candidate, QUANTITIES["latency_p50"], seed), quantity)
    return latency_effect(
        quantity,
        blocks[blocks["arm"] == baseline.name],
        blocks[blocks["arm"] == candidate.name],
        {"baseline": baseline.name, "candidate": candidate.name},
        seed,
        data.manifest.experiment.measure.first_look,
        data.clock_step_ns,
    )


def _launches(places: list[tuple[int, int, int]]) -> Labels | None:
    """Of blocks by (pair, session, launch)."""
    return launches_of([launch for _, _, launch in places], [session for _, session, _ in places])


LATENCY = AnalysedPass(
    name="latency",
    level=_level,
    effect=_effect,
    is_wanted=lambda _data, _quantity: True,
    failed_gates=lambda data: failed_gates(data.latency_blocks),
)
