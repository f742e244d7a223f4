"""Whether a decision withstands what was found about how it was measured: a doubt is a doubt."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.analysis.evidence.evidence import Leeway
    from harness.statistics.estimate import Estimate


def as_gains(leeways: Sequence[Leeway], *, turned: bool) -> list[tuple[str, float, float]]:
    """(text, below, above) on the scale of gains; `turned` where less is better."""
    return [
        (each.text, each.above, each.below) if turned else (each.text, each.below, each.above)
        for each in leeways
        if each.below > 0.0 or each.above > 0.0
    ]


def doubt_on_bounds(
    gain: Estimate, level: float, leeways: Sequence[tuple[str, float, float]], *, above: float, below: float
) -> str | None:
    """What keeps the mean from being called above one bound and below another, though its interval at `level` is; None
    where every finding leaves it there. Bounds may be infinite: no bound.
    """
    interval = gain.interval(level)
    if interval is None:
        return None
    for text, further_below, further_above in leeways:
        if interval[0] - further_below <= above or interval[1] + further_above >= below:
            return text
    return None
