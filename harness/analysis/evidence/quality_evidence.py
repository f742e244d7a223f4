"""Scores of one candidate against the baseline, item by item; the scene is the replicate where items are crops.

A score in dB of an item that is identical to its reference is infinite. It is counted and left out of means, never
replaced by a number. Identical in both arms is no difference; identical in one arm only has no finite difference and is
left out with a warning.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from harness.analysis.evidence.evidence import Level, Paired, TailCount
from harness.analysis.evidence.set_evidence import set_effect, set_level
from harness.analysis.evidence.share_evidence import are_shares, share_effect, share_estimate
from harness.documents.comparison import NoEffect
from harness.quantity import Available, Quantity, Unavailable
from harness.statistics.bootstrap import bca_intervals
from harness.statistics.estimate import Floats, estimate_mean
from harness.statistics.sign_flip import sign_flip_test
from harness.statistics.skewed_mean import skewness
from harness.statistics.tail import tail
from harness.tasks.registry import DEFAULT_NOUNS
from harness.words.sentences import counted, items_named, named

if TYPE_CHECKING:
    import pandas as pd

_ENOUGH = 6  # as `harness.experiment.declaration.FEWEST_ITEMS`: fewer may decide only where the experiment says so


def quality_level(
    quantity: Quantity,
    rows: pd.DataFrame,
    noun: str = DEFAULT_NOUNS.singular,
    baseline: pd.DataFrame | None = None,
) -> Level:
    """Mean of an arm's finite per-item values; `rows` are those of the quality table for one arm and quantity, `noun`
    is what an item is called. Of a quantity over a set, the set's value.
    """
    if quantity.over == "set":
        return set_level(quantity, rows, noun, baseline)
    values = rows["value"].to_numpy(dtype=np.float64)
    finite, infinite = np.isfinite(values), int(np.isposinf(values).sum())
    if not finite.any():
        if infinite:
            reason = f"all {counted(infinite, noun)} are identical to their references, so the mean is infinite"
            gone = np.isnan(values)
            doubt = f"{items_named(rows.loc[gone, 'item'].tolist(), noun)} without a value" if gone.any() else None
            return Level(Unavailable(reason=reason), None, infinite=True, doubt=doubt)
        return Level(Unavailable(reason=_why_missing(rows, noun)), None)
    source = f"mean of {counted(int(finite.sum()), noun)}"
    doubt = None
    if infinite:
        source += f", {infinite} identical to the reference left out"
    missing = int(np.isnan(values).sum())
    if missing:
        source += f", {missing} without a value left out"
        doubt = (
            f"{items_named(rows.loc[np.isnan(values), 'item'].tolist(), noun)} without a value, which no mean can count"
        )
    scenes = rows["scene"].to_numpy()[finite]
    return Level(
        Available(value=float(values[finite].mean()), unit=quantity.unit, source=source),
        share_estimate(values[finite], scenes)
        if are_shares(quantity, values[finite])
        else estimate_mean(_scene_means(values[finite], scenes)),
        doubt=doubt,
    )


def quality_effect(
    quantity: Quantity,
    baseline: pd.DataFrame,
    candidate: pd.DataFrame,
    *,
    by_scene: bool,
    seed: int,
    noun: str = DEFAULT_NOUNS.singular,
) -> Paired | NoEffect:
    """Candidate against baseline over the items that have a value in both arms.

    `by_scene` where the experiment declares that several items are of one scene; `noun` is what an item is called.
    """
    if quantity.over == "set":
        return set_effect(quantity, baseline, candidate, by_scene=by_scene, seed=seed, noun=noun)
    both = baseline.merge(candidate, on=["item", "scene"], suffixes=("_a", "_b")).sort_values("item")
    before, after = both["value_a"].to_numpy(dtype=np.float64), both["value_b"].to_numpy(dtype=np.float64)
    scenes = both["scene"].to_numpy()
    scored = ~(np.isnan(before) | np.isnan(after))
    if not scored.any():
        with_values = baseline["value"].notna().any()
        return NoEffect(reason=_why_missing(candidate if with_values else baseline, noun))
    same = scored & np.isinf(before) & np.isinf(after)
    one_sided = scored & (np.isinf(before) != np.isinf(after))
    differences = np.zeros(before.shape)
    plain = scored & np.isfinite(before) & np.isfinite(after)
    differences[plain] = after[plain] - before[plain]
    # The tail knows losses without a finite size: an item the baseline reproduces exactly and the candidate does not.
    differences[one_sided & np.isinf(before)] = -np.inf
    differences[one_sided & np.isinf(after)] = np.inf

    used = plain | same
    excluded, warnings, doubt = _left_out(baseline, candidate, one_sided, before, noun)
    if not used.any():
        return NoEffect(reason="; ".join(f"{reason} ({count})" for reason, count in excluded.items()))
    if same.any():
        warnings.append(
            f"{counted(int(same.sum()), noun)} identical to the reference in both arms: counted as no difference."
        )
    replicates = _scene_means(differences[used], scenes[used]) if by_scene else differences[used]
    replicate = "scene" if by_scene else noun
    if replicates.size < _ENOUGH:
        warnings.append(f"Only {counted(replicates.size, replicate)}: a mean over so few says little about others.")
    turn = 1.0 if quantity.better == "higher" else -1.0
    # A missing value is the worst there is: the candidate's counts as a loss, the baseline's as none.
    differences[np.isnan(after) & ~np.isnan(before)] = -turn * np.inf
    differences[np.isnan(before) & ~np.isnan(after)] = turn * np.inf
    known = ~(np.isnan(before) & np.isnan(after))
    gains, groups = turn * differences[known], scenes[known] if by_scene else np.arange(int(known.sum()))
    sized = known & ~one_sided  # identical to its reference or not: a loss without a size, and maybe a small one
    losses = {
        str(item): -float(turn * lost) for item, lost in zip(both["item"][sized], differences[sized], strict=True)
    }
    found = Paired(
        estimate=estimate_mean(replicates),
        replicate=replicate,
        robust=bca_intervals(replicates, seed),
        sign_flip=sign_flip_test(replicates, seed),
        excluded=excluded,
        warnings=warnings,
        doubt=doubt,
        tail=lambda margin: _count_tail(gains, groups, margin),
        against_share=lambda share: quality_effect(
            quantity,
            baseline.assign(value=share * baseline["value"]),
            candidate,
            by_scene=by_scene,
            seed=seed,
            noun=noun,
        ),
        skewness=skewness(replicates),
        losses=losses,
    )
    if are_shares(quantity, before[used], after[used]):
        return share_effect(found, before[used], after[used], scenes[used] if by_scene else None)
    return found


def _left_out(
    baseline: pd.DataFrame, candidate: pd.DataFrame, one_sided: np.ndarray, before: Floats, noun: str
) -> tuple[dict[str, int], list[str], str | None]:
    """What the mean leaves out: counts by reason, warnings, and whether a loss hides in it."""
    excluded: dict[str, int] = {}
    warnings: list[str] = []
    doubts: list[str] = []
    lost = int((one_sided & np.isinf(before)).sum())
    won = int(one_sided.sum()) - lost
    if lost:
        excluded["identical to the reference in the baseline only"] = lost
        warnings.append(
            f"{counted(lost, noun)} identical to the reference in the baseline only: the loss has no finite size "
            "and is not in the mean."
        )
        doubts.append(f"{counted(lost, noun)} identical to the reference in the baseline only cannot be averaged")
    if won:
        excluded["identical to the reference in the candidate only"] = won
        warnings.append(
            f"{counted(won, noun)} identical to the reference in the candidate only: the gain has no finite size "
            "and is not in the mean."
        )
    has_before, has_after = (set(rows.loc[rows["value"].notna(), "item"].tolist()) for rows in (baseline, candidate))
    without = sorted(has_before - has_after)
    if without:
        reasons = _reasons(candidate[candidate["item"].isin(without)])
        why = f" ({reasons})" if reasons else ""
        excluded["no value for the candidate"] = len(without)
        warnings.append(f"{counted(len(without), noun)} without a value for the candidate{why}.")
        warnings.append(f"Without a value for the candidate: {named(without)}.")
        doubts.append(f"{counted(len(without), noun)} without a value for the candidate")
    every = set(candidate["item"].tolist()) | set(baseline["item"].tolist())
    if len(every) > len(has_before):
        excluded["no value for the baseline"] = len(every) - len(has_before)
    lacking = sorted(has_after - has_before)
    if lacking:
        warnings.append(f"{items_named(lacking, noun)} without a value for the baseline: nothing is known there.")
        doubts.append(f"{items_named(lacking, noun)} without a value for the baseline")
    neither = sorted(every - has_before - has_after)
    if neither:
        warnings.append(f"{items_named(neither, noun)} without a value in either arm; what is compared are the others.")
    return excluded, warnings, "; ".join(doubts) or None


def _scene_means(values: Floats, scenes: np.ndarray) -> Floats:
    """Mean of each scene's values, scenes in order of first appearance."""
    _, first, group = np.unique(scenes.astype(str), return_index=True, return_inverse=True)
    means = np.bincount(group, weights=values) / np.bincount(group)
    return np.asarray(means[np.argsort(first)], dtype=np.float64)


def _count_tail(gains: Floats, groups: np.ndarray, margin: float) -> TailCount | None:
    """Losses larger than `margin` among `gains` (−inf for a loss without finite size), and by group."""
    if gains.size == 0:
        return None
    # An item that lies exactly on the margin, but for rounding, is not worse by more than it.
    worse = gains < -margin * (1.0 + 1e-9) - 1e-12
    _, group = np.unique(groups.astype(str), return_inverse=True)
    sizes = np.bincount(group)
    bad = np.bincount(group, weights=worse)
    return TailCount(
        items_worse=int(worse.sum()),
        items=int(worse.size),
        any_item=tail(int((bad > 0).sum()), sizes.size),
        all_items=tail(int((bad == sizes).sum()), sizes.size),
    )


def _why_missing(rows: pd.DataFrame, noun: str) -> str:
    return _reasons(rows) or f"no {noun} has a value in both arms"


def _reasons(rows: pd.DataFrame) -> str:
    """The first few, each once: files that differ in every item would fill pages."""
    reasons = [str(reason) for reason in rows["reason"].dropna().unique()]
    more = [counted(len(reasons) - 3, "other reason")] if len(reasons) > 3 else []
    return "; ".join(reasons[:3] + more)
