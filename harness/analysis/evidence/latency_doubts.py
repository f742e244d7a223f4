"""What is wrong with the pairs of the latency pass though an interval comes out: as warnings, and as doubts.

What undermines the change between the arms, or an arm's own latency, keeps a rule on it open unless it would stand all
the same; what pairs or their random order allow for is a warning alone. The table of both is in
docs/check-the-statistics.md.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from harness.analysis.evidence.block_findings import NOTABLE, find_course
from harness.analysis.evidence.evidence import Leeway
from harness.quantity import QUANTITIES
from harness.statistics.diagnostics import (
    Dependence,
    Stretches,
    Trend,
    TwoLevels,
    find_dependence,
    find_position_effect,
    find_stretches,
    find_trend,
    find_two_levels,
)
from harness.statistics.estimate import Floats, estimate_mean, estimate_series_mean
from harness.statistics.launches import Labels, launch_means
from harness.words.changes import change_in_words, value_in_words
from harness.words.sentences import counted

if TYPE_CHECKING:
    from harness.quantity import Quantity

FEWEST_PAIRS = 6
"""With fewer even the most extreme pattern of signs is no more than chance: sign flips could find nothing."""
_LEAST_TREND = NOTABLE / 2.0
_ITS_OWN = 0.75
"""Share of the gap between two levels of the ratio that one arm's own blocks must show for it to be that arm's."""
_SURE = 0.99
_LEAST_FOR_ORDER = 4
_ALPHA = 0.01
_ON_THE_WAY = 0.2
_FEWEST_LAUNCHES = 4
_LEAST_STEP = 1e-3
"""A clock's step of less than this share of the latency matters to no rule."""


@dataclass
class PairFindings:
    """Of one candidate's pairs. Doubts come with the most telling first."""

    warnings: list[str] = field(default_factory=list)
    leeways: list[Leeway] = field(default_factory=list)

    def add(self, sentence: str, doubt: str, below: float, above: float) -> None:
        """A finding that is both."""
        self.warnings.append(sentence)
        self.leeways.append(Leeway(doubt, below, above))


def doubts_on_pairs(
    quantity: Quantity,
    baseline_ns: Floats,
    candidate_ns: Floats,
    candidate_first: np.ndarray,
    names: Mapping[str, str],
    clock_step_ns: float = 0.0,
    launches: Labels | None = None,
) -> PairFindings:
    """Of the blocks' medians (or another percentile) of shape (n,), in time order, all above zero. `names`: `baseline`,
    `candidate` → arm's name; `launches`: which launch each pair is of, where launches are what is counted.
    """
    found = PairFindings()
    differences = np.log(candidate_ns) - np.log(baseline_ns)
    if differences.size < FEWEST_PAIRS:
        found.leeways.append(Leeway(f"only {counted(differences.size, 'pair')} of blocks", math.inf, math.inf))
    _clock(found, differences, min(float(np.median(each)) for each in (baseline_ns, candidate_ns)), clock_step_ns)
    stretches = find_stretches(differences, least_gap=NOTABLE)
    if stretches is not None and _is_of_launches(stretches.is_high, launches):
        stretches = None  # the interval counts how launches differ
    owner = _owner(stretches, np.log(baseline_ns), np.log(candidate_ns)) if stretches is not None else None
    if stretches is not None and owner is not None:
        values = candidate_ns if owner == "candidate" else baseline_ns
        _placement(found, quantity, differences, stretches, values, names, owner)
    _course(found, quantity, differences, launches, told=owner is not None)
    position = find_position_effect(differences, candidate_first)
    if position is not None:
        found.warnings.append(
            "Which arm goes first in a pair matters (the candidate is "
            f"{change_in_words(quantity, math.exp(position.difference))} when it goes first). The random order evens "
            "it out over the run; a longer measure.settle_ms would take it away."
        )
    n, first = candidate_first.size, int(candidate_first.sum())
    if n >= _LEAST_FOR_ORDER and first in (0, n):
        where = "first" if first else "second"
        found.add(
            f"The candidate went {where} in every pair, so its place and its speed cannot be told apart.",
            f"the candidate went {where} in every pair",
            math.inf,
            math.inf,
        )
    return found


def doubts_on_level(
    quantity: Quantity, values_ns: Floats, arm: str, clock_step_ns: float = 0.0
) -> tuple[list[str], list[Leeway]]:
    """Warnings and doubts on one arm's own latency, from its blocks in time order, all above zero."""
    warnings, leeways = list[str](), list[Leeway]()
    logarithms = np.log(values_ns)
    match find_course(values_ns):
        case TwoLevels(low=low, high=high):
            fast, slow = (value_in_words(quantity, math.exp(level)) for level in (low, high))
            said = f"{arm} ran at two speeds, about {fast} and {slow}"
            warnings.append(f"{said}: the device changed its clock or its cores.")
            leeways.append(_to_levels(said, logarithms, logarithms >= (low + high) / 2.0))
        case Trend(total=total):
            change = change_in_words(quantity, math.exp(total))
            warnings.append(
                f"{arm} ended {change} than it began: the device drifted. The paired blocks allow for it; the arm's "
                "own time is less certain."
            )
            leeways.append(Leeway(f"{arm} ended {change} than it began", abs(total) / 2.0, abs(total) / 2.0))
        case None:
            pass
    if clock_step_ns >= _LEAST_STEP * float(np.median(values_ns)):
        leeways.append(_steps(clock_step_ns, float(np.median(values_ns))))
    return warnings, leeways


