"""Whether latency drifts in a soak: the last third against the first third.

Windows resemble their neighbours, over minutes and over hours, so they are no replicates, and neither are thirds. The
soak is cut into 24 stretches as long as each other, and into 48; the median over the windows of a stretch is one value,
on the logarithm. The last third of them against the first, with an interval that allows for stretches being alike
(`harness.statistics.dependent_contrast`); the wider one of the two counts: *slower* (*faster*) where it excludes no
change and the estimate is beyond the bound, *steady* where the whole interval is within the bound, *not yet known*
otherwise: where latency wanders slowly, a soak is too short for more.
What changed within the first hours and has stayed so is no difference of thirds: where the last third agrees with the
middle one, the later two thirds are held against the first hour as well, by a 95 % interval for an hour that is like
them: their own medians, of an hour or a twelfth of the soak each, say how far hours are apart, and where neighbours
are alike they count for fewer, so that a latency that wanders is not called changed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from harness.documents.soak_result import DriftFinding, Estimated
from harness.quantity import Available, Measured, Unavailable
from harness.statistics.dependent_contrast import DependentContrast, contrast_of_series
from harness.statistics.estimate import estimate_series_mean
from harness.words.sentences import counted

if TYPE_CHECKING:
    from harness.analysis.soak.windows import SoakRecords
    from harness.statistics.estimate import Floats

MEDIAN_BOUND, TAIL_BOUND = 0.05, 0.10
STRETCHES = (24, 48)
FEWEST_WINDOWS = 24
_PIECES = 12
"""Into so many pieces is the soak cut, or into hours where these are shorter: what is held against the first hour."""
_FEWEST_STRETCHES = 12
_LEVEL = 0.95
_UNEVEN = "most of its time is in a few long windows"
_NOTABLE_MEMORY = 0.05
"""Share of the soak."""
_METHOD = "t on the log-medians of stretches that resemble each other (AR(1)), the last third against the first"


@dataclass(frozen=True)
class _Change:
    """Of log-medians between thirds, from stretches that are each so many hours long."""

    contrast: DependentContrast
    stretch_h: float
    hours: float
    """The hours that the soak has lasted."""

    @property
    def ratios(self) -> tuple[float, float, float]:
        """The change and its interval as ratios."""
        change, half = self.contrast.difference, self.contrast.half_width(_LEVEL)
        return math.exp(change), math.exp(max(change - half, -50.0)), math.exp(min(change + half, 50.0))


def drift_finding(records: SoakRecords, which: Literal["latency_p50_ns", "latency_p99_ns"]) -> DriftFinding:
    """From one quantile of every window."""
    bound = MEDIAN_BOUND if which == "latency_p50_ns" else TAIL_BOUND
    latency = np.array([getattr(window, which) for window in records.windows], dtype=np.float64)
    if latency.size == 0:
        missing = Unavailable(reason="there is no window yet")
        return DriftFinding(
            change="unavailable",
            reason=missing.reason,
            late_over_early=missing,
            bound=bound,
            first_hour=missing,
            last_hour=missing,
        )
    first, last = _hours_medians(records.hours, latency)
    if latency.size < FEWEST_WINDOWS:
        reason = f"there are {counted(latency.size, 'window')} of the {FEWEST_WINDOWS} that it takes"
        ratio: Estimated | Unavailable = Unavailable(reason=reason)
        change: Literal["slower", "faster", "steady", "not yet known"] = "not yet known"
    else:
        thirds = _last_third_against(0, records.hours, latency)
        ratio = _ratio(thirds)
        change, reason = _judged(thirds, bound)
        settled, _ = _judged(_last_third_against(1, records.hours, latency), bound)
        if change in {"steady", "not yet known"} and settled == "steady":
            since = _later_over_first_hour(records.hours, latency)
            change, reason = _since_the_first_hour(since, bound) or (change, reason)
    return DriftFinding(
        change=change, reason=reason, late_over_early=ratio, bound=bound, first_hour=first, last_hour=last
    )


def _last_third_against(third: int, hours: Floats, latency: Floats) -> _Change | None:
    """Against the first (0) or the second (1), by the stretches that give the wider interval; None without any."""
    found: list[_Change] = []
    for of in STRETCHES:
        places, medians = _log_medians(hours, latency, of)
        late, early = (3 * places // of == which for which in (2, third))
        enough = places.size >= (_FEWEST_STRETCHES if not found else of)
        if not enough or min(late.sum(), early.sum()) < 2:
            continue
        weights = late / late.sum() - early / early.sum()
        found.append(_Change(contrast_of_series(medians, places, weights), float(hours[-1]) / of, float(hours[-1])))
    return max(found, key=lambda one: one.contrast.half_width(_LEVEL), default=None)


def _log_medians(hours: Floats, latency: Floats, of: int) -> tuple[Floats, Floats]:
    """Places of the stretches that have a window (all, unless windows are few or of very different lengths), and their
    medians; both of shape (up to `of`,).
    """
    stretch = np.minimum(of - 1, (of * (hours - hours[0] / 2) / hours[-1]).astype(int))
    logs = np.log(np.maximum(latency, 1.0))
    places = np.unique(stretch)
    return places.astype(np.float64), np.array([np.median(logs[stretch == place]) for place in places])


def _ratio(change: _Change | None) -> Estimated | Unavailable:
    if change is None:
        return Unavailable(reason=_UNEVEN)
    ratio, low, high = change.ratios
    return Estimated(value=ratio, low=low, high=high, level=_LEVEL, unit="ratio", method=_METHOD)


def _judged(change: _Change | None, bound: float) -> tuple[Literal["slower", "faster", "steady", "not yet known"], str]:
    if change is None:
        return "not yet known", _UNEVEN
    ratio, low, high = change.ratios
    within = f"{100 * bound:g} %"
    between = f"between {_percent(low)} and {_percent(high)}"
    memory_h = min(change.contrast.memory * change.stretch_h, change.hours)
    if low > 1.0 and ratio > 1.0 + bound:
        return "slower", f"the last third took {_percent(ratio)} against the first ({between})"
    if high < 1.0 and ratio < 1.0 / (1.0 + bound):
        return "faster", f"the last third took {_percent(ratio)} against the first ({between})"
    if 1.0 / (1.0 + bound) < low and high < 1.0 + bound:
        return "steady", f"the last third is within {within} of the first ({between})"
    wanders = memory_h > _NOTABLE_MEMORY * change.hours
    why = f"it wanders over about {_hours_in_words(memory_h)} and needs a longer soak: a" if wanders else "a"
    return "not yet known", f"{why} change of {within} could not be told from none ({between})"


def _hours_in_words(hours: float) -> str:
    return f"{hours:.0f} h" if hours >= 10.0 else f"{hours:.1f} h" if hours >= 1.0 else f"{60 * hours:.0f} min"


def _later_over_first_hour(hours: Floats, latency: Floats) -> tuple[float, float, float] | None:
    """The later two thirds against the first hour, and the 95 % interval of what an hour like them would be against it:
    ±t·s·√(1 + 1/n), n the effective number of their medians. None where they are one piece.
    """
    span = min(1.0, float(hours[-1]) / 4.0)
    logs = np.log(np.maximum(latency, 1.0))
    first = float(np.median(logs[hours <= max(span, hours[0])]))
    later = hours > hours[-1] / 3.0
    pieces = (hours[later] / min(span, float(hours[-1]) / _PIECES)).astype(int)
    medians = estimate_series_mean(np.array([np.median(logs[later][pieces == one]) for one in np.unique(pieces)]))
    if medians.sd is None:
        return None
    half = medians.critical_value(_LEVEL) * medians.sd * math.sqrt(1.0 + 1.0 / medians.effective_n)
    change = medians.mean - first
    return math.exp(change), math.exp(max(change - half, -50.0)), math.exp(min(change + half, 50.0))


def _since_the_first_hour(
    since: tuple[float, float, float] | None, bound: float
) -> tuple[Literal["slower", "faster"], str] | None:
    """A change that was over early: the later thirds agree to within the bound, and the first hour is out of it by the
    estimate, and apart from them by the interval. None where it is not.
    """
    if since is None:
        return None
    ratio, low, high = since
    if low <= 1.0 <= high or 1.0 / (1.0 + bound) < ratio < 1.0 + bound:
        return None
    reason = (
        f"the later two thirds took {_percent(ratio)} against the first hour (between {_percent(low)} and "
        f"{_percent(high)}): it changed early, and has stayed so"
    )
    return "slower" if ratio > 1.0 else "faster", reason


def _percent(ratio: float) -> str:
    change = 100.0 * (ratio - 1.0)
    if change > 1000.0:
        return "more than +1000 %"
    return f"{change:+.1f} %".replace("-", "\N{MINUS SIGN}")


def _hours_medians(hours: Floats, latency: Floats) -> tuple[Measured, Measured]:
    """Median over the first and the last hour; over the first and the last quarter of a soak under four hours."""
    span = min(1.0, float(hours[-1]) / 4.0)
    what = "hour" if span == 1.0 else "quarter"
    early, late = hours <= max(span, hours[0]), hours > hours[-1] - max(span, hours[0])
    return tuple(  # type: ignore[return-value]  # two of them
        Available(
            value=float(np.median(latency[which])),
            unit="ns",
            source=f"median over the {counted(int(which.sum()), 'window')} of the {name} {what}",
        )
        for name, which in (("first", early), ("last", late))
    )
