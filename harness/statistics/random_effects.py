"""What several devices have in common: their effects as drawn from all devices like them (random effects)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from harness.statistics.estimate import Floats

FEWEST = 4
"""With fewer devices how far apart they are is hardly known: the worst one is shown, and nothing is pooled."""
_HALVINGS = 200


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

    τ² by Paule & Mandel (1982): Σ wᵢ(yᵢ − μ)² = k − 1 with wᵢ = 1/(vᵢ + τ²). The interval is Hartung & Knapp's (2001),
    μ ± t(k − 1)·√(q/Σw) with q = Σ wᵢ(yᵢ − μ)²/(k − 1), and q at least 1 (Röver, Knapp & Friede 2015). Of one more
    device: μ ± t(k − 2)·√(τ² + q/Σw) (Higgins, Thompson & Spiegelhalter 2009).
    """
    k = effects.size
    if k < FEWEST or not np.all(variances > 0.0):
        return None

    def weigh(tau_squared: float) -> tuple[float, float, float]:
        """Mean, q and Σw."""
        weights = 1.0 / (variances + tau_squared)
        total = float(weights.sum())
        mean = float(np.dot(weights, effects)) / total
        return mean, float(np.dot(weights, (effects - mean) ** 2)) / (k - 1), total

    low, high = 0.0, float(np.ptp(effects)) ** 2
    for _ in range(_HALVINGS if weigh(0.0)[1] > 1.0 else 0):
        middle = (low + high) / 2.0
        halved = (middle, high) if weigh(middle)[1] > 1.0 else (low, middle)
        if halved == (low, high):  # no number lies between them
            break
        low, high = halved
    mean, spread, total = weigh(low)
    from scipy.special import stdtrit

    variance = max(spread, 1.0) / total
    half = float(stdtrit(k - 1, 0.975)) * math.sqrt(variance)
    beyond = float(stdtrit(k - 2, 0.975)) * math.sqrt(low + variance)
    return Across(mean, (mean - half, mean + half), (mean - beyond, mean + beyond), math.sqrt(low))
