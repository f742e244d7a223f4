"""The slow single inferences of one candidate against the baseline: 99th percentile, and share of stalled ones.

A median of blocks leaves them out by design, and a block is too short to have a 99th percentile of its own. So:

- `latency_p99` is of the inferences of all blocks together (`harness.statistics.pooled_quantile`);
- `latency_stalls` counts, block by block, the inferences that take more than `STALLED` times the median of their own
  block. Of their own block, since a slower clock or a warm device slows all inferences, which is no stall; of their own
  arm, since a candidate that is half as fast would else stall all the time, and one twice as fast never. What counts is
  who breaks out of the arm's own pace; how long that takes is for the 99th percentile to tell.

The replicate is the launch that `launches` gives for each pair, or the pair where the processes stayed the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from harness.analysis.evidence.evidence import Level, Paired
from harness.documents.comparison import NoEffect
from harness.experiment.launches import NEVER, FirstLook
from harness.quantity import FEWEST_FOR_P99, QUANTITIES, STALLED, Available, Quantity, Unavailable
from harness.statistics.estimate import Estimate, Floats
from harness.statistics.pooled_quantile import estimate_quantile, estimate_quantile_ratio, pool
from harness.statistics.rare_events import estimate_own_share, estimate_rare, looks_from
from harness.statistics.sign_flip import sign_flip_test
from harness.words.sentences import counted, plural

if TYPE_CHECKING:
    import pandas as pd

    from harness.statistics.launches import Labels

TAILS = {name for name, row in QUANTITIES.items() if row.measured_in == "latency" and row.measured_as is None}
"""Quantities that need the single inferences of the blocks, and no value of each block."""
_FEWEST_IN_A_BLOCK = 5
"""A median of fewer is no pace that an inference could break out of."""
_QUANTILE = 0.99

P99_METHODS = (
    "inverted t test of the shares of inferences beyond a common bound, over {}",
    "anytime-valid t-mixture, inverted, of the shares of inferences beyond a common bound, over {}",
)
STALLS_METHODS = (
    "t on differences of shares over {}, one stall more in each arm allowed for",
    "anytime-valid t-mixture on differences of shares over {}, one stall more in each arm allowed for",
)
"""The first is of a fixed number of replicates, the second of a run that could have ended early."""


def blocks_of(latency: pd.DataFrame) -> dict[tuple[int, int, int], Floats]:
    """(pair, session, launch) → the times of an arm's block in nanoseconds, in the order of pairs; from its rows of the
    latency table.
    """
    times = latency["latency_ns"].to_numpy(dtype=np.float64)
    places = cast(
        "dict[tuple[int, int, int], NDArray[np.intp]]", latency.groupby(["pair", "session", "launch"]).indices
    )
    return {place: times[places[place]] for place in sorted(places)}


def tail_level(
    quantity: Quantity,
    blocks: Sequence[Floats],
    launches: Labels | None,
    source: str,
    looks: FirstLook = NEVER,
) -> Level:
    """An arm's own value from the times of its blocks in nanoseconds, in time order."""
    labels, first_look, _ = _replicates(len(blocks), launches, looks)
    reason = _why_not(quantity, blocks)
    if reason is not None:
        return Level(Unavailable(reason=reason), None)
    inferences = sum(block.size for block in blocks)
    what = f"{counted(inferences, 'inference')} in {counted(len(blocks), 'block')}"
    if quantity.name == "latency_p99":
        estimate: Estimate = estimate_quantile(pool(blocks, labels), _QUANTILE, first_look, FEWEST_FOR_P99)
        value = float(np.exp(estimate.mean))
        return Level(Available(value=value, unit="ns", source=f"99th percentile of {what}{source}"), estimate)
    shares = _shares(blocks, labels)
    estimate = estimate_own_share(shares.values, shares.one_more, 100.0, looks_from(first_look, shares.values.size))
    of = f"mean share of the blocks, {what}{source}"
    return Level(Available(value=estimate.mean, unit="%", source=of), estimate)


