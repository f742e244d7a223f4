"""The machine during the run: clock, load of others, temperature, and what about them a reader should know."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from harness.analysis.conditions.load_of_others import cores_of_others
from harness.analysis.conditions.sleep import sleep_warnings
from harness.quantity import Available, Measured, Unavailable
from harness.words.sentences import counted, listed

if TYPE_CHECKING:
    import pandas as pd

    from devices.identity import Identity
    from harness.analysis.tables.device_records import DeviceRecords
    from harness.documents.manifest import Manifest

_BUSY_SHARE = 0.5
_HOTTER_CELSIUS = 10.0
_SLOWER_CLOCK = 0.9
_CLOCK_LOOKS = 6  # one look at a clock that hops is luck


def environment_facts(telemetry: pd.DataFrame, busiest_threads: int) -> dict[str, Measured]:
    """Clock, load and temperature at the beginning and end, free memory at the beginning. From the telemetry table.

    `load_of_others` is the median one-minute load during the latency pass less the `busiest_threads` of the benchmark
    itself, not below 0; `load_before` is the load when the runner started.
    """
    after_blocks = telemetry[telemetry["moment"] == "after"]
    facts: dict[str, Measured] = {}
    clocks = after_blocks["cpu_khz_max"].dropna()
    heat = telemetry["temperature_celsius"].dropna()
    for moment, few, one in (("before", clocks[:_CLOCK_LOOKS], heat[:1]), ("after", clocks[-_CLOCK_LOOKS:], heat[-1:])):
        which = "first" if moment == "before" else "last"
        facts[f"clock_{moment}"] = (
            Available(
                value=float(few.median()) / 1e3,
                unit="MHz",
                source=f"fastest core right after a block, median of the {which} {counted(len(few), 'block')}",
            )
            if len(few)
            else Unavailable(reason="the device does not report its clock")
        )
        facts[f"temperature_{moment}"] = (
            Available(value=float(one.iloc[0]), unit="°C", source=f"hottest zone, {which} look at the machine")
            if len(one)
            else Unavailable(reason="the device does not report its temperature")
        )
    at_start = telemetry.loc[telemetry["moment"] == "start", "load_1min"].dropna()
    during = after_blocks["load_1min"].dropna()
    missing = Unavailable(reason="the device does not report its load")
    facts["load_before"] = (
        Available(value=float(at_start.iloc[0]), unit="", source="one-minute load when the runner started")
        if len(at_start)
        else missing
    )
    facts["load_of_others"] = (
        Available(
            value=max(0.0, float(np.median(during)) - busiest_threads),
            unit="",
            source=f"median one-minute load during the blocks, less the {busiest_threads} of the benchmark",
        )
        if len(during)
        else missing
    )
    memory = telemetry["memory_available_bytes"].dropna()
    facts["memory_available"] = (
        Available(value=float(memory.iloc[0]), unit="bytes", source="first look at the machine")
        if len(memory)
        else Unavailable(reason="the device does not report its free memory")
    )
    return facts


def condition_warnings(
    manifest: Manifest,
    records: DeviceRecords,
    identity: Identity | None,
    telemetry: pd.DataFrame,
    facts: dict[str, Measured],
) -> list[str]:
    """Warnings on the whole run of one device."""
    warnings: list[str] = []
    names = {arm.id: arm.name for arm in manifest.arms}
    if identity is not None and identity.is_virtual:
        warnings.append("This is a virtual machine or a container: its timings are noisier than a real device's.")
    boots = {str(boot) for boot in telemetry["boot_id"].dropna()}
    if len(boots) > 1:
        warnings.append(
            f"The device restarted during the run ({counted(len(boots) - 1, 'time')}), and measured in "
            "different states."
        )
    elif len(records.started) > 1:
        warnings.append(
            f"The run was interrupted and taken up again ({counted(len(records.started) - 1, 'time')}); pairs that "
            "were cut in the middle were measured again."
        )
    warnings += sleep_warnings(records)
    if records.warm_up:
        cold = [names.get(arm, arm) for arm, settled in records.warm_up[-1].settled.items() if not settled]
        if cold:
            warnings.append(
                f"{listed(cold)} had not settled when warm-up reached its bound. Raise measure.warm_up_max_blocks, or "
                "let the device rest before the run."
            )
    if all(cores_of_others(block) is None for block in records.blocks):
        # The one-minute load is a poor man's look at what ticks show of every block.
        warnings += _load_warnings(identity, facts)
    warnings += _heat_warnings(facts)
    governors = sorted({str(governor) for governor in telemetry["governor"].dropna()})
    if len(governors) > 1:
        warnings.append(f"The clock governor changed during the run: {listed(governors)}.")
    if records.finished and records.finished[-1].reason == "bound":
        warnings.append("The run reached measure.max_minutes before its last pair.")
    if records.finished and records.finished[-1].reason == "stopped":
        warnings.append("The run was stopped before its last pair.")
    return warnings


def _load_warnings(identity: Identity | None, facts: dict[str, Measured]) -> list[str]:
    cores = identity.cores if identity is not None else None
    if not cores:
        return []
    loads = {name: facts[name] for name in ("load_before", "load_of_others")}
    busy = [
        f"{load.value:.1f} {'before the run' if name == 'load_before' else 'during the blocks'}"
        for name, load in loads.items()
        if isinstance(load, Available) and load.value > _BUSY_SHARE * cores
    ]
    if not busy:
        return []
    return [f"Others kept the device busy (load {listed(busy)}, {counted(cores, 'core')}). Measure on an idle device."]


def _heat_warnings(facts: dict[str, Measured]) -> list[str]:
    warnings = []
    before, after = facts["temperature_before"], facts["temperature_after"]
    if isinstance(before, Available) and isinstance(after, Available) and after.value - before.value > _HOTTER_CELSIUS:
        warnings.append(f"The device heated up from {before.value:.0f} °C to {after.value:.0f} °C.")
    before, after = facts["clock_before"], facts["clock_after"]
    if isinstance(before, Available) and isinstance(after, Available) and after.value < _SLOWER_CLOCK * before.value:
        warnings.append(f"The clock fell from {before.value:.0f} MHz to {after.value:.0f} MHz during the run.")
    return warnings
