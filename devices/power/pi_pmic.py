"""The power management chip of a Raspberry Pi 5: currents and voltages of its rails, by vcgencmd."""

from __future__ import annotations

from typing import Final

from devices.power.block import BlockLike, incomplete, numbers, unfit
from devices.power.probes import CommandToRun
from devices.power.sampled import energy_of_samples, smallest_step
from devices.power.source import BlockEnergy, Channel, EnergyReadings, EnergySource, FoundSource, SourceReadout, readout
from devices.power.survey import Survey
from devices.readings.unavailable import NotThere
from devices.readings.vcgencmd import parse_pmic

_PROBE: Final = "pmic"


def find(survey: Survey) -> FoundSource | NotThere:
    """All rails that have a current and a voltage are added up. What comes in at 5 V has no current: USB devices, the
    fan and the chip's own losses are not seen.
    """
    rails = parse_pmic(survey.answers.get("pmic", ""))
    if isinstance(rails, NotThere):
        return rails
    if "VDD_CORE" not in rails.powers_w:
        return NotThere("vcgencmd gives no current and voltage of VDD_CORE")
    channels = tuple(Channel(name, {"pmic": _PROBE}) for name in rails.powers_w)
    probe = CommandToRun(_PROBE, ("vcgencmd", "pmic_read_adc"))
    left_out = tuple(f"{name}: no current is given" for name in rails.voltages_v if name not in rails.currents_a)
    covers = f"{len(channels)} rails of the power management chip, without what hangs on 5 V"
    return FoundSource("pi_pmic", covers, channels, (), (probe,), left_out=left_out)


def measure(found: FoundSource, evidence: EnergyReadings) -> SourceReadout:
    """Samples of the sum, integrated."""
    names = tuple(channel.name for channel in found.channels)
    return readout(found, evidence, lambda block: _energy(names, block))


def _energy(names: tuple[str, ...], block: BlockLike) -> BlockEnergy | NotThere:
    reason = unfit(block)
    if reason is not None:
        return reason

    def milliwatts(text: str) -> float | NotThere:
        rails = parse_pmic(text)
        if isinstance(rails, NotThere):
            return rails
        lost = [name for name in names if name not in rails.powers_w]
        return NotThere(f"the rail {lost[0]} was lost") if lost else 1e3 * sum(rails.powers_w[name] for name in names)

    looks = numbers(block, _PROBE, milliwatts)
    hole = incomplete(looks, "the power management chip")
    if hole is not None:
        return hole
    return energy_of_samples(block, looks.found, step_mw=smallest_step([look.value for look in looks.found]))


SOURCE: Final = EnergySource("pi_pmic", "rails of the Raspberry Pi's power management chip", 2, False, find, measure)
