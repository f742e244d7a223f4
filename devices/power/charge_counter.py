"""A battery's charge counter × its voltage, over a long block; of batteries that count energy, the energy itself."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from devices.power.battery_flow import not_from_battery
from devices.power.battery_probes import BatteryProbes, find_battery, role_numbers
from devices.power.block import BlockLike, Look, incomplete, unfit
from devices.power.counted import energy_of_rate
from devices.power.source import BlockEnergy, Channel, EnergyReadings, EnergySource, FoundSource, SourceReadout, readout
from devices.power.survey import Survey
from devices.readings.unavailable import NotThere

_FITTED_FROM: Final = 8
"""From so many changes on, how far they lie off a line says how far the counter can be trusted."""


@dataclass(frozen=True)
class _Fall:
    """What a counter went down by, between the first and the last time that it was seen to change."""

    amount: float
    covered_ns: float
    error: float
    time_error_ns: float


def find(survey: Survey) -> FoundSource | NotThere:
    """µAh with a voltage; or µWh."""
    battery = find_battery(survey)
    if isinstance(battery, NotThere):
        return battery
    # What `charge_now` of a phone means is its vendor's secret.
    charge = "counter" if "counter" in battery.roles else "energy" if "energy" in battery.roles else "charge"
    if charge not in battery.roles or (charge == "charge" and survey.is_android):
        return NotThere("the battery counts no charge here")
    if charge != "energy" and "voltage" not in battery.roles:
        return NotThere("the battery's voltage is not given")
    roles = ("status", charge) if charge == "energy" else ("status", charge, "voltage")
    return _found(battery, roles)


def _found(battery: BatteryProbes, roles: tuple[str, ...]) -> FoundSource:
    ids = {role: battery.roles[role].id for role in roles if role in battery.roles}
    return FoundSource(
        "charge_counter",
        "everything that the battery feeds, while no cable does",
        (Channel("battery", ids),),
        (),
        battery.read(*roles),
        battery.interval_ns(*roles),
    )


def measure(found: FoundSource, evidence: EnergyReadings) -> SourceReadout:
    """How fast the counter fell between its first and last change in the block: when a gauge brings its counter up to
    date is its own affair, so that the ends of the block mean nothing to it.
    """
    return readout(found, evidence, lambda block: _energy(found.channels[0].probes, block))


def _energy(roles: Mapping[str, str], block: BlockLike) -> BlockEnergy | NotThere:
    reason = unfit(block) or not_from_battery(block, roles)
    if reason is not None:
        return reason
    role = next(name for name in ("counter", "energy", "charge") if name in roles)
    looks = role_numbers(block, roles, role)
    hole = incomplete(looks, "the charge counter")
    if hole is not None:
        return hole
    volts = 1.0
    if role != "energy":
        voltage = role_numbers(block, roles, "voltage")
        hole = incomplete(voltage, "the battery's voltage")
        if hole is not None:
            return hole
        volts = sum(look.value for look in voltage.found) / len(voltage.found) / 1e6
    fall = _fall(looks.found)
    if isinstance(fall, NotThere):
        return fall
    # 1 µAh at 1 V, and 1 µWh, are 3600 µJ.
    unit_uj = 3600.0 * volts
    return energy_of_rate(
        block,
        fall.amount * unit_uj,
        fall.covered_ns,
        step_uj=fall.error * unit_uj,
        time_error_ns=fall.time_error_ns,
    )


def _fall(looks: Sequence[Look]) -> _Fall | NotThere:
    changes = [later for earlier, later in pairwise(looks) if later.value != earlier.value]
    if not changes:
        return NotThere("the charge counter did not move during the block")
    if len(changes) < 2:
        return NotThere("the charge counter moved once only: a longer block is needed")
    first, last = changes[0], changes[-1]
    steps = [later.value - earlier.value for earlier, later in pairwise(changes)]
    amount, covered = first.value - last.value, last.at_ns - first.at_ns
    if amount <= 0:
        return NotThere("the charge counter rose: the battery was charged")
    if any(step > amount for step in steps):
        return NotThere("the charge counter jumped: the gauge corrected itself")
    gap = max(later.at_ns - earlier.at_ns for earlier, later in pairwise(looks))
    quantum = float(math.gcd(*(int(look.value) for look in looks)))
    slope, residual = _line(changes)
    if len(changes) < _FITTED_FROM:
        return _Fall(amount, covered, max(quantum, 2 * residual), gap)
    # Changes that come as regularly as the gauge's own beat lie on a line that hides up to half a step.
    return _Fall(-slope * covered, covered, max(2 * residual, quantum / 2), 0.0)


def _line(changes: Sequence[Look]) -> tuple[float, float]:
    """Slope per ns of the least-squares line through the changes, and the largest distance from it."""
    count = len(changes)
    mean_t = sum(look.at_ns for look in changes) / count
    mean_v = sum(look.value for look in changes) / count
    slope = sum((look.at_ns - mean_t) * (look.value - mean_v) for look in changes) / sum(
        (look.at_ns - mean_t) ** 2 for look in changes
    )
    return slope, max(abs(look.value - mean_v - slope * (look.at_ns - mean_t)) for look in changes)


SOURCE: Final = EnergySource("charge_counter", "charge counter × voltage of the battery", 3, True, find, measure)
