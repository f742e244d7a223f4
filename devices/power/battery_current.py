"""A battery's current × its voltage, sampled and integrated; or its power, where it tells that."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final

from devices.power.battery_flow import not_from_battery
from devices.power.battery_probes import find_battery, role_numbers
from devices.power.block import BlockLike, Look, incomplete, unfit
from devices.power.current_convention import CurrentConvention, infer_convention
from devices.power.sampled import energy_of_samples, smallest_step
from devices.power.source import BlockEnergy, Channel, EnergyReadings, EnergySource, FoundSource, SourceReadout, readout
from devices.power.survey import Survey
from devices.readings.unavailable import NotThere

_MIN_CHANGES: Final = 4
"""A gauge that brings its value up to date less often in a block says more of what was before."""
_COARSE: Final = 0.005
"""A step of this share of the current, or more, hides what changes at a steady load: there are steps of 50 mA."""
_MOST_OF_RANGE: Final = 0.25
"""A step is one where many of them lie between the smallest value of the run and the largest."""


def find(survey: Survey) -> FoundSource | NotThere:
    """Current and voltage, or power."""
    battery = find_battery(survey)
    if isinstance(battery, NotThere):
        return battery
    roles: tuple[str, ...] = ("status", "current", "voltage")
    if "current" not in battery.roles or "voltage" not in battery.roles:
        roles = ("status", "power")
    if roles[1] not in battery.roles:
        return NotThere("the battery tells neither its current nor its power here")
    # The counter decides what the current means, where there is one.
    roles += ("counter",)
    ids = {role: battery.roles[role].id for role in roles if role in battery.roles}
    return FoundSource(
        "battery_current",
        "everything that the battery feeds, while no cable does",
        (Channel("battery", ids),),
        (),
        battery.read(*roles),
        battery.interval_ns(*roles),
    )


def measure(found: FoundSource, evidence: EnergyReadings) -> SourceReadout:
    """Trapezoids over µA × µV. Sign and unit of the current are inferred from all blocks together."""
    roles = found.channels[0].probes
    step = _step(evidence.blocks, roles, "power" if "power" in roles else "current")
    if "power" in roles:
        return readout(found, evidence, lambda block: _energy(block, roles, None, step))
    convention = infer_convention(evidence.blocks, roles, is_android=evidence.is_android)
    if isinstance(convention, NotThere):
        why = convention
        return readout(found, evidence, lambda block: not_from_battery(block, roles) or why)
    facts = {
        "sign_source": convention.sign_source,
        "unit_source": convention.unit_source,
        "discharging_sign": str(convention.discharging_sign),
        "ua_per_unit": f"{convention.ua_per_unit:g}",
    }
    return readout(found, evidence, lambda block: _energy(block, roles, convention, step), facts)


def _step(blocks: Sequence[BlockLike], roles: Mapping[str, str], role: str) -> float:
    """The gauge's step as all blocks together show it, in its own unit; 0 where they show none."""
    values = [look.value for block in blocks for look in role_numbers(block, roles, role).found]
    step = smallest_step(values)
    return step if values and step <= _MOST_OF_RANGE * (max(values) - min(values)) else 0.0


def _energy(
    block: BlockLike, roles: Mapping[str, str], convention: CurrentConvention | None, step: float
) -> BlockEnergy | NotThere:
    reason = unfit(block) or not_from_battery(block, roles)
    if reason is not None:
        return reason
    looks = role_numbers(block, roles, "power" if convention is None else "current")
    hole = incomplete(looks, "the battery's current")
    if hole is not None:
        return hole
    if convention is None:
        powers: list[Look] | NotThere = [Look(one.at_ns, one.took_ns, one.value / 1e3) for one in looks.found]
    else:
        powers = _powers(block, roles, looks.found, convention)
    if isinstance(powers, NotThere):
        return powers
    raw = [look.value for look in looks.found]
    if _stands_within_a_step(raw, step):
        # What it stands at is known to a step, and no better for having been read often.
        per_unit = abs(sum(look.value for look in powers) / math.fsum(raw))
        return energy_of_samples(block, powers, step_mw=2.0 * step * per_unit)
    fresh = _fresh(powers, raw)
    if isinstance(fresh, NotThere):
        return fresh
    return energy_of_samples(block, fresh, step_mw=smallest_step([look.value for look in fresh]))


def _stands_within_a_step(raw: list[float], step: float) -> bool:
    """Whether a coarse gauge at a steady load has nothing to tell but one or two neighbouring values."""
    changes = sum(one != two for one, two in pairwise(raw))
    mean = abs(math.fsum(raw)) / len(raw)
    is_coarse = mean > 0.0 and step >= _COARSE * mean
    return changes < _MIN_CHANGES and is_coarse and max(raw) - min(raw) <= 1.001 * step


def _powers(
    block: BlockLike, roles: Mapping[str, str], currents: tuple[Look, ...], convention: CurrentConvention
) -> list[Look] | NotThere:
    voltage = role_numbers(block, roles, "voltage")
    hole = incomplete(voltage, "the battery's voltage")
    if hole is not None:
        return hole
    # The voltage moves slowly: its mean serves where it was not read beside every current.
    mean_uv = sum(look.value for look in voltage.found) / len(voltage.found)
    beside = [look.value for look in voltage.found]
    volts_uv = beside if len(beside) == len(currents) else [mean_uv] * len(currents)
    factor = convention.discharging_sign * convention.ua_per_unit
    # µA × µV = pW.
    return [
        Look(one.at_ns, one.took_ns, one.value * factor * uv / 1e9) for one, uv in zip(currents, volts_uv, strict=True)
    ]


def _fresh(powers: list[Look], raw: list[float]) -> list[Look] | NotThere:
    """From where the gauge's values are of this block: after its second change, since a value may be the mean of what
    was before it.
    """
    changes = [at for at, (one, two) in enumerate(pairwise(raw), start=1) if one != two]
    if len(changes) < _MIN_CHANGES:
        return NotThere(
            f"the battery's current changed {len(changes)} times in the block: its gauge is too slow for it"
        )
    return powers[changes[1] :]


SOURCE: Final = EnergySource("battery_current", "current × voltage of the battery", 4, True, find, measure)
