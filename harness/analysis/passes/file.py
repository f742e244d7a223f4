"""The model's file: nothing to be measured, and so nothing to wait for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.analysis.evidence.process_evidence import size_effect, size_level
from harness.analysis.passes.analysed_pass import AnalysedPass

if TYPE_CHECKING:
    from harness.analysis.evidence.evidence import Level, Paired
    from harness.analysis.passes.device_data import DeviceData
    from harness.documents.comparison import NoEffect
    from harness.documents.manifest import ManifestArm
    from harness.quantity import Quantity


def _level(_data: DeviceData, arm: ManifestArm, quantity: Quantity) -> Level:
    return size_level(quantity, arm.model_bytes)


def _effect(data: DeviceData, candidate: ManifestArm, _quantity: Quantity, _seed: int) -> Paired | NoEffect:
    return size_effect(data.baseline.model_bytes, candidate.model_bytes)


FILE = AnalysedPass(
    name="file",
    level=_level,
    effect=_effect,
    is_wanted=lambda _data, _quantity: True,
    failed_gates=lambda _data: None,
)
