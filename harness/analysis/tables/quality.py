"""Outputs × references → one score per device, arm, item and metric.

Streams: one reference and its outputs are in memory at a time, so a set of any length fits. What a metric can compute
from the reference alone is computed once for all arms and devices; equal outputs (the same bytes) are scored once.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import UserError
from harness.tasks.image_file import read_image
from harness.tasks.image_to_image.dataset import file_sha256

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from harness.documents.folder import RunFolder
    from harness.documents.manifest import Manifest, ManifestArm, ManifestItem
    from harness.runs.session.progress import Progress
    from metrics.metric import Metric, PreparedReference
    from metrics.set_metric import OpenSetMetric, PreparedSetReference

Score = float | list[float] | str
"""A value; an item's contribution to a metric over a set; or the reason there is neither."""

COLUMNS = ("device", "arm", "item", "scene", "quantity", "value", "reason", "contribution")


@dataclass(frozen=True)
class Quality:
    """Scores as a tidy frame (`COLUMNS`), and how each metric is computed.

    `value` is NaN where `reason` is given, and for metrics over a set, of which an item has only a `contribution`: a
    list of numbers, None for every other metric and where there is a reason.
    """

    scores: pd.DataFrame
    sources: dict[str, str]


@dataclass(frozen=True)
class Output:
    """One output tensor of one arm on one device."""

    path: Path
    sha256: str


def score_outputs(folder: RunFolder, manifest: Manifest, progress: Progress) -> Quality:
    """Score whatever outputs are there. What cannot be scored is in the frame with its reason.

    Raises `UserError` where an input or a reference is no longer the picture it was when the run began: scores
    against others would be of another run.
    """
    import pandas as pd

    metrics, unavailable = _open_metrics(manifest)
    outputs = read_outputs(folder, manifest)
    rows: list[dict[str, Any]] = []
    for number, item in enumerate(manifest.items):
        rows += _score_item(manifest, item, outputs, metrics, unavailable)
        progress.advance("this machine", "scoring", number + 1, len(manifest.items))
    sources = {name: metric.describe() for name, metric in metrics.items()}
    return Quality(pd.DataFrame(rows, columns=list(COLUMNS)), sources)


def read_outputs(folder: RunFolder, manifest: Manifest) -> dict[str, dict[tuple[str, str], Output]]:
    """Device name → (arm id, item id) → output tensor, as the records say. One that has not come home from its device
    is read where another device gave the same bytes, if there is one.
    """
    outputs = {entry.name: _outputs_of(folder.path / "devices" / entry.folder) for entry in manifest.devices}
    all_outputs = [output for found in outputs.values() for output in found.values()]
    at_hand = {output.sha256: output.path for output in all_outputs if output.path.exists()}
    return {
        name: {
            key: one if one.path.exists() else replace(one, path=at_hand.get(one.sha256, one.path))
            for key, one in found.items()
        }
        for name, found in outputs.items()
    }


def _outputs_of(home: Path) -> dict[tuple[str, str], Output]:
    """Of a step done twice the last counts."""
    records = home / "records.jsonl"
    found: dict[tuple[str, str], Output] = {}
    if records.exists():
        with records.open("rb") as lines:
            for line in lines:
                if b'"quality_output"' in line:
                    record = json.loads(line)
                    first = record["outputs"][0]
                    found[record["arm"], record["item"]] = Output(home / first["path"], first["sha256"])
    return found


def decode_output(arm: ManifestArm, output: Output, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """An output as a picture, uint8 (height, width, 3). Raises ValueError or OSError with the reason it is none."""
    import numpy as np

    return arm.codec.decode(np.load(output.path, allow_pickle=False), image)


def read_known_image(path: str, sha256: str | None) -> NDArray[np.uint8]:
    """A picture of the run, uint8 (height, width, 3). Raises `UserError` where it is gone or was changed."""
    remedy = "Put it back as it was; `bakeoff report` shows what was found before."
    if not Path(path).is_file():
        raise UserError(f"{path}: is no longer there, and the scores need it", remedy)
    if sha256 is not None and file_sha256(Path(path)) != sha256:
        raise UserError(f"{path}: has changed since the run", remedy)
    return read_image(Path(path))


def _open_metrics(manifest: Manifest) -> tuple[dict[str, Metric | OpenSetMetric], dict[str, str]]:
    """The metrics that can be had, and for the others why not."""
    from metrics.errors import MetricUnavailableError
    from metrics.metric import MetricSettings
    from metrics.registry import METRICS, SET_METRICS

    settings = MetricSettings(scale=manifest.experiment.data.scale)
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
    item: ManifestItem,
    outputs: dict[str, dict[tuple[str, str], Output]],
    metrics: dict[str, Metric | OpenSetMetric],
    unavailable: dict[str, str],
) -> list[dict[str, Any]]:
    names = manifest.experiment.measure.metrics
    image = read_known_image(item.input_path, item.input_sha256)
    reference = read_known_image(item.reference_path, item.reference_sha256)
    prepared = {name: _prepare(metric, reference) for name, metric in metrics.items()}
    known: dict[tuple[str, str], dict[str, Score]] = {}
    rows = []
    for entry in manifest.devices:
        for arm in manifest.arms:
            output = outputs[entry.name].get((arm.id, item.id))
            scores: dict[str, Score]
            if output is None:
                scores = dict.fromkeys(names, "the arm gave no output for this item")
            else:
                if (arm.id, output.sha256) not in known:
                    known[arm.id, output.sha256] = _score(arm, output, image, names, prepared, unavailable)
                scores = known[arm.id, output.sha256]
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


def _prepare(
    metric: Metric | OpenSetMetric, reference: NDArray[np.uint8]
) -> PreparedReference | PreparedSetReference | str:
    from metrics.errors import MetricInputError

    try:
        return metric.prepare(reference)
    except MetricInputError as error:
        return str(error)


def _score(
    arm: ManifestArm,
    output: Output,
    image: NDArray[np.uint8],
    names: list[str],
    prepared: dict[str, PreparedReference | PreparedSetReference | str],
    unavailable: dict[str, str],
) -> dict[str, Score]:
    """Metric → score, or the reason there is none."""
    from metrics.errors import MetricInputError
    from metrics.set_metric import PreparedSetReference

    try:
        picture = decode_output(arm, output, image)
    except (OSError, ValueError) as error:
        return dict.fromkeys(names, f"the output cannot be read as a picture: {error}")
    scores: dict[str, Score] = {}
    for name in names:
        reference = prepared.get(name)
        if reference is None:
            scores[name] = unavailable[name]
        elif isinstance(reference, str):
            scores[name] = reference
        else:
            try:
                scores[name] = (
                    [float(part) for part in reference.contribution(picture)]
                    if isinstance(reference, PreparedSetReference)
                    else float(reference.score(picture))
                )
            except MetricInputError as error:
                scores[name] = str(error)
    return scores
