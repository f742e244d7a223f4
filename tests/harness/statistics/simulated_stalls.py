"""Latencies of blocks with a tail: noise that resembles itself, a drift, and single inferences that stall."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.signal import lfilter


@dataclass(frozen=True)
class Tailed:
    """One arm. Logarithmic noise of 2 %, AR(1) .6 from inference to inference, and what stands below."""

    scale: float = 1.0
    exponential: float = 0.0
    """Mean of a one-sided noise on the logarithm."""
    stalls: float = 0.0
    """Share of inferences that take about three times as long."""
    bursts: bool = False
    """Stalls come in some blocks more than in others (a gamma share with a variance of twice its mean, squared)."""
    drift: float = 0.03

    def blocks(self, random: np.random.Generator, pairs: int, inferences: int) -> np.ndarray:
        """Times of shape (pairs, inferences)."""
        shocks = random.normal(0.0, 0.02, pairs * inferences)
        noise = np.asarray(lfilter([0.8], [1.0, -0.6], shocks)).reshape(pairs, inferences)
        noise = noise + self.drift * np.linspace(0.0, 1.0, pairs)[:, None]
        if self.exponential:
            noise = noise + random.exponential(self.exponential, noise.shape)
        shares = self.stalls * (random.gamma(0.5, 2.0, (pairs, 1)) if self.bursts else np.ones((pairs, 1)))
        stalled = random.random(noise.shape) < shares
        factors = 3.0 * np.exp(random.normal(0.0, 0.2, noise.shape))
        return np.asarray(self.scale * np.exp(noise) * np.where(stalled, factors, 1.0))


PLAIN, SKEWED = Tailed(), Tailed(exponential=0.05)
SETTINGS: dict[str, tuple[Tailed, Tailed]] = {
    "A/A, noise": (PLAIN, PLAIN),
    "A/A, exponential tails": (SKEWED, SKEWED),
    "A/A, 1 % stall": (Tailed(stalls=0.01), Tailed(stalls=0.01)),
    "A/A, 2 % stall": (Tailed(stalls=0.02), Tailed(stalls=0.02)),
    "A/A, 0.5 % stall in bursts": (Tailed(stalls=0.005, bursts=True), Tailed(stalls=0.005, bursts=True)),
    "A/A, 2 % stall in bursts": (Tailed(stalls=0.02, bursts=True), Tailed(stalls=0.02, bursts=True)),
    "10 % slower": (SKEWED, Tailed(exponential=0.05, scale=1.1)),
    "a tail of another shape": (PLAIN, SKEWED),
    "3 % against 0.5 % stall": (Tailed(exponential=0.05, stalls=0.005), Tailed(exponential=0.05, stalls=0.03)),
    "2 % against none stall": (SKEWED, Tailed(exponential=0.05, stalls=0.02)),
}
"""Baseline and candidate."""
