"""Latency: pairs of blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.analysis.conditions.block_conditions import failed_gates
from harness.analysis.evidence.latency_evidence import latency_effect, latency_level
from harness.analysis.evidence.latency_tail import TAILS, blocks_of, tail_effect, tail_level, with_doubts_of
from harness.analysis.passes.analysed_pass import AnalysedPass
from harness.quantity import ITEM_LATENCY, QUANTITIES
from harness.statistics.launches import launches_of
from harness.words.sentences import counted

if TYPE_CHECKING:
    import pandas as pd

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
    clock_step_ns, source = data.clock_step_ns, data.source(arm)
    if quantity.name == ITEM_LATENCY:
        number = data.manifest.inferences_of_latency_item()[arm.name]
        blocks, clock_step_ns = of_whole_items(blocks, number), number * clock_step_ns
        source = f", times {counted(number, 'inference')} an item{source}"
    return latency_level(quantity, blocks, source, first_look, arm.name, clock_step_ns)


def of_whole_items(blocks: pd.DataFrame, inferences: int) -> pd.DataFrame:
    """Rows of `summarise_blocks` with the times of so many inferences in place of one's."""
    return blocks.assign(**{column: inferences * blocks[column] for column in ("p50_ns", "p90_ns", "mean_ns")})


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
    both_arms = [blocks[blocks["arm"] == arm.name] for arm in (baseline, candidate)]
    clock_step_ns = data.clock_step_ns
    if quantity.name == ITEM_LATENCY:
        numbers = [data.manifest.inferences_of_latency_item()[arm.name] for arm in (baseline, candidate)]
        both_arms = [of_whole_items(rows, number) for rows, number in zip(both_arms, numbers, strict=True)]
        clock_step_ns *= max(numbers)
    return latency_effect(
        quantity,
        both_arms[0],
        both_arms[1],
        {"baseline": baseline.name, "candidate": candidate.name},
        seed,
        data.manifest.experiment.measure.first_look,
        clock_step_ns,
    )


def _is_wanted(data: DeviceData, quantity: Quantity) -> bool:
    """The time of a whole item where an arm takes several inferences for it, or a rule asks about it."""
    if quantity.name != ITEM_LATENCY:
        return True
    ruled = any(rule.quantity == ITEM_LATENCY for rule in data.manifest.experiment.rules)
    return ruled or max(data.manifest.inferences_of_latency_item().values()) > 1


def _launches(places: list[tuple[int, int, int]]) -> Labels | None:
    """Of blocks by (pair, session, launch)."""
    return launches_of([launch for _, _, launch in places], [session for _, session, _ in places])


LATENCY = AnalysedPass(
    name="latency",
    level=_level,
    effect=_effect,
    is_wanted=_is_wanted,
    failed_gates=lambda data: failed_gates(data.latency_blocks),
)
