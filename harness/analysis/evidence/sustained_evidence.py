"""Sustained latency: each arm alone in long blocks that begin from one temperature, one of each a cycle, in pairs.

Interleaved pairs put both arms into one state of the device, so an arm that heats it makes both slower, and their ratio
stays what the work is. Alone, an arm pays for its own heat.

The second half of a block is what is compared: the first half holds the warming up, of which a longer session has less.
Where a block was not told in slices it counts whole.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from devices.power.block import unfit
from devices.readings.unavailable import NotThere
from harness.analysis.evidence.block_findings import NOTABLE
from harness.analysis.evidence.evidence import Level, Paired
from harness.documents.comparison import NoEffect
from harness.quantity import NEGLIGIBLE_RATIO, QUANTITIES, Available, Unavailable
from harness.statistics.bootstrap import bca_intervals
from harness.statistics.confidence_sequence import estimate_sequentially, estimate_series_sequentially
from harness.statistics.diagnostics import find_position_effect, find_trend
from harness.statistics.estimate import Estimate, estimate_mean, estimate_series_mean
from harness.statistics.paired import log_ratios
from harness.statistics.sign_flip import sign_flip_test
from harness.words.changes import change_in_words, percent_in_words
from harness.words.sentences import counted

if TYPE_CHECKING:
    from harness.documents.records import EnergyBlock

REPLICATE: Final = "cycle of long blocks"
FEWEST: Final = 3
"""With two cycles the t interval is 12.7 standard errors wide: it says nothing."""
ENOUGH_CYCLES: Final = 6
_MUCH: Final = 0.25
"""A share of an arm's blocks: where more than this began too warm, or are lost, no rule is met on the others."""
_SLICES_A_FIFTH: Final = 2
_ALPHA: Final = 0.05


@dataclass(frozen=True)
class LongRun:
    """The long blocks of one arm."""

    latency_ns: Mapping[int, float]
    """Cycle → mean time of an inference over the compared part of the block."""
    slowdown: Estimate | None
    """How much slower the last slice of a block was than its first, on the logarithm, over cycles; None where blocks
    were not told in slices.
    """
    still_slowing: Estimate | None
    """How much slower the last fifth of a block was than the one that begins its second half, likewise; None where
    blocks were not told in ten slices or more.
    """
    lost: int
    """Blocks that are not among them: the device slept or restarted meanwhile, or nothing was inferred."""
    why_lost: str | None
    is_halved: bool
    """Whether the second half of each block is what counts."""
    lasted_s: float
    """The blocks' median duration."""


def long_run(blocks: Sequence[EnergyBlock], *, halved: bool) -> LongRun:
    """Of the blocks of one arm, of whole cycles, in time order. `halved`: as `can_be_halved` says of all arms."""
    latency_ns: dict[int, float] = {}
    slowed: list[float] = []
    slowing: list[float] = []
    why_lost = None
    for block in blocks:
        reason = unfit(block)
        if isinstance(reason, NotThere) or block.inferences < 1:
            why_lost = why_lost or (reason.reason if isinstance(reason, NotThere) else "no inference was done")
            continue
        latency_ns[block.cycle] = _compared_ns(block, halved=halved)
        slices = [took / count for took, count in zip(block.slice_ns, block.slice_inferences, strict=True) if count]
        if len(slices) >= 2 and block.slice_inferences[0] and block.slice_inferences[-1]:
            slowed.append(math.log(slices[-1] / slices[0]))
        half, fifth = _half(block), len(block.slice_ns) // 5
        parts = (slice(half, half + fifth), slice(-fifth, None))
        if fifth >= _SLICES_A_FIFTH and all(sum(block.slice_inferences[part]) for part in parts):
            begun, ended = (sum(block.slice_ns[part]) / sum(block.slice_inferences[part]) for part in parts)
            slowing.append(math.log(ended / begun))
    lasted_s = float(np.median([(block.ended_ns - block.started_ns) / 1e9 for block in blocks])) if blocks else 0.0
    lost = len(blocks) - len(latency_ns)
    return LongRun(latency_ns, _mean(slowed), _mean(slowing), lost, why_lost, halved, lasted_s)


