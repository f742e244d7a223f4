"""Whether a voter looked: what repeats of a pair, and pairs of one thing with itself, tell of their answers.

Two models of a voter are weighed against each other. One who looks answers a repeat as before, and says of identical
ones that there is no difference, mostly; one who clicks at random does neither. What a voter prefers tells of care
too, though not which build: answers that follow a build over items whose sides are drawn by lot are not random. How
far a voter agrees with others is not asked: a minority is not careless.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from harness.statistics.vote_stopping import evidence_of_preference

CARELESS_BEFORE: Final = 0.3
"""Share of careless voters that is expected before anything is seen of one."""
TOO_FAST_MS: Final = 400.0
"""Nobody looks at two things in less: seeing a change and pressing a key takes about so long."""

_REPEATED_LOOKING, _REPEATED_RANDOM = (0.70, 0.24, 0.06), (1 / 3, 4 / 9, 2 / 9)
# Answered as before, with no difference one of the two times, with the other one: at random each of three answers
# is as likely.
_TIE_LOOKING, _TIE_RANDOM = 0.80, 1 / 3
_FEWEST_SIDES: Final = 12
_SURE: Final = 0.7
# Of sessions of 30 pairs that finds five of six random voters, and wrongs one careful voter in sixty (simulated).
_ONE_SIDED: Final = 1e-3


@dataclass(frozen=True)
class Checks:
    """What is known of one voter's care.

    `same`, `half` and `opposite` are repeats answered as before, with no difference one of the two times, and with the
    other one. `identical_tied` of `identical` pairs of one thing with itself were answered with no difference.
    `left` and `right` are all answers that chose a side; `median_ms` is the time from showing to answer.
    """

    same: int
    half: int
    opposite: int
    identical_tied: int
    identical: int
    left: int
    right: int
    median_ms: float
    first: int
    second: int

    @property
    def repeats(self) -> int:
        """Pairs that were asked twice."""
        return self.same + self.half + self.opposite


def chance_careless(checks: Checks) -> float:
    """Chance that a voter's answers were random, between 0 and 1, by repeats, identical pairs, and whether the answers
    follow a build at all.
    """
    log_odds = math.log(CARELESS_BEFORE / (1.0 - CARELESS_BEFORE))
    for count, looking, random in zip(
        (checks.same, checks.half, checks.opposite), _REPEATED_LOOKING, _REPEATED_RANDOM, strict=True
    ):
        log_odds += count * math.log(random / looking)
    claimed = checks.identical - checks.identical_tied
    log_odds += checks.identical_tied * math.log(_TIE_RANDOM / _TIE_LOOKING)
    log_odds += claimed * math.log((1.0 - _TIE_RANDOM) / (1.0 - _TIE_LOOKING))
    log_odds -= math.log(0.5 + 0.5 * evidence_of_preference(checks.first, checks.second))
    return 1.0 / (1.0 + math.exp(-log_odds))


def why_careless(checks: Checks) -> str | None:
    """The reason to leave a voter out, as a predicate of a sentence (`answers faster …`); None for one who looked."""
    if checks.median_ms < TOO_FAST_MS:
        return f"answers in {checks.median_ms:.0f} ms, faster than anybody can look"
    chosen = checks.left + checks.right
    if chosen >= _FEWEST_SIDES and _one_sided_p(checks.left, checks.right) < _ONE_SIDED:
        side, count = max(("left", checks.left), ("right", checks.right), key=lambda pair: pair[1])
        return f"chose the {side} one {count} of {chosen} times, whichever build it was of"
    if chance_careless(checks) > _SURE:
        return (
            f"answered {checks.same} of {checks.repeats} repeated pairs as before, and saw no difference in "
            f"{checks.identical_tied} of {checks.identical} identical ones: no better than chance"
        )
    return None


def _one_sided_p(left: int, right: int) -> float:
    """Two-sided exact p-value of choosing sides at even chances."""
    total, most = left + right, max(left, right)
    tail = sum(math.comb(total, count) for count in range(most, total + 1)) / 2.0**total
    return min(1.0, 2.0 * tail)
