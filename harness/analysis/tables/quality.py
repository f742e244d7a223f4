"""Outputs × references → one score per device, arm, item and metric.

Streams: one reference and its outputs are in memory at a time, so a set of any length fits. What a metric can compute
from the reference alone is computed once for all arms and devices; equal outputs (the same bytes) are scored once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.analysis.tables.device_records import RecordsError, iterate_records
from harness.documents.records import QualityOutput, output_name
from harness.tasks.output_tensor import read_output_tensor

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from harness.documents.folder import RunFolder
    from harness.documents.manifest import Manifest, ManifestArm, ManifestItem
    from harness.runs.session.progress import Progress
    from harness.tasks.looks import Looks, Seen
    from harness.tasks.task import AnyTask
    from metrics.metric import Metric, PreparedReference, Sample
    from metrics.set_metric import OpenSetMetric, PreparedSetReference

Score = float | list[float] | str
"""A value; an item's contribution to a metric over a set; or the reason there is neither."""

SampleFor = Callable[[str, Any], Any]
"""(metric, output or reference) → the same as that metric is to take it."""

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


@dataclass(frozen=True)
class OutputFile:
    """One tensor of an output: where it is, and what was recorded of it."""

    path: Path
    sha256: str
    dtype: str
    shape: tuple[int, ...]
    length_bytes: int


@dataclass(frozen=True)
class Output:
    """What one arm put out for one item on one device: the tensors that the task needs."""

    files: tuple[OutputFile, ...]


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

    metrics, unavailable = _open_metrics(manifest)
    outputs = read_outputs(folder, manifest) if outputs is None else outputs
    rows: list[dict[str, Any]] = []
    looks = _looks(manifest)
    for number, item in enumerate(manifest.items):
        rows += _score_item(manifest, number, item, outputs, metrics, unavailable, looks)
        progress.advance("this machine", "scoring", number + 1, len(manifest.items))
    sources = {name: metric.describe() for name, metric in metrics.items()}
    seen = looks.seen() if looks is not None else None
    return Quality(pd.DataFrame(rows, columns=list(COLUMNS)), sources, seen)


def read_outputs(folder: RunFolder, manifest: Manifest) -> dict[str, dict[tuple[str, str], Output]]:
    """Device name → (arm id, item id) → output, as the records say. A tensor that has not come home from its device is
    read where another device gave the same bytes, if there is one.
    """
    needed = {arm.id: manifest.experiment.task.outputs_needed(arm.codec) for arm in manifest.arms}
    outputs = {entry.name: _outputs_of(folder.path / "devices" / entry.folder, needed) for entry in manifest.devices}
    all_outputs = [output for found in outputs.values() for output in found.values()]
    at_hand = {file.sha256: file.path for output in all_outputs for file in output.files if file.path.exists()}
    return {name: {key: _where_at_hand(one, at_hand) for key, one in found.items()} for name, found in outputs.items()}


def _where_at_hand(output: Output, at_hand: Mapping[str, Path]) -> Output:
    return Output(
        tuple(
            file if file.path.exists() else replace(file, path=at_hand.get(file.sha256, file.path))
            for file in output.files
        )
    )


def _outputs_of(home: Path, needed: Mapping[str, Sequence[int]]) -> dict[tuple[str, str], Output]:
    """Of a step done twice the last counts; of a device whose records are damaged nothing does."""
    records = home / "records.jsonl"
    found: dict[tuple[str, str], Output] = {}
    try:
        for record in iterate_records(records) if records.exists() else ():
            if isinstance(record, QualityOutput) and record.arm in needed:
                files = tuple(
                    OutputFile(
                        home / output_name(record.arm, record.item, index),
                        record.outputs[index].sha256,
                        record.outputs[index].dtype,
                        tuple(record.outputs[index].shape),
                        record.outputs[index].bytes,
                    )
                    for index in needed[record.arm]
                    if index < len(record.outputs)
                )
                if len(files) == len(needed[record.arm]):
                    found[record.arm, record.item] = Output(files)
    except RecordsError:  # said of the device by whoever compares
        return {}
    return found


def load_output(task: AnyTask, arm: ManifestArm, output: Output) -> list[NDArray[np.generic]]:
    """The tensors. Raises ValueError or OSError with the reason they cannot be read."""
    tensors = []
    for file, info in zip(output.files, task.tensors(arm.codec)[1], strict=True):
        tensors.append(
            read_output_tensor(
                file.path, dtype=file.dtype, shape=file.shape, length_bytes=file.length_bytes, sha256=file.sha256
            )
        )
        if file.dtype != info.dtype:
            raise ValueError(f"the output holds {file.dtype}, and the model puts out {info.dtype}")
    return tensors


