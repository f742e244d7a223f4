"""How far the list of the worst items is one of the build and not of the score that chose it: which of them every
other score puts among its own worst; and how far it hangs on differences that are too small to matter: every loss is
moved by a normal number as large as what is negligible of the score, many times, and how often an item stays is
counted.
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
_DRAWINGS = 1000
_MOST_DRAWN = 1_000_000
"""Numbers that are held at once, however many items there are."""
_STAYS = 0.95
"""The share of drawings from which on an item is said to stay."""
_SEED = 14


def worst_lists(scores: Sequence[ItemScores]) -> list[WorstItems]:
    """One for each candidate that loses on three items or more. `scores` are those of one device."""
    found = []
    for candidate in dict.fromkeys(one.candidate for one in scores):
        own = sorted((one for one in scores if one.candidate == candidate), key=_order)
        losses = {one.quantity: _losses(one) for one in own}
        count = min(_MOST, min((len(each) for each in losses.values()), default=0) // _SHARE)
        if not losses:
            continue
        first, *others = losses
        worst = _worst(losses[first], count)
        if len(worst) < _FEWEST:
            continue
        tops = [set(_worst(losses[name], count)) for name in others]
        stays = _stays(losses[first], worst, QUANTITIES[first].negligible)
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
                stays=stays,
                stability=_stability_in_words(first, stays),
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


def _stays(losses: dict[str, float], worst: list[str], negligible: float) -> list[float]:
    """Of each of the worst, in how many drawings it is among as many worst."""
    import numpy as np

    names = list(losses)
    values = np.array([losses[name] for name in names])
    draw = np.random.default_rng(_SEED)
    counts = np.zeros(len(names))
    at_once = max(1, _MOST_DRAWN // len(names))
    for done in range(0, _DRAWINGS, at_once):
        drawn = draw.normal(0.0, negligible, (min(at_once, _DRAWINGS - done), len(names)))
        moved = np.where(np.isfinite(values), values + drawn, values)
        places = np.argsort(-moved, axis=1, kind="stable")[:, : len(worst)]
        counts += np.bincount(places.ravel(), minlength=len(names))
    return [float(counts[names.index(item)]) / _DRAWINGS for item in worst]


def _stability_in_words(first: str, stays: list[float]) -> str:
    quantity, kept = QUANTITIES[first], sum(share >= _STAYS for share in stays)
    moved = f"{quantity.negligible:g} {quantity.change_unit}".strip()
    among = f"were every loss moved by what is too small to matter ({moved}, {_DRAWINGS:,} drawings)"
    if kept == len(stays):
        return f"{among}, all {kept} would stay among the {len(stays)} worst"
    rest = "none would be sure to stay" if kept == 0 else f"{kept} would stay (in {100 * _STAYS:.0f} % of them or more)"
    return f"{among}, {rest} among the {len(stays)} worst: the others change places with the next"


def _in_words(first: str, others: list[str], worst: list[str], in_every: list[str], in_none: list[str]) -> str:
    subject, count = QUANTITIES[first].subject, len(worst)
    if not others:
        return f"the {count} worst are those by {subject}, the only score of single items"
    names = listed([QUANTITIES[name].subject for name in others])
    if len(in_every) == count:
        return f"the {count} worst by {subject} are the worst by every other score too ({names})"
    text = f"of the {count} worst by {subject} {len(in_every)} are among the worst by every other score too ({names})"
    return text + (f", and {len(in_none)} by no other" if in_none else "")
