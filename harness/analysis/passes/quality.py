"""Quality: every item once per arm."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from harness.analysis.evidence.item_doubts import doubted_items, doubted_level
from harness.analysis.evidence.quality_evidence import quality_effect, quality_level
from harness.analysis.passes.analysed_pass import AnalysedPass
from harness.documents.comparison import NoEffect

if TYPE_CHECKING:
    from harness.analysis.evidence.evidence import Level, Paired
    from harness.analysis.passes.device_data import DeviceData
    from harness.documents.manifest import ManifestArm
    from harness.quantity import Quantity


def _level(data: DeviceData, arm: ManifestArm, quantity: Quantity) -> Level:
    noun = data.manifest.experiment.task.nouns.singular
    rows, experiment = data.rows(data.scores, arm, quantity), data.manifest.experiment
    baseline = None if arm.id == data.baseline.id else data.rows(data.scores, data.baseline, quantity)
    level = quality_level(quantity, rows, noun, baseline)
    finite = rows[np.isfinite(rows["value"].to_numpy(dtype=np.float64))] if quantity.over == "item" else rows[:0]
    return doubted_level(
        level,
        dict(zip(finite["item"].astype(str), finite["value"].astype(float), strict=True)),
        noun,
        by_scene=experiment.data.scene_separator is not None,
        min_items=experiment.measure.min_items,
    )


def _effect(data: DeviceData, candidate: ManifestArm, quantity: Quantity, seed: int) -> Paired | NoEffect:
    experiment = data.manifest.experiment
    noun, by_scene = experiment.task.nouns.singular, experiment.data.scene_separator is not None
    effect = quality_effect(
        quantity,
        data.rows(data.scores, data.baseline, quantity),
        data.rows(data.scores, candidate, quantity),
        by_scene=by_scene,
        seed=seed,
        noun=noun,
    )
    if isinstance(effect, NoEffect):
        return effect
    return doubted_items(effect, noun, by_scene=by_scene, min_items=experiment.measure.min_items)


QUALITY = AnalysedPass(
    name="quality",
    level=_level,
    effect=_effect,
    is_wanted=lambda data, quantity: quantity.name in data.manifest.experiment.score_names,
    failed_gates=lambda _data: None,
)
