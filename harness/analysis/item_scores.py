"""Every score that single items have, item by item, and how many of them the candidate does worse on."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from harness.documents.comparison import ItemScores
from harness.quantity import QUANTITIES
from harness.words.sentences import counted, plural

if TYPE_CHECKING:
    import pandas as pd

    from harness.quantity import Quantity


def item_scores(scores: pd.DataFrame, candidate: str, baseline: str, noun: str) -> list[ItemScores]:
    """One for each quantity of single items that has a value in both arms. `scores` are the rows of one device, in the
    columns of the quality table; `noun` is what an item is called.
    """
    found = []
    for quantity in QUANTITIES.values():
        if quantity.measured_in != "quality" or quantity.over == "set":
            continue
        rows = scores[scores["quantity"] == quantity.name]
        if rows.empty:
            continue
        before, after = (_by_item(rows[rows["arm"] == arm]) for arm in (baseline, candidate))
        items = sorted(before.keys() | after.keys())
        words = _worse_in_words(quantity, before, after, noun)
        if words is not None:
            found.append(
                ItemScores(
                    candidate=candidate,
                    quantity=quantity.name,
                    items=items,
                    baseline=[before.get(item) for item in items],
                    candidate_values=[after.get(item) for item in items],
                    furthest=_furthest(before, after),
                    words=words,
                )
            )
    return found


def _by_item(rows: pd.DataFrame) -> dict[str, float | None]:
    return {
        str(item): None if math.isnan(value) else float(value)
        for item, value in zip(rows["item"], rows["value"].astype(float), strict=True)
    }


def _furthest(before: dict[str, float | None], after: dict[str, float | None]) -> float | None:
    differences = [
        abs(other - one) for item, one in before.items() if one is not None and (other := after.get(item)) is not None
    ]
    return max((one for one in differences if math.isfinite(one)), default=None)


def _worse_in_words(
    quantity: Quantity, before: dict[str, float | None], after: dict[str, float | None], noun: str
) -> str | None:
    """`worse on 97 % of clips (194 of 200)`: however little; None where no item has both values."""
    turn = 1.0 if quantity.better == "higher" else -1.0
    both = [(one, other) for item, one in before.items() if one is not None and (other := after.get(item)) is not None]
    if not both:
        return None
    worse = sum(turn * other < turn * one for one, other in both)
    better = sum(turn * other > turn * one for one, other in both)
    if quantity.of_right_items and worse + better:
        return f"{worse:,} right before and wrong now, {better:,} the other way round (of {counted(len(both), noun)})"
    if worse == better == 0:
        return f"the same on {counted(len(both), noun)}"
    direction, count = ("worse", worse) if worse >= better else ("better", better)
    share = 100.0 * count / len(both)
    told = "all" if count == len(both) else f"{min(max(share, 1.0), 99.0):.0f} % of"
    return f"{direction} on {told} {plural(noun)} ({count} of {len(both)})"
