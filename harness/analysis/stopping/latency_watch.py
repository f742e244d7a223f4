"""The latency pass of one device, watched: judged after every whole pair, from `measure.min_pairs` on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from harness.analysis.evidence.evidence import Evidence, Level, Paired
from harness.analysis.evidence.latency_evidence import effect_of_blocks, level_of_blocks
from harness.analysis.stopping.stopping import (
    NO_EFFECT_ASKED,
    NOT_ASKED,
    Decision,
    decide,
    ending_in_words,
    question_of,
)
from harness.analysis.tables.device_records import DeviceRecords
from harness.documents.comparison import NoEffect
from harness.documents.records import ArmFailed, LatencyBlock
from harness.quantity import QUANTITIES

if TYPE_CHECKING:
    from harness.documents.manifest import Manifest
    from harness.documents.records import Record
    from harness.experiment.declaration import Rule


class LatencyWatch:
    """The latency pass of one device, watched. Give it every record; ask for `decision` whenever a block has come."""

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest
        self._records = DeviceRecords()
        self._summaries: dict[tuple[int, int, str], dict[str, float]] = {}
        self._found: dict[tuple[int, int], set[str]] = {}
        """(session, pair) → arms with a block in it."""
        self._decision: Decision | None = None

    def take(self, record: Record) -> None:
        """One record of records.jsonl, in the order of the file."""
        match record:
            case LatencyBlock():
                self._take_block(record)
            case ArmFailed():
                self._take_failure(record)
            case _:
                pass

    @classmethod
    def replay(cls, manifest: Manifest, records: DeviceRecords) -> LatencyWatch:
        """As it stood when the last of `records` had come."""
        watch = cls(manifest)
        for block in records.blocks:
            watch._take_block(block)
        for failure in records.failed:
            watch._take_failure(failure)
        return watch

    @property
    def decision(self) -> Decision:
        """What to do now. It costs a few milliseconds after a new block, nothing otherwise."""
        if self._decision is None:
            self._decision = self._decide()
        return self._decision

    def _take_block(self, block: LatencyBlock) -> None:
        # Of the block itself only its place is needed again: its times can be thousands.
        self._records.blocks.append(block.model_copy(update={"latency_ns": [], "lead_in_ns": []}))
        self._summaries[block.session, block.pair, block.arm] = {
            "latency_p50": float(np.median(block.latency_ns)),
            "latency_p90": float(np.percentile(block.latency_ns, 90)),
        }
        found = self._found.setdefault((block.session, block.pair), set())
        found.add(block.arm)
        if found >= {arm.id for arm in self._manifest.arms} - self._records.failed_arms:
            self._decision = None

    def _take_failure(self, failure: ArmFailed) -> None:
        self._records.failed.append(failure)
        self._decision = None

    def _decide(self) -> Decision:
        first_look = self._manifest.experiment.measure.looks_after
        pairs = self._records.complete_pairs([arm.id for arm in self._manifest.arms])
        if first_look is None:
            return Decision("go on", len(pairs), "the number of pairs is fixed")
        return decide(
            question_of(self._manifest, "latency", first_look),
            len(pairs),
            self._records.working_candidates([arm.id for arm in self._manifest.arms]),
            lambda arm, rule: self._evidence(pairs, arm, rule),
            lambda arm: self._effect(pairs, arm, "latency_p50"),
        )

    def _effect(self, pairs: list[list[LatencyBlock]], arm: str, quantity: str) -> Paired | NoEffect:
        """Of one candidate against the baseline."""
        baseline, places = self._manifest.arms[0].id, []
        for pair in pairs:
            found = {block.arm: (block.session, block.pair, block.arm) for block in pair}
            if baseline in found and arm in found:
                places.append((found[baseline], found[arm]))
        ours = np.array([self._summaries[place][quantity] for place, _ in places], dtype=np.float64)
        theirs = np.array([self._summaries[place][quantity] for _, place in places], dtype=np.float64)
        return effect_of_blocks(ours, theirs, self._manifest.experiment.measure.looks_after)

    def _level(self, pairs: list[list[LatencyBlock]], arm: str, quantity: str) -> Level:
        """Of one arm by itself."""
        values = [
            self._summaries[block.session, block.pair, block.arm][quantity]
            for pair in pairs
            for block in pair
            if block.arm == arm
        ]
        first_look = self._manifest.experiment.measure.looks_after
        return level_of_blocks(QUANTITIES[quantity], np.array(values, dtype=np.float64), "", first_look)

    def _evidence(self, pairs: list[list[LatencyBlock]], arm: str, rule: Rule) -> Evidence:
        """What the rule asks about, and nothing else."""
        if rule.at_most is not None or rule.at_least is not None:
            return Evidence(NOT_ASKED, self._level(pairs, arm, rule.quantity), NO_EFFECT_ASKED)
        return Evidence(NOT_ASKED, NOT_ASKED, self._effect(pairs, arm, rule.quantity))


def latency_ending(manifest: Manifest, records: DeviceRecords) -> str | None:
    """Why the latency pass of a device ended where it did, in words; None where the number of pairs was fixed."""
    measure = manifest.experiment.measure
    if measure.looks_after is None:
        return None
    noun = "pair" if len(manifest.arms) == 2 else "round"
    return ending_in_words("latency", LatencyWatch.replay(manifest, records).decision, measure.pairs, noun, records)
