"""How many items the margins of an experiment need, before anything is measured: a few items are put through the models
on this machine and scored, and their paired differences tell how much the differences vary.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from harness.errors import UserError
from harness.quantity import QUANTITIES
from harness.words.changes import limit_in_words
from harness.words.sentences import counted, plural

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.experiment.resolve import Resolved, ResolvedArm
    from harness.tasks.item import TaskItem
    from metrics.metric import Metric

_MOST_ITEMS = 12
_MOST_BYTES = 3_000_000
"""The most bytes of an input's file: larger items take a model too long for a look."""
_TIMEOUT_S = 60.0


def items_for_margins(resolved: Resolved) -> list[str]:
    """A line for each candidate and margin of a score; none where no rule has one, or nothing could be scored here."""
    margins = _margins(resolved)
    items = _spread_out(resolved)
    if not margins or not items:
        return []
    try:
        metrics = _open(resolved, list(margins))
        own = {arm.id: _scores(resolved, arm, items, metrics) for arm in resolved.arms} if metrics else {}
    except (UserError, ValueError, OSError):  # whoever runs it says so, in its own words
        return []
    baseline = own.get(resolved.arms[0].id, {})
    lines = []
    for arm in resolved.arms[1:]:
        for name, margin in margins.items():
            both = baseline.get(name, []), own.get(arm.id, {}).get(name, [])
            if len(both[0]) != len(both[1]):  # an arm that does not run here has none
                continue
            words = _in_words(resolved, name, margin, list(zip(*both, strict=True)))
            if words is not None:
                lines.append(f"{arm.arm.name}: {words}" if len(resolved.arms) > 2 else words)
    return lines


def _margins(resolved: Resolved) -> dict[str, float]:
    """Score of single items → the tightest margin that a rule gives it, in the unit."""
    found: dict[str, float] = {}
    for rule in resolved.file.experiment.rules_on_all:
        quantity = QUANTITIES[rule.quantity]
        if rule.no_worse_than is None or quantity.measured_in != "quality" or quantity.over == "set":
            continue
        if quantity.of_right_items or rule.no_worse_than.is_share(quantity):
            continue
        margin = rule.no_worse_than.difference_in(quantity.unit)
        if margin > 0.0:
            found[rule.quantity] = min(margin, found.get(rule.quantity, margin))
    return found


def _spread_out(resolved: Resolved) -> list[TaskItem]:
    """A few items from all over the set, each of another scene."""
    scenes: dict[str, TaskItem] = {}
    for item in resolved.items:
        if item.input_path.is_file() and item.input_path.stat().st_size <= _MOST_BYTES:
            scenes.setdefault(item.scene, item)
    first = list(scenes.values())
    count = min(_MOST_ITEMS, len(first))
    return [first[place * len(first) // count] for place in range(count)]


def _open(resolved: Resolved, names: Sequence[str]) -> dict[str, Metric]:
    """The metrics that can be had without downloading anything."""
    from metrics.errors import MetricUnavailableError
    from metrics.registry import METRICS

    settings = replace(resolved.task.metric_settings(resolved.file.experiment.data), download=False)
    metrics: dict[str, Metric] = {}
    for name in names:
        try:
            metric = METRICS[name](settings)
        except (KeyError, MetricUnavailableError):
            continue
        metrics[name] = metric if resolved.task.over_items is None else resolved.task.over_items(name, metric)
    return metrics


def _scores(
    resolved: Resolved, arm: ResolvedArm, items: Sequence[TaskItem], metrics: Mapping[str, Metric]
) -> dict[str, list[float]]:
    """Metric → its score of each item; empty where the model cannot be run here, or takes several inputs."""
    from harness.models.run_once import NotRunHereError, run_once
    from metrics.errors import MetricInputError

    task = resolved.task
    given = [task.read_input(item.input_path) for item in items]
    tensors = [task.encode(arm.codec, one) for one in given]
    if any(len(each) != 1 for each in tensors):
        return {}
    try:
        names, made = run_once(arm.model.path, [each[0] for each in tensors], _TIMEOUT_S)
        wanted = [
            names.index(info.name) if info.name in names else place
            for info, place in zip(task.tensors(arm.codec)[1], task.outputs_needed(arm.codec), strict=True)
        ]
        found: dict[str, list[float]] = {name: [] for name in metrics}
        for item, one, outputs in zip(items, given, made, strict=True):
            output: Any = task.decode(arm.codec, [outputs[place] for place in wanted], one)
            reference = task.read_reference(item.reference_path)
            sample_for = task.sample_for(item.reference_path) if task.sample_for is not None else lambda _, each: each
            for name, metric in metrics.items():
                prepared = metric.prepare(sample_for(name, reference))
                found[name].append(float(prepared.score(sample_for(name, output))))
    except (NotRunHereError, MetricInputError, IndexError):
        return {}
    return found


def _in_words(resolved: Resolved, name: str, margin: float, pairs: Sequence[tuple[float, float]]) -> str | None:
    """`about 40 frames show that cosine similarity loses at most 0.1, if it loses nothing; there are only 12`, with
    what that rests on.
    """
    import numpy as np

    from harness.statistics.items_needed import FEWEST_SEEN, items_needed

    differences = np.array([after - before for before, after in pairs if np.isfinite(after - before)], dtype=np.float64)
    if differences.size < FEWEST_SEEN:
        return None
    experiment, quantity = resolved.file.experiment, QUANTITIES[name]
    noun = "scene" if experiment.data.scene_separator is not None else resolved.task.nouns.singular
    there = len({item.scene if noun == "scene" else item.stem for item in resolved.items})
    gain = float(differences.mean()) * (1.0 if quantity.better == "higher" else -1.0)
    loss = max(-gain, 0.0)
    seen = f"{counted(int(differences.size), noun)}, scored here"
    if loss >= margin:
        return (
            f"{quantity.subject} loses {limit_in_words(quantity, loss)} on {seen}, and at most"
            f" {limit_in_words(quantity, margin)} was agreed: more {plural(noun)} will hardly show that it loses less"
        )
    needed = items_needed(differences, margin - loss)
    shows = f"that {quantity.subject} loses at most {limit_in_words(quantity, margin)}"
    spread = limit_in_words(quantity, float(differences.std(ddof=1)))
    so = f"nothing; differences spread by {spread} on" if loss == 0.0 else f"{limit_in_words(quantity, loss)} as on"
    also = "" if loss == 0.0 else f", whose differences spread by {spread}"
    if needed is None:
        return f"far more {plural(noun)} than is sensible would show {shows}, if it loses {so} {seen}{also}"
    needed = max(needed, experiment.measure.min_items)
    enough = "there are" if there >= needed else "there are only"
    return f"about {counted(needed, noun)} show {shows}, if it loses {so} {seen}{also}; {enough} {there:,}"
