"""What one device has to be analysed: its records, and its rows of every table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from harness.analysis.conditions.arm_facts import source_of
from harness.analysis.conditions.browser_facts import clock_step_of_pages
from harness.analysis.evidence.latency_evidence import summarise_blocks
from harness.analysis.tables.energy_table import DeviceEnergy, energy_frame
from harness.analysis.tables.page_table import page_frame
from harness.documents.manifest import Manifest, ManifestArm
from harness.statistics.clock_step import clock_step_ns

if TYPE_CHECKING:
    import pandas as pd

    from harness.analysis.tables.device_records import DeviceRecords
    from harness.documents.joined_votes import Preference
    from harness.documents.records import EnergyBlock, LatencyBlock
    from harness.documents.runner_record import RunnerRecord
    from harness.quantity import Quantity


@dataclass(frozen=True)
class DeviceData:
    """One device's share of a run."""

    manifest: Manifest
    records: DeviceRecords | None
    """None where the runner never started."""
    survey_text: str | None
    """What the device showed of its sensors before the run."""
    latency: pd.DataFrame
    memory: pd.DataFrame
    telemetry: pd.DataFrame
    """The table of `Tables`, of this device alone."""
    scores: pd.DataFrame
    """The rows have the columns of `QUALITY_COLUMNS`, of this device alone."""
    energy: DeviceEnergy
    preferences: Mapping[str, Preference] = field(default_factory=dict)
    """What people said of the device's outputs, by the name of the candidate."""
    runner: RunnerRecord | None = None
    """Which runner measured it, and from where its runtimes were."""

    @property
    def baseline(self) -> ManifestArm:
        """The arm that every candidate is compared with."""
        return self.manifest.arms[0]

    @cached_property
    def blocks(self) -> pd.DataFrame:
        """One row a latency block, as `summarise_blocks` gives it, with `started_s`: seconds since the first block."""
        return _since_begin(summarise_blocks(self.latency))

    @cached_property
    def clock_step_ns(self) -> float:
        """What the device's clock can tell apart, as the latencies of all arms show it, or as a page found its own to
        step; 0 where neither shows a step.
        """
        shown = clock_step_ns(self.latency["latency_ns"].to_numpy(dtype=np.float64))
        return max(shown, clock_step_of_pages(self.manifest, self.records))

    @cached_property
    def energy_rows(self) -> pd.DataFrame:
        """The values of the energy blocks, in the columns of `ENERGY_COLUMNS`."""
        return energy_frame([self.energy])

    @cached_property
    def page_rows(self) -> pd.DataFrame:
        """The values of the page pass, in the columns of `PAGE_COLUMNS`."""
        return page_frame(self.manifest, self.records)

    @cached_property
    def latency_blocks(self) -> list[LatencyBlock]:
        """The records of all blocks of complete pairs."""
        pairs = self.records.complete_pairs([arm.id for arm in self.manifest.arms]) if self.records is not None else []
        return [block for pair in pairs for block in pair]

    @cached_property
    def energy_blocks(self) -> list[EnergyBlock]:
        """The records of all long blocks of whole cycles."""
        cycles = self.records.whole_cycles([arm.id for arm in self.manifest.arms]) if self.records is not None else []
        return [block for cycle in cycles for block in cycle]

    def goes_first(self, candidate: ManifestArm) -> dict[int, bool]:
        """Cycle of long blocks → whether the candidate's block came before the baseline's."""
        places: dict[int, dict[str | None, int]] = {}
        for block in self.records.energy if self.records is not None else []:
            places.setdefault(block.cycle, {})[block.arm] = block.position
        return {
            cycle: place[candidate.id] < place[self.baseline.id]
            for cycle, place in places.items()
            if {candidate.id, self.baseline.id} <= place.keys()
        }

    def source(self, arm: ManifestArm) -> str:
        """Where the arm's values are from, in words."""
        return source_of(arm, self.records)

    @staticmethod
    def rows(frame: pd.DataFrame, arm: ManifestArm, quantity: Quantity) -> pd.DataFrame:
        """The arm's values of one quantity in one of the tables that have a column of each."""
        return frame[(frame["arm"] == arm.name) & (frame["quantity"] == quantity.name)]


def _since_begin(blocks: pd.DataFrame) -> pd.DataFrame:
    """Add `started_s`: seconds since the first block. After a restart of the device its clock begins anew; such a
    session follows on from the block before.
    """
    started: list[float] = []
    offset = 0.0
    for nanoseconds in blocks.sort_values(["session", "started_ns"])["started_ns"] if len(blocks) else []:
        seconds = nanoseconds / 1e9
        if not started:
            offset = -seconds
        elif seconds + offset < started[-1]:
            offset = started[-1] - seconds
        started.append(seconds + offset)
    ordered = blocks.sort_values(["session", "started_ns"]).assign(started_s=started)
    return ordered.sort_values(["pair", "position"], ignore_index=True)
