"""How far the list of the worst items is one of the build and not of the score that chose it: which of them every other
score puts among its own worst.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from harness.documents.comparison import WorstItems
from harness.quantity import QUANTITIES
from harness.words.sentences import listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.documents.comparison import ItemScores

_MOST, _FEWEST = 8, 3
_SHARE = 3
"""At most one item in so many is among the worst: of few items nearly all are, by any score."""


def worst_lists(scores: Sequence[ItemScores]) -> list[WorstItems]:
    """One for each candidate that has two scores and loses on three items. `scores` are those of one device."""
    found = []
    for candidate in dict.fromkeys(one.candidate for one in scores):
        own = sorted((one for one in scores if one.candidate == candidate), key=_order)
        losses = {one.quantity: _losses(one) for one in own}
        count = min(_MOST, min((len(each) for each in losses.values()), default=0) // _SHARE)
        if len(losses) < 2:
            continue
        first, *others = losses
        worst = _worst(losses[first], count)
        if len(worst) < _FEWEST:
            continue
        tops = [set(_worst(losses[name], count)) for name in others]
        in_every = [item for item in worst if all(item in top for top in tops)]
        in_none = [item for item in worst if not any(item in top for top in tops)]
        found.append(
            WorstItems(
                candidate=candidate,
                quantity=first,
                items=worst,
                others=others,
                in_every=in_every,
                in_none=in_none,
                words=_in_words(first, others, worst, in_every, in_none),
            )
        )
    return found


def _order(one: ItemScores) -> tuple[bool, int]:
    """The scores that choose items to look at, in their order, and then the others."""
    place = QUANTITIES[one.quantity].gallery_order
    return place is None, place or 0


def _losses(one: ItemScores) -> dict[str, float]:
    """Item → loss (> 0 is worse); an item whose value the candidate lacks has lost all."""
    turn = 1.0 if QUANTITIES[one.quantity].better == "higher" else -1.0
    found = {}
    for item, before, after in zip(one.items, one.baseline, one.candidate_values, strict=True):
        if before is not None:
            loss = math.inf if after is None else turn * (before - after) if before != after else 0.0
            found[item] = loss
    return found


def _worst(losses: dict[str, float], count: int) -> list[str]:
    ranked = sorted((-loss, item) for item, loss in losses.items() if loss > 0.0)
    return [item for _, item in ranked[:count]]


def _in_words(first: str, others: list[str], worst: list[str], in_every: list[str], in_none: list[str]) -> str:
    subject, count = QUANTITIES[first].subject, len(worst)
    names = listed([QUANTITIES[name].subject for name in others])
    if len(in_every) == count:
        return f"the {count} worst by {subject} are the worst by every other score too ({names})"
    text = f"of the {count} worst by {subject} {len(in_every)} are among the worst by every other score too ({names})"
    return text + (f", and {len(in_none)} by no other" if in_none else "")
