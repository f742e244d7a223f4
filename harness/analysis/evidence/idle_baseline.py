"""Whether the idle power that is taken off an arm's is that of a device which has cooled.

Leakage rises with temperature, so a device that idles right after it worked draws more than one that rested. Taken off
too high, it makes what an inference takes too low, and most so for the arm that heats most. The heat is the arm's own,
and so is what it costs: the baseline is the idling of the cooled device.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from devices.power.block import began_warm
from devices.power.source import BlockEnergy
from harness.statistics.diagnostics import find_position_effect
from harness.words.sentences import counted

if TYPE_CHECKING:
    from devices.readings.unavailable import NotThere
    from harness.documents.records import EnergyBlock

_MUCH: Final = 0.25
_MATTERS: Final = 0.02
"""A share of what an arm takes above idling: a baseline that is off by less changes less than what matters."""
_FEWEST: Final = 4
_ALPHA: Final = 0.01


@dataclass(frozen=True)
class _Idle:
    """One idle block."""

    power_mw: float
    after: str | None
    """The arm that worked right before it; None where the device had rested since the session began."""


@dataclass(frozen=True)
class _Known:
    """What the blocks of a device say of idling."""

    cool: list[_Idle]
    """Those that began once the device had cooled, as far as its temperature says."""
    warm: list[_Idle]
    net_mw: float
    """The power of the arms above that of idling."""


def idle_doubt(
    blocks: Sequence[EnergyBlock], energies: Sequence[BlockEnergy | NotThere], names: Mapping[str, str]
) -> str | None:
    """Why what an inference takes is not known well enough for a rule, in words. `blocks` in time order, with what each
    took; `names`: arm id → name.
    """
    known = _known(blocks, energies)
    if known is None:
        return None
    return _warm(blocks, known) or _after_one_arm(known, names) or _after_work(known)


def _known(blocks: Sequence[EnergyBlock], energies: Sequence[BlockEnergy | NotThere]) -> _Known | None:
    cool: list[_Idle] = []
    warm: list[_Idle] = []
    working: list[float] = []
    after: dict[int, str | None] = {}
    for block, energy in zip(blocks, energies, strict=True):
        power_mw = energy.power_mw if isinstance(energy, BlockEnergy) else None
        if block.arm is not None:
            after[block.session] = block.arm
            working += [power_mw] if power_mw is not None else []
        elif power_mw is not None:
            (warm if began_warm(block) else cool).append(_Idle(power_mw, after.get(block.session)))
    if not (working and (cool or warm)):
        return None
    idle_mw = float(np.median([one.power_mw for one in cool or warm]))
    return _Known(cool, warm, float(np.median(working)) - idle_mw)


def _warm(blocks: Sequence[EnergyBlock], known: _Known) -> str | None:
    """By the temperature gate: where many cycles have no idle block that began cool, what is taken off is known from
    the few others alone, and the interval over cycles does not hold how well.
    """
    if not known.cool:
        return (
            "the device was warm whenever it idled, so what an inference takes is more than this (raise "
            "measure.gates.cool_wait_s)"
        )
    cool: dict[tuple[int, int], bool] = {}
    for block in blocks:
        if block.arm is None:
            place = block.session, block.cycle
            cool[place] = cool.get(place, False) or not began_warm(block)
    warm = sum(not is_cool for is_cool in cool.values())
    some = known.cool if len(known.cool) >= _FEWEST else [*known.cool, *known.warm]
    power_mw = np.array([one.power_mw for one in some], dtype=np.float64)
    within_mw = 2.0 * float(power_mw.std(ddof=1)) / math.sqrt(len(known.cool)) if power_mw.size > 1 else math.inf
    if warm <= _MUCH * len(cool) or within_mw <= _MATTERS * known.net_mw:
        return None
    return (
        f"in {warm} of {counted(len(cool), 'cycle')} the device was still warm when it idled, and idle power is known "
        f"from {counted(len(known.cool), 'block')} only (raise measure.gates.cool_wait_s)"
    )


def _after_one_arm(known: _Known, names: Mapping[str, str]) -> str | None:
    """Of idle blocks that count as cool: whether their power depends on which arm worked before, at 1 %."""
    idle = [one for one in known.cool if one.after is not None]
    power_mw = np.array([one.power_mw for one in idle], dtype=np.float64)
    for arm, name in list(names.items())[1:]:
        found = find_position_effect(power_mw, np.array([one.after == arm for one in idle], dtype=bool))
        if found is None or abs(found.difference) < _MATTERS * known.net_mw:
            continue
        return (
            f"idle power depends on what ran before ({abs(found.difference):.3g} mW {_side(found.difference)} right "
            f"after {name}): the device had not cooled. Raise measure.energy.idle_s"
        )
    return None


def _after_work(known: _Known) -> str | None:
    """Whether it is higher than after the rest that a session begins with, at 1 %, by the scatter of the others."""
    rested = np.array([one.power_mw for one in known.cool if one.after is None], dtype=np.float64)
    others = np.array([one.power_mw for one in known.cool if one.after is not None], dtype=np.float64)
    if others.size < _FEWEST or not rested.size:
        return None
    higher = float(others.mean() - rested.mean())
    error = float(others.std(ddof=1)) * math.sqrt(1.0 / rested.size + 1.0 / others.size)
    from scipy.special import stdtrit

    if higher < _MATTERS * known.net_mw or higher <= float(stdtrit(others.size - 1, 1.0 - _ALPHA)) * error:
        return None
    return (
        f"idle power was {higher:.3g} mW higher after the device had worked than after it had rested: it had not "
        "cooled, and what an inference takes is more than this. Raise measure.energy.idle_s"
    )


def _side(difference: float) -> str:
    return "higher" if difference > 0.0 else "lower"
