"""What is wrong with the cycles of the energy pass though an interval comes out: as warnings, and as doubts. As of
latency (`harness.analysis.evidence.latency_doubts`), with a gauge in place of a clock.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from harness.analysis.evidence.block_findings import NOTABLE
from harness.analysis.evidence.evidence import Leeway
from harness.quantity import QUANTITIES
from harness.statistics.diagnostics import find_position_effect, find_trend, find_two_levels
from harness.statistics.estimate import Floats
from harness.words.changes import change_in_words
from harness.words.sentences import counted

ENOUGH_CYCLES = 6
_FEWEST_FOR_ORDER = 4
_NOTABLE_DRIFT = 0.05
_STANDS_STILL = 0.25
"""Where cycles agree to within this part of what the source can tell apart, they agree because it rounds."""


@dataclass
class CycleFindings:
    """Of one candidate's cycles."""

    warnings: list[str] = field(default_factory=list)
    leeways: list[Leeway] = field(default_factory=list)

    def add(self, sentence: str, doubt: str, reach: float) -> None:
        """A finding that is both."""
        self.warnings.append(sentence)
        self.leeways.append(Leeway(doubt, reach, reach))


def doubts_on_cycles(
    differences: Floats, candidate_first: np.ndarray | None, resolution: float, *, at_idling: int, fixed: bool
) -> CycleFindings:
    """Of log-ratios of shape (n,), in time order. `candidate_first` is None where the order is not judged;
    `resolution`: how far off a log-ratio can be by what the source tells apart; `at_idling`: cycles left out because an
    arm took no more than the idling device; `fixed`: the number of cycles was.
    """
    found = CycleFindings()
    if fixed and differences.size < ENOUGH_CYCLES:
        few = f"only {counted(differences.size, 'cycle')} of energy blocks"
        found.add(f"{few[:1].upper()}{few[1:]}; {ENOUGH_CYCLES} or more make an interval to rely on.", few, math.inf)
    if at_idling:
        found.warnings.append(
            f"In {counted(at_idling, 'cycle')} an arm took no more than the idling device, so they are left out: "
            "the source is too coarse for blocks this short, or other programs come and go. Raise "
            "measure.energy.block_s."
        )
    _course(found, differences)
    found.leeways += coarse_steps(differences, resolution)
    if candidate_first is not None:
        _order(found, differences, candidate_first)
    return found


def coarse_steps(logarithms: Floats, resolution: float) -> list[Leeway]:
    """Where cycles agree better than the source can tell: it rounds all of them alike, and agreement shows nothing."""
    if logarithms.size < 2 or resolution <= 0.0:
        return []
    if float(logarithms.std(ddof=1)) >= _STANDS_STILL * resolution:
        return []
    text = f"the source tells only steps of {100.0 * math.expm1(resolution):.1f} % of it, and all cycles gave the same"
    return [Leeway(text, resolution, resolution)]


def drift_of_level(logarithms: Floats, name: str = "the arm") -> list[Leeway]:
    """Of an arm's own energy, which no cycle pairs with anything: how far it is from its mean at begin and end."""
    trend = find_trend(logarithms)
    if trend is None or abs(trend.total) < _NOTABLE_DRIFT:
        return []
    change = change_in_words(QUANTITIES["energy_per_inference"], math.exp(trend.total))
    return [Leeway(f"{name} ended at {change} than it began", abs(trend.total) / 2.0, abs(trend.total) / 2.0)]


def _course(found: CycleFindings, differences: Floats) -> None:
    energy = QUANTITIES["energy_per_inference"]
    trend = find_trend(differences)
    if trend is not None and abs(trend.total) >= NOTABLE / 2:
        change = change_in_words(energy, math.exp(trend.total))
        found.add(
            f"The difference between the arms moved along the energy pass (the candidate ended {change} against the "
            "baseline than it began): the device was not in a steady state. Let it cool or warm up longer, and run "
            "again.",
            f"the candidate ended {change} against the baseline than it began, so it was not in a steady state",
            abs(trend.total),
        )
    levels = find_two_levels(differences, least_gap=NOTABLE)
    if levels is not None:
        low, high = (change_in_words(energy, math.exp(level)) for level in (levels.low, levels.high))
        found.add(
            f"The ratio of the cycles jumps between two levels ({low} and {high}): the mean describes neither.",
            f"the ratio of the cycles jumps between two levels ({low} and {high}), and the mean describes neither",
            levels.high - levels.low,
        )


def _order(found: CycleFindings, differences: Floats, candidate_first: np.ndarray) -> None:
    """Whether it matters which arm went first in a cycle."""
    n, first = differences.size, int(candidate_first.sum())
    if n >= _FEWEST_FOR_ORDER and first in (0, n):
        where = "first" if first else "second"
        found.add(
            f"The candidate went {where} in every cycle, so its place and its energy cannot be told apart.",
            f"the candidate went {where} in every cycle",
            math.inf,
        )
    position = find_position_effect(differences, candidate_first)
    if position is not None:
        change = change_in_words(QUANTITIES["energy_per_inference"], math.exp(position.difference))
        found.warnings.append(
            f"Which arm goes first in a cycle matters (the candidate takes {change} when it goes first). The random "
            "order evens it out over the cycles; a longer measure.energy.idle_s would take it away."
        )
