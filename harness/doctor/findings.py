"""What a device's survey says of it: sources of energy in order, and what of the gates can be asked for."""

from __future__ import annotations

from devices.power.battery_capacity import BatteryCapacity, battery_capacity
from devices.power.registry import SOURCES, find_sources
from devices.power.source import FoundSource
from devices.power.survey import Survey
from harness.documents.profile import Ability, SourceFinding
from harness.experiment.declaration import Energy, GateBounds, Measure
from harness.experiment.energy_source import usable_source
from harness.quantity import Available, Measured, Unavailable
from harness.runs.planning.device_gates import device_gates
from harness.words.gate_names import GATE_NAMES


def energy_sources(survey: Survey) -> list[SourceFinding]:
    """Every source, the most trustworthy first, each with why it is or is not usable now."""
    found = []
    for name, source in find_sources(survey).items():
        now = usable_source(survey, Measure(energy=Energy(source=name))) if isinstance(source, FoundSource) else source
        found.append(
            SourceFinding(
                name=name,
                label=SOURCES[name].label,
                usable=isinstance(now, FoundSource),
                how=now.covers if isinstance(now, FoundSource) else now.reason,
            )
        )
    return found


def chosen_source(survey: Survey) -> str | None:
    """The source that an experiment which names none is measured by now."""
    found = usable_source(survey, Measure())
    return found.source if isinstance(found, FoundSource) else None


def capacity(survey: Survey) -> Measured:
    """Energy of a full battery."""
    found = battery_capacity(survey)
    if isinstance(found, BatteryCapacity):
        return Available(value=found.energy_mwh, unit="mWh", source=found.source)
    return Unavailable(reason=found.reason)


def askable_gates(survey: Survey) -> list[Ability]:
    """What can be waited for before each block here, and why the rest cannot."""
    asked = device_gates(survey, GateBounds(), on_battery=True)
    probes = {probe.id: probe for probe in asked.probes}
    found = []
    for name, words in GATE_NAMES.items():
        reason = asked.missing.get(name)
        sources = [probes[each.probe] for each in asked.gates.conditions if each.id.startswith(name)]
        how = ", ".join(dict.fromkeys(" ".join(each.argv) if each.kind == "command" else each.path for each in sources))
        # The runner itself reads what others take of the processor.
        found.append(Ability(what=words.ability, possible=reason is None, how=reason or how or "/proc/stat"))
    return found
