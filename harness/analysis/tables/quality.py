"""Outputs × references → one score per device, arm, item and metric.

Streams: as many references and their outputs are in memory as there are cores, so a set of any length fits. What a
metric can compute from the reference alone is computed once for all arms and devices; equal outputs (the same bytes)
are scored once, and what was scored on this machine before is not scored again (kept_scores.py).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeGuard

from harness.analysis.tables.ahead import done_ahead
from harness.analysis.tables.kept_scores import KeptScores, score_key
from harness.analysis.tables.made_output import MadeOutput, Unread
from harness.analysis.tables.outputs import Output, read_known, read_outputs
from harness.analysis.tables.scores_elsewhere import rows_made_elsewhere
from harness.tasks.looks import LooksAhead, RemembersLooks, SeenItem, SeenOutput

if TYPE_CHECKING:
    import pandas as pd

    from harness.documents.folder import RunFolder
    from harness.documents.manifest import Manifest, ManifestArm, ManifestItem
    from harness.runs.session.progress import Progress
    from harness.tasks.looks import Looks, Seen
    from metrics.metric import Metric, MetricSettings, PreparedReference, Sample
    from metrics.set_metric import OpenSetMetric, PreparedSetReference

Score = float | list[float] | str
"""A value; an item's contribution to a metric over a set; or the reason there is neither."""

SampleFor = Callable[[str, Any], Any]
"""(metric, output or reference) → the same as that metric is to take it."""

_MOST_AT_ONCE: Final = 4
"""Items that are scored at once: of 8 megapixels each, more would not fit into a laptop's memory."""

COLUMNS = ("device", "arm", "item", "scene", "quantity", "value", "reason", "contribution")


@dataclass(frozen=True)
class Quality:
    """Scores as a tidy frame (`COLUMNS`), and how each metric is computed.

    `value` is NaN where `reason` is given, and for metrics over a set, of which an item has only a `contribution`: a
    list of numbers, None for every other metric and where there is a reason.
    """

    scores: pd.DataFrame
    sources: dict[str, str]
    seen: Seen | None
    """Whether the scores can be what the models do; None for a task that does not look."""
    metrics: dict[str, Metric | OpenSetMetric] = field(default_factory=dict)
    """Those that could be opened."""


def score_outputs(
    folder: RunFolder,
    manifest: Manifest,
    progress: Progress,
    outputs: dict[str, dict[tuple[str, str], Output]] | None = None,
) -> Quality:
    """Score whatever outputs are there (`read_outputs`). What cannot be scored is in the frame with its reason.

    Raises `UserError` where an input or a reference is no longer what it was when the run began: scores against others
    would be of another run.
    """
    import pandas as pd

    outputs = read_outputs(folder, manifest) if outputs is None else outputs
    most = manifest.experiment.task.most_at_once or _MOST_AT_ONCE
    threads = min(os.cpu_count() or 1, most, max(1, len(manifest.items)))
    metrics, unavailable = _open_metrics(manifest, threads)
    rows: list[dict[str, Any]] = []
    looks = _looks(manifest)
    with KeptScores() as kept:
        if isinstance(looks, RemembersLooks):
            looks.recall = kept.recall
        scorer = _Scorer(manifest, outputs, metrics, unavailable, kept, looks)
        for number, scored in enumerate(done_ahead(scorer.score_item, list(enumerate(manifest.items)), threads)):
            scored.show()
            rows += scored.rows
            progress.advance("this machine", "scoring", number + 1, len(manifest.items))
    if kept.fault is not None:
        progress.say("this machine", kept.fault)
    sources = {name: metric.describe() for name, metric in metrics.items()}
    rows_elsewhere, sources_elsewhere = rows_made_elsewhere(manifest)
    rows, sources = [*rows, *rows_elsewhere], {**sources, **sources_elsewhere}
    seen = looks.seen() if looks is not None else None
    return Quality(pd.DataFrame(rows, columns=list(COLUMNS)), sources, seen, metrics)


def metric_settings(manifest: Manifest) -> MetricSettings:
    """Those of the task, with the classes that the items' labels are of, by name, where the task has no list of its
    own.
    """
    settings = manifest.experiment.task.metric_settings(manifest.experiment.data)
    labels = {item.label for item in manifest.items if item.label is not None}
    return settings if settings.classes else replace(settings, classes=tuple(sorted(labels)))