def tail_effect(
    quantity: Quantity,
    baseline: Sequence[Floats],
    candidate: Sequence[Floats],
    launches: Labels | None,
    seed: int,
    looks: FirstLook = NEVER,
) -> Paired | NoEffect:
    """Candidate against baseline from the times of paired blocks in nanoseconds, in time order. `seed` is of the sign
    flips.
    """
    labels, first_look, replicate = _replicates(len(baseline), launches, looks)
    for blocks in (baseline, candidate):
        reason = _why_not(quantity, blocks)
        if reason is not None:
            return NoEffect(reason=reason)
    looked_at = first_look is not None
    if quantity.name == "latency_p99":
        arms = (pool(baseline, labels), pool(candidate, labels))
        estimate = estimate_quantile_ratio(*arms, _QUANTILE, first_look, FEWEST_FOR_P99)
        if estimate.n > 1 and estimate.sd is None:
            fewest = min(sum(block.size for block in blocks) for blocks in (baseline, candidate))
            return NoEffect(
                reason=f"{counted(fewest, 'inference')} of an arm do not bound its 99th percentile yet: raise "
                "measure.pairs or measure.block_ms"
            )
        return Paired(estimate, replicate, method=P99_METHODS[looked_at].format(plural(replicate)))
    return _stalls(_shares(baseline, labels), _shares(candidate, labels), 1.0, seed, first_look, replicate)


@dataclass(frozen=True)
class _Shares:
    """Of each replicate the share of stalled inferences in per cent, and what one more would change in a replicate."""

    values: Floats
    one_more: float


def _shares(blocks: Sequence[Floats], labels: NDArray[np.intp]) -> _Shares:
    stalled = [float(np.count_nonzero(block > STALLED * np.median(block))) for block in blocks]
    events = np.bincount(labels, weights=stalled)
    inferences = np.bincount(labels, weights=[float(block.size) for block in blocks])
    return _Shares(100.0 * events / inferences, 100.0 / float(inferences.mean()))


def with_doubts_of(
    tail: Paired | NoEffect, of_median: Callable[[], Paired | NoEffect], quantity: Quantity
) -> Paired | NoEffect:
    """The effect on a percentile with what is doubted of the median's: it is of the same blocks. Stalls are counted
    against their own block's median, so that what moves whole blocks does not touch them.
    """
    if quantity.scale != "ratio" or isinstance(tail, NoEffect):
        return tail
    median = of_median()
    return tail if isinstance(median, NoEffect) else replace(tail, leeways=median.leeways)


def _stalls(ours: _Shares, theirs: _Shares, share: float, seed: int, first_look: int | None, replicate: str) -> Paired:
    """Of candidate − share · baseline."""
    differences = theirs.values - share * ours.values
    unseen = (share * ours.one_more) ** 2 + theirs.one_more**2
    return Paired(
        estimate_rare(differences, unseen, looks_from(first_look, differences.size)),
        replicate,
        sign_flip=sign_flip_test(differences, seed) if first_look is None and share == 1.0 else None,
        method=STALLS_METHODS[first_look is not None].format(plural(replicate)),
        against_share=lambda other: _stalls(ours, theirs, other, seed, first_look, replicate),
    )


def _replicates(count: int, launches: Labels | None, looks: FirstLook) -> tuple[NDArray[np.intp], int | None, str]:
    """Which replicate each of `count` blocks is of, numbered in time order; the first look; what a replicate is."""
    if launches is None:
        return np.arange(count), looks.pairs, "pair of blocks"
    _, first, places = np.unique(launches, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[places], looks.launches, "launch"


def _why_not(quantity: Quantity, blocks: Sequence[Floats]) -> str | None:
    """Why an arm has no value; None where it has one."""
    if not blocks:
        return "no whole pair of blocks was measured"
    if any(not np.all(block > 0) for block in blocks):
        return "the device's clock is too coarse: some inferences took no time"
    if quantity.name == "latency_p99":
        inferences = sum(block.size for block in blocks)
        if inferences < FEWEST_FOR_P99:
            return (
                f"{counted(inferences, 'inference')} of an arm have no 99th percentile to speak of; it takes "
                f"{FEWEST_FOR_P99}: raise measure.pairs or measure.block_ms"
            )
        return None
    fewest = min(block.size for block in blocks)
    if fewest < _FEWEST_IN_A_BLOCK:
        return (
            f"blocks hold only {counted(fewest, 'inference')}, too few to tell which breaks out of their pace: raise "
            "measure.block_ms"
        )
    return None
