"""The latency pass of one device, watched: judged after every whole launch from `measure.min_pairs` on, or after every
pair where the processes stay the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np

from harness.analysis.evidence.evidence import Evidence, Level, Paired
from harness.analysis.evidence.latency_doubts import doubts_on_effect, doubts_on_level, still_moves
from harness.analysis.evidence.latency_evidence import effect_of_blocks, level_of_blocks
from harness.analysis.evidence.latency_tail import TAILS, tail_effect, tail_level, with_doubts_of
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
from harness.quantity import ITEM_LATENCY, QUANTITIES
from harness.statistics.clock_step import ClockWatch
from harness.statistics.launches import launches_of

if TYPE_CHECKING:
    from harness.documents.manifest import Manifest
    from harness.documents.records import Record
    from harness.experiment.declaration import Rule
    from harness.statistics.estimate import Floats
    from harness.statistics.launches import Labels


class LatencyWatch:
    """The latency pass of one device, watched. Give it every record; ask for `decision` whenever a block has come.

    While pairs come in it waits for trends that more of them may show to be over (`on_the_way`); what the pass came to
    is judged without.
    """

    def __init__(self, manifest: Manifest, *, on_the_way: bool = True) -> None:
        self._manifest = manifest
        self._on_the_way = on_the_way
        numbers = manifest.inferences_of_latency_item()
        self._inferences = {arm.id: numbers[arm.name] for arm in manifest.arms}
        """Arm → how many of them the item takes."""
        self._records = DeviceRecords()
        self._summaries: dict[tuple[int, int, str], dict[str, float]] = {}
        self._found: dict[tuple[int, int], set[str]] = {}
        """(session, pair) → arms with a block in it."""
        self._positions: dict[tuple[int, int, str], int] = {}
        self._clock = ClockWatch()
        self._times: dict[tuple[int, int, str], Floats] = {}
        """The inferences of every block, where a rule asks about them."""
        self._keeps_times = any(rule.quantity in TAILS for rule in manifest.experiment.rules)
        self._decision: Decision | None = None
        self._launches: dict[tuple[int, int], set[int]] = {}
        """(session, launch) → whole pairs in it. Where starting is dear a launch is longer than planned, as the first
        one tells; a look in the middle of one would be at half a replicate.
        """
        self._ends = {done - 1 for done in accumulate(manifest.experiment.measure.launch_sizes)}
        """The last pair of each launch."""

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
        """What it came to when the last of `records` had come."""
        watch = cls(manifest, on_the_way=False)
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
        mean_ns = float(np.mean(block.latency_ns))
        self._summaries[block.session, block.pair, block.arm] = {
            "latency_p50": float(np.median(block.latency_ns)),
            "latency_p90": float(np.percentile(block.latency_ns, 90)),
            "latency_mean": mean_ns,
            ITEM_LATENCY: self._inferences[block.arm] * mean_ns,
        }
        self._positions[block.session, block.pair, block.arm] = block.position
        self._clock.take(block.latency_ns)
        if self._keeps_times:
            self._times[block.session, block.pair, block.arm] = np.array(block.latency_ns, dtype=np.float64)
        found = self._found.setdefault((block.session, block.pair), set())
        found.add(block.arm)
        whole = found >= {arm.id for arm in self._manifest.arms} - self._records.failed_arms
        if block.launch is not None:
            launch = self._launches.setdefault((block.session, block.launch), set())
            launch |= {block.pair} if whole else set()
            is_over = block.pair in self._ends and len(launch) >= len(next(iter(self._launches.values())))
        if whole and (block.launch is None or is_over):
            self._decision = None

    def _take_failure(self, failure: ArmFailed) -> None:
        self._records.failed.append(failure)
        self._decision = None

    def _decide(self) -> Decision:
        first_look, pairs = self._manifest.experiment.measure.first_look, self._pairs()
        launches = _launches(pairs)
        first = first_look.pairs if launches is None else first_look.launches
        count = len(pairs) if launches is None else len(np.unique(launches))
        if first is None:
            return Decision("go on", count, "the number of pairs is fixed")
        sizes = self._manifest.experiment.measure.launch_sizes
        noun, most = ("pair", sum(sizes)) if launches is None else ("launch", len(sizes))
        return decide(
            question_of(self._manifest, "latency", first, most, noun),
            count,
            self._records.working_candidates([arm.id for arm in self._manifest.arms]),
            lambda arm, rule: self._evidence(pairs, arm, rule),
            lambda arm: self._effect(pairs, arm, "latency_p50"),
        )

    def _pairs(self) -> list[list[LatencyBlock]]:
        return self._records.complete_pairs([arm.id for arm in self._manifest.arms])

    def _effect(self, pairs: list[list[LatencyBlock]], arm: str, quantity: str) -> Paired | NoEffect:
        """Of one candidate against the baseline."""
        baseline, places = self._manifest.arms[0].id, []
        for pair in pairs:
            found = {block.arm: (block.session, block.pair, block.arm) for block in pair}
            if baseline in found and arm in found:
                places.append((found[baseline], found[arm]))
        launches = _launches([pair for pair in pairs if {baseline, arm} <= {block.arm for block in pair}])
        first_look = self._manifest.experiment.measure.first_look
        if quantity in TAILS:
            before, after = ([self._times[pair[side]] for pair in places] for side in (0, 1))
            tail = tail_effect(QUANTITIES[quantity], before, after, launches, 0, first_look)
            return with_doubts_of(tail, lambda: self._effect(pairs, arm, "latency_p50"), QUANTITIES[quantity])
        ours = np.array([self._summaries[place][quantity] for place, _ in places], dtype=np.float64)
        theirs = np.array([self._summaries[place][quantity] for _, place in places], dtype=np.float64)
        effect = effect_of_blocks(ours, theirs, launches, first_look)
        if isinstance(effect, NoEffect):
            return effect
        medians = [
            np.array([self._summaries[place[side]]["latency_p50"] for place in places], dtype=np.float64)
            for side in (0, 1)
        ]
        candidate_first = np.array([self._positions[theirs] < self._positions[ours] for ours, theirs in places])
        doubts = doubts_on_effect(
            QUANTITIES[quantity],
            (ours, theirs),
            (medians[0], medians[1]),
            candidate_first,
            {"baseline": baseline, "candidate": arm},
            self._clock.step_ns,
            launches,
        )
        moving = still_moves(theirs, ours, launches) if self._on_the_way else []
        return replace(effect, leeways=(*doubts.leeways, *moving))

    def _level(self, pairs: list[list[LatencyBlock]], arm: str, quantity: str) -> Level:
        """Of one arm by itself."""
        blocks = [block for pair in pairs for block in pair if block.arm == arm]
        places = [(block.session, block.pair, block.arm) for block in blocks]
        launches, first_look = _launches([[block] for block in blocks]), self._manifest.experiment.measure.first_look
        if quantity in TAILS:
            times = [self._times[place] for place in places]
            return tail_level(QUANTITIES[quantity], times, launches, "", first_look)
        values = np.array([self._summaries[place][quantity] for place in places], dtype=np.float64)
        level = level_of_blocks(QUANTITIES[quantity], values, launches, "", first_look)
        if level.estimate is None:
            return level
        doubts = doubts_on_level(QUANTITIES[quantity], values, arm, self._clock.step_ns)[1]
        return replace(level, leeways=(*doubts, *(still_moves(values, None, launches) if self._on_the_way else [])))

    def _evidence(self, pairs: list[list[LatencyBlock]], arm: str, rule: Rule) -> Evidence:
        """What the rule asks about, and nothing else."""
        if rule.at_most is not None or rule.at_least is not None:
            return Evidence(NOT_ASKED, self._level(pairs, arm, rule.quantity), NO_EFFECT_ASKED)
        return Evidence(NOT_ASKED, NOT_ASKED, self._effect(pairs, arm, rule.quantity))


def _launches(pairs: Sequence[Sequence[LatencyBlock]]) -> Labels | None:
    """Which launch each pair is of."""
    places = [(-1 if pair[0].launch is None else pair[0].launch, pair[0].session) for pair in pairs]
    return launches_of([launch for launch, _ in places], [session for _, session in places])


def latency_ending(manifest: Manifest, records: DeviceRecords) -> str | None:
    """Why the latency pass of a device ended where it did, in words; None where the number of pairs was fixed."""
    measure = manifest.experiment.measure
    sizes, first_look = measure.launch_sizes, measure.first_look
    by_launch = any(block.launch is not None for block in records.blocks)
    if (first_look.launches if by_launch else first_look.pairs) is None:
        return None
    noun = "launch" if by_launch else "pair" if len(manifest.arms) == 2 else "round"
    decision = LatencyWatch.replay(manifest, records).decision
    return ending_in_words("latency", decision, len(sizes) if by_launch else measure.pairs, noun, records)
