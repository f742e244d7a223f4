"""Scores that are right or wrong for each item: the share of right ones, and two arms' shares of the same items."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from harness.analysis.evidence.evidence import Paired
from harness.statistics.paired_shares import estimate_paired_shares, mcnemar_p
from harness.statistics.shares import ShareEstimate, estimate_share

if TYPE_CHECKING:
    from harness.quantity import Quantity
    from harness.statistics.estimate import Floats

RIGHT = 100.0
"""The score of an item that is right, in per cent; a wrong one has 0."""


def are_shares(quantity: Quantity, *scores: Floats) -> bool:
    """Whether the quantity has items that are right or wrong, and so these scores are."""
    return quantity.of_right_items and all(bool(np.isin(each, (0.0, RIGHT)).all()) for each in scores)


def share_estimate(scores: Floats, scenes: np.ndarray) -> ShareEstimate:
    """The share of right items, of shape (n,), in per cent; items of one scene resemble each other."""
    return estimate_share(scores / RIGHT, _groups(scenes), unit=RIGHT)


def share_effect(found: Paired, before: Floats, after: Floats, scenes: np.ndarray | None) -> Paired:
    """The effect with the statistics of paired shares in place of those of a mean: an interval, and a p-value where
    items stand each for itself (`scenes` is None). Scores have shape (n,).
    """
    ours, theirs = before / RIGHT, after / RIGHT
    groups = None if scenes is None else _groups(scenes)

    def with_offset(offset: float) -> Paired:
        return replace(
            found,
            estimate=estimate_paired_shares(ours, theirs, groups, unit=RIGHT, offset=offset),
            robust=None,
            sign_flip=None,
            against_share=against_share,
        )

    def against_share(share: float) -> Paired:
        # What the baseline's own share is uncertain by is of the second order: a hundredth of it for a margin of 1 %.
        return with_offset((1.0 - share) * RIGHT * float(ours.mean()))

    p_value = mcnemar_p(int((theirs > ours).sum()), int((theirs < ours).sum())) if groups is None else None
    return replace(with_offset(0.0), exact_p=p_value)


def _groups(scenes: np.ndarray) -> Floats:
    _, place = np.unique(scenes.astype(str), return_inverse=True)
    return np.asarray(place, dtype=np.float64)
