"""What would settle an open rule: how many more replicates, and how long they take on the device."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.documents.comparison import MoreNeeded, NoEffect
from harness.words.changes import how_many_more, more_needed
from harness.words.plain import duration_in_words

if TYPE_CHECKING:
    from harness.analysis.evidence.evidence import Evidence
    from harness.analysis.judging.judge_rule import RuleJudgement
    from harness.analysis.passes.device_data import DeviceData
    from harness.experiment.declaration import Rule

_NANOSECONDS = 1e9


def more_for_rule(data: DeviceData, rule: Rule, judgement: RuleJudgement, evidence: Evidence) -> MoreNeeded | None:
    """What the rule still needs on this device; None where it is not open or more of the same would not settle it."""
    if judgement.outcome != "open" or judgement.doubt is not None or judgement.needed is None:
        return None
    if isinstance(evidence.effect, NoEffect):
        return None
    on_level = rule.at_most is not None or rule.at_least is not None
    estimate = evidence.candidate.estimate if on_level else evidence.effect.estimate
    if estimate is None or estimate.n < 2:
        return None
    replicate = evidence.effect.replicate
    count = how_many_more(estimate.n, judgement.needed)
    pace = seconds_per_replicate(data, replicate)
    seconds = None if pace is None else count * pace
    words = more_needed(estimate.n, judgement.needed, replicate)
    if seconds is not None:
        words += f", {duration_in_words(seconds)}"
    return MoreNeeded(replicates=count, replicate=replicate, seconds=seconds, words=words)


def seconds_per_replicate(data: DeviceData, replicate: str) -> float | None:
    """From the begin of one to the begin of the next, waiting for a cool device included; the mean of this run. None
    where fewer than two were measured, or where a replicate is not of time.
    """
    if replicate in ("pair of blocks", "launch"):
        begun_s: dict[int, float] = {}
        for pair, started_s in zip(data.blocks["pair"], data.blocks["started_s"], strict=True):
            begun_s[int(pair)] = min(float(started_s), begun_s.get(int(pair), float(started_s)))
        if len(begun_s) < 2:
            return None
        pace = (max(begun_s.values()) - min(begun_s.values())) / (len(begun_s) - 1)
        launches = {block.launch for block in data.latency_blocks}
        return pace * len(begun_s) / len(launches) if replicate == "launch" else pace
    if replicate in ("cycle", "cycle of long blocks"):
        begun: dict[int, int] = {}
        for block in data.energy_blocks:
            begun[block.cycle] = min(block.wall_started_ns, begun.get(block.cycle, block.wall_started_ns))
        if len(begun) < 2:
            return None
        return (max(begun.values()) - min(begun.values())) / _NANOSECONDS / (len(begun) - 1)
    return None