def _mean(values: list[float]) -> Estimate | None:
    return estimate_mean(np.array(values, dtype=np.float64)) if values else None


def can_be_halved(blocks: Sequence[EnergyBlock]) -> bool:
    """Whether every block of every arm has inferences in the second half of its slices."""
    working = [block for block in blocks if block.arm is not None]
    return bool(working) and all(sum(block.slice_inferences[_half(block) :]) > 0 for block in working)


def _half(block: EnergyBlock) -> int:
    return len(block.slice_ns) // 2


def _compared_ns(block: EnergyBlock, *, halved: bool) -> float:
    if not halved:
        return (block.ended_ns - block.started_ns) / block.inferences
    return sum(block.slice_ns[_half(block) :]) / sum(block.slice_inferences[_half(block) :])


def doubt_of_starts(
    blocks: Sequence[EnergyBlock], baseline: str, candidate: str, names: Mapping[str, str], rise_celsius: float
) -> str | None:
    """Why blocks of two arms (ids) cannot be held against each other: it is not known that they began from the same
    temperature, or known that they did not. `blocks` are those of whole cycles; `names`: arm id → name.
    """
    starts: dict[str, list[float]] = {}
    for arm in (baseline, candidate):
        own = [block for block in blocks if block.arm == arm]
        values = [block.gate.values.get("temperature") if block.gate is not None else None for block in own]
        starts[arm] = [value for value in values if isinstance(value, (int, float))]
        if len(own) - len(starts[arm]) > _MUCH * len(own):
            return (
                "the temperature that blocks begin from could not be read, so one build may have begun in the heat of "
                "the other"
            )
        warm = sum(block.gate is not None and "temperature" in block.gate.failed for block in own)
        if warm > _MUCH * len(own):
            return (
                f"{warm} of {counted(len(own), 'block')} of {names[arm]} began before the device had cooled (raise "
                "measure.gates.cool_wait_s)"
            )
    if not (starts[baseline] and starts[candidate]):
        return None
    warmer = float(np.mean(starts[candidate]) - np.mean(starts[baseline]))
    if abs(warmer) <= rise_celsius / 2.0:
        return None
    who, other = (candidate, baseline) if warmer > 0.0 else (baseline, candidate)
    return f"the blocks of {names[who]} began {abs(warmer):.1f} °C warmer than those of {names[other]}"


def doubt_of_lengths(runs: Mapping[str, LongRun]) -> str | None:
    """Why a longer session is slower than these blocks say: an arm still slowed down when they ended. `runs`: name of
    an arm → its blocks. By a one-sided t test at 5 %, from 1 % within half a block on.
    """
    for name, run in runs.items():
        slowing = run.still_slowing
        p_value = slowing.p_at_most(0.0) if slowing is not None else None
        if slowing is None or p_value is None or p_value > _ALPHA or math.expm1(slowing.mean) < NEGLIGIBLE_RATIO / 2.0:
            continue
        more = percent_in_words(math.expm1(slowing.mean))
        return (
            f"{name} still slowed down as its blocks ended (by {more} within their second half), so a longer session "
            "is slower than this (raise measure.sustained.block_s)"
        )
    return None


