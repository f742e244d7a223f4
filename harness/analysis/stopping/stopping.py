"""When a pass of one device may end: asked while its records stream in, and explained afterwards.

The rules on what the pass measures are judged after every whole pair or cycle, from the first look on, by the code of
the final analysis (`judge_rule` on a `SequentialEstimate`), so the verdict cannot contradict the reason for stopping:
what is decided at one look stays decided at later ones. Each device is decided alone; with several of them a rule
counts as broken only where it is broken whatever the others say (Bonferroni's bound on Holm's correction).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np

from harness.analysis.evidence.evidence import Evidence, Level, Paired
from harness.analysis.judging.judge_rule import judge_rule
from harness.documents.comparison import NoEffect
from harness.quantity import NEGLIGIBLE_RATIO, QUANTITIES, Unavailable
from harness.statistics.confidence_sequence import critical_values
from harness.words.sentences import counted

if TYPE_CHECKING:
    from harness.analysis.tables.device_records import DeviceRecords
    from harness.documents.manifest import Manifest
    from harness.documents.records import Record
    from harness.experiment.declaration import Rule
    from harness.statistics.estimate import Estimate

PRECISION = NEGLIGIBLE_RATIO
"""Where no rule is on what a pass measures, it may end once the 95 % interval of every candidate's median latency, or
energy per inference, reaches no further than this to either side: what is narrower than a difference that matters is
narrow enough.
"""

_ALPHA = 0.05
_FAR = 3.0
"""A rule is given up where even a mean that moves by three standard errors of what is yet to come towards the better
end would leave it open: fewer than 1 in 100 of such rules would have been decided.
"""

NOT_ASKED = Level(Unavailable(reason="not asked for"), None)
NO_EFFECT_ASKED = NoEffect(reason="not asked for")


@dataclass(frozen=True)
class Decision:
    """`go on`; `decided`: nothing more is to be learnt; `hopeless`: what is open stays so however much is measured of
    what was planned.
    """

    kind: Literal["go on", "decided", "hopeless"]
    count: int
    """Whole launches, pairs or cycles that it rests on."""
    reason: str
    """The reason in words, such as `every rule on latency was decided`."""


class PassWatch(Protocol):
    """A pass of one device, watched. Give it every record; ask for `decision` whenever one has come."""

    def take(self, record: Record) -> None:
        """One record of records.jsonl, in the order of the file."""
        ...

    @property
    def decision(self) -> Decision:
        """What to do now."""
        ...


@dataclass(frozen=True)
class Question:
    """What a pass is to find out."""

    of_pass: Literal["latency", "energy"]
    rules: list[Rule]
    first_look: int
    """Whole launches, pairs or cycles."""
    most: int
    noun: str
    """`launch`, `pair`, `cycle`."""
    devices: int
    subject: str
    """With its verb: `the latencies are`."""
    waits: bool = False
    """What cannot be told now may be told later: a gauge's sign, a source that takes over."""


def question_of(
    manifest: Manifest, of_pass: Literal["latency", "energy"], first_look: int, most: int, noun: str
) -> Question:
    """The rules of the experiment on what the pass measures; the first look and the most of it, counted in `noun`."""
    is_energy = of_pass == "energy"
    return Question(
        of_pass=of_pass,
        rules=[rule for rule in manifest.experiment.rules if QUANTITIES[rule.quantity].measured_in == of_pass],
        first_look=first_look,
        most=most,
        noun=noun,
        devices=len(manifest.devices),
        subject="energy per inference is" if is_energy else "the latencies are",
        waits=is_energy,
    )


def decide(
    asked: Question,
    count: int,
    working: Sequence[str],
    evidence: Callable[[str, Rule], Evidence],
    effect: Callable[[str], Paired | NoEffect],
) -> Decision:
    """After `count` whole pairs or cycles, for the candidates (arm ids) that still work.

    `evidence` is what is known of one candidate on what a rule asks, and nothing else; `effect` what is known of it
    where no rule asks.
    """
    if not working:
        return Decision("hopeless", count, "no two arms were left to compare")
    if count < asked.first_look:
        return Decision("go on", count, f"fewer than {counted(asked.first_look, asked.noun)}")
    if not asked.rules:
        effects = [effect(arm) for arm in working]
        precise = all(not isinstance(one, NoEffect) and is_precise(one, asked.first_look) for one in effects)
        words = f"{asked.subject} {'' if precise else 'not yet '}compared to within {100 * PRECISION:g} %"
        return Decision("decided" if precise else "go on", count, words)
    standing = [_stands(asked, evidence(arm, rule), rule, count) for arm in working for rule in asked.rules]
    for each in standing:
        if each.kind == "go on":
            return each
    return next((each for each in standing if each.kind == "hopeless"), standing[0])


