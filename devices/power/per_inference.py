"""Energy per inference and average power of blocks: what a source read, less what the device takes while it idles."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from devices.power.block import BlockLike, began_warm, duration_ns
from devices.power.source import BlockEnergy, SourceReadout
from devices.readings.unavailable import Decimal, NotThere


@dataclass(frozen=True)
class InferenceEnergy:
    """One block of one arm. Each value is there or says why not."""

    arm: str
    cycle: int
    session: int
    inferences: int
    duration_ns: int
    block: BlockEnergy | NotThere
    """What the block took, idle power included."""
    idle_power_mw: Decimal
    """Mean of the idle blocks of the same cycle and session that began cool; where none did, of those of the session
    that did.
    """
    average_power_mw: Decimal
    """The power of the whole device while the arm works: block energy / duration."""
    energy_per_inference_mj: Decimal
    """(energy of the block − idle power × its duration) / inferences. Zero or less where the source, or what else the
    device does, hides what the arm takes: leaving such blocks out would leave only those that took too much.
    """
    resolution_mj: Decimal
    """The resolution of `energy_per_inference_mj`: both blocks' resolutions added."""
    power_resolution_mw: Decimal
    """The resolution of `average_power_mw`."""


def energy_per_inference(blocks: Sequence[BlockLike], readout: SourceReadout) -> list[InferenceEnergy]:
    """Of every block in which an arm worked, in order. `readout` is of these blocks, in the same order.

    Idle power is that of the cooled device: what the heat of an arm's work costs by leakage is the arm's own. It is of
    the same cycle, minutes at most away, by the idle blocks before which the temperature gate held; where none of the
    cycle did, by all such blocks of the session, and only where there are none by those that began warm. Where nothing
    is known of the cycle's own the energy above idle is unavailable, and the average power stands.
    """
    if len(blocks) != len(readout.blocks):
        msg = f"{len(readout.blocks)} readings of energy for {len(blocks)} blocks"
        raise ValueError(msg)
    pairs = list(zip(blocks, readout.blocks, strict=True))
    return [
        _of_block(block.arm, block, energy, _idle(block, pairs)) for block, energy in pairs if block.arm is not None
    ]


def _idle(
    block: BlockLike, pairs: Sequence[tuple[BlockLike, BlockEnergy | NotThere]]
) -> tuple[float, float] | NotThere:
    """Power of idling in mW, and its resolution."""
    idle = [(other, energy) for other, energy in pairs if other.arm is None and other.session == block.session]
    near = [(other, energy) for other, energy in idle if other.cycle == block.cycle]
    of_cycle = _known(near)
    if not of_cycle:
        reasons = [energy.reason for _, energy in near if isinstance(energy, NotThere)]
        return NotThere(f"idle power is not known: {reasons[0] if reasons else 'the cycle has no idle block'}")
    known = _cool(of_cycle) or _cool(_known(idle)) or of_cycle
    power = math.fsum(energy.power_mw for _, energy in known) / len(known)
    errors = (energy.resolution_mj / duration_ns(other) * 1e9 for other, energy in known)
    return power, math.fsum(errors) / len(known)


def _cool(blocks: Sequence[tuple[BlockLike, BlockEnergy]]) -> list[tuple[BlockLike, BlockEnergy]]:
    return [(block, energy) for block, energy in blocks if not began_warm(block)]


def _known(
    blocks: Sequence[tuple[BlockLike, BlockEnergy | NotThere]],
) -> list[tuple[BlockLike, BlockEnergy]]:
    return [(block, energy) for block, energy in blocks if isinstance(energy, BlockEnergy)]


def _of_block(
    arm: str, block: BlockLike, energy: BlockEnergy | NotThere, idle: tuple[float, float] | NotThere
) -> InferenceEnergy:
    per_inference, resolution = _above_idle(block, energy, idle)
    return InferenceEnergy(
        arm=arm,
        cycle=block.cycle,
        session=block.session,
        inferences=block.inferences,
        duration_ns=duration_ns(block),
        block=energy,
        idle_power_mw=idle if isinstance(idle, NotThere) else idle[0],
        average_power_mw=energy if isinstance(energy, NotThere) else energy.power_mw,
        energy_per_inference_mj=per_inference,
        resolution_mj=resolution,
        power_resolution_mw=energy if isinstance(energy, NotThere) else energy.resolution_mj / duration_ns(block) * 1e9,
    )


def _above_idle(
    block: BlockLike, energy: BlockEnergy | NotThere, idle: tuple[float, float] | NotThere
) -> tuple[Decimal, Decimal]:
    if isinstance(energy, NotThere):
        return energy, energy
    if isinstance(idle, NotThere):
        return idle, idle
    if block.inferences < 1:
        nothing = NotThere("no inference was done in the block")
        return nothing, nothing
    seconds = duration_ns(block) / 1e9
    above = energy.energy_mj - idle[0] * seconds
    error = energy.resolution_mj + idle[1] * seconds
    return above / block.inferences, error / block.inferences
