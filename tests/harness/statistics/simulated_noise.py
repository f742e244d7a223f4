"""Block medians of two arms on a device whose truth is known, for many experiments at once.

Every kind of noise is of the device, so both arms share it: it acts on one inference after the other, whichever arm
runs. Blocks are in random order within each pair.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.signal import lfilter

from harness.statistics.estimate import Floats

INFERENCES = 20
SPREAD = 0.02
"""Of ln(latency) from inference to inference."""
KINDS = ("independent", "autoregressive", "drifting", "throttling", "bursty", "heavy-tailed")


def ln_disturbance(kind: str, experiments: int, steps: int, random: np.random.Generator) -> Floats:
    """ln of the factor on each inference in turn, shape (experiments, steps).

    - independent: 2 %;
    - autoregressive: 2 %, AR(1) with coefficient .6;
    - drifting: the same, and slower by 3 % from beginning to end;
    - throttling: the same, and steps of 5 to 30 % down and up again, each level held for about 200 inferences;
    - bursty: the same, and others who come and go (30 inferences of each 300) and cost 20 %;
    - heavy-tailed: 2 %, Student's t with 2 degrees of freedom.
    """
    if kind == "independent":
        return random.normal(0, SPREAD, (experiments, steps))
    if kind == "heavy-tailed":
        return SPREAD * random.standard_t(2, (experiments, steps))
    shocks = random.normal(0, SPREAD * math.sqrt(1 - 0.6**2), (experiments, steps + 50))
    noise = lfilter([1.0], [1.0, -0.6], shocks, axis=1)[:, 50:]
    if kind == "drifting":
        noise = noise + 0.03 * np.arange(steps) / steps
    if kind == "throttling":
        slow = np.cumsum(random.random((experiments, steps)) < 1 / 200, axis=1) % 2
        noise = noise + slow * np.log1p(random.uniform(0.05, 0.30, (experiments, 1)))
    if kind == "bursty":
        busy = lfilter(np.ones(30), [1.0], random.random((experiments, steps)) < 1 / 300, axis=1) > 0.5
        noise = noise + busy * math.log(1.2)
    return np.asarray(noise, dtype=np.float64)


def paired_medians(
    kind: str, experiments: int, pairs: int, ratio: float, random: np.random.Generator
) -> tuple[Floats, Floats]:
    """Block medians of (baseline, candidate) in nanoseconds, each of shape (experiments, pairs). `ratio`: the truth."""
    ln = ln_disturbance(kind, experiments, pairs * 2 * INFERENCES, random)
    medians = np.median(10e6 * np.exp(ln).reshape(experiments, pairs, 2, INFERENCES), axis=-1)
    candidate_first = random.random((experiments, pairs)) < 0.5
    baseline = np.where(candidate_first, medians[:, :, 1], medians[:, :, 0])
    candidate = np.where(candidate_first, medians[:, :, 0], medians[:, :, 1]) * ratio
    return baseline, candidate