def doubts_on_effect(
    quantity: Quantity,
    of_blocks_ns: tuple[Floats, Floats],
    medians_ns: tuple[Floats, Floats],
    candidate_first: np.ndarray,
    names: Mapping[str, str],
    clock_step_ns: float = 0.0,
    launches: Labels | None = None,
) -> PairFindings:
    """Of the candidate's effect on any quantity of the latency pass: what is found in that quantity of the blocks, with
    the doubts that their medians give. Both are (baseline's, candidate's).
    """
    doubts = partial(
        doubts_on_pairs,
        candidate_first=candidate_first,
        names=names,
        clock_step_ns=clock_step_ns,
        launches=launches,
    )
    found = doubts(quantity, *of_blocks_ns)
    if quantity.name != "latency_p50" and all(np.all(each > 0.0) for each in medians_ns):
        of_medians = doubts(QUANTITIES["latency_p50"], *medians_ns)
        found.leeways[:0] = of_medians.leeways
    return found


def still_moves(values_ns: Floats, against_ns: Floats | None = None, launches: Labels | None = None) -> list[Leeway]:
    """Of one arm's blocks, or of the change `against_ns`, while pairs come in: a trend that more of them may show to be
    over. It is looked for again and again, and so with less certainty than afterwards.

    Where both arms move together the change does not: an arm that moves counts where the change moves with it.
    """
    arms = [np.log(each) for each in (values_ns, against_ns) if each is not None]
    judged = arms[0] if against_ns is None else arms[0] - arms[1]
    own, moved = _trend(judged, launches, _ON_THE_WAY), find_trend(judged, alpha=1.0)
    reach = abs(own.total) if own is not None else 0.0
    for arm in arms if moved is not None else []:
        trend = _trend(arm, launches, _ON_THE_WAY / 2.0)
        if trend is not None and moved is not None and abs(moved.total) >= abs(trend.total) / 2.0:
            reach = max(reach, abs(moved.total))
    return [] if reach < _LEAST_TREND else [Leeway("an arm still gets faster or slower", reach, reach)]


def _trend(values: Floats, launches: Labels | None, alpha: float) -> Trend | None:
    """Of pairs; where launches are counted, each with a speed of its own, only if their means show it too."""
    found = find_trend(values, alpha=alpha)
    if found is None or launches is None:
        return found
    means = launch_means(values, launches)
    return found if find_trend(means, alpha=min(5.0 * alpha, 0.4), fewest=_FEWEST_LAUNCHES) is not None else None


def _is_of_launches(is_high: np.ndarray, launches: Labels | None) -> bool:
    """Whether every launch lies at one of two levels: it is the launch that is fast or slow."""
    if launches is None:
        return False
    shares = launch_means(is_high.astype(np.float64), launches)
    return bool(np.all((shares == 0.0) | (shares == 1.0)))


def _clock(found: PairFindings, differences: Floats, latency_ns: float, step_ns: float) -> None:
    step_ns = step_ns if step_ns >= _LEAST_STEP * latency_ns else 0.0
    if step_ns > 0.0:
        # No digit of it is uncertain where every pair is the same: the clock's steps are.
        found.leeways.append(_steps(step_ns, latency_ns))
    if differences.size > 1 and float(np.ptp(differences)) <= 1e-12:
        found.add(
            "Every pair gave exactly the same ratio, which real timings do not; is the clock too coarse?",
            found.leeways[-1].text if step_ns > 0.0 else "every pair gave exactly the same ratio, as no timings do",
            math.inf if step_ns == 0.0 else 0.0,
            math.inf if step_ns == 0.0 else 0.0,
        )
    elif step_ns > 0.0 and step_ns > NOTABLE / 2.0 * latency_ns:
        found.warnings.append(f"{found.leeways[-1].text[:1].upper()}{found.leeways[-1].text[1:]}.")


def _steps(step_ns: float, latency_ns: float) -> Leeway:
    """A median of what was rounded is rounded: it may be a step off, however many pairs there are."""
    share = step_ns / latency_ns
    below = -math.log1p(-share) if share < 1.0 else math.inf
    return Leeway(f"the clock tells only steps of {_duration(step_ns)}", below, math.log1p(share))


def _duration(nanoseconds: float) -> str:
    for size, unit in ((1e9, "s"), (1e6, "ms"), (1e3, "µs")):
        if nanoseconds >= size:
            return f"{nanoseconds / size:.3g} {unit}"
    return f"{nanoseconds:.3g} ns"


