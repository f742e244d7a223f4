"""The items to look at: where the candidate loses most against the baseline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from harness.quantity import QUANTITIES

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

_CHOOSE = [
    quantity.name
    for quantity in sorted(QUANTITIES.values(), key=lambda one: one.gallery_order or 0)
    if quantity.gallery_order is not None
]

WORST: Final = 5
"""How many are shown unless more are asked for."""
_MOST_LEFT_OUT = 1000
"""A set's value is computed twice for each item that is left out."""


@dataclass(frozen=True)
class WorstItem:
    """One item, the quantity it was chosen by, and the loss there (> 0 is worse; in the quantity's unit)."""

    item: str
    metric: str
    loss: float


def worst_items(
    quality: pd.DataFrame, device: str, candidate: str, baseline: str, *, count: int = WORST
) -> list[WorstItem]:
    """The `count` items of one device with the largest loss of the candidate, largest first, ties by name.

    The metric is the first by `Quantity.gallery_order` that has a value for both arms on some item; the next ones
    decide between items that lose the same. Items without a value in both arms are left out; items that are identical
    to the reference in both arms have a loss of 0. Where items have no values of their own, as of a score over the
    whole set, the loss is what the candidate would gain on the baseline without the item.
    """
    return ranked_items(quality, device, candidate, baseline)[:count]


def sampled_items(ranked: Sequence[WorstItem], *, seed: int, count: int = 3, worst: int = WORST) -> list[WorstItem]:
    """Up to `count` of `ranked_items` drawn by chance among those that are not the `worst` ones, by name: beside them
    they show what is typical. The same seed draws the same.
    """
    others = sorted(ranked[worst:], key=lambda one: one.item)
    drawn = np.random.default_rng(seed).permutation(len(others))[:count]
    return [others[place] for place in sorted(drawn)]


def ranked_items(quality: pd.DataFrame, device: str, candidate: str, baseline: str) -> list[WorstItem]:
    """All that `worst_items` chooses from, the largest loss first."""
    here = quality[quality["device"] == device]
    scored = set(here["quantity"])  # of the few dozen there are, a run has a handful
    losses = {
        metric: own
        for metric in _CHOOSE
        if metric in scored and (own := _losses(here[here["quantity"] == metric], metric, candidate, baseline))
    }
    if not losses:
        return _ranked_by_influence(here, candidate, baseline)
    first, *others = losses
    # Where the first score knows only right and wrong, the next ones say which wrong is worst.
    ranked = sorted(
        losses[first],
        key=lambda item: (-losses[first][item], *(-losses[other].get(item, 0.0) for other in others), item),
    )
    return [WorstItem(item, first, losses[first][item]) for item in ranked]


def _ranked_by_influence(here: pd.DataFrame, candidate: str, baseline: str) -> list[WorstItem]:
    """By the first score over the whole set that items contribute to: what the candidate would gain on the baseline
    were the item not there.
    """
    for metric in dict.fromkeys(here["quantity"]):
        if metric in QUANTITIES and QUANTITIES[metric].over == "set":
            losses = _influences(here[here["quantity"] == metric], metric, candidate, baseline)
            if losses:
                ranked = sorted(losses, key=lambda item: (-losses[item], item))
                return [WorstItem(item, metric, losses[item]) for item in ranked]
    return []


def _influences(rows: pd.DataFrame, metric: str, candidate: str, baseline: str) -> dict[str, float]:
    """Item → how much worse it makes the candidate beside the baseline; empty where the set has no value, or so many
    items that leaving out each in turn takes long.
    """
    from harness.analysis.evidence.set_evidence import values_of_both

    both = rows[rows["arm"] == baseline].merge(rows[rows["arm"] == candidate], on="item", suffixes=("_a", "_b"))
    both = both[both["contribution_a"].notna() & both["contribution_b"].notna()]
    if not 2 <= len(both) <= _MOST_LEFT_OUT:
        return {}
    ours, theirs = (np.stack(both[f"contribution_{side}"].to_list()).astype(np.float64) for side in ("a", "b"))
    quantity = QUANTITIES[metric]
    turn = 1.0 if quantity.better == "higher" else -1.0

    def gain(kept: NDArray[np.bool_]) -> float:
        before, after = values_of_both(quantity, ours[kept], theirs[kept])
        return 0.0 if before == after else turn * (after - before)

    everything = np.ones(len(both), dtype=np.bool_)
    whole = gain(everything)
    found = {}
    for place, item in enumerate(both["item"]):
        everything[place] = False
        found[str(item)] = gain(everything) - whole
        everything[place] = True
    return {item: loss for item, loss in found.items() if np.isfinite(loss)}


def _losses(rows: pd.DataFrame, metric: str, candidate: str, baseline: str) -> dict[str, float]:
    """Item → loss, of those that have a value in both arms."""
    both = rows[rows["arm"] == baseline].merge(rows[rows["arm"] == candidate], on="item", suffixes=("_a", "_b"))
    before, after = both["value_a"].to_numpy(dtype=np.float64), both["value_b"].to_numpy(dtype=np.float64)
    turn = 1.0 if QUANTITIES[metric].better == "higher" else -1.0
    same = before == after  # infinite in both arms is no loss
    losses = np.where(same, 0.0, turn * (np.where(same, 0.0, before) - np.where(same, 0.0, after)))
    scored = ~(np.isnan(before) | np.isnan(after))
    return {str(item): float(loss) for item, loss, one in zip(both["item"], losses, scored, strict=True) if one}
