"""Latency passes of two arms on a device whose truth and whose trouble is known: as records, without a file.

Both arms are the same model (but for `ratio`). What disturbs the device hits whichever arm runs; what disturbs one arm
alone is the trouble that must be seen. A pair takes 0.57 s.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.signal import lfilter

from harness.analysis.tables.device_records import DeviceRecords
from harness.documents.records import Context, LatencyBlock
from harness.statistics.estimate import Floats
from tests.harness.statistics.simulated_noise import INFERENCES, ln_disturbance

PAIR_S, BLOCK_S = 0.57, 0.25

Trouble = Callable[[Floats, np.random.Generator], Floats]
"""(begin of each inference of the candidate in seconds, of shape (pairs, inferences)) → ln of a factor on it."""


def no_trouble(times_s: Floats, _random: np.random.Generator) -> Floats:
    return np.zeros_like(times_s)


def sticks_to_a_slow_core(for_s: float, of_every_s: float, factor: float = 1.6) -> Trouble:
    def slowed(times_s: Floats, random: np.random.Generator) -> Floats:
        phase = random.uniform(0.0, of_every_s)
        return np.where((times_s + phase) % of_every_s < for_s, math.log(factor), 0.0)

    return slowed


def warms_up(by: float, over_pairs: float) -> Trouble:
    def slowed(times_s: Floats, _random: np.random.Generator) -> Floats:
        return np.repeat(by * np.exp(-np.arange(len(times_s)) / over_pairs)[:, None], times_s.shape[1], axis=1)

    return slowed


def wanders(times_s: Floats, random: np.random.Generator) -> Floats:
    """AR(1) of .8 from pair to pair, 3 %."""
    steps = random.normal(0.0, 0.03 * math.sqrt(1.0 - 0.8**2), len(times_s) + 50)
    return np.repeat(lfilter([1.0], [1.0, -0.8], steps)[50:, None], times_s.shape[1], axis=1)


@dataclass(frozen=True)
class Mechanism:
    """What is wrong with a device."""

    noise: str = "independent"
    trouble: Trouble = no_trouble
    ratio: float = 1.0
    """The truth: the candidate's latency over the baseline's."""
    latency_ms: float = 10.0
    clock_step_ns: int = 1


CLEAN = {kind: Mechanism(kind) for kind in ("independent", "autoregressive", "throttling", "bursty", "heavy-tailed")}
TROUBLED = {
    "sticks to a slow core, 3 s of 12 s": Mechanism(trouble=sticks_to_a_slow_core(3.0, 12.0)),
    "sticks to a slow core, 13 s of 53 s": Mechanism(trouble=sticks_to_a_slow_core(13.0, 53.0)),
    "the same by 10 % only, on a noisy device": Mechanism("autoregressive", sticks_to_a_slow_core(13.0, 53.0, 1.1)),
    "the ratio wanders, AR(1) .8, 3 %": Mechanism(trouble=wanders),
    "one arm warms up, 8 % over 8 pairs": Mechanism(trouble=warms_up(0.08, 8.0)),
    "one arm warms up, 8 % over 3 pairs": Mechanism("autoregressive", warms_up(0.08, 3.0)),
    "a clock of 1 ms, 3.1 ms, truly 10 % slower": Mechanism(ratio=1.10, latency_ms=3.1, clock_step_ns=1_000_000),
    "a clock of 1 ms, 8.2 ms, truly 10 % slower": Mechanism(ratio=1.10, latency_ms=8.2, clock_step_ns=1_000_000),
}


def simulated_blocks(mechanism: Mechanism, sizes: list[int], random: np.random.Generator) -> list[LatencyBlock]:
    """The blocks of a latency pass, in time order; arms are `a0`, the baseline, and `a1`. `sizes`: the pairs of each
    launch.
    """
    pairs = sum(sizes)
    launch_of = [launch for launch, size in enumerate(sizes) for _ in range(size)] if len(sizes) > 1 else [None] * pairs
    shape = (pairs, 2, INFERENCES)
    ln = ln_disturbance(mechanism.noise, 1, math.prod(shape), random).reshape(shape)
    candidate_first = random.random(pairs) < 0.5
    begins = np.arange(pairs)[:, None] * PAIR_S + np.arange(INFERENCES) * BLOCK_S / INFERENCES
    own = mechanism.trouble(begins + np.where(candidate_first, 0.0, PAIR_S / 2.0)[:, None], random)
    own = own + math.log(mechanism.ratio)
    places = (np.arange(pairs), np.where(candidate_first, 0, 1))
    ln[places] += own
    took_ns = mechanism.latency_ms * 1e6 * np.exp(ln)
    # What a clock in steps tells depends on where in a step the inference began.
    step = mechanism.clock_step_ns
    begun = random.uniform(0.0, step, shape)
    latency_ns = (np.floor((begun + took_ns) / step) - np.floor(begun / step)).astype(np.int64) * step
    blocks = []
    for pair in range(pairs):
        for position in (0, 1):
            started = 10**9 + round((pair * PAIR_S + position * PAIR_S / 2.0) * 1e9)
            arm = "a1" if bool(candidate_first[pair]) == (position == 0) else "a0"
            blocks.append(
                LatencyBlock.model_construct(
                    record="latency_block", n=2 * pair + position, session=0, monotonic_ns=started, notes=[],
                    step=pair + 2, pair=pair, position=position, launch=launch_of[pair], arm=arm, item="i0",
                    started_ns=started, ended_ns=started + int(latency_ns[pair, position].sum()), lead_in_ns=[],
                    latency_ns=latency_ns[pair, position].tolist(), before=Context(monotonic_ns=started),
                    after=Context(monotonic_ns=started), cpu_ns=None, reference_ns=[], reference_cpu_ns=[], gate=None,
                )
            )  # fmt: skip
    return blocks


def as_records(blocks: list[LatencyBlock]) -> DeviceRecords:
    """What a device that wrote nothing else left behind."""
    return DeviceRecords(blocks=blocks)
