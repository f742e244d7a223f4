"""Does memory grow for ever? The slope of a long run's memory, with a test that neither warm-up nor an allocator fools.

Memory is no line with noise around it: it rises while caches fill and then stays, it jumps when an arena is added, it
falls when a collector runs, and neighbouring windows resemble each other. So the unit of replication is the *increment*
between neighbouring stretches of the run, each reduced to its median: as for a random walk, one jump is one increment
among a dozen (its t is 1, however high it is), and only growth in most of them is growth.

*Yes*: the first quarter of every process is left out (`WARM_UP`), the rest is cut into `STRETCHES` stretches of as many
inferences (at least four for each process), and the increments' mean is above 0 by the one-sided t-test at 1 %, and by
that of the later half alone at 5 %. Where the later half of a process grew less than the earlier half (Welch's t-test
at 5 %, and by more than a fifth), growth was dying down: then the first half of every process is left out
(`LONG_WARM_UP`), and what is left is *not yet known* unless it is shown not to fall behind by a fifth in its turn.
*Not yet known* is also what is shown to have come to stay: the last tenth of the longest process grew by less than
half of the rest, at 5 %.

*No*: the one-sided bound on the slope is below the smallest leak that matters, at 97.5 % for either of two cuts, which
is 95 % for both: the stretches of *yes*, or the second half of every process in `LATE_STRETCHES`. The latter is for
warm-ups that end within the first half. Its stretches are fewer and longer: where memory hovers about a level, what is
left of that in an increment falls with their length.

Memory comes in steps, and what is within one is not seen: a size that stood still may have grown by a step in every
process. The slope that such a step makes over the stretches widens both bounds (and *yes* needs a lower one above 0).
A step is the smallest that was seen past the warm-up, `LEAST_STEP_BYTES` at least. But an allocator may take larger
ones, and a leak fills those before it shows. So *no* is said only where a leak that matters would have shown in steps
of every plausible size, 2 MiB among them (`harness.statistics.leak_steps`); until then it is *not yet known*, and the
reason names the steps that are excluded and how long the others take.

A run of a known length may be looked at as often as one likes: the answer changes only at `LOOKS`, shares of its time.
Before the end *no* is not said, since an allocator's next step may be yet to come, and *yes* needs more, since all that
saturates or is freed in its time begins as a line: what the test needs at `_EARLY_ALPHA` (of all early looks together
another 1 %), an earlier half that the later one is shown not to fall behind by a tenth, and the look before it saying
the same.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from harness.statistics.estimate import Estimate, Floats, estimate_mean, estimate_series_mean
from harness.statistics.leak_steps import SeenSteps, StepBound, inferences_to_exclude, seen_steps, step_bounds

MATTERS_BYTES_PER_1000 = 256.0
"""Bytes per 1000 inferences: a leak of less takes 4 million inferences for a megabyte."""

STRETCHES, LATE_STRETCHES = 9, 5
WARM_UP, LONG_WARM_UP = 0.25, 0.5
"""Shares of each process's inferences. A warm-up with a time constant of a fifth to a half of the run ends as *not yet
known*, up to 3 in 100 as a leak where it is little above the noise (1 MB in 480 windows with a noise of 30 KB); one of
the whole run cannot be told from a leak there. Nor can a cache that fills up at an even pace, until it has been full
for about a twelfth of the run.
"""
LOOKS = (0.25, 0.354, 0.5, 0.707, 1.0)
LEAST_STEP_BYTES = 16_384.0
"""A page of the largest kind that phones and boards have; four of the usual ones."""
_END, _END_ALPHA = 0.1, 0.05
_FEWEST_AT_END = 12
_FEWEST_WINDOWS = 24
_FEWEST_STRETCHES = 4
_YES_ALPHA, _LATER_ALPHA = 0.01, 0.05
_EARLY_ALPHA = 0.01 / (len(LOOKS) - 1)
_NO_LEVEL = 0.95
"""The level of the two-sided interval, one end of which is 97.5 %."""
_BOUNDS_LEVEL = 0.90
"""Each end one-sided at 95 %."""
_DYING_ALPHA, _DYING_SHARE, _STEADY_SHARE = 0.05, 0.8, 0.9


@dataclass(frozen=True)
class Segment:
    """The windows of one process, in order; arrays of shape (n,), one value a window.

    `inferences` and `seconds` are counts and durations of each window, `held_bytes` the memory at its end (RssAnon
    where there is one: file pages come and go with the page cache).
    """

    inferences: Floats
    seconds: Floats
    held_bytes: Floats


@dataclass(frozen=True)
class Leak:
    """The answer, and the slope behind it in bytes per 1000 inferences: `low` and `high` are one-sided 95 % bounds, the
    steps that memory comes in allowed for.

    The slope is None where there are too few windows for one.
    """

    answer: Literal["yes", "no", "not yet known"]
    reason: str
    bytes_per_1000: float | None = None
    low: float | None = None
    high: float | None = None
    bytes_per_day: float | None = None
    """The slope at the speed of this run, in bytes per 24 hours."""
    windows: int = 0
    """Windows that the answer rests on, warm-up left out."""
    steps: tuple[StepBound, ...] = ()
    """What is excluded of leaks that come in steps, by their sizes, the smallest first."""


@dataclass(frozen=True)
class _Increments:
    """Bytes per 1000 inferences from stretch to stretch; `later` marks those of the later half of their process."""

    slopes: Floats
    later: np.ndarray
    windows: int
    step_bytes: float
    unseen: float
    """Bytes per 1000 inferences that a step in every process makes of their mean."""
    inferences: float
    """From the middle of the first stretch to that of the last, of all processes."""
    steps: tuple[StepBound, ...]
    seen: SeenSteps | None

    def bounds(self, level: float) -> tuple[float, float]:
        """Of their mean, by a two-sided t interval, a step further out on either side."""
        low, high = estimate_mean(self.slopes).interval(level) or (-math.inf, math.inf)
        return low - self.unseen, high + self.unseen


def find_leak(
    segments: Sequence[Segment],
    *,
    asked_seconds: float | None = None,
    matters_bytes_per_1000: float = MATTERS_BYTES_PER_1000,
    in_steps: bool = True,
) -> Leak:
    """Whether memory leaks, from the windows of one arm; each process that was started is a segment of its own.

    `asked_seconds` is how long the run will be: the answer is that of the last of `LOOKS` that it has come to, which
    holds however often it is asked for. None: there is no other look than this one. `matters_bytes_per_1000` > 0 is the
    smallest leak that matters: "no" means less than that. `in_steps` is False where memory is known to come in no
    larger steps than were seen. Raises ValueError where the arrays of a segment differ in
    length.
    """
    for segment in segments:
        if not segment.inferences.size == segment.seconds.size == segment.held_bytes.size:
            msg = "a segment's arrays hold one value for each window"
            raise ValueError(msg)
    done = sum(float(segment.seconds.sum()) for segment in segments)
    if asked_seconds is None or done >= asked_seconds:
        return _final(segments, matters_bytes_per_1000, in_steps=in_steps)
    looks = [_until(segments, share * asked_seconds) for share in LOOKS[:-1] if share * asked_seconds <= done]
    if not looks:
        return Leak("not yet known", f"it is first judged after {_hours(LOOKS[0] * asked_seconds)}")
    latest = LOOKS[len(looks) - 1] * asked_seconds
    following = f"as of {_hours(latest)}, judged again after {_hours(LOOKS[len(looks)] * asked_seconds)}"
    early = [_early(look) for look in looks[-2:]]
    answer, reason = early[-1].answer, early[-1].reason
    if answer == "yes" and (len(early) < 2 or early[0].answer != "yes"):
        answer, reason = "not yet known", "memory grows; it takes two looks in a row to call that a leak"
    return replace(early[-1], answer=answer, reason=f"{reason} ({following})")


def _until(segments: Sequence[Segment], seconds: float) -> list[Segment]:
    """The windows that had ended by then."""
    found, begun = [], 0.0
    for segment in segments:
        ended = begun + np.cumsum(segment.seconds)
        kept = ended <= seconds * (1.0 + 1e-9)
        found.append(Segment(segment.inferences[kept], segment.seconds[kept], segment.held_bytes[kept]))
        begun += float(segment.seconds.sum())
    return found


def _hours(seconds: float) -> str:
    return f"{seconds / 3600.0:.1f} h" if seconds >= 3600.0 else f"{seconds / 60.0:.1f} min"


def _final(segments: Sequence[Segment], matters: float, *, in_steps: bool) -> Leak:
    flat = _flat(segments, matters, in_steps=in_steps)
    if flat is not None:
        return flat
    increments = _increments(segments, WARM_UP, STRETCHES)
    if increments is None:
        return Leak("not yet known", f"fewer than {_FEWEST_WINDOWS} windows are past the warm-up")
    dying = _is_dying_down(increments)
    if dying:
        shorter = _increments(segments, LONG_WARM_UP, STRETCHES)
        if shorter is not None:
            increments, dying = shorter, not _keeps_pace(shorter, _DYING_SHARE)
    if dying:
        return _told("not yet known", "memory still grows, but ever less", increments, segments)
    if _grows(increments, _YES_ALPHA):
        if _has_stopped(segments, increments):
            return _told("not yet known", "memory has grown, and may have come to stay", increments, segments)
        return _told("yes", "memory grows steadily", increments, segments)
    reason = f"a growth of {matters:g} bytes per 1000 inferences could not be told from none"
    return _told("not yet known", _too_short(increments, segments, matters) or reason, increments, segments)


def _flat(segments: Sequence[Segment], matters: float, *, in_steps: bool) -> Leak | None:
    """*No*, or what stands in its way, where memory grows by less than what matters; None where that is not shown."""
    cuts = (_increments(segments, WARM_UP, STRETCHES), _increments(segments, LONG_WARM_UP, LATE_STRETCHES))
    flat = [cut for cut in cuts if cut is not None and cut.bounds(_NO_LEVEL)[1] < matters]
    shown = [cut for cut in flat if not in_steps or all(each.bytes_per_1000 < matters for each in cut.steps)]
    if shown:
        largest = f", in steps of up to {_size(shown[0].steps[-1].step_bytes)} too" if in_steps else ""
        return _told("no", f"it grows by less than {matters:g} bytes per 1000 inferences{largest}", shown[0], segments)
    if flat:
        return _told("not yet known", _hidden_in_steps(flat[0], segments, matters), flat[0], segments)
    return None


def _early(segments: Sequence[Segment]) -> Leak:
    increments = _increments(segments, WARM_UP, STRETCHES)
    if increments is None:
        return Leak("not yet known", f"fewer than {_FEWEST_WINDOWS} windows are past the warm-up")
    if not _grows(increments, _EARLY_ALPHA):
        return _told("not yet known", "no leak is seen so far", increments, segments)
    if not _keeps_pace(increments, _STEADY_SHARE):
        return _told("not yet known", "memory grows, and may come to stay", increments, segments)
    return _told("yes", "memory grows steadily", increments, segments)


def _too_short(increments: _Increments, segments: Sequence[Segment], matters: float) -> str | None:
    """Why it is not *no* though nothing grows; None where something else stands in its way."""
    if increments.bounds(_NO_LEVEL)[1] - increments.unseen >= matters:
        return None
    return _hidden_in_steps(increments, segments, matters)


def _hidden_in_steps(increments: _Increments, segments: Sequence[Segment], matters: float) -> str:
    """What is excluded, in which steps a leak could still hide, and how long it takes to exclude that, at the same
    speed and without a further step.
    """
    excluded = [each.step_bytes for each in increments.steps if each.bytes_per_1000 < matters]
    largest = increments.steps[-1]
    rate = f"{matters:g} bytes per 1000 inferences"
    longer = inferences_to_exclude(largest, matters) / increments.inferences
    inferences = longer * sum(float(segment.inferences.sum()) for segment in segments)
    seconds = longer * sum(float(segment.seconds.sum()) for segment in segments)
    known = (
        f"no leak of {rate} is seen, unless it comes in steps larger than {_size(max(excluded))}"
        if excluded and max(excluded) >= increments.step_bytes
        else f"no leak of {rate} is seen, but even one in small steps would not have shown yet"
    )
    return (
        f"{known}; in steps of {_size(largest.step_bytes)} up to {_two_digits(largest.bytes_per_1000)} bytes per 1000 "
        f"inferences could hide, which about {_two_digits(inferences)} inferences exclude ({_hours(seconds)} at this "
        "speed)"
    )


def _seen_in_words(seen: SeenSteps) -> str:
    fallen = f", {seen.down} down" if seen.down else ""
    return f"steps of about {_size(seen.usual_bytes)} were seen, {seen.up} up{fallen}"


def _size(count: float) -> str:
    """`64 KiB`, `2 MiB`."""
    mebibytes = count / 1_048_576.0
    return f"{mebibytes:.3g} MiB" if mebibytes >= 1.0 else f"{count / 1024.0:.3g} KiB"


def _two_digits(count: float) -> str:
    places = max(0, math.floor(math.log10(count)) - 1)
    return f"{math.ceil(count / 10**places) * 10**places:,}".replace(",", " ")


def _told(
    answer: Literal["yes", "no", "not yet known"], reason: str, increments: _Increments, segments: Sequence[Segment]
) -> Leak:
    growth = estimate_mean(increments.slopes)
    if increments.seen is not None:
        reason = f"{reason}; {_seen_in_words(increments.seen)}"
    low, high = increments.bounds(_BOUNDS_LEVEL)
    seconds = sum(float(segment.seconds.sum()) for segment in segments)
    inferences = sum(float(segment.inferences.sum()) for segment in segments)
    return Leak(
        answer=answer,
        reason=reason,
        bytes_per_1000=growth.mean,
        low=low,
        high=high,
        bytes_per_day=growth.mean / 1000.0 * inferences / seconds * 86_400.0 if seconds > 0.0 else None,
        windows=increments.windows,
        steps=increments.steps,
    )


def _increments(segments: Sequence[Segment], left_out: float, of: int) -> _Increments | None:
    """None where fewer than `_FEWEST_WINDOWS` windows or four increments remain."""
    kept = []
    for segment in segments:
        done = np.cumsum(segment.inferences)
        if done.size == 0 or done[-1] <= 0:
            continue
        past = (done > left_out * done[-1]) & np.isfinite(segment.held_bytes)
        kept.append((done[past], segment.held_bytes[past]))
    windows = sum(done.size for done, _ in kept)
    if windows < _FEWEST_WINDOWS:
        return None
    length = sum(float(done[-1] - done[0]) for done, _ in kept if done.size) / of
    slopes: list[float] = []
    later: list[bool] = []
    spans: list[float] = []
    steps: list[float] = []
    rises: list[float] = []
    for done, held in kept:
        if done.size < _FEWEST_STRETCHES or length <= 0.0:
            continue
        stretches = max(_FEWEST_STRETCHES, int((done[-1] - done[0]) / length + 1e-9))
        groups = [group for group in np.array_split(np.arange(done.size), stretches) if group.size]
        middles = np.array([float(np.mean(done[group])) for group in groups])
        levels = np.array([float(np.median(held[group])) for group in groups])
        slopes += (1000.0 * np.diff(levels) / np.diff(middles)).tolist()
        spans.append(float(middles[-1] - middles[0]))
        steps += np.abs(np.diff(held)).tolist()
        rises.append(float(levels[-1] - levels[0]))
        later += [2 * place >= len(groups) - 1 for place in range(len(groups) - 1)]
    if len(slopes) < 4 or sum(later) < 2:
        return None
    step_bytes = max(LEAST_STEP_BYTES, min((step for step in steps if step > 0.0), default=0.0))
    unseen = 1000.0 * step_bytes * len(spans) / sum(spans)
    seen = seen_steps([held for _, held in kept])
    bounds = step_bounds(rises, sum(spans), seen)
    return _Increments(np.array(slopes), np.array(later), windows, step_bytes, unseen, sum(spans), bounds, seen)


def _is_dying_down(increments: _Increments) -> bool:
    """Whether the later increments are smaller than the earlier ones: Welch's one-sided t-test at 5 %, and by a fifth
    of them at least.
    """
    early, late = _halves(increments)
    if early.n < 2 or late.n < 2 or early.mean <= 0.0 or late.mean >= _DYING_SHARE * early.mean:
        return False
    p_value = _p_at_least(late, early, 1.0)
    return p_value < _DYING_ALPHA


def _keeps_pace(increments: _Increments, share: float) -> bool:
    """Whether the later increments are shown to be more than `share` of the earlier ones, at 5 %."""
    early, late = _halves(increments)
    if early.n < 2 or late.n < 2 or late.mean <= share * early.mean:
        return False
    return 1.0 - _p_at_least(late, early, share) < _DYING_ALPHA


def _halves(increments: _Increments) -> tuple[Estimate, Estimate]:
    return estimate_mean(increments.slopes[~increments.later]), estimate_mean(increments.slopes[increments.later])


def _p_at_least(late: Estimate, early: Estimate, share: float) -> float:
    """Welch's one-sided p-value of late ≥ share · early; 0 or 1 where nothing scatters."""
    difference = late.mean - share * early.mean
    parts = [((late.sd or 0.0) ** 2 / late.n, late.n - 1), ((share * (early.sd or 0.0)) ** 2 / early.n, early.n - 1)]
    variance = sum(part for part, _ in parts)
    if variance == 0.0:
        return 1.0 if difference >= 0.0 else 0.0
    from scipy.special import stdtr

    freedom = variance**2 / sum(part**2 / count for part, count in parts)
    return float(stdtr(freedom, difference / math.sqrt(variance)))


