"""Outputs × references → one score per device, arm, item and metric.

Streams: one reference and its outputs are in memory at a time, so a set of any length fits. What a metric can compute
from the reference alone is computed once for all arms and devices; equal outputs (the same bytes) are scored once.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.analysis.tables.plausibility import (
    ItemFloor,
    OutputLook,
    PairLooks,
    Plausibility,
    is_tried,
    item_floor,
    look_at_output,
)
from harness.errors import UserError
from harness.tasks.image_file import describe, grey_of, read_image
from harness.tasks.image_to_image.dataset import file_sha256

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from harness.documents.folder import RunFolder
    from harness.documents.manifest import Manifest, ManifestArm, ManifestItem
    from harness.runs.session.progress import Progress
    from harness.tasks.image_to_image.codec import Codec
    from metrics.metric import Metric, PreparedReference

COLUMNS = ("device", "arm", "item", "scene", "quantity", "value", "reason")


@dataclass(frozen=True)
class Quality:
    """Scores as a tidy frame (`COLUMNS`; value is NaN where reason is given), and how each metric is computed."""

    scores: pd.DataFrame
    sources: dict[str, str]
    plausibility: Plausibility
    """Whether the scores can be what the models do."""


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
    pairs, floor = PairLooks(), list[ItemFloor]()
    looks: dict[tuple[str, str], list[OutputLook]] = {}
    data = manifest.experiment.data
    for number, item in enumerate(manifest.items):
        image = read_known_image(item.input_path, item.input_sha256)
        reference = read_known_image(item.reference_path, item.reference_sha256)
        rows += _score_item(manifest, item, image, reference, outputs, metrics, unavailable)
        pairs.add(item.stem, image, reference)
        tried = is_tried(number, len(manifest.items))
        own = item_floor(
            item.stem, image, reference, data.scale, manifest.experiment.measure.metrics,
            try_offset=tried, grey=describe(Path(item.reference_path)).is_grey,
        )  # fmt: skip
        floor += [own] if own is not None else []
        for key, look in _look_at_item(manifest, item, image, reference, outputs, try_others=tried):
            looks.setdefault(key, []).append(look)
        progress.advance("this machine", "scoring", number + 1, len(manifest.items))
    sources = {name: metric.describe() for name, metric in metrics.items()}
    plausibility = Plausibility(floor, looks, pairs.mispaired())
    return Quality(pd.DataFrame(rows, columns=list(COLUMNS)), sources, plausibility)


def read_outputs(folder: RunFolder, manifest: Manifest) -> dict[str, dict[tuple[str, str], Output]]:
    """Device name → (arm id, item id) → output tensor, as the records say. One that has not come home from its device
    is read where another device gave the same bytes, if there is one.
    """
    codecs = {arm.id: arm.codec for arm in manifest.arms}
    outputs = {entry.name: _outputs_of(folder.path / "devices" / entry.folder, codecs) for entry in manifest.devices}
    all_outputs = [output for found in outputs.values() for output in found.values()]
    at_hand = {output.sha256: output.path for output in all_outputs if output.path.exists()}
    return {
        name: {
            key: one if one.path.exists() else replace(one, path=at_hand.get(one.sha256, one.path))
            for key, one in found.items()
        }
        for name, found in outputs.items()
    }


def _outputs_of(home: Path, codecs: dict[str, Codec]) -> dict[tuple[str, str], Output]:
    """Of a step done twice the last counts."""
    records = home / "records.jsonl"
    found: dict[tuple[str, str], Output] = {}
    if records.exists():
        with records.open("rb") as lines:
            for line in lines:
                if b'"quality_output"' in line:
                    record = json.loads(line)
                    scored = codecs[record["arm"]].scored_of(record["outputs"])
                    found[record["arm"], record["item"]] = Output(home / scored["path"], scored["sha256"])
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


def _open_metrics(manifest: Manifest) -> tuple[dict[str, Metric], dict[str, str]]:
    """The metrics that can be had, and for the others why not."""
    from metrics.errors import MetricUnavailableError
    from metrics.metric import MetricSettings
    from metrics.registry import METRICS

    settings = MetricSettings(scale=manifest.experiment.data.scale)
    metrics: dict[str, Metric] = {}
    unavailable: dict[str, str] = {}
    for name in manifest.experiment.measure.metrics:
        try:
            metrics[name] = METRICS[name](settings)
        except MetricUnavailableError as error:
            unavailable[name] = str(error)
    return metrics, unavailable


def _look_at_item(
    manifest: Manifest,
    item: ManifestItem,
    image: NDArray[np.uint8],
    reference: NDArray[np.uint8],
    outputs: dict[str, dict[tuple[str, str], Output]],
    *,
    try_others: bool,
) -> list[tuple[tuple[str, str], OutputLook]]:
    """(device, arm) → what its output of this item looks like; equal outputs are looked at once."""
    import numpy as np

    known: dict[tuple[str, str], OutputLook | None] = {}
    found = []
    for entry in manifest.devices:
        for arm in manifest.arms:
            output = outputs[entry.name].get((arm.id, item.id))
            if output is None:
                continue
            key = (arm.id, output.sha256)
            if key not in known:
                try:
                    tensor = np.load(output.path, allow_pickle=False)
                    known[key] = look_at_output(item.stem, arm.codec, tensor, image, reference, try_others=try_others)
                except (OSError, ValueError, EOFError):  # no tensor at all: the scores say so
                    known[key] = None
            look = known[key]
            if look is not None:
                found.append(((entry.name, arm.name), look))
    return found


def _score_item(
    manifest: Manifest,
    item: ManifestItem,
    image: NDArray[np.uint8],
    reference: NDArray[np.uint8],
    outputs: dict[str, dict[tuple[str, str], Output]],
    metrics: dict[str, Metric],
    unavailable: dict[str, str],
) -> list[dict[str, Any]]:
    names = manifest.experiment.measure.metrics
    # A grey file is luma itself, as in MATLAB's protocols: taken for RGB its PSNR (Y) would be 1.32 dB higher.
    grey = describe(Path(item.reference_path)).is_grey
    prepared = {
        name: _prepare(metric, reference[..., 0] if grey and name.endswith("_y") else reference)
        for name, metric in metrics.items()
    }
    known: dict[tuple[str, str], dict[str, float | str]] = {}
    rows = []
    for entry in manifest.devices:
        for arm in manifest.arms:
            output = outputs[entry.name].get((arm.id, item.id))
            scores: dict[str, float | str]
            if output is None:
                scores = dict.fromkeys(names, "the arm gave no output for this item")
            else:
                if (arm.id, output.sha256) not in known:
                    known[arm.id, output.sha256] = _score(arm, output, image, names, prepared, unavailable, grey=grey)
                scores = known[arm.id, output.sha256]
            for name in names:
                score = scores[name]
                failed = isinstance(score, str)
                rows.append(
                    {
                        "device": entry.name,
                        "arm": arm.name,
                        "item": item.stem,
                        "scene": item.scene,
                        "quantity": name,
                        "value": float("nan") if failed else score,
                        "reason": score if failed else None,
                    }
                )
    return rows


def _prepare(metric: Metric, reference: NDArray[np.uint8]) -> PreparedReference | str:
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
    prepared: dict[str, PreparedReference | str],
    unavailable: dict[str, str],
    *,
    grey: bool,
) -> dict[str, float | str]:
    """Metric → score, or the reason there is none."""
    from metrics.errors import MetricInputError

    try:
        picture = decode_output(arm, output, image)
    except (OSError, ValueError) as error:
        return dict.fromkeys(names, f"the output cannot be read as a picture: {error}")
    scores: dict[str, float | str] = {}
    for name in names:
        reference = prepared.get(name)
        if reference is None:
            scores[name] = unavailable[name]
        elif isinstance(reference, str):
            scores[name] = reference
        else:
            try:
                scores[name] = reference.score(grey_of(picture) if grey and name.endswith("_y") else picture)
            except MetricInputError as error:
                scores[name] = str(error)
    return scores
