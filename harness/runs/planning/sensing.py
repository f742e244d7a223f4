"""What is read on a device beside the inferences: gates before blocks, energy around them, memory of other kinds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from devices.power.registry import SOURCES
from devices.power.survey import parse_survey, survey_energy
from devices.readings.unavailable import NotThere
from harness.documents.plan import MEMINFO_ID, CommandProbe, EnergyOptions, Gates, Probe
from harness.experiment.energy_source import usable_source, with_stand_ins
from harness.runs.planning.device_gates import battery_probe, device_gates
from harness.runs.planning.device_probes import energy_probes, plan_probe

if TYPE_CHECKING:
    from devices.base import DeviceCommands
    from harness.experiment.declaration import Experiment

GatedPass = Literal["latency", "memory", "energy"]
PASSES: tuple[GatedPass, ...] = ("latency", "memory", "energy")

SLICES = 10
"""Parts in which a long block is told: a tenth still holds many inferences, and shows when a device begins to throttle.
"""
UNPLUG_WAIT_S = 1800.0
"""How long a device waits for its cable to be pulled."""

_MEMINFO = CommandProbe(id=MEMINFO_ID, argv=["dumpsys", "meminfo", "{pid}"])


@dataclass(frozen=True)
class Sensing:
    """What one device can be asked, as a plan names it. Empty where a device says nothing of itself."""

    survey_text: str = ""
    """What the device showed of its sensors; kept with the run, so that readings can be understood again."""
    probes: list[Probe] = field(default_factory=list)
    gates: dict[GatedPass, Gates] = field(default_factory=dict)
    energy: EnergyOptions = field(default_factory=EnergyOptions)
    memory_probes: list[str] = field(default_factory=list)
    soak_probes: list[str] = field(default_factory=list)
    measures_energy: bool = False
    """Whether energy blocks are worth their time: the device has a source, or a meter listens outside."""
    notes: list[str] = field(default_factory=list)
    """What a person should know before the run."""


def look_around(device: DeviceCommands, experiment: Experiment) -> Sensing:
    """Ask the device once. Raises `DeviceError`."""
    return make_sensing(survey_energy(device), experiment)


def make_sensing(survey_text: str, experiment: Experiment) -> Sensing:
    """From what the device showed to what a plan asks of it."""
    energy = experiment.measure.energy
    survey = parse_survey(survey_text, meter_declared=energy.meter_csv is not None)
    notes: list[str] = []
    probes: dict[str, Probe] = {}
    options, measures_energy, reads_battery = EnergyOptions(), False, False
    if experiment.energy_cycles:
        found = usable_source(survey, experiment.measure)
        if isinstance(found, NotThere):
            notes.append(f"energy will not be measured: {found.reason}")
        else:
            more, options = energy_probes(
                with_stand_ins(found, survey, energy),
                lead_in_ns=round(energy.lead_in_s * 1e9),
                sample_every_ns=round(energy.sample_ms * 1e6),
            )
            probes |= {probe.id: probe for probe in more}
            measures_energy, reads_battery = True, SOURCES[found.source].reads_battery
            notes.append(f"energy: {SOURCES[found.source].label}, of {found.covers}")
            if experiment.asks_for_energy_looks and energy.unseen is not None:
                notes.append(f"energy: all {experiment.energy_cycles} cycles will be measured: {energy.unseen}")
    long_blocks = experiment.long_blocks(measures_energy=measures_energy)
    if long_blocks.cycles:
        rest_ns = round(experiment.measure.gates.cool_first_s * 1e9)
        lead_in_ns = round(energy.lead_in_s * 1e9)
        options = options.model_copy(update={"lead_in_ns": lead_in_ns, "rest_ns": rest_ns, "slices": SLICES})
    gates: dict[GatedPass, Gates] = {}
    for each in PASSES:
        asked = device_gates(
            survey,
            experiment.measure.gates,
            on_battery=each == "energy" and measures_energy and (reads_battery or energy.unplugged),
            long_blocks=long_blocks.cycles * len(experiment.arms) if each == "energy" else 0,
        )
        gates[each] = _patient(asked.gates) if each == "energy" and energy.unplugged else asked.gates
        probes |= {probe.id: probe for probe in asked.probes}
    soak_probe = battery_probe(survey)
    if soak_probe is not None:
        probes[soak_probe.id] = plan_probe(soak_probe)
    if survey.is_android:
        probes[_MEMINFO.id] = _MEMINFO
    return Sensing(
        survey_text=survey_text,
        probes=list(probes.values()),
        gates=gates,
        energy=options,
        memory_probes=[_MEMINFO.id] if survey.is_android else [],
        soak_probes=[soak_probe.id] if soak_probe is not None else [],
        measures_energy=measures_energy,
        notes=notes,
    )


def _patient(gates: Gates) -> Gates:
    """Of a pass that begins when somebody has pulled the cable: that is waited for long, and all else (heat, load,
    clocks) for as long as in any other pass.
    """
    wait_ns = round(UNPLUG_WAIT_S * 1e9)
    conditions = [
        each.model_copy(update={"max_wait_ns": max(wait_ns, gates.max_wait_ns)})
        if each.id == "battery_status"
        else each
        for each in gates.conditions
    ]
    return gates.model_copy(update={"conditions": conditions})
