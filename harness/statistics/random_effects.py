"""What several devices have in common: their effects as drawn from all devices like them (random effects)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from harness.statistics.estimate import Floats

FEWEST = 4
"""With fewer devices how far apart they are is hardly known: the worst one is shown, and nothing is pooled."""


@dataclass(frozen=True)
class Across:
    """The mean over devices with its 95 % interval, and the 95 % interval of what one more device like these does."""

    mean: float
    interval: tuple[float, float]
    another: tuple[float, float]
    between_sd: float
    """τ: how far apart devices are, beyond the noise of each."""


def combine_devices(effects: Floats, variances: Floats) -> Across | None:
    """`effects` of shape (k,) and the variances of each as an estimate, > 0; None below four devices.

    Every device counts alike: the mean is the plain one, its interval ± t(k − 1)·√(max(s²/k, Σvᵢ/k²)) with s the
    standard deviation of the effects. Weights of 1/(vᵢ + τ²), Paule & Mandel's or DerSimonian & Laird's, take the vᵢ
    for known; from a few pairs each they are not: whichever device shows little spread by chance draws the mean to
    itself, and with Hartung & Knapp's interval no difference was excluded falsely in 9 to 13 of 100 runs (three pairs
    on each of four to eight unlike devices; in at most 2 by this one, and in 6 with any number of pairs:
    tests/harness/statistics/test_random_effects.py prints it). What s²/k is larger by than Σvᵢ/k² is τ²/k, and one more
    device lies at ± t(k − 2)·√(τ² + that squared error) (Higgins, Thompson & Spiegelhalter 2009).
    """
    k = effects.size
    if k < FEWEST or not np.all(variances > 0.0):
        return None
    from scipy.special import stdtrit

    mean, seen, own = float(effects.mean()), float(effects.var(ddof=1)), float(variances.mean())
    tau_squared = max(seen - own, 0.0)
    variance = max(seen, own) / k
    half = float(stdtrit(k - 1, 0.975)) * math.sqrt(variance)
    beyond = float(stdtrit(k - 2, 0.975)) * math.sqrt(tau_squared + variance)
    return Across(mean, (mean - half, mean + half), (mean - beyond, mean + beyond), math.sqrt(tau_squared))
