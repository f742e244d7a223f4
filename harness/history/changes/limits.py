"""How strict the detection is. The table of docs/what-counts-as-a-change.md says what each number buys."""

from __future__ import annotations

import math
from typing import Final, Literal

from harness.quantity import NEGLIGIBLE_RATIO, QUANTITIES

NIGHTS_LOOKED_AT: Final = 120
"""So many of a series' last points are looked at; older ones are not needed."""

SUSPECT_P: Final = 0.06
"""A series this unlikely to have stayed is measured again."""

TOLD_Q: Final = 0.002
"""A change is told where its p-value, adjusted for all series of the night (Benjamini & Hochberg 1995), is at most
this.
"""

MEMBER_P: Final = 0.0002
"""A series joins an event that others have shown at a place that is known."""

MOVED_P: Final = 0.01
"""A series counts as moved where it is asked whether a whole device has."""

WITHOUT_FARTHEST_P: Final = 0.02
"""So unlikely the nights since a change still are without the farthest of them."""

SEEN_AT_ONCE, SEEN_LATER = 1.0 / 2.0, 1.0 / 5.0
"""Each attempt of tonight shows at least this share of a change: more where tonight is all that shows it."""

ALONE_Z: Final = 3.0
"""Each attempt of a night that alone shows a change is so many standard errors from before."""

SHUFFLED_P: Final = 0.01
"""So seldom, or as seldom as so few nights can tell, shuffled nights are as unlike themselves."""

TAIL_SHARES: Final = {1: 0.6, 2: 1.0, 3: 1.4, 4: 1.4, 5: 1.4, 7: 1.0, 10: 0.8, 15: 0.6, 24: 0.4, 36: 0.4}
"""How many nights ago a change is looked for, and which share of the false alarms each may make: what is told of is
best told within a week.
"""

NIGHTS_MARKED: Final = 14
"""So many nights back a commit or another environment is a place to look at."""

SLOPE_LENGTHS: Final = (28, 56, 84)
"""Over how many nights a drift is looked for."""

LONGEST_DRIFT: Final = 84

SLOPES_SHARE: Final = 0.1
"""The share of false alarms that drifts may make."""

MARKED_SHARE: Final = 3.0
"""The share of a night with another commit or environment, beside its own."""

MARKED_LIKELIER: Final = 20.0
"""A step is so many times likelier in a night with another commit or environment."""


def least_change(quantity: str, scale: Literal["ratio", "difference"]) -> float:
    """The least effect that is told, as a logarithm of a ratio or a difference in the unit: what is negligible for the
    quantity, 2 % of a ratio that this bakeoff does not know.
    """
    known = QUANTITIES.get(quantity)
    size = NEGLIGIBLE_RATIO if known is None else known.negligible
    return math.log1p(size) if scale == "ratio" else size
