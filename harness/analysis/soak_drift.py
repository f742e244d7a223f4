"""Whether latency drifts in a soak: the last third against the first third.

Windows resemble their neighbours, over minutes and over hours, so windows are no replicates. The soak is cut into
twelve stretches as long as each other; the median over the windows of a stretch is one value, on the logarithm. The
last four against the first four by Welch's t: *slower* (*faster*) where the 95 % interval excludes no change and the
estimate is beyond the bound, *steady* where the whole interval is within the bound, *not yet known* otherwise.
What changed within the first hours and has stayed so is no difference of thirds: where the last third agrees with the
middle one, the later two thirds are held against the first hour as well, by a 95 % interval for an hour that is like
them: their own medians, of an hour or a twelfth of the soak each, say how far hours are apart, and where neighbours
are alike they count for fewer, so that a latency that wanders is not called changed.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import numpy as np

from harness.analysis.wording import counted
from harness.quantity import Available, Measured, Unavailable
from harness.soak_result import DriftFinding, Estimated
from harness.statistics.estimate import estimate_mean, estimate_series_mean

if TYPE_CHECKING:
    from harness.analysis.soak_windows import SoakRecords
    from harness.statistics.estimate import Floats

MEDIAN_BOUND, TAIL_BOUND = 0.05, 0.10
STRETCHES, _THIRD = 12, 4
FEWEST_WINDOWS = 24
_LEVEL = 0.95
_METHOD = "Welch's t on the log-medians of four stretches each, the last third against the first"


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
        stretches = _log_medians(records.hours, latency)
        ratio = _ratio(stretches[:_THIRD], stretches[-_THIRD:])
        change, reason = _judged(ratio, bound)
        settled, _ = _judged(_ratio(stretches[_THIRD:-_THIRD], stretches[-_THIRD:]), bound)
        if change in {"steady", "not yet known"} and settled == "steady":
            since = _later_over_first_hour(records.hours, latency)
            change, reason = _since_the_first_hour(since, bound) or (change, reason)
    return DriftFinding(
        change=change, reason=reason, late_over_early=ratio, bound=bound, first_hour=first, last_hour=last
    )


def _log_medians(hours: Floats, latency: Floats) -> Floats:
    """Of each stretch, shape (`STRETCHES`,) or fewer where windows are of very different lengths."""
    stretch = np.minimum(STRETCHES - 1, (STRETCHES * (hours - hours[0] / 2) / hours[-1]).astype(int))
    logs = np.log(np.maximum(latency, 1.0))
    return np.array([np.median(logs[stretch == place]) for place in np.unique(stretch)])


def _ratio(before: Floats, after: Floats) -> Estimated:
    early, late = estimate_mean(before), estimate_mean(after)
    change = late.mean - early.mean
    parts = [((one.sd or 0.0) ** 2 / one.n, one.n - 1) for one in (early, late)]
    variance = sum(part for part, _ in parts)
    half = 0.0
    if variance > 0.0:
        from scipy.special import stdtrit

        freedom = variance**2 / sum(part**2 / count for part, count in parts)
        half = float(stdtrit(freedom, (1 + _LEVEL) / 2)) * math.sqrt(variance)
    return Estimated(
        value=math.exp(change),
        low=math.exp(max(change - half, -50.0)),
        high=math.exp(min(change + half, 50.0)),
        level=_LEVEL,
        unit="ratio",
        method=_METHOD,
    )


def _judged(ratio: Estimated, bound: float) -> tuple[Literal["slower", "faster", "steady", "not yet known"], str]:
    low, high = ratio.low or 0.0, ratio.high or math.inf
    within = f"{100 * bound:g} %"
    between = f"between {_percent(low)} and {_percent(high)}"
    if low > 1.0 and ratio.value > 1.0 + bound:
        return "slower", f"the last third took {_percent(ratio.value)} against the first ({between})"
    if high < 1.0 and ratio.value < 1.0 / (1.0 + bound):
        return "faster", f"the last third took {_percent(ratio.value)} against the first ({between})"
    if 1.0 / (1.0 + bound) < low and high < 1.0 + bound:
        return "steady", f"the last third is within {within} of the first ({between})"
    return "not yet known", f"a change of {within} could not be told from none ({between})"


def _later_over_first_hour(hours: Floats, latency: Floats) -> tuple[float, float, float] | None:
    """The later two thirds against the first hour, and the 95 % interval of what an hour like them would be against it:
    ±t·s·√(1 + 1/n), n the effective number of their medians. None where they are one piece.
    """
    span = min(1.0, float(hours[-1]) / 4.0)
    logs = np.log(np.maximum(latency, 1.0))
    first = float(np.median(logs[hours <= max(span, hours[0])]))
    later = hours > hours[-1] * _THIRD / STRETCHES
    pieces = (hours[later] / min(span, float(hours[-1]) / STRETCHES)).astype(int)
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
