"""Quality: every item once per arm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.analysis.evidence.quality_evidence import quality_effect, quality_level
from harness.analysis.passes.analysed_pass import AnalysedPass

if TYPE_CHECKING:
    from harness.analysis.evidence.evidence import Level, Paired
    from harness.analysis.passes.device_data import DeviceData
    from harness.documents.comparison import NoEffect
    from harness.documents.manifest import ManifestArm
    from harness.quantity import Quantity


def _level(data: DeviceData, arm: ManifestArm, quantity: Quantity) -> Level:
    noun = data.manifest.experiment.task.nouns.singular
    return quality_level(quantity, data.rows(data.scores, arm, quantity), noun)


def _effect(data: DeviceData, candidate: ManifestArm, quantity: Quantity, seed: int) -> Paired | NoEffect:
    return quality_effect(
        quantity,
        data.rows(data.scores, data.baseline, quantity),
        data.rows(data.scores, candidate, quantity),
        by_scene=data.manifest.experiment.data.scene_separator is not None,
        seed=seed,
        noun=data.manifest.experiment.task.nouns.singular,
    )


QUALITY = AnalysedPass(
    name="quality",
    level=_level,
    effect=_effect,
    is_wanted=lambda data, quantity: quantity.name in data.manifest.experiment.measure.metrics,
    failed_gates=lambda _data: None,
)
