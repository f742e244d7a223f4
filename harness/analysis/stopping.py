"""When the latency pass of one device may end: asked while its records stream in, and explained afterwards.

The rules on latency are judged after every whole pair, from `measure.min_pairs` on, by the code of the final analysis
(`judge_rule` on a `SequentialEstimate`), so the verdict cannot contradict the reason for stopping: what is decided at
one look stays decided at later ones. Each device is decided alone; with several of them a rule counts as broken only
where it is broken whatever the others say (Bonferroni's bound on Holm's correction).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from harness.analysis.device_records import DeviceRecords
from harness.analysis.evidence import Evidence, Level, Paired
from harness.analysis.judge_outcome import NEGLIGIBLE_RATIO
from harness.analysis.judge_rule import judge_rule
from harness.analysis.latency_evidence import effect_of_blocks, level_of_blocks
from harness.analysis.wording import counted
from harness.comparison import NoEffect
from harness.quantity import QUANTITIES, Unavailable
from harness.records import ArmFailed, LatencyBlock
from harness.statistics.confidence_sequence import critical_values

if TYPE_CHECKING:
    from harness.experiment.declaration import Rule
    from harness.runs.manifest import Manifest
    from harness.statistics.estimate import Estimate

PRECISION = NEGLIGIBLE_RATIO
"""Where no rule is on latency, the pass may end once the 95 % interval of every candidate's median latency reaches no
further than this to either side: what is narrower than a difference that matters is narrow enough.
"""

_ALPHA = 0.05
_FAR = 3.0
"""A rule is given up where even a mean that moves by three standard errors of what is yet to come towards the better
end would leave it open: fewer than 1 in 100 of such rules would have been decided.
"""

_LATENCY = {name for name, quantity in QUANTITIES.items() if quantity.measured_in == "latency"}
_NOT_ASKED = Level(Unavailable(reason="not asked for"), None)


@dataclass(frozen=True)
class Decision:
    """`go on`; `decided`: nothing more is to be learnt; `hopeless`: what is open stays so within `measure.pairs`."""

    kind: Literal["go on", "decided", "hopeless"]
    pairs: int
    """Whole pairs that it rests on."""
    reason: str
    """In words, such as `every rule on latency was decided`."""


class LatencyWatch:
    """The latency pass of one device, watched. Give it every record; ask for `decision` whenever a block has come."""

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest
        self._rules = [rule for rule in manifest.experiment.rules if rule.quantity in _LATENCY]
        self._records = DeviceRecords()
        self._summaries: dict[tuple[int, int, str], dict[str, float]] = {}
        self._found: dict[tuple[int, int], set[str]] = {}
        """(session, pair) → arms with a block in it."""
        self._decision: Decision | None = None

    def take(self, record: dict[str, Any]) -> None:
        """One parsed line of records.jsonl, in the order of the file. Raises `pydantic.ValidationError` where it is a
        block or a failure and not a valid one.
        """
        match record.get("record"):
            case "latency_block":
                self._take_block(LatencyBlock.model_validate(record))
            case "arm_failed":
                self._take_failure(ArmFailed.model_validate(record))

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
        baseline, *candidates = self._manifest.arms
        working = [arm.id for arm in candidates if arm.id not in self._records.failed_arms]
        if not working or baseline.id in self._records.failed_arms:
            return Decision("hopeless", len(pairs), "no two arms were left to compare")
        if len(pairs) < first_look:
            return Decision("go on", len(pairs), f"fewer than measure.min_pairs ({first_look})")
        if self._rules:
            return self._decide_rules(pairs, working)
        effects = [self._effect(pairs, arm, "latency_p50") for arm in working]
        precise = all(not isinstance(effect, NoEffect) and _is_precise(effect.estimate) for effect in effects)
        if precise:
            return Decision("decided", len(pairs), f"the latencies are compared to within {100 * PRECISION:g} %")
        return Decision("go on", len(pairs), f"the latencies are not yet compared to within {100 * PRECISION:g} %")

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
            return Evidence(_NOT_ASKED, self._level(pairs, arm, rule.quantity), NoEffect(reason="not asked for"))
        return Evidence(_NOT_ASKED, _NOT_ASKED, self._effect(pairs, arm, rule.quantity))

    def _decide_rules(self, pairs: list[list[LatencyBlock]], working: list[str]) -> Decision:
        most, devices = self._manifest.experiment.measure.pairs, len(self._manifest.devices)
        hopeless = 0
        for arm in working:
            for rule in self._rules:
                known = self._evidence(pairs, arm, rule)
                judged = judge_rule(rule, QUANTITIES[rule.quantity], known)
                if judged.outcome == "met" or (judged.outcome == "broken" and judged.p_broken * devices <= _ALPHA):
                    continue
                if judged.outcome != "unavailable" and not _is_out_of_reach(rule, known, judged.effect_bound, most):
                    return Decision("go on", len(pairs), "a rule on latency is open")
                hopeless += 1
        if hopeless:
            return Decision("hopeless", len(pairs), f"what is open could not be decided within {counted(most, 'pair')}")
        return Decision("decided", len(pairs), "every rule on latency was decided")


def stopping_in_words(manifest: Manifest, records: DeviceRecords) -> str | None:
    """Why the latency pass of a device ended where it did: `stopped after 14 of at most 30 pairs: every rule on latency
    was decided`. None where the number of pairs was fixed.
    """
    measure = manifest.experiment.measure
    if measure.looks_after is None:
        return None
    noun = "pair" if len(manifest.arms) == 2 else "round"
    decision = LatencyWatch.replay(manifest, records).decision
    most = counted(measure.pairs, noun)
    if any(one.of_pass == "latency" for one in records.passes_stopped):
        reason = decision.reason if decision.kind != "go on" else "it was told to by a stop-latency file"
        return f"stopped after {decision.pairs} of at most {most}: {reason}"
    if decision.pairs >= measure.pairs:
        return f"all {most} were measured: {decision.reason}"
    ended = records.finished[-1].reason if records.finished else None
    why = {
        "bound": "measure.max_minutes was reached",
        "stopped": "the run was stopped",
        "complete": decision.reason,
    }.get(ended or "", "the run is not complete")
    return f"ended after {decision.pairs} of at most {most}: {why}"


def _is_precise(estimate: Estimate) -> bool:
    interval = estimate.interval(0.95)
    return interval is not None and (interval[1] - interval[0]) / 2.0 <= math.log1p(PRECISION)


def _is_out_of_reach(rule: Rule, evidence: Evidence, effect_bound: float | None, most: int) -> bool:
    """Whether an open rule would still be open after `most` pairs, by the width that the interval would then have."""
    own = rule.at_most or rule.at_least
    if own is None:
        estimate = None if isinstance(evidence.effect, NoEffect) else evidence.effect.estimate
        bound = effect_bound
    else:
        estimate, bound = evidence.candidate.estimate, own.in_unit(QUANTITIES[rule.quantity].unit)
    if estimate is None or estimate.sd is None or not bound:
        return False
    then = estimate.effective_n * most / estimate.n
    if then <= estimate.effective_n:
        return True
    level = 0.90 if rule.no_worse_than is not None else 0.95
    width = float(critical_values(np.array([then]), level)[0]) * estimate.sd / math.sqrt(then)
    to_come = estimate.sd * math.sqrt(1.0 / estimate.effective_n - 1.0 / then)
    return abs(estimate.mean - math.log(bound)) + _FAR * to_come < width
