"""Pages: a fresh tab a repeat, of the arms that run in one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.analysis.evidence.process_evidence import process_effect, process_level
from harness.analysis.passes.analysed_pass import AnalysedPass

if TYPE_CHECKING:
    from harness.analysis.evidence.evidence import Level, Paired
    from harness.analysis.passes.device_data import DeviceData
    from harness.documents.comparison import NoEffect
    from harness.documents.manifest import ManifestArm
    from harness.quantity import Quantity


def _level(data: DeviceData, arm: ManifestArm, quantity: Quantity) -> Level:
    return process_level(quantity, data.rows(data.page_rows, arm, quantity), data.source(arm))


def _effect(data: DeviceData, candidate: ManifestArm, quantity: Quantity, seed: int) -> Paired | NoEffect:
    baseline, candidates = (data.rows(data.page_rows, arm, quantity) for arm in (data.baseline, candidate))
    return process_effect(baseline, candidates, seed, quantity.scale)


PAGE = AnalysedPass(
    name="page",
    level=_level,
    effect=_effect,
    is_wanted=lambda data, _quantity: data.manifest.experiment.page_repeats > 0,
    failed_gates=lambda _data: None,
)
