"""ln(candidate/baseline) of pairs in launches on a device whose truth is known: what disturbs one arm, or one process.

What disturbs both arms alike is in `simulated_noise`.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.signal import lfilter

from harness.statistics.estimate import Floats

PAIRS = 30
SIZE = 3
"""Pairs in a launch."""
LAUNCHES = np.repeat(np.arange(PAIRS // SIZE), SIZE)
SPREAD = 0.02 * math.sqrt(2)
"""Of a pair: 2 % of each block."""
KINDS = (
    "independent",
    "heavy tails",
    "processes differ by 1 %",
    "processes differ by 3 %",
    "neighbours alike, AR(1) .4",
    "neighbours alike, AR(1) .6",
    "skewed, exponential",
    "skewed, ln-normal",
    "one in 8 pairs is disturbed",
)


def differences(kind: str, experiments: int, random: np.random.Generator) -> Floats:  # noqa: PLR0911 - one a kind
    """Of shape (experiments, PAIRS), with a true mean of 0.

    - independent: Gaussian, 2 % a block;
    - heavy tails: 2 %, Student's t with 2 degrees of freedom;
    - processes differ: every process has a speed of its own, of the standard deviation that is named;
    - neighbours alike: 3 %, from pair to pair, with a memory over launches;
    - skewed: 3 %, the candidate's disturbances alone, the longer the rarer;
    - one in 8 pairs: 1 % a pair, and the candidate slower by 15 % in some pairs.
    """
    shape = (experiments, PAIRS)
    match kind.split():
        case ["independent"]:
            return random.normal(0, SPREAD, shape)
        case ["heavy", *_]:
            return 0.02 * random.standard_t(2, shape)
        case ["processes", *_, percent, "%"]:
            own = random.normal(0, float(percent) / 100 * math.sqrt(2), (experiments, PAIRS // SIZE))
            return random.normal(0, SPREAD, shape) + np.repeat(own, SIZE, axis=1)
        case ["neighbours", *_, memory]:
            r = float(memory)
            shocks = random.normal(0, 0.03 * math.sqrt(1 - r**2), (experiments, PAIRS + 50))
            return np.asarray(lfilter([1.0], [1.0, -r], shocks, axis=1)[:, 50:], dtype=np.float64)
        case ["skewed,", "exponential"]:
            return 0.03 * (random.exponential(size=shape) - 1.0)
        case ["skewed,", _]:
            return 0.02 * (random.lognormal(0, 0.8, shape) - math.exp(0.32))
        case ["one", *_]:
            return random.normal(0, 0.01, shape) + 0.15 * ((random.random(shape) < 1 / 8) - 1 / 8)
    raise ValueError(kind)
