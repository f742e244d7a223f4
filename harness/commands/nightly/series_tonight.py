"""Each series of the suite with its last nights, and what tonight says of it or why it says nothing."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, Literal

from harness.documents.comparison import Effect
from harness.documents.nightly import SPARKLINE_NIGHTS, SeriesName, SeriesPoint, SeriesTonight
from harness.quantity import QUANTITIES

if TYPE_CHECKING:
    from harness.documents.comparison import Comparison, Contrast
    from harness.documents.nightly import Change
    from harness.history.rows import Point, Series
    from harness.nightly.state import JobOfNight

_Z: Final = 1.96
"""The normal distribution's 97.5 % point: the history keeps the standard error that an interval of a night had."""
_FEWEST_BEFORE: Final = 3

Name = tuple[str, str, str, str]


def series_tonight(
    jobs: Sequence[JobOfNight],
    comparisons: Mapping[tuple[str, str], Comparison],
    history: Sequence[Series],
    changes: Sequence[Change],
    night: str,
) -> list[SeriesTonight]:
    """The series of these jobs: those that the history has, and those that tonight's rules are on or that gave a value.

    `comparisons`: experiment and device → tonight's last result; `changes`: all that are known, tonight's included.
    """
    known = {_name_of(each): each for each in history}
    tonight = {
        (*key, contrast.candidate, contrast.quantity): contrast
        for key, comparison in comparisons.items()
        for contrast in comparison.devices[0].contrasts
    }
    ruled = {
        (*key, rule.candidate, rule.quantity)
        for key, comparison in comparisons.items()
        for rule in comparison.devices[0].rules
    }
    begins = _baselines(changes)
    found = []
    for job in jobs:
        names = [name for name in (*known, *tonight) if name[:2] == job.key]
        for name in sorted(dict.fromkeys(names), key=_in_order):
            contrast = tonight.get(name)
            has_value = contrast is not None and isinstance(contrast.effect, Effect)
            if has_value or name in known or name in ruled:
                found.append(_one(name, job, contrast, known.get(name), begins.get(name), night))
    return found


def _one(
    name: Name, job: JobOfNight, contrast: Contrast | None, series: Series | None, begin: str | None, night: str
) -> SeriesTonight:
    quantity = QUANTITIES.get(name[3])
    effect = contrast.effect if contrast is not None and isinstance(contrast.effect, Effect) else None
    scale = series.scale if series else effect.scale if effect else quantity.scale if quantity else "ratio"
    points = [_point(scale, each) for each in _last_of_nights(series.points if series else ())]
    if effect is not None:
        interval = effect.interval
        ends = (interval.low, interval.high) if interval is not None else (None, None)
        commits = sorted({commit.sha for commit in job.commits if commit.arm == name[2]})
        point = SeriesPoint(night=night, effect=effect.estimate, low=ends[0], high=ends[1], commits=commits)
        points = [each for each in points if each.night != night] + [point]
    unavailable = None if effect is not None else _why_not(job, contrast)
    return SeriesTonight(
        name=SeriesName(experiment=name[0], device=name[1], candidate=name[2], quantity=name[3]),
        label=quantity.label if quantity is not None else name[3],
        scale=scale,
        unit="" if scale == "ratio" else series.unit if series else quantity.unit if quantity else "",
        better=series.better if series else quantity.better if quantity else "lower",
        points=points[-SPARKLINE_NIGHTS:],
        unavailable=unavailable,
        baseline_effect=_baseline(points, begin, night),
        words=contrast.words if effect is not None and contrast is not None else f"not known tonight: {unavailable}",
    )


def _why_not(job: JobOfNight, contrast: Contrast | None) -> str:
    if contrast is not None and not isinstance(contrast.effect, Effect):
        return contrast.effect.reason
    if job.status in {"measured", "partly"}:
        return "the experiment does not measure it any more"
    return (job.reason or f"{job.experiment} was not measured").splitlines()[0]


def _last_of_nights(points: Iterable[Point]) -> list[Point]:
    return list({point.night: point for point in points}.values())


def _point(scale: Literal["ratio", "difference"], point: Point) -> SeriesPoint:
    half = None if point.standard_error is None else _Z * point.standard_error
    effect, low, high = point.effect, None, None
    if half is not None and math.isfinite(half):
        low, high = effect - half, effect + half
    if scale == "ratio":
        effect = math.exp(effect)
        low, high = (None if end is None else math.exp(end) for end in (low, high))
    commits = sorted({commit.sha for commit in point.commits})
    return SeriesPoint(night=point.night, effect=effect, low=low, high=high, commits=commits)


def _baseline(points: Sequence[SeriesPoint], begin: str | None, night: str) -> float | None:
    """The median since the last change that was confirmed; None while fewer than three nights are known."""
    effects = [each.effect for each in points if each.night < night and (begin is None or each.night >= begin)]
    return statistics.median(effects) if len(effects) >= _FEWEST_BEFORE else None


def _baselines(changes: Iterable[Change]) -> dict[Name, str]:
    """Series → the night from which it is judged anew."""
    begins: dict[Name, str] = {}
    for change in changes:
        if change.confirmation != "confirmed":
            continue
        night = change.baseline_from or change.first_bad_night
        for member in change.members:
            name = member.name
            key = name.experiment, name.device, name.candidate, name.quantity
            begins[key] = max(begins.get(key, ""), night)
    return begins


def _name_of(series: Series) -> Name:
    key = series.key
    return key.experiment, key.device, key.candidate, key.quantity


def _in_order(name: Name) -> tuple[str, int, str]:
    order = list(QUANTITIES)
    return name[2], order.index(name[3]) if name[3] in QUANTITIES else len(order), name[3]
