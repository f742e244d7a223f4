"""A score of a whole set of items for one candidate against the baseline: no item has a value, all together have one.

The table of scores holds what each item contributes. The difference is of the items that have a contribution in both
arms; what is left out is said, and a loss that may hide in it leaves a rule open.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from harness.analysis.evidence.evidence import Level, Paired
from harness.documents.comparison import NoEffect
from harness.quantity import Available, Quantity, Unavailable
from harness.statistics.delong import estimate_area_difference
from harness.statistics.set_bootstrap import FEWEST, SetEstimate, estimate_set
from harness.tasks.registry import DEFAULT_NOUNS
from harness.words.sentences import counted, items_named, named

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from harness.statistics.estimate import Estimate, Floats

LEVEL_SEED = 1
"""The seed of the drawing for an arm's own value; that for a difference comes from the run."""


def set_level(
    quantity: Quantity,
    rows: pd.DataFrame,
    noun: str = DEFAULT_NOUNS.singular,
    baseline: pd.DataFrame | None = None,
) -> Level:
    """An arm's own value over the items that it has a contribution of; `rows` are those of the quality table for one
    arm and quantity, with the column `contribution`. `baseline`: the same of the baseline, for values that depend on a
    number chosen there; None where the arm is the baseline.
    """
    has = rows["contribution"].notna().to_numpy()
    if not has.any():
        return Level(Unavailable(reason=_why_missing(rows, noun)), None)
    own = _stacked(rows[has])
    of_set, at = _value_at_baseline_s(quantity, own, baseline)
    value = of_set(own)
    if not math.isfinite(value):
        reason = (
            _one_class(quantity, own, noun)
            or _no_value(quantity, value)
            or f"the {counted(int(has.sum()), noun)} together give {_unbounded(value)}"
        )
        doubt = _doubt(rows.loc[~has, "item"].tolist(), noun)
        return Level(Unavailable(reason=reason), None, infinite=value == math.inf, doubt=doubt)
    estimate = estimate_set(lambda chosen: of_set(own[chosen]), _groups(rows["scene"].to_numpy()[has]), LEVEL_SEED)
    source = f"one value of {counted(int(has.sum()), noun)} together{at}"
    if lacking := rows.loc[~has, "item"].tolist():
        source += f", {len(lacking)} without a value left out"
    return Level(Available(value=value, unit=quantity.unit, source=source), estimate, doubt=_doubt(lacking, noun))


def set_effect(
    quantity: Quantity,
    baseline: pd.DataFrame,
    candidate: pd.DataFrame,
    *,
    by_scene: bool,
    seed: int,
    noun: str = DEFAULT_NOUNS.singular,
) -> Paired | NoEffect:
    """Candidate against baseline over the items that both have a contribution of: the difference of two values, its
    interval by drawing items (or scenes, `by_scene`) anew, for both arms the same ones.
    """
    both = baseline.merge(candidate, on=["item", "scene"], suffixes=("_a", "_b")).sort_values("item")
    both = both[both["contribution_a"].notna() & both["contribution_b"].notna()]
    if both.empty:
        return NoEffect(reason=_why_missing(candidate if baseline["contribution"].notna().any() else baseline, noun))
    ours, theirs = (np.stack(both[f"contribution_{side}"].to_list()).astype(np.float64) for side in ("a", "b"))
    before, after = values_of_both(quantity, ours, theirs)
    identical = before == after == math.inf
    if not identical and not (math.isfinite(before) and math.isfinite(after)):
        arm, value = ("baseline", before) if not math.isfinite(before) else ("candidate", after)
        return NoEffect(
            reason=_one_class(quantity, ours, noun)
            or _no_value(quantity, value)
            or f"all {noun}s of the {arm} together give {_unbounded(value)}"
        )
    groups = _groups(both["scene"].to_numpy() if by_scene else both["item"].to_numpy())
    replicate = "scene" if by_scene else noun
    excluded, warnings, doubt = _left_out(baseline, candidate, noun)
    if len(groups) < FEWEST and not quantity.of_ranks:
        warnings.append(f"Only {counted(len(groups), replicate)}: too few to draw from, so there is no interval.")

    raised = None if identical else _raised_by_chance(quantity, (ours, before), (theirs, after), noun)
    if raised is not None:
        warnings.append(raised)
        # A loss that is shown smaller than it is meets no rule; one that is broken all the same is.
        turn = 1.0 if quantity.better == "higher" else -1.0
        hides = f"a loss is shown smaller than it is: {raised[0].lower()}{raised[1:].rstrip('.')}"
        doubt = "; ".join(part for part in (doubt, hides if turn * (after - before) < 0.0 else None) if part) or None

    if identical:
        warnings.append(f"All {noun}s identical to their references in both arms: counted as no difference.")

    def against(share: float) -> Estimate:
        """Of candidate − share · baseline."""
        if quantity.of_ranks and not by_scene and not identical:
            return estimate_area_difference(ours[:, 0], theirs[:, 0], ours[:, 1] > 0.5, share=share)
        if identical:
            return SetEstimate(0.0, 0.0, len(groups), float(len(groups)), seed=seed)

        def difference(chosen: NDArray[np.intp]) -> float:
            first, second = values_of_both(quantity, ours[chosen], theirs[chosen])
            return 0.0 if first == second and share == 1.0 else second - share * first  # also where both are infinite

        return estimate_set(difference, groups, seed)

    def paired(share: float) -> Paired:
        return Paired(
            estimate=against(share),
            replicate=replicate,
            excluded=excluded,
            warnings=warnings,
            doubt=doubt,
            against_share=paired,
        )

    return paired(1.0)


_NEAR_CHANCE, _FAR_FROM_CHANCE = 1.25, 1.5
"""A value below the first times what chance alone gives may be chance; of one above the second it is hardly a part."""