def sustained_level(run: LongRun, source: str, first_look: int | None, doubt: str | None) -> Level:
    """An arm's own sustained latency: the geometric mean over cycles. `source` ends the value's source.

    Its uncertainty allows for cycles that follow each other being alike.
    """
    quantity = QUANTITIES["sustained_latency"]
    values = np.array([run.latency_ns[cycle] for cycle in sorted(run.latency_ns)], dtype=np.float64)
    if values.size == 0:
        return Level(Unavailable(reason=run.why_lost or "no whole cycle of long blocks was measured"), None)
    logarithms = np.log(values)
    estimate = (
        estimate_series_mean(logarithms) if first_look is None else estimate_series_sequentially(logarithms, first_look)
    )
    part = "the second half of " if run.is_halved else ""
    blocks = f"{counted(values.size, 'block')} of {run.lasted_s:.3g} s"
    value = Available(
        value=math.exp(estimate.mean), unit=quantity.unit, source=f"geometric mean of {part}{blocks}, alone{source}"
    )
    return Level(value, estimate, doubt=doubt or _lost_in_words(run.lost, len(run.latency_ns) + run.lost, run.why_lost))


def sustained_effect(
    baseline: LongRun,
    candidate: LongRun,
    seed: int,
    first_look: int | None,
    candidate_first: Mapping[int, bool],
    doubt: str | None,
) -> Paired | NoEffect:
    """Candidate against baseline: the log-ratios of the cycles in which both have a value.

    `candidate_first`: cycle → whether the candidate's block came before the baseline's. Nothing below three cycles.
    """
    cycles = sorted(baseline.latency_ns.keys() & candidate.latency_ns.keys())
    begun = max(len(run.latency_ns) + run.lost for run in (baseline, candidate))
    if len(cycles) < FEWEST:
        why = baseline.why_lost or candidate.why_lost
        few = f"only {counted(len(cycles), 'cycle')} gave a value in both arms; {FEWEST} are the least"
        return NoEffect(reason=few if why is None else f"{few}; {why}")
    ours, theirs = (np.array([run.latency_ns[cycle] for cycle in cycles]) for run in (baseline, candidate))
    differences = log_ratios(ours, theirs)
    lost = begun - len(cycles)
    fixed = first_look is None
    warnings = []
    if fixed and differences.size < ENOUGH_CYCLES:
        warnings.append(
            f"Only {counted(differences.size, 'cycle')} of long blocks; {ENOUGH_CYCLES} or more make an interval to "
            "rely on."
        )
    warnings += _cautions(differences, np.array([candidate_first[cycle] for cycle in cycles]))
    if doubt is not None:
        warnings.append(f"Sustained latency: {doubt}.")
    return Paired(
        estimate=estimate_mean(differences) if first_look is None else estimate_sequentially(differences, first_look),
        replicate=REPLICATE,
        # Neither the bootstrap nor sign flips allow for a run that could have ended at any cycle.
        robust=bca_intervals(differences, seed) if fixed else None,
        sign_flip=sign_flip_test(differences, seed) if fixed else None,
        excluded={"no value in one of the arms": lost} if lost else {},
        warnings=warnings,
        doubt=doubt or _lost_in_words(lost, begun, baseline.why_lost or candidate.why_lost),
    )


def _lost_in_words(lost: int, begun: int, why: str | None) -> str | None:
    if lost <= _MUCH * begun:
        return None
    return f"{lost} of {counted(begun, 'cycle')} gave no value ({why or 'not every arm was measured in it'})"


def _cautions(differences: np.ndarray, candidate_first: np.ndarray) -> list[str]:
    """What is wrong with the cycles' log-ratios, in time order, though an interval comes out."""
    quantity = QUANTITIES["sustained_latency"]
    warnings = []
    trend = find_trend(differences)
    if trend is not None and abs(trend.total) >= NOTABLE / 2:
        warnings.append(
            "The difference between the arms moved along the long blocks (the candidate ended "
            f"{change_in_words(quantity, math.exp(trend.total))} against the baseline than it began)."
        )
    position = find_position_effect(differences, candidate_first)
    if position is not None:
        change = change_in_words(quantity, math.exp(position.difference))
        warnings.append(
            f"Which arm goes first in a cycle of long blocks matters (the candidate is {change} when it goes first). "
            "The order, turned round from cycle to cycle, evens it out; a longer measure.sustained.rest_s would take "
            "it away."
        )
    return warnings