def _stands(asked: Question, known: Evidence, rule: Rule, count: int) -> Decision:
    """Of one rule for one candidate, in words for all of them."""
    judged, estimate = judge_rule(rule, QUANTITIES[rule.quantity], known), _judged(rule, known)
    if judged.outcome == "unavailable" and (asked.waits or rule.quantity == "latency_p99"):
        why = judged.predicate.removeprefix("not known: ")
        return Decision("go on", count, f"{asked.of_pass} cannot be told: {why}")
    if estimate is not None and estimate.n < asked.first_look:
        return Decision("go on", count, f"only {counted(estimate.n, asked.noun)} of {count} gave a value")
    if judged.outcome == "met" or (judged.outcome == "broken" and judged.p_broken * asked.devices <= _ALPHA):
        return Decision("decided", count, f"every rule on {asked.of_pass} was decided")
    if judged.doubt is not None:
        # More pairs or cycles may show that it was over, or what it was.
        return Decision("go on", count, f"a rule on {asked.of_pass} is doubted: {judged.doubt}")
    if judged.outcome == "unavailable" or _is_out_of_reach(rule, known, judged.effect_bound, asked.most):
        words = f"what is open could not be decided within {counted(asked.most, asked.noun)}"
        return Decision("hopeless", count, words)
    return Decision("go on", count, f"a rule on {asked.of_pass} is open")


def ending_in_words(of_pass: str, decision: Decision, most: int, noun: str, records: DeviceRecords) -> str:
    """Why a pass ended where it did: `stopped after 14 of at most 30 pairs: every rule on latency was decided`."""
    all_of_it = counted(most, noun)
    if any(one.of_pass == of_pass for one in records.passes_stopped):
        reason = decision.reason if decision.kind != "go on" else f"it was told to by a stop-{of_pass} file"
        return f"stopped after {decision.count} of at most {all_of_it}: {reason}"
    if decision.count >= most:
        return f"all {all_of_it} were measured: {decision.reason}"
    ended = records.finished[-1].reason if records.finished else None
    why = {
        "bound": "measure.max_minutes was reached" if of_pass == "latency" else decision.reason,
        "stopped": "the run was stopped",
        "complete": decision.reason,
    }.get(ended or "", "the run is not complete")
    return f"ended after {decision.count} of at most {all_of_it}: {why}"


def is_precise(effect: Paired, first_look: int) -> bool:
    """Whether nothing is left to ask without a rule, by `PRECISION`."""
    interval = effect.estimate.interval(0.95)
    wide = math.log1p(PRECISION)
    if effect.estimate.n < first_look or interval is None or (interval[1] - interval[0]) / 2.0 > wide:
        return False
    return all(each.below <= wide and each.above <= wide for each in effect.leeways)


def _judged(rule: Rule, evidence: Evidence) -> Estimate | None:
    """What the rule is judged by."""
    if rule.at_most is not None or rule.at_least is not None:
        return evidence.candidate.estimate
    return None if isinstance(evidence.effect, NoEffect) else evidence.effect.estimate


def _is_out_of_reach(rule: Rule, evidence: Evidence, effect_bound: float | None, most: int) -> bool:
    """Whether an open rule would still be open after `most` pairs or cycles, by the width that the interval would then
    have.
    """
    own = rule.at_most or rule.at_least
    estimate = _judged(rule, evidence)
    known = evidence.candidate if own is not None else evidence.effect
    if not isinstance(known, NoEffect) and known.leeways:
        return False  # what is to come may be of another kind
    bound = effect_bound if own is None else own.in_unit(QUANTITIES[rule.quantity].unit)
    if estimate is None or estimate.sd is None or not bound:
        return False
    if most <= estimate.n:
        return True
    level = 0.90 if rule.no_worse_than is not None else 0.95
    spread = estimate.sd * math.sqrt(estimate.n / estimate.effective_n)
    width = float(critical_values(np.array([float(most)]), level)[0]) * spread / math.sqrt(most)
    to_come = spread * math.sqrt(1.0 / estimate.n - 1.0 / most)
    distance = estimate.mean - (math.log(bound) if QUANTITIES[rule.quantity].scale == "ratio" else bound)
    return abs(distance) + _FAR * to_come < width