def _grows(increments: _Increments, alpha: float) -> bool:
    _, late = _halves(increments)
    is_seen = increments.bounds(_BOUNDS_LEVEL)[0] > 0.0
    return is_seen and _exceeds_zero(estimate_mean(increments.slopes), alpha) and _exceeds_zero(late, _LATER_ALPHA)


def _has_stopped(segments: Sequence[Segment], increments: _Increments) -> bool:
    """Whether the end of the longest process is shown, at 5 %, to grow by less than half of the increments' mean: the
    windows of the later half of its last tenth (`_FEWEST_AT_END` windows at least) against those of the earlier half,
    by a t-test that counts neighbours that are alike for less. False where there are too few windows to say.
    """
    longest = max(segments, key=lambda segment: float(segment.inferences.sum()))
    known = np.isfinite(longest.held_bytes)
    done, held = np.cumsum(longest.inferences)[known], longest.held_bytes[known]
    count = max(_FEWEST_AT_END, int(_END * held.size)) // 2
    if held.size < 4 * count:
        return False
    before, after = slice(held.size - 2 * count, held.size - count), slice(held.size - count, held.size)
    early, late = estimate_series_mean(held[before]), estimate_series_mean(held[after])
    expected = float(increments.slopes.mean()) / 1000.0 * float(done[after].mean() - done[before].mean())
    missing = expected / 2.0 - (late.mean - early.mean)
    error = math.hypot(early.standard_error or 0.0, late.standard_error or 0.0)
    if error == 0.0 or missing <= 0.0:
        return missing > increments.step_bytes
    from scipy.special import stdtr

    return float(stdtr(early.degrees_of_freedom + late.degrees_of_freedom, -missing / error)) < _END_ALPHA


def _exceeds_zero(growth: Estimate, alpha: float) -> bool:
    p_value = growth.p_at_most(0.0)
    return p_value is not None and p_value < alpha