def _open_metrics(manifest: Manifest, at_once: int) -> tuple[dict[str, Metric | OpenSetMetric], dict[str, str]]:
    """The metrics that can be had, each for so many items at once, and for the others why not."""
    from metrics.errors import MetricUnavailableError
    from metrics.registry import METRICS, SET_METRICS

    task = manifest.experiment.task
    threads = max(1, (os.cpu_count() or 1) // at_once)
    deadline_s = manifest.experiment.measure.own_metric_timeout_s
    settings = replace(metric_settings(manifest), threads=threads, at_once=at_once, own_deadline_s=deadline_s)
    metrics: dict[str, Metric | OpenSetMetric] = {}
    unavailable: dict[str, str] = {}
    for name in manifest.experiment.measure.metrics:
        try:
            if name in SET_METRICS:
                metrics[name] = SET_METRICS[name].open(settings)
            else:
                metric = METRICS[name](settings)
                metrics[name] = metric if task.over_items is None else task.over_items(name, metric)
        except MetricUnavailableError as error:
            unavailable[name] = str(error)
    return metrics, unavailable


@dataclass
class _ScoredItem:
    """One item's rows, and how the task is shown it, in the order of the items."""

    rows: list[dict[str, Any]]
    show: Callable[[], None]


class _Scorer:
    """Scores one item of all arms and devices; used from several threads."""

    def __init__(
        self,
        manifest: Manifest,
        outputs: dict[str, dict[tuple[str, str], Output]],
        metrics: dict[str, Metric | OpenSetMetric],
        unavailable: dict[str, str],
        kept: KeptScores,
        looks: Looks | None,
    ) -> None:
        """`looks`: the task's, where it looks at the items too."""
        self._manifest, self._outputs, self._metrics, self._unavailable = manifest, outputs, metrics, unavailable
        self._kept, self._looks = kept, looks
        task, data = manifest.experiment.task, manifest.experiment.data
        # What an arm's tensors and the task's settings have to do with every score.
        self._of_run = {
            "task": task.name,
            "data": data.model_dump(mode="json", exclude={"inputs", "references", "limit"}),
            "classes": list(metric_settings(manifest).classes),
        }
        self._of_arm = {arm.id: arm.codec.model_dump(mode="json") for arm in manifest.arms}
        # Of the project's own metrics the code is known, and so part of a score's key.
        self._of_metric = {
            name: metric.describe()
            for name, metric in metrics.items()
            if type(metric).__module__.startswith("metrics.")
        }

    def score_item(self, placed: tuple[int, ManifestItem]) -> _ScoredItem:
        """Every score of the item at a place. Raises `UserError` where its input or reference has changed since the
        run.
        """
        place, item = placed
        task, names = self._manifest.experiment.task, self._manifest.experiment.measure.metrics
        given, reference = read_known(self._manifest, item)
        rows: list[dict[str, Any]] = []
        shown: list[SeenOutput] = []
        sample_for = task.sample_for(Path(item.reference_path)) if task.sample_for is not None else _as_it_is
        prepared = _Prepared(self._metrics, sample_for, reference)
        devices: dict[tuple[str, tuple[str, ...]], list[str]] = {}
        for entry in self._manifest.devices:
            for arm in self._manifest.arms:
                if (output := self._outputs[entry.name].get((arm.id, item.id))) is not None:
                    devices.setdefault(_key(arm, output), []).append(entry.name)
        known: dict[tuple[str, tuple[str, ...]], dict[str, Score]] = {}
        for entry in self._manifest.devices:
            for arm in self._manifest.arms:
                output = self._outputs[entry.name].get((arm.id, item.id))
                scores: dict[str, Score]
                if output is None:
                    scores = dict.fromkeys(names, "the arm gave no output for this item")
                else:
                    key = _key(arm, output)
                    if key not in known:
                        made = MadeOutput(task, arm, output, given)
                        if made.is_read:
                            shown.append(SeenOutput(devices[key], arm.name, arm.codec, made.tensors, made.get_or_none))
                        known[key] = self._score_output(item, arm, output, made, prepared, sample_for)
                    scores = known[key]
                rows += [_row(entry.name, arm, item, name, scores[name]) for name in names]
        seen = SeenItem(
            item.stem,
            place,
            len(self._manifest.items),
            Path(item.reference_path),
            given,
            reference,
            shown,
            prepared.score,
        )
        return _ScoredItem(rows, self._look(seen))

    def _look(self, item: SeenItem) -> Callable[[], None]:
        """Shows the item to the task, now where it can look from any thread; what is left is to be done in order."""
        looks = self._looks
        if looks is None:
            return lambda: None
        if isinstance(looks, LooksAhead):
            return looks.ahead(item)

        def show() -> None:
            looks.item(item.name, item.place, item.total, item.reference_path, item.given, item.reference)
            for one in item.outputs:
                looks.output(one.devices, one.arm, one.codec, one.tensors)

        return show

    def _score_output(
        self,
        item: ManifestItem,
        arm: ManifestArm,
        output: Output,
        made: MadeOutput,
        prepared: _Prepared,
        sample_for: SampleFor,
    ) -> dict[str, Score]:
        """Metric → score, from those that are kept where they are."""
        names = self._manifest.experiment.measure.metrics
        keys = self._keys(item, arm, output) if made.is_read else {}
        kept = self._kept.get(list(keys.values()))
        scores: dict[str, Score] = {name: kept[keys[name]] for name in names if keys.get(name) in kept}
        missing = [name for name in names if name not in scores]
        if missing:
            new = _score(made, missing, prepared, self._unavailable, sample_for)
            self._kept.put({keys[name]: score for name, score in new.items() if name in keys and _is_kept(score)})
            scores |= new
        return scores

    def _keys(self, item: ManifestItem, arm: ManifestArm, output: Output) -> dict[str, str]:
        """Metric → key, of the metrics whose scores are kept; none where it is not known what the item holds."""
        if item.input_sha256 is None or item.reference_sha256 is None:
            return {}
        of_output = {
            **self._of_run,
            "codec": self._of_arm[arm.id],
            "input": item.input_sha256,
            "reference": item.reference_sha256,
            "label": item.label,
            "reference ends in": Path(item.reference_path).suffix,
            "output": [[file.sha256, file.dtype, file.shape] for file in output.files],
        }
        return {name: score_key({**of_output, "metric": name, "how": how}) for name, how in self._of_metric.items()}


class _Prepared:
    """A reference as each metric prepares it, when it is first asked for."""

    def __init__(self, metrics: dict[str, Metric | OpenSetMetric], sample_for: SampleFor, reference: Any) -> None:
        self._metrics, self._sample_for, self._reference = metrics, sample_for, reference
        self._done: dict[str, PreparedReference | PreparedSetReference | str] = {}

    def get(self, name: str) -> PreparedReference | PreparedSetReference | str | None:
        """Prepared, or why it cannot be; None where the metric cannot be had."""
        if name not in self._done and name in self._metrics:
            self._done[name] = _prepare(self._metrics[name], self._sample_for(name, self._reference))
        return self._done.get(name)

    def score(self, name: str, made: Any) -> float | None:
        """Of something that no arm made; None where there is none."""
        from metrics.errors import MetricInputError
        from metrics.set_metric import PreparedSetReference

        reference = self.get(name)
        if reference is None or isinstance(reference, str | PreparedSetReference):
            return None
        try:
            return float(reference.score(self._sample_for(name, made)))
        except MetricInputError:
            return None


def _is_kept(score: Score) -> TypeGuard[float | list[float]]:
    """Reasons are found anew: they are cheap, and depend on more."""
    return not isinstance(score, str)


def _row(device: str, arm: ManifestArm, item: ManifestItem, name: str, score: Score) -> dict[str, Any]:
    return {
        "device": device,
        "arm": arm.name,
        "item": item.stem,
        "scene": item.scene,
        "quantity": name,
        "value": score if isinstance(score, float) else float("nan"),
        "reason": score if isinstance(score, str) else None,
        "contribution": score if isinstance(score, list) else None,
    }


def _looks(manifest: Manifest) -> Looks | None:
    experiment = manifest.experiment
    if experiment.task.looks is None:
        return None
    devices, arms = [entry.name for entry in manifest.devices], [arm.name for arm in manifest.arms]
    return experiment.task.looks(experiment.data, experiment.measure.metrics, devices, arms)


def _key(arm: ManifestArm, output: Output) -> tuple[str, tuple[str, ...]]:
    """Equal outputs of one arm have the same."""
    return arm.id, tuple(file.sha256 for file in output.files)


def _as_it_is(_: str, sample: Any) -> Any:
    return sample


def _prepare(metric: Metric | OpenSetMetric, reference: Sample) -> PreparedReference | PreparedSetReference | str:
    from metrics.errors import MetricInputError

    try:
        return metric.prepare(reference)
    except MetricInputError as error:
        return str(error)


def _score(
    output: MadeOutput,
    names: list[str],
    prepared: _Prepared,
    unavailable: dict[str, str],
    sample_for: SampleFor,
) -> dict[str, Score]:
    """Metric → score, or the reason there is none."""
    from metrics.errors import MetricInputError
    from metrics.set_metric import PreparedSetReference

    made = output.get()
    if isinstance(made, Unread):
        return dict.fromkeys(names, f"the output cannot be read as {output.noun}: {made.reason}")
    scores: dict[str, Score] = {}
    for name in names:
        reference = prepared.get(name)
        if reference is None:
            scores[name] = unavailable[name]
        elif isinstance(reference, str):
            scores[name] = reference
        else:
            try:
                sample = sample_for(name, made)
                scores[name] = (
                    [float(part) for part in reference.contribution(sample)]
                    if isinstance(reference, PreparedSetReference)
                    else float(reference.score(sample))
                )
            except MetricInputError as error:
                scores[name] = str(error)
    return scores
