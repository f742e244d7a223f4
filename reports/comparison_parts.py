"""Parts of a comparison that its renderings share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.documents.comparison import Comparison, Contrast, DeviceResult, RuleResult, RunWarning, Verdict
from harness.quantity import QUANTITIES
from harness.words.tails import tail_in_words
from reports import format as fmt


@dataclass(frozen=True)
class RuleRow:
    """One rule on one quantity, with its result on each device; None where the device gave none."""

    quantity: str
    rule: str
    results: list[tuple[DeviceResult, RuleResult | None]]


@dataclass(frozen=True)
class CandidateRules:
    """All rules as they came out for one candidate."""

    candidate: str
    rows: list[RuleRow]


@dataclass(frozen=True)
class WarningGroup:
    """Warnings about one thing, as they are told."""

    about: str
    warnings: list[str]


def reasons_beside(verdict: Verdict) -> list[str]:
    """The reasons, less those that the verdict's own sentence has given already."""
    sentence = verdict.sentence.casefold()
    return [reason for reason in verdict.reasons if reason.casefold().rstrip(".") not in sentence]


def reasons_unavailable(contrast: Contrast) -> list[str]:
    """Why a value or the effect could not be had, each reason once, and none that the contrast's words name."""
    values = (contrast.baseline_value, contrast.candidate_value)
    reasons = [fmt.measured(value, contrast.quantity).unavailable_because for value in values]
    if contrast.effect.kind == "no effect":
        reasons.append(contrast.effect.reason)
    return list(dict.fromkeys(reason for reason in reasons if reason and reason not in contrast.words))


def candidates(comparison: Comparison) -> list[str]:
    """Names of the candidates: those declared, and then any other that a result names."""
    names = [arm.name for arm in comparison.arms if arm.role == "candidate"]
    names += [verdict.candidate for verdict in comparison.verdicts]
    for device in comparison.devices:
        names += [contrast.candidate for contrast in device.contrasts]
        names += [rule.candidate for rule in device.rules]
    return list(dict.fromkeys(names))


def floor_in_words(comparison: Comparison) -> str | None:
    """What the scores reach without any model; None where that is not known."""
    if comparison.floor is None:
        return None
    parts = []
    for name, value in comparison.floor.values.items():
        shown = fmt.measured(value, name)
        parts.append(f"{fmt.label(name)} {shown.unavailable_because or shown.text}")
    return f"{comparison.floor.what} reaches {', '.join(parts)}." if parts else None


def tail_of(contrast: Contrast, noun: str) -> str:
    """Of one score, in words; empty where it has no tail."""
    if contrast.tail is None or contrast.quantity not in QUANTITIES:
        return ""
    return tail_in_words(QUANTITIES[contrast.quantity], contrast.tail, noun)


def tails_in_words(contrasts: list[Contrast], noun: str) -> str | None:
    """Item by item, every score that has a tail; None where none has."""
    parts = [f"{fmt.label(one.quantity)} {tail_of(one, noun)}" for one in contrasts if tail_of(one, noun)]
    return f"{noun.capitalize()} by {noun}: {'; '.join(parts)}." if parts else None


def rules_by_candidate(comparison: Comparison) -> list[CandidateRules]:
    """Rules grouped by candidate, then by quantity and rule in the order they first appear, over all devices."""
    grouped = []
    for candidate in candidates(comparison):
        keys = dict.fromkeys(
            (result.quantity, result.rule)
            for device in comparison.devices
            for result in device.rules
            if result.candidate == candidate
        )
        rows = [
            RuleRow(quantity, rule, [(d, rule_on(d, candidate, quantity, rule)) for d in comparison.devices])
            for quantity, rule in keys
        ]
        if rows:
            grouped.append(CandidateRules(candidate, rows))
    return grouped


def rule_on(device: DeviceResult, candidate: str, quantity: str, rule: str) -> RuleResult | None:
    """The outcome of one rule on this device; None where it has none."""
    wanted = (candidate, quantity, rule)
    return next((r for r in device.rules if (r.candidate, r.quantity, r.rule) == wanted), None)


def warning_groups(comparison: Comparison) -> list[WarningGroup]:
    """All warnings: of the run, then device by device, those of single quantities last. None twice in a group."""
    groups = [WarningGroup("the whole run", _told(comparison.warnings))]
    for device in comparison.devices:
        of_quantities = [warning for contrast in device.contrasts for warning in contrast.warnings]
        groups.append(WarningGroup(device.shown_name, _told([*device.warnings, *of_quantities])))
    return [group for group in groups if group.warnings]


def _told(warnings: Sequence[RunWarning]) -> list[str]:
    """Warnings as texts. Those that say the same of several quantities are one that names them all, at the place of the
    first.
    """
    named: dict[tuple[str, bool], dict[str, None]] = {}
    for warning in warnings:
        about = named.setdefault((warning.text, warning.about is not None), {})
        if warning.about is not None:
            about[fmt.label(warning.about)] = None
    return [f"{'; '.join(about)}: {text}" if about else text for (text, _), about in named.items()]
