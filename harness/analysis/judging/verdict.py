"""The answer for one candidate over all devices: ship, hold or undecided, with the reasons in words.

- *hold*: a rule is broken on some device, or the candidate fails on a device where the baseline runs;
- *undecided*: a device or the baseline failed, a device is incomplete, a rule is open (its numbers straddle the bound,
  or are doubted) or cannot be judged, or scores disagree about what no rule allows;
- *ship*: every rule is met on every device.

What speaks against a candidate though no rule is broken by it (single items that are ruined, a group of items that is
worse, a score that got clearly worse, slow single inferences) leaves the decision as the rules have it, is named in the
sentence, and is kept as a reservation: nobody agreed on a bound for it, and nobody shall miss it.

A quick run never decides: it is *undecided*, and says what it points to.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

import numpy as np

from harness.analysis.conditions.arm_facts import in_short
from harness.analysis.judging.disagreements import disagreements_of, who_disagrees
from harness.analysis.judging.slow_inferences import told, worse_tails
from harness.analysis.judging.unruled import is_clear_loss, p_worse, worse_without_a_rule
from harness.analysis.judging.worse_groups import worse_groups
from harness.documents.comparison import Decision, DeviceResult, Effect, Verdict
from harness.quantity import QUANTITIES
from harness.statistics.random_effects import combine_devices
from harness.tasks.registry import DEFAULT_NOUNS
from harness.words.changes import change_in_words, effect_in_words, stated
from harness.words.sentences import clause, listed, sentence
from harness.words.tails import disasters_in_words

if TYPE_CHECKING:
    from harness.documents.comparison import Contrast
    from harness.experiment.declaration import Rule
    from harness.tasks.nouns import Nouns

_MOST_TO_LOOK_AT = 5
_DETAIL_CHARACTERS = 100
"""How many characters of an error's own words are kept; the device's part of the report has them all."""


def decide(
    candidate: str,
    baseline: str,
    devices: list[DeviceResult],
    rules: list[Rule],
    worst: list[str],
    *,
    quick: bool,
    nouns: Nouns = DEFAULT_NOUNS,
) -> Verdict:
    """The verdict. Each device's `rules` hold one result per rule for the candidate, in the order of `rules`.

    `worst` are the items to look at should metrics disagree.
    """
    several = len(devices) > 1
    against = _candidate_failures(candidate, baseline, devices) + _rule_reasons(candidate, devices, "broken")
    missing = _troubles(baseline, devices)
    unsure = [
        *_rule_reasons(candidate, devices, "open", doubted=True),
        *_rule_reasons(candidate, devices, "open", doubted=False),
        *_rule_reasons(candidate, devices, "unavailable"),
    ]
    met = _rule_reasons(candidate, devices, "met")
    disagreements = disagreements_of(candidate, devices, nouns)
    if not against:  # what a rule breaks is decided, whatever else got better
        unsure = [*[one.words for one in disagreements if one.state != "allowed"], *unsure]
    decision: Decision
    if against:
        decision, because = "hold", clause(against[0])
        headline = f"Do not ship {candidate}: {because}"
    elif missing or unsure or not met:
        decision, because = "undecided", clause((missing + unsure or ["no rule could be judged."])[0])
        headline = f"Not decided yet on {candidate}: {because}"
    else:
        decision, because = "ship", f"{_praise(candidate, devices, rules)}."
        headline = f"Ship {candidate}: {because}"
    disasters = _disasters(candidate, devices, rules, nouns)
    groups = worse_groups(candidate, devices, nouns)
    on_all = [rule for rule in rules if rule.group is None]
    slow = worse_tails(candidate, devices, rules, p_worse)
    others = worse_without_a_rule(candidate, devices, on_all, {id(contrast) for _, contrast in slow})
    disagreeing = {(one.device, name) for one in disagreements for name in one.worse}
    lost = [
        _on(device, devices, f"{QUANTITIES[one.quantity].subject} is {one.words}, and no rule asks about it")
        for device, one in others
        if is_clear_loss(one, on_all) and (device.device, one.quantity) not in disagreeing
    ]
    slow_words = [_on(device, devices, f"{told(contrast)}, and no rule asks about it") for device, contrast in slow]
    also = []
    if decision != "hold":
        # No rule that was declared is broken by these; but nobody shall read of a mean and not of them.
        also += [_but(decision, f"it {predicate}") for predicate, _, _ in disasters[:1]]
        also += [_but(decision, _on(one.device, devices, f"it {one.predicate}")) for one in groups[:1]]
        also += [_but(decision, words) for words in [*lost[:1], *slow_words[:1]]]
    if disagreements and not any(f"{who_disagrees(one)} disagree" in headline for one in disagreements):
        agreed = ", as the rules allow" if all(one.state == "allowed" for one in disagreements) else ""
        also.append(f"But {who_disagrees(disagreements[0])} disagree{agreed}: look at the {nouns.plural}.")
    headline = " ".join([headline, *also])
    reservations = [
        *[text for _, text, _ in disasters],
        *[_on(one.device, devices, f"{candidate} {one.predicate}") for one in groups],
        *[one.words for one in disagreements if one.state == "allowed"],
        *lost,
        *slow_words,
    ]
    reasons = [
        *against,
        *missing,
        *unsure,
        *[text for _, text, _ in disasters],
        *[_on(device, devices, text) for one in groups for device, text in one.reasons],
        *[one.words for one in disagreements if one.words not in unsure],
        *[
            _on(device, devices, f"no rule asks about it, but {QUANTITIES[one.quantity].subject} is {one.words}")
            for device, one in others
        ],
        *met,
    ]
    if several and decision == "ship":
        reasons.append(f"Every rule is met on each of the {len(devices)} devices.")
    reasons += _across(candidate, devices, rules)
    if quick and decision != "undecided":
        # Few short blocks see large effects and miss what a decision rests on: it may point, it may not decide.
        headline = " ".join(
            [f"A quick look points to {decision} for {candidate}, but does not decide: {because}", *also]
        )
        decision = "undecided"
    return Verdict(
        candidate=candidate,
        decision=decision,
        sentence=headline,
        reasons=reasons,
        look_at=_look_at(worst if disagreements else [], [item for _, _, items in disasters for item in items]),
        reservations=list(dict.fromkeys(reservations)),
        disagreements=disagreements,
    )


def _but(decision: Decision, text: str) -> str:
    """A reservation behind the decision, as a sentence."""
    return sentence(f"but {clause(text)}" if decision == "ship" else text)


def _disasters(
    candidate: str, devices: list[DeviceResult], rules: list[Rule], nouns: Nouns
) -> list[tuple[str, str, list[str]]]:
    """Device by device, the items that a mean hides: predicate, whole reason, items. By the score that shows most of
    them, of as many those that a rule asks about first.
    """
    ruled = {rule.quantity for rule in rules}
    found = []
    for device in devices:
        seen = [
            (len(tail.disasters), one.quantity in ruled, one.quantity, tail)
            for one in device.contrasts
            if one.candidate == candidate and (tail := one.tail) is not None and tail.disasters
        ]
        if not seen:
            continue
        _, _, quantity, tail = max(seen, key=lambda one: one[:2])
        words = disasters_in_words(QUANTITIES[quantity], tail, nouns.singular)
        if words is not None:
            found.append((words, _on(device, devices, f"{candidate} {words}"), tail.disasters))
    return found


def _look_at(worst: list[str], lost: list[str]) -> list[str]:
    return list(dict.fromkeys([*lost, *worst]))[:_MOST_TO_LOOK_AT]


def _on(device: DeviceResult, devices: list[DeviceResult], text: str) -> str:
    """A reason with its device in front, where there are several."""
    return sentence(f"on {device.shown_name}, {clause(text)}" if len(devices) > 1 else text)


def _short(failure: str) -> str:
    return in_short(failure, detail_characters=_DETAIL_CHARACTERS)


def _candidate_failures(candidate: str, baseline: str, devices: list[DeviceResult]) -> list[str]:
    reasons = []
    for device in devices:
        arms = {arm.arm: arm for arm in device.arms}
        failed, reference = arms.get(candidate), arms.get(baseline)
        if failed is None or failed.status == "ok" or (reference is not None and reference.status != "ok"):
            continue
        failures = [_short(failure) for failure in failed.failures]
        reasons.append(_on(device, devices, f"{candidate} {clause(listed(failures).replace('. and ', '; '))}"))
    return reasons


def _troubles(baseline: str, devices: list[DeviceResult]) -> list[str]:
    reasons = []
    for device in devices:
        if device.status != "complete":
            state = "the run failed" if device.status == "failed" else "the run is not complete"
            first_line = (device.problem or "no reason was recorded").strip().split("\n", 1)[0]
            first_line = first_line.removeprefix(f"{device.device}: ")  # which stands before it already
            reasons.append(_on(device, devices, f"{state}: {first_line}"))
        for arm in device.arms:
            if arm.arm == baseline and arm.status != "ok":
                words = clause(_short(arm.failures[0]))
                reasons.append(_on(device, devices, f"the baseline {baseline} {words}"))
    return reasons


def _rule_reasons(
    candidate: str, devices: list[DeviceResult], outcome: str, *, doubted: bool | None = None
) -> list[str]:
    """Of the rules with this outcome, those that are doubted or those that are not; None: all."""
    return [
        _on(device, devices, result.reason)
        for device in devices
        for result in device.rules
        if result.candidate == candidate and result.outcome == outcome and doubted in (None, result.doubted is not None)
    ]


def _contrasts(candidate: str, quantity: str, devices: list[DeviceResult]) -> list[tuple[DeviceResult, Contrast]]:
    return [
        (device, contrast)
        for device in devices
        for contrast in device.contrasts
        if contrast.candidate == candidate and contrast.quantity == quantity
    ]


def _praise(candidate: str, devices: list[DeviceResult], rules: list[Rule]) -> str:
    """What a ship verdict rests on: improvements with their numbers, then the names of what stays within bounds."""
    improvements, kept = [], []
    for rule in rules:
        quantity = QUANTITIES[rule.quantity]
        effects = [one.effect for _, one in _contrasts(candidate, rule.quantity, devices)]
        known = [effect for effect in effects if isinstance(effect, Effect)]
        name = quantity.subject if rule.group is None else f"{quantity.subject} on {rule.group}"
        if rule.improve_by_at_least is not None and known and rule.group is None:
            gains = [effect.estimate * (-1.0 if quantity.better == "lower" else 1.0) for effect in known]
            least = known[gains.index(min(gains))]
            ends = (least.interval.low, least.interval.high) if least.interval is not None else ()
            change = re.sub(r" \([^()]*\)", "", effect_in_words(quantity, least.estimate, *ends))
            where = f"at least {change} on every device" if len(devices) > 1 else change
            improvements.append(where if quantity.names_itself else f"{name} {where}")
        else:
            kept.append(name)
    parts = [", ".join(dict.fromkeys(improvements))] if improvements else []
    if kept:
        parts.append(f"{listed(list(dict.fromkeys(kept)))} within what was agreed")
    return "; ".join(parts) or "every rule is met"


def _across(candidate: str, devices: list[DeviceResult], rules: list[Rule]) -> list[str]:
    """What four or more devices have in common, for every ratio that a rule asks about. For information: each device is
    judged alone.
    """
    sentences = []
    for name in dict.fromkeys(rule.quantity for rule in rules):
        quantity = QUANTITIES[name]
        effects = [one.effect for _, one in _contrasts(candidate, name, devices) if isinstance(one.effect, Effect)]
        known = [one for one in effects if one.sd is not None]
        if quantity.scale != "ratio":
            continue
        logs = np.array([math.log(one.estimate) for one in known])
        found = combine_devices(logs, np.array([(one.sd or 0.0) ** 2 / one.n for one in known]))
        if found is None:
            continue
        change = effect_in_words(quantity, *(math.exp(number) for number in (found.mean, *found.interval)))
        low, high = (change_in_words(quantity, math.exp(end)) for end in found.another)
        sentences.append(
            f"Across {len(known)} devices {stated(quantity, change)}; one more device like these would lie "
            f"between {low} and {high}, 19 times in 20."
        )
    return sentences