def _owner(stretches: Stretches, baseline: Floats, candidate: Floats) -> str | None:
    """The arm that alone ran at two speeds, by its own logarithms."""
    gap = stretches.high - stretches.low
    for arm, values, sign in (("candidate", candidate, 1.0), ("baseline", baseline, -1.0)):
        own = sign * float(values[stretches.is_high].mean() - values[~stretches.is_high].mean())
        if own >= _ITS_OWN * gap:
            return arm
    return None


def _placement(
    found: PairFindings,
    quantity: Quantity,
    differences: Floats,
    stretches: Stretches,
    values_ns: Floats,
    names: Mapping[str, str],
    owner: str,
) -> None:
    groups = [np.exp(np.log(values_ns[group]).mean()) for group in (stretches.is_high, ~stretches.is_high)]
    fast, slow = (value_in_words(quantity, float(level)) for level in sorted(groups))
    other = names["baseline" if owner == "candidate" else "candidate"]
    said = (
        f"{names[owner]} ran at two speeds, about {fast} and {slow}, for stretches of time, and {other} did not: its "
        "process was likely on a slower core for part of the time; set `cores`"
    )
    reach = _to_levels(said, differences, stretches.is_high)
    found.add(f"{said}.", said, reach.below, reach.above)


def _course(
    found: PairFindings, quantity: Quantity, differences: Floats, launches: Labels | None, *, told: bool
) -> None:
    """A trend, two levels, dependence of neighbours; `told` where what causes them has been named."""
    trend = _trend(differences, launches, _ALPHA)
    quiet = PairFindings() if told else found
    is_trend = trend is not None and abs(trend.total) >= _LEAST_TREND
    if trend is not None and is_trend:
        change = change_in_words(quantity, math.exp(trend.total))
        quiet.add(
            "The difference between the arms moved along the run (the candidate ended "
            f"{change} against the baseline than it began): the device was not in a steady state. Let it cool or warm "
            "up longer, and run again.",
            f"the candidate ended {change} against the baseline than it began, so it was not in a steady state",
            abs(trend.total),
            abs(trend.total),
        )
    levels = find_two_levels(differences, least_gap=NOTABLE)
    if levels is not None:
        low, high = (change_in_words(quantity, math.exp(level)) for level in (levels.low, levels.high))
        said = f"the ratio jumps between two levels ({low} and {high})"
        is_high = differences >= (levels.low + levels.high) / 2.0
        reach = _to_levels(f"{said}, and the mean describes neither", differences, is_high)
        quiet.warnings.append(
            f"The ratio jumps between two levels ({low} and {high}): the mean describes neither. Look at the blocks "
            "over time."
        )
        if not _is_of_launches(is_high, launches):
            quiet.leeways.append(reach)
    if not is_trend:  # which makes neighbours alike too, and says more
        _dependence(quiet, differences, launches)
    if told:
        text = found.leeways[-1].text
        found.leeways.extend(Leeway(text, each.below, each.above) for each in quiet.leeways)


def _dependence(found: PairFindings, differences: Floats, launches: Labels | None) -> None:
    """Where launches are counted, their interval allows for pairs that are alike; not for launches that are."""
    dependence = find_dependence(differences)
    counted_ones = differences if launches is None else launch_means(differences, launches)
    among = dependence if launches is None else find_dependence(counted_ones)
    if dependence is None and among is None:
        return
    r = (among or dependence or Dependence(0.0, 1.0)).autocorrelation
    what = "launch" if among is not None and launches is not None else "pair"
    said = (
        f"The ratio of a {what} resembles that of the {what} before it (autocorrelation {r:.1f}): something slower "
        f"than a {what} disturbs one arm more than the other"
    )
    if among is None:
        found.warnings.append(f"{said}. The interval counts launches, and allows for it.")
        return
    wide, narrow = estimate_series_mean(counted_ones).interval(_SURE), estimate_mean(counted_ones).interval(0.95)
    reach = 0.0 if wide is None or narrow is None else max(narrow[0] - wide[0], 0.0)
    found.add(
        f"{said}, and the interval is narrower than it should be. Look at the blocks over time, and run again.",
        f"the ratio of a {what} resembles that of the {what} before it, so the interval is narrower than it should be",
        reach,
        reach,
    )


def _to_levels(text: str, values: Floats, is_high: np.ndarray) -> Leeway:
    """How far the mean would move if all values lay at one of their two levels, or as far as that level is known."""
    ends = estimate_mean(values).interval(0.95)
    levels = [estimate_mean(values[group]).interval(_SURE) for group in (~is_high, is_high)]
    if ends is None or levels[0] is None or levels[1] is None:
        return Leeway(text, math.inf, math.inf)
    return Leeway(text, max(ends[0] - levels[0][0], 0.0), max(levels[1][1] - ends[1], 0.0))
