"""How much each quantity scatters from night to night, and how much neighbouring nights are alike: from all series of
it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from harness.history.changes.limits import least_change
from harness.history.changes.track import Track
from harness.statistics.estimate import Floats
from harness.statistics.lone_outliers import without_course
from harness.statistics.moderated_variance import FEWEST_DEGREES, VariancePrior, fit_prior
from harness.statistics.serial_correlation import SerialCorrelation, pooled_serial_correlation

_FEWEST_NIGHTS: Final = 8
_FEWEST_SERIES: Final = 4
_NIGHTS_LEFT_OUT: Final = 3
"""The last ones, which may already be after a change."""
_WIDE: Final = 2.5
"""The variance of a run of ten launches is so many times the usual one by chance in one of a hundred."""
_FLOOR: Final = 0.25
"""No standard deviation is taken to be below this share of the least change."""


@dataclass(frozen=True)
class Noise:
    """The noise of one quantity."""

    prior: VariancePrior
    serial: SerialCorrelation
    least_deviation: float

    def factors(self, track: Track) -> Floats:
        """How many times the usual variance each of a track's values has: more where that night's interval was wider
        than usual, less where it was measured twice.
        """
        usual = track.usual_variance
        if usual is None:
            return np.ones(track.values.size)
        variance = max(self.prior.variance, self.least_deviation**2)
        wider = np.where(track.variances > _WIDE * usual, track.variances - usual, 0.0) / variance
        fresh = min(usual / variance, 1.0)
        return np.asarray(1.0 + wider - fresh * (1.0 - 1.0 / track.counts))


def noise_of(tracks: Sequence[Track]) -> dict[str, Noise]:
    """Of each quantity."""
    by_quantity: dict[str, list[Track]] = {}
    for track in tracks:
        by_quantity.setdefault(track.key.quantity, []).append(track)
    return {quantity: _noise(members) for quantity, members in by_quantity.items()}


def _noise(tracks: list[Track]) -> Noise:
    least = least_change(tracks[0].key.quantity, tracks[0].series.scale)
    floor = _FLOOR * least
    residuals = []
    for track in tracks:
        values = track.cleaned[:-_NIGHTS_LEFT_OUT]
        if values.size >= _FEWEST_NIGHTS:
            residuals.append(without_course(values))
    if len(residuals) < _FEWEST_SERIES:
        own = [track.usual_variance for track in tracks if track.usual_variance is not None]
        run = float(np.median(own)) if own else 0.0
        return Noise(VariancePrior(run + (0.5 * least) ** 2, FEWEST_DEGREES), _serial(residuals, floor), floor)
    degrees = np.array([each.size - 1.0 for each in residuals])
    variances = np.array([float(each @ each) for each in residuals]) / degrees
    prior = fit_prior(np.maximum(variances, floor**2), degrees)
    return Noise(prior, _serial(residuals, floor), floor)


def _serial(residuals: Sequence[Floats], floor: float) -> SerialCorrelation:
    """What scatters by less than the floor, such as exact scores, says nothing of how nights are alike."""
    return pooled_serial_correlation([each for each in residuals if float(each.std()) >= floor])
