"""Parts of a comparison that its renderings share."""

from __future__ import annotations

from dataclasses import dataclass

from harness.documents.comparison import Comparison, Contrast, DeviceResult, RuleResult, Verdict
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
    """Warnings about one thing."""

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
    """What plain bicubic of the inputs reaches; None where the comparison holds no scores of pictures."""
    parts = []
    for name, value in comparison.floor.items():
        shown = fmt.measured(value, name)
        parts.append(f"{fmt.label(name)} {shown.unavailable_because or shown.text}")
    if not parts:
        return None
    return f"Plain bicubic of the inputs, which takes no model, reaches {', '.join(parts)}."


def tail_of(contrast: Contrast) -> str:
    """Of one score, in words; empty where it has no tail."""
    if contrast.tail is None or contrast.quantity not in QUANTITIES:
        return ""
    return tail_in_words(QUANTITIES[contrast.quantity], contrast.tail)


def tails_in_words(contrasts: list[Contrast]) -> str | None:
    """Image by image, every score that has a tail; None where none has."""
    parts = [f"{fmt.label(one.quantity)} {tail_of(one)}" for one in contrasts if tail_of(one)]
    return f"Image by image: {'; '.join(parts)}." if parts else None


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
    groups = [WarningGroup("the whole run", list(dict.fromkeys(comparison.warnings)))]
    for device in comparison.devices:
        groups.append(WarningGroup(device.shown_name, list(dict.fromkeys(device.warnings))))
        seen = set(device.warnings)
        for contrast in device.contrasts:
            new = [warning for warning in dict.fromkeys(contrast.warnings) if warning not in seen]
            groups[-1].warnings.extend(new)
            seen.update(new)
        groups[-1].warnings[:] = _merged(groups[-1].warnings)
    return [group for group in groups if group.warnings]


def _merged(warnings: list[str]) -> list[str]:
    """Warnings that say the same of several quantities become one that names them all, at the place of the first."""
    labels = {quantity.label for quantity in QUANTITIES.values()}
    named: dict[str, list[str]] = {}
    for warning in warnings:
        label, _, text = warning.partition(": ")
        if label in labels:
            named.setdefault(text, []).append(label)
        else:
            named[warning] = []
    return [f"{'; '.join(about)}: {text}" if about else text for text, about in named.items()]
