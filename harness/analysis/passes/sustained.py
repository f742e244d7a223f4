"""Sustained use: each arm alone in long blocks. They are the energy pass's, where a device has one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.analysis.conditions.block_conditions import failed_gates
from harness.analysis.evidence.evidence import Level, Paired
from harness.analysis.evidence.sustained_evidence import (
    LongRun,
    can_be_halved,
    doubt_of_lengths,
    doubt_of_starts,
    long_run,
    sustained_effect,
    sustained_level,
)
from harness.analysis.passes.analysed_pass import AnalysedPass
from harness.documents.comparison import NoEffect

if TYPE_CHECKING:
    from harness.analysis.passes.device_data import DeviceData
    from harness.documents.manifest import ManifestArm
    from harness.quantity import Quantity


def run_of(data: DeviceData, arm: ManifestArm) -> LongRun:
    """The arm's long blocks."""
    blocks = data.energy_blocks
    return long_run([block for block in blocks if block.arm == arm.id], halved=can_be_halved(blocks))


def _level(data: DeviceData, arm: ManifestArm, _quantity: Quantity) -> Level:
    first_look = data.manifest.experiment.energy_looks_after
    doubt = _doubt(data, arm)
    return sustained_level(run_of(data, arm), data.source(arm), first_look, doubt)


def _effect(data: DeviceData, candidate: ManifestArm, _quantity: Quantity, seed: int) -> Paired | NoEffect:
    if not data.energy_blocks:
        return NoEffect(reason="no whole cycle of long blocks was measured")
    ours, theirs = run_of(data, data.baseline), run_of(data, candidate)
    first_look = data.manifest.experiment.energy_looks_after
    doubt = _doubt(data, candidate)
    return sustained_effect(ours, theirs, seed, first_look, data.goes_first(candidate), doubt)


def _doubt(data: DeviceData, arm: ManifestArm) -> str | None:
    """Of the arm against the baseline, or of the baseline by itself."""
    names = {each.id: each.name for each in data.manifest.arms}
    rise_celsius = data.manifest.experiment.measure.gates.cool_rise_celsius
    runs = {each.name: run_of(data, each) for each in (data.baseline, arm)}
    starts = doubt_of_starts(data.energy_blocks, data.baseline.id, arm.id, names, rise_celsius)
    return starts or doubt_of_lengths(runs)


SUSTAINED = AnalysedPass(
    name="sustained",
    level=_level,
    effect=_effect,
    is_wanted=lambda data, _quantity: data.manifest.experiment.sustained_cycles > 0 or bool(data.energy_blocks),
    failed_gates=lambda data: failed_gates(data.energy_blocks, f"block of the {data.manifest.experiment.long_pass}"),
)
