"""Votes: what people said of what a device put out, where anybody was asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.analysis.evidence.votes_evidence import votes_effect, votes_level
from harness.analysis.passes.analysed_pass import AnalysedPass

if TYPE_CHECKING:
    from harness.analysis.evidence.evidence import Level, Paired
    from harness.analysis.passes.device_data import DeviceData
    from harness.documents.comparison import NoEffect
    from harness.documents.manifest import ManifestArm
    from harness.quantity import Quantity


def _level(data: DeviceData, arm: ManifestArm, quantity: Quantity) -> Level:
    """Of the baseline it is what the only candidate leaves; where several were voted on, it has no one value."""
    candidates = [each for each in data.manifest.arms[1:] if each is arm or arm is data.baseline]
    asked = [data.preferences[each.name] for each in candidates if each.name in data.preferences]
    return votes_level(quantity, asked, is_baseline=arm is data.baseline)


def _effect(data: DeviceData, candidate: ManifestArm, _quantity: Quantity, _seed: int) -> Paired | NoEffect:
    return votes_effect(data, data.preferences.get(candidate.name), candidate)


def _is_wanted(data: DeviceData, quantity: Quantity) -> bool:
    return bool(data.preferences) or any(rule.quantity == quantity.name for rule in data.manifest.experiment.rules)


VOTES = AnalysedPass(
    name="votes",
    level=_level,
    effect=_effect,
    is_wanted=_is_wanted,
    failed_gates=lambda _data: None,
)
