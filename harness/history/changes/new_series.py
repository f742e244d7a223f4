"""Experiments that are no longer what they were: their series start anew, and that is said once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from harness.documents.nightly import Change, ChangedSeries
from harness.history.changes.known import event_id
from harness.history.changes.track import name_of
from harness.history.rows import Point, Series
from harness.quantity import QUANTITIES
from harness.words.printable import printable

_FEW: Final = 8
"""No night is measured so often."""


def new_series(series: Sequence[Series], told: Sequence[Change], tonight: str) -> list[Change]:
    """One change for each experiment with another design tonight than in the last night before; none that was told."""
    begun: dict[tuple[str, str], list[tuple[Series, Point, Point]]] = {}
    for each in series:
        points = each.points
        if points and points[-1].night > tonight:
            points = tuple(point for point in points if point.night <= tonight)
        if not points or points[-1].night != tonight or all(p.design == points[-1].design for p in points[-_FEW:]):
            continue
        earlier = [point for point in points if point.night < tonight]
        if earlier and earlier[-1].design != points[-1].design:
            begun.setdefault((each.key.experiment, points[-1].design), []).append((each, earlier[-1], points[-1]))
    known = {change.id for change in told}
    changes = []
    for (experiment, design), members in sorted(begun.items()):
        suite = members[0][0].key.suite
        id_ = event_id(suite, "new series", [experiment, design])
        if id_ in known:
            continue
        changes.append(
            Change(
                id=id_,
                kind="new series",
                confirmation="confirmed",
                sentence=(
                    f"{printable(experiment)} is no longer the experiment of the nights before: its {len(members)} "
                    f"series start{'s' if len(members) == 1 else ''} anew."
                ),
                last_good_night=max(before.night for _, before, _ in members),
                first_bad_night=tonight,
                causes=["the experiment, its data or the pinned baseline changed"],
                members=[_member(*each) for each in members],
                told_night=tonight,
                how_sure="the fingerprint of what is measured is another one",
            )
        )
    return changes


def _member(series: Series, before: Point, after: Point) -> ChangedSeries:
    known = QUANTITIES.get(series.key.quantity)
    return ChangedSeries(
        name=name_of(series.key),
        label=series.key.quantity if known is None else known.label,
        scale=series.scale,
        unit="" if series.scale == "ratio" else series.unit,
        before=_on_scale(series, before.effect),
        after=_on_scale(series, after.effect),
        low=None,
        high=None,
        p_value=None,
        is_worse=False,
        words="starts anew, and is not compared with what it was before",
    )


def _on_scale(series: Series, effect: float) -> float:
    return math.exp(effect) if series.scale == "ratio" else effect
