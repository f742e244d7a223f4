"""Scores of a whole set by their parts: the accuracy of each class, with both arms side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from harness.analysis.tables.quality import metric_settings
from harness.documents.comparison import ScorePart, ScoreParts
from harness.quantity import QUANTITIES, Available
from harness.words.sentences import counted

if TYPE_CHECKING:
    import pandas as pd

    from harness.documents.manifest import Manifest

PART_NOUN: Final = "class"


def score_parts(manifest: Manifest, scores: pd.DataFrame, candidate: str, baseline: str) -> list[ScoreParts]:
    """One for each score that has parts and items with a contribution in both arms. `scores` are the rows of one
    device, in the columns of the quality table.
    """
    from metrics.registry import SET_METRICS

    noun = manifest.experiment.task.nouns.singular
    classes = metric_settings(manifest).classes
    found = []
    for name in manifest.experiment.measure.metrics:
        metric = SET_METRICS.get(name)
        if metric is None or metric.parts is None:
            continue
        rows = scores[(scores["quantity"] == name) & scores["contribution"].notna()]
        both = rows[rows["arm"] == baseline].merge(rows[rows["arm"] == candidate], on="item", suffixes=("_a", "_b"))
        if both.empty:
            continue
        before, after = (
            metric.parts(np.stack(both[f"contribution_{side}"].to_list()).astype(np.float64)) for side in ("a", "b")
        )
        turn = 1.0 if QUANTITIES[name].better == "higher" else -1.0
        parts = [
            ScorePart(
                name=classes[place],
                items=before[place][1],
                baseline=_measured(name, *before[place], noun),
                candidate=_measured(name, *after[place], noun),
                change=after[place][0] - before[place][0],
            )
            for place in sorted(before.keys() & after.keys())
            if place < len(classes)
        ]
        parts.sort(key=lambda one: turn * one.change)
        found.append(ScoreParts(candidate=candidate, quantity=name, part_noun=PART_NOUN, parts=parts))
    return found


def _measured(quantity: str, value: float, items: int, noun: str) -> Available:
    return Available(value=value, unit=QUANTITIES[quantity].unit, source=f"of {counted(items, noun)}")
