"""The shape of a pass in the analysis."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from harness.analysis.evidence.evidence import Level, Paired
from harness.analysis.passes.device_data import DeviceData
from harness.documents.comparison import NoEffect
from harness.documents.manifest import ManifestArm
from harness.quantity import Pass, Quantity


@dataclass(frozen=True)
class AnalysedPass:
    """What the analysis of a device does with the quantities of one pass."""

    name: Pass
    level: Callable[[DeviceData, ManifestArm, Quantity], Level]
    """An arm's own value."""
    effect: Callable[[DeviceData, ManifestArm, Quantity, int], Paired | NoEffect]
    """The candidate's effect against the baseline; the last argument seeds what is drawn."""
    is_wanted: Callable[[DeviceData, Quantity], bool]
    """Whether the experiment compares this quantity of the pass."""
    failed_gates: Callable[[DeviceData], str | None]
    """Which gates failed before its blocks, in words; None where none did."""
