"""Noise of latencies: from inference to inference, with memory, drift and bursts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Noise:
    """Of the logarithm of a latency."""

    sd: float = 0.02
    autocorrelation: float = 0.0
    """AR(1) from one inference to the next, whichever arm runs: what makes neighbours resemble each other."""
    drift_per_hour: float = 0.0
    """Slower by this fraction each hour, for reasons that are no heat."""
    burst_share: float = 0.0
    """Share of the time in which another program runs."""
    burst_slowdown: float = 0.5
    burst_s: float = 2.0


class NoiseProcess:
    """The noise as time goes on."""

    def __init__(self, noise: Noise, source: np.random.Generator) -> None:
        self._noise, self._source = noise, source
        self._last = float(source.normal(0.0, noise.sd))
        self._burst_until_s = -1.0
        self._calm_until_s = 0.0

    def draw(self, count: int, at_s: float) -> NDArray[np.float64]:
        """Log-noise of `count` inferences in a row from `at_s` on, shape (count,)."""
        noise = self._noise
        innovations = self._source.normal(0.0, noise.sd, count)
        if noise.autocorrelation:
            from scipy.signal import lfilter

            rho = noise.autocorrelation
            scale = float(np.sqrt(1.0 - rho * rho))
            drawn, _ = lfilter([scale], [1.0, -rho], innovations, zi=np.array([rho * self._last]))
        else:
            drawn = innovations
        if count:
            self._last = float(drawn[-1])
        level = noise.drift_per_hour * at_s / 3600.0
        return np.asarray(drawn + level + self._burst(at_s), dtype=np.float64)

    def _burst(self, at_s: float) -> float:
        noise = self._noise
        if not noise.burst_share:
            return 0.0
        while at_s >= max(self._burst_until_s, self._calm_until_s):
            begun = max(self._burst_until_s, self._calm_until_s)
            if self._burst_until_s <= self._calm_until_s:
                self._burst_until_s = begun + float(self._source.exponential(noise.burst_s))
            else:
                calm_s = noise.burst_s * (1.0 - noise.burst_share) / noise.burst_share
                self._calm_until_s = begun + float(self._source.exponential(calm_s))
        return float(np.log1p(noise.burst_slowdown)) if self._burst_until_s > self._calm_until_s else 0.0
