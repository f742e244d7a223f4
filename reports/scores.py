"""Where to look: every score on every item of one device, and the items that are shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup

from harness.documents.comparison import DeviceResult
from harness.quantity import QUANTITIES
from reports.charts.score_dots import ends_in_words, score_dots


@dataclass(frozen=True)
class ScoreFigure:
    """One score of one candidate on all items."""

    candidate: str
    quantity: str
    words: str
    dots: Markup | None
    """None where no item has two finite values."""
    ends: str | None
    """From where to where the axes go."""
    left_out: int
    """Items that have no dot: without a value, or identical to their references."""


def score_figures(
    result: DeviceResult, targets: dict[tuple[str, str], str], rows: Mapping[str, Mapping[str, str]]
) -> list[ScoreFigure]:
    """One a score and candidate. `targets`: (candidate, item) → the id of its place among those to look at; `rows`:
    candidate → item → the id of its row among all.
    """
    figures = []
    for scores in result.scores:
        own = {item: target for (candidate, item), target in targets.items() if candidate == scores.candidate}
        # Items that are right or wrong would lie on four places.
        is_drawn = not ((row := QUANTITIES.get(scores.quantity)) and row.of_right_items)
        dots = score_dots(scores, own, rows.get(scores.candidate)) if is_drawn else None
        drawn = 0 if dots is None else dots.count('<circle class="dot')
        figures.append(
            ScoreFigure(
                scores.candidate,
                scores.quantity,
                scores.words,
                dots,
                ends_in_words(scores) if is_drawn else None,
                len(scores.items) - drawn,
            )
        )
    return figures