def read_known(manifest: Manifest, item: ManifestItem) -> tuple[Any, Any]:
    """Input and reference of an item. Raises `UserError` where one is gone or was changed since the run."""
    task = manifest.experiment.task
    return (
        task.read_known(Path(item.input_path), item.input_sha256, task.read_input),
        task.read_known(Path(item.reference_path), item.reference_sha256, task.read_reference),
    )


def _open_metrics(manifest: Manifest) -> tuple[dict[str, Metric | OpenSetMetric], dict[str, str]]:
    """The metrics that can be had, and for the others why not."""
    from metrics.errors import MetricUnavailableError
    from metrics.registry import METRICS, SET_METRICS

    settings = manifest.experiment.task.metric_settings(manifest.experiment.data)
    metrics: dict[str, Metric | OpenSetMetric] = {}
    unavailable: dict[str, str] = {}
    for name in manifest.experiment.measure.metrics:
        try:
            metrics[name] = SET_METRICS[name].open(settings) if name in SET_METRICS else METRICS[name](settings)
        except MetricUnavailableError as error:
            unavailable[name] = str(error)
    return metrics, unavailable


def _score_item(
    manifest: Manifest,
    place: int,
    item: ManifestItem,
    outputs: dict[str, dict[tuple[str, str], Output]],
    metrics: dict[str, Metric | OpenSetMetric],
    unavailable: dict[str, str],
    looks: Looks | None,
) -> list[dict[str, Any]]:
    names = manifest.experiment.measure.metrics
    task = manifest.experiment.task
    given, reference = read_known(manifest, item)
    if looks is not None:
        looks.item(item.stem, place, len(manifest.items), Path(item.reference_path), given, reference)
    sample_for = task.sample_for(Path(item.reference_path)) if task.sample_for is not None else _as_it_is
    prepared = {name: _prepare(metric, sample_for(name, reference)) for name, metric in metrics.items()}
    devices: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for entry in manifest.devices:
        for arm in manifest.arms:
            if (output := outputs[entry.name].get((arm.id, item.id))) is not None:
                devices.setdefault(_key(arm, output), []).append(entry.name)
    known: dict[tuple[str, tuple[str, ...]], dict[str, Score]] = {}
    rows = []
    for entry in manifest.devices:
        for arm in manifest.arms:
            output = outputs[entry.name].get((arm.id, item.id))
            scores: dict[str, Score]
            if output is None:
                scores = dict.fromkeys(names, "the arm gave no output for this item")
            else:
                key = _key(arm, output)
                if key not in known:
                    tensors = _load(task, arm, output)
                    if looks is not None and not isinstance(tensors, _Unread):
                        looks.output(devices[key], arm.name, arm.codec, tensors)
                    known[key] = _score(task, arm, tensors, given, names, prepared, unavailable, sample_for)
                scores = known[key]
            for name in names:
                score = scores[name]
                rows.append(
                    {
                        "device": entry.name,
                        "arm": arm.name,
                        "item": item.stem,
                        "scene": item.scene,
                        "quantity": name,
                        "value": score if isinstance(score, float) else float("nan"),
                        "reason": score if isinstance(score, str) else None,
                        "contribution": score if isinstance(score, list) else None,
                    }
                )
    return rows


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


@dataclass(frozen=True)
class _Unread:
    """Stands for what could not be read."""

    reason: str


def _load(task: AnyTask, arm: ManifestArm, output: Output) -> list[NDArray[np.generic]] | _Unread:
    try:
        return load_output(task, arm, output)
    except (OSError, ValueError) as error:
        return _Unread(str(error))


def _decode(task: AnyTask, arm: ManifestArm, tensors: list[NDArray[np.generic]], given: Any) -> Any:
    """As the metrics take it, or `_Unread`."""
    try:
        return task.decode(arm.codec, tensors, given)
    except (OSError, ValueError) as error:
        return _Unread(str(error))


def _prepare(metric: Metric | OpenSetMetric, reference: Sample) -> PreparedReference | PreparedSetReference | str:
    from metrics.errors import MetricInputError

    try:
        return metric.prepare(reference)
    except MetricInputError as error:
        return str(error)


def _score(
    task: AnyTask,
    arm: ManifestArm,
    tensors: list[NDArray[np.generic]] | _Unread,
    given: Any,
    names: list[str],
    prepared: dict[str, PreparedReference | PreparedSetReference | str],
    unavailable: dict[str, str],
    sample_for: SampleFor,
) -> dict[str, Score]:
    """Metric → score, or the reason there is none."""
    from metrics.errors import MetricInputError
    from metrics.set_metric import PreparedSetReference

    made = _decode(task, arm, tensors, given) if not isinstance(tensors, _Unread) else tensors
    if isinstance(made, _Unread):
        return dict.fromkeys(names, f"the output cannot be read as {task.nouns.output}: {made.reason}")
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
