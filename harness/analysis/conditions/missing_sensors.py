"""What could not be watched while a device measured: what it cannot be asked for, and sensors that were lost."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from devices.power.survey import parse_survey
from harness.runs.planning.device_gates import device_gates
from harness.words.gate_names import gate_name
from harness.words.sentences import counted, listed

if TYPE_CHECKING:
    from harness.documents.records import EnergyBlock, LatencyBlock
    from harness.experiment.declaration import GateBounds

_SPOILS: Final = {"temperature": "heat", "governor": "the clocks"}
"""Conditions whose absence a reader should know of: what they show can change latencies by tens of per cent."""


def missing_sensors(
    survey_text: str | None,
    bounds: GateBounds,
    latency: Sequence[LatencyBlock],
    energy: Sequence[EnergyBlock] = (),
    of_pass: str = "energy pass",
) -> list[str]:
    """Warnings. `survey_text`: what the device showed of its sensors before the run; None where it was never asked."""
    return _never(survey_text, bounds) + _lost(latency, "block") + _lost(energy, f"block of the {of_pass}")


def _never(survey_text: str | None, bounds: GateBounds) -> list[str]:
    if not survey_text:
        return []
    missing = device_gates(parse_survey(survey_text), bounds, on_battery=False).missing
    told = [f"{words} ({missing[name]})" for name, words in _SPOILS.items() if name in missing]
    return [f"Not watched before the blocks: {listed(told)}."] if told else []


def _lost(blocks: Sequence[LatencyBlock] | Sequence[EnergyBlock], noun: str) -> list[str]:
    """Conditions that were read before some blocks and not before others."""
    unread: Counter[str] = Counter()
    read: set[str] = set()
    for block in blocks:
        if block.gate is None:
            continue
        # Of several clock domains one that is lost is enough.
        names = {(re.sub(r"_\d+$", "", name), value is None) for name, value in block.gate.values.items()}
        unread.update(name for name, is_lost in names if is_lost)
        read.update(name for name, is_lost in names if not is_lost)
    return [
        f"The {gate_name(name).reading} could not be read before {count} of "
        f"{counted(len(blocks), noun)}: it was not watched there."
        for name, count in unread.items()
        if name in read
    ]