def _raised_by_chance(
    quantity: Quantity, baseline: tuple[Floats, float], candidate: tuple[Floats, float], noun: str
) -> str | None:
    """A sentence where chance raises one arm's value and hardly the other's, so that their difference shows less than
    there is, and its interval covers it less often than it says. Arms that it raises alike are free of that.
    """
    from metrics.registry import SET_METRICS

    by_chance = SET_METRICS[quantity.name].by_chance
    if by_chance is None:
        return None
    arms = (("the baseline", *baseline), ("the candidate", *candidate))
    shares = {name: (value, by_chance(own)) for name, own, value in arms}
    near = [name for name, (value, floor) in shares.items() if value <= _NEAR_CHANCE * floor]
    far = [name for name, (value, floor) in shares.items() if value > _FAR_FROM_CHANCE * floor]
    if len(near) != 1 or len(far) != 1:
        return None
    value, floor = shares[near[0]]
    return (
        f"On {counted(len(baseline[0]), noun)} chance alone gives a perfect model {floor:.1f} {quantity.unit}, and"
        f" {near[0]} has {value:.1f}: the difference may be up to {floor:.1f} points larger than it is shown, and its"
        " 95 % interval covers the true one in 72 to 92 % of such runs."
    )


def _value_at_baseline_s(
    quantity: Quantity, own: Floats, baseline: pd.DataFrame | None
) -> tuple[Callable[[Floats], float], str]:
    """The value of a set, at the number that is chosen on the baseline's contributions where one is; and words for
    it.
    """
    from metrics.registry import SET_METRICS

    metric = SET_METRICS[quantity.name]
    if metric.chosen is None or metric.value_at is None:
        return metric.value, ""
    has = None if baseline is None else baseline["contribution"].notna()
    chosen = metric.chosen(own if baseline is None or has is None or not has.any() else _stacked(baseline[has]))
    value_at = metric.value_at
    return (lambda of: value_at(of, chosen)), f", at {chosen:.6g}, which is the baseline's best"


def values_of_both(quantity: Quantity, ours: Floats, theirs: Floats) -> tuple[float, float]:
    """The baseline's and the candidate's, at a number chosen on the baseline's contributions where one is."""
    from metrics.registry import SET_METRICS

    metric = SET_METRICS[quantity.name]
    if metric.chosen is None or metric.value_at is None:
        return metric.value(ours), metric.value(theirs)
    chosen = metric.chosen(ours)
    return metric.value_at(ours, chosen), metric.value_at(theirs, chosen)


def _stacked(rows: pd.DataFrame) -> Floats:
    return np.stack(rows["contribution"].to_list()).astype(np.float64)


def _groups(names: NDArray[np.object_]) -> list[NDArray[np.intp]]:
    """Indices of equal names together, in the order of first appearance."""
    places: dict[str, list[int]] = {}
    for place, name in enumerate(names):
        places.setdefault(str(name), []).append(place)
    return [np.array(found, dtype=np.intp) for found in places.values()]


def _left_out(
    baseline: pd.DataFrame, candidate: pd.DataFrame, noun: str
) -> tuple[dict[str, int], list[str], str | None]:
    """What the values leave out: counts by reason, warnings, and whether a loss hides in it."""
    ours, theirs = (set(rows.loc[rows["contribution"].notna(), "item"].tolist()) for rows in (baseline, candidate))
    every = set(baseline["item"].tolist()) | set(candidate["item"].tolist())
    excluded: dict[str, int] = {}
    warnings, doubts = list[str](), list[str]()
    if others := len(every) - len(ours):
        excluded["no value for the baseline"] = others
    if without := sorted(ours - theirs):
        excluded["no value for the candidate"] = len(without)
        doubts.append(f"{counted(len(without), noun)} without a value for the candidate")
        reasons = candidate.loc[candidate["item"].isin(without), "reason"].dropna().unique()
        why = f" ({'; '.join(str(reason) for reason in reasons)})" if len(reasons) else ""
        warnings.append(f"{doubts[0]}{why}.")
        warnings.append(f"Without a value for the candidate: {named(without)}.")
    if lacking := sorted(theirs - ours):
        doubts.append(f"{items_named(lacking, noun)} without a value for the baseline")
        warnings.append(f"{doubts[-1]}: nothing is known there.")
    if neither := sorted(every - ours - theirs):
        warnings.append(f"{items_named(neither, noun)} without a value in either arm; what is compared are the others.")
    return excluded, warnings, "; ".join(doubts) or None


def _doubt(lacking: list[str], noun: str) -> str | None:
    return f"{items_named(lacking, noun)} without a value, which no value of a set can count" if lacking else None


def _one_class(quantity: Quantity, contributions: Floats, noun: str) -> str | None:
    """Why ranks have no value; None where there are items of both classes."""
    if not quantity.of_ranks or len(set(contributions[:, 1].tolist())) > 1:
        return None
    what = "anomalous" if contributions[0, 1] > 0.5 else "normal"
    return f"every {noun} is {what}, and {quantity.subject} compares {noun}s of both kinds"


def _no_value(quantity: Quantity, value: float) -> str | None:
    """Why the set has none, in the metric's own words."""
    from metrics.registry import SET_METRICS

    return SET_METRICS[quantity.name].without_value if math.isnan(value) else None


def _unbounded(value: float) -> str:
    return "no number" if math.isnan(value) else "an infinite value: they are the references"


def _why_missing(rows: pd.DataFrame, noun: str) -> str:
    reasons = [str(reason) for reason in rows["reason"].dropna().unique()]
    return "; ".join(reasons[:3]) if reasons else f"no {noun} has a value in both arms"
