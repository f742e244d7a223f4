"""The energy pass of one device, watched: judged after every whole cycle, from `measure.energy.min_cycles` on.

Every look reads all whole cycles so far as the final analysis will: what a battery's current means, and which of its
sources serves, is found out from all blocks together, and where that changes, all looks are computed anew. What cannot
be told is waited for, never taken for a decision.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from harness.analysis.evidence.energy_evidence import energy_effect, energy_level, with_idle_doubt
from harness.analysis.evidence.evidence import Evidence, Paired
from harness.analysis.stopping.stopping import (
    NO_EFFECT_ASKED,
    NOT_ASKED,
    Decision,
    decide,
    ending_in_words,
    question_of,
)
from harness.analysis.tables.device_records import DeviceRecords
from harness.analysis.tables.energy_table import DeviceEnergy, energy_frame, read_device_energy
from harness.documents.comparison import NoEffect
from harness.documents.records import ArmFailed, EnergyBlock
from harness.quantity import QUANTITIES

if TYPE_CHECKING:
    import pandas as pd

    from harness.documents.manifest import Manifest
    from harness.documents.records import Record
    from harness.experiment.declaration import Rule


class EnergyWatch:
    """The energy pass of one device, watched. Give it every record; ask for `decision` whenever a block has come."""

    def __init__(self, manifest: Manifest, survey_text: str | None) -> None:
        self._manifest = manifest
        self._survey_text = survey_text
        self._first_look = manifest.experiment.energy_looks_after
        self._records = DeviceRecords()
        self._arms = [arm.id for arm in manifest.arms]
        self._cycles = 0
        self._decision: Decision | None = None

    def take(self, record: Record) -> None:
        """One record of records.jsonl, in the order of the file."""
        match record:
            case EnergyBlock() if self._first_look is not None:
                self._records.energy.append(record)
                cycles = len(self._records.whole_cycles(self._arms))
                if cycles != self._cycles:
                    self._cycles, self._decision = cycles, None
            case ArmFailed():
                self._records.failed.append(record)
                self._decision = None
            case _:
                pass

    @classmethod
    def replay(cls, manifest: Manifest, records: DeviceRecords, survey_text: str | None) -> EnergyWatch:
        """As it stood when the last of `records` had come."""
        watch = cls(manifest, survey_text)
        watch._records.energy.extend(records.energy)
        watch._records.failed.extend(records.failed)
        return watch

    @property
    def decision(self) -> Decision:
        """What to do now. It costs some tens of milliseconds after a block that ends a cycle, nothing otherwise."""
        if self._decision is None:
            self._decision = self._decide()
        return self._decision

    def _decide(self) -> Decision:
        cycles = self._records.whole_cycles(self._arms)
        if self._first_look is None:
            reason = self._manifest.experiment.measure.energy.unseen or "the number of cycles is fixed"
            return Decision("go on", len(cycles), reason)
        if self._survey_text is None:
            return Decision("go on", len(cycles), "what the device showed of its sensors (survey.txt) is lost")
        read: list[tuple[DeviceEnergy, pd.DataFrame]] = []

        def all_read() -> tuple[DeviceEnergy, pd.DataFrame]:
            if not read:
                energy = read_cycles(self._manifest, "", self._records, self._survey_text)
                read.append((energy, energy_frame([energy])))
            return read[0]

        def rows(arm: str, quantity: str) -> pd.DataFrame:
            _, frame = all_read()
            name = next(each.name for each in self._manifest.arms if each.id == arm)
            return frame[(frame["arm"] == name) & (frame["quantity"] == quantity)]

        def evidence(arm: str, rule: Rule) -> Evidence:
            if rule.at_most is not None or rule.at_least is not None:
                quantity = QUANTITIES[rule.quantity]
                level = energy_level(quantity, rows(arm, rule.quantity), "", self._first_look)
                return Evidence(NOT_ASKED, with_idle_doubt(level, quantity, all_read()[0].idle_doubt), NO_EFFECT_ASKED)
            return Evidence(NOT_ASKED, NOT_ASKED, effect(arm, rule.quantity))

        def effect(arm: str, quantity: str = "energy_per_inference") -> Paired | NoEffect:
            found = energy_effect(rows(self._arms[0], quantity), rows(arm, quantity), 0, self._first_look)
            if isinstance(found, NoEffect):
                return found
            return with_idle_doubt(found, QUANTITIES[quantity], all_read()[0].idle_doubt)

        return decide(
            question_of(self._manifest, "energy", self._first_look, self._manifest.experiment.energy_cycles, "cycle"),
            len(cycles),
            self._records.working_candidates(self._arms),
            evidence,
            effect,
        )


def read_cycles(
    manifest: Manifest, device: str, records: DeviceRecords | None, survey_text: str | None
) -> DeviceEnergy:
    """Energy of a device's blocks: of whole cycles alone where the pass could end after any of them."""
    names = {arm.id: arm.name for arm in manifest.arms}
    # Long blocks of sustained use alone say nothing of energy: nothing of it was read around them.
    blocks = [] if records is None or not manifest.experiment.energy_cycles else records.energy
    if blocks and records is not None and manifest.experiment.energy_looks_after is not None:
        blocks = [block for cycle in records.whole_cycles(list(names)) for block in cycle]
    home = Path(manifest.experiment_folder)
    return read_device_energy(device, blocks, survey_text, manifest.experiment.measure.energy, names, home)


def energy_ending(manifest: Manifest, records: DeviceRecords, survey_text: str | None) -> str | None:
    """Why the energy pass of a device ended where it did, in words; None where nobody asked for it to end early, or it
    has no energy blocks.
    """
    experiment = manifest.experiment
    if not records.energy or not experiment.asks_for_energy_looks:
        return None
    decision = EnergyWatch.replay(manifest, records, survey_text).decision
    return ending_in_words("energy", decision, experiment.energy_cycles, "cycle", records)
