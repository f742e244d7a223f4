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
from harness.analysis.evidence import Evidence
from harness.analysis.judge_outcome import NEGLIGIBLE_RATIO
from harness.analysis.judge_rule import judge_rule
from harness.analysis.latency_evidence import effect_of_blocks, level_of_blocks
from harness.analysis.wording import counted
from harness.comparison import NoEffect
from harness.quantity import QUANTITIES, Quantity
from harness.records import ArmFailed, LatencyBlock
from harness.statistics.confidence_sequence import critical_values

if TYPE_CHECKING:
    from harness.experiment.declaration import Rule
    from harness.runs.manifest import Manifest
    from harness.statistics.estimate import Estimate, Floats

PRECISION = NEGLIGIBLE_RATIO
"""Where no rule is on latency, the pass may end once the 95 % interval of every candidate's median latency reaches no
further than this to either side: what is narrower than a difference that matters is narrow enough.
"""

_ALPHA = 0.05
_FAR = 3.0
"""A rule is given up where even a mean that moves by three standard errors of what is yet to come towards the better
end would leave it open: fewer than 1 in 100 of such rules would have been decided.
"""

_LATENCY = tuple(quantity for quantity in QUANTITIES.values() if quantity.measured_in == "latency")


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
        self._rules = [rule for rule in manifest.experiment.rules if rule.quantity in {one.name for one in _LATENCY}]
        self._records = DeviceRecords()
        self._summaries: dict[tuple[int, int, str], dict[str, float]] = {}
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
        effects = [self._evidence(pairs, arm, QUANTITIES["latency_p50"]).effect for arm in working]
        precise = all(not isinstance(effect, NoEffect) and _is_precise(effect.estimate) for effect in effects)
        if precise:
            return Decision("decided", len(pairs), f"the latencies are compared to within {100 * PRECISION:g} %")
        return Decision("go on", len(pairs), f"the latencies are not yet compared to within {100 * PRECISION:g} %")

    def _evidence(self, pairs: list[list[LatencyBlock]], arm: str, quantity: Quantity) -> Evidence:
        first_look = self._manifest.experiment.measure.looks_after

        def values(of: str, among: set[str]) -> Floats:
            return np.array(
                [
                    self._summaries[block.session, block.pair, block.arm][quantity.name]
                    for pair in pairs
                    if among <= {block.arm for block in pair}
                    for block in pair
                    if block.arm == of
                ],
                dtype=np.float64,
            )

        baseline = self._manifest.arms[0].id
        both = {baseline, arm}
        return Evidence(
            level_of_blocks(quantity, values(baseline, {baseline}), "", first_look),
            level_of_blocks(quantity, values(arm, {arm}), "", first_look),
            effect_of_blocks(values(baseline, both), values(arm, both), first_look),
        )

    def _decide_rules(self, pairs: list[list[LatencyBlock]], working: list[str]) -> Decision:
        most, devices = self._manifest.experiment.measure.pairs, len(self._manifest.devices)
        hopeless = 0
        for arm in working:
            for rule in self._rules:
                known = self._evidence(pairs, arm, QUANTITIES[rule.quantity])
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
