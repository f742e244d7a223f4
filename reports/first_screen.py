"""What a reader sees before scrolling: every rule on every device in one table, and what would change the verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from harness.documents.comparison import Comparison, Contrast, DeviceResult, Effect, RuleResult, Verdict
from harness.quantity import QUANTITIES, Available
from harness.words.sentences import listed
from reports import format as fmt
from reports.comparison_parts import RuleRow, rules_by_candidate

State = Literal["met", "broken", "not enough data", "doubted", "unavailable", "not judged"]
"""How a rule stands on a device, in a reader's words."""


@dataclass(frozen=True)
class RuleCell:
    """One rule on one device."""

    device: DeviceResult
    state: State
    effect: str | None
    """The effect in figures, such as `−31.0 %`; None where there is none."""
    values: str | None
    """The two values behind it: `41.23 → 28.45 ms`."""
    why_none: str | None
    """Why there is no effect."""


@dataclass(frozen=True)
class RuleGroup:
    """The devices on which one rule stands alike."""

    state: State
    where: str | None
    """`all 12 devices`, `9 of 12 devices`, or their names; None where there is one device."""
    effect: str | None
    """The effect in figures: `−31.0 %`, or the smallest and the largest where they differ."""


@dataclass(frozen=True)
class RuleLine:
    """One rule on all devices."""

    quantity: str
    rule: str
    cells: list[RuleCell]
    groups: list[RuleGroup]
    """The same folded: devices that agree are one, the worst first."""


_WORST_FIRST: tuple[State, ...] = ("broken", "unavailable", "not judged", "doubted", "not enough data", "met")
_MOST_NAMES = 3
"""More devices than that are counted, not named."""


@dataclass(frozen=True)
class FirstScreen:
    """One candidate's answer at a glance."""

    verdict: Verdict
    lines: list[RuleLine]
    confounded: list[str]
    """The factors in which the candidate differs from the baseline, where they are more than one."""
    plainly: list[tuple[str, str | None]]
    """What changes mean for people, each with the devices that it is of where there are several."""
    would_change: list[str]
    """What would change the verdict, and what it would cost, a sentence each."""


def first_screens(comparison: Comparison) -> list[FirstScreen]:
    """One for each verdict, in their order."""
    return [_first_screen(comparison, verdict) for verdict in comparison.verdicts]


def state_of(result: RuleResult | None) -> State:
    """In a reader's words; `not judged` where the device gave no result."""
    if result is None:
        return "not judged"
    if result.outcome == "open":
        return "not enough data" if result.doubted is None else "doubted"
    return result.outcome


def _first_screen(comparison: Comparison, verdict: Verdict) -> FirstScreen:
    groups = [group for group in rules_by_candidate(comparison) if group.candidate == verdict.candidate]
    rows = [row for group in groups for row in group.rows]
    differs_in = next((arm.differs_in for arm in comparison.arms if arm.name == verdict.candidate), [])
    return FirstScreen(
        verdict=verdict,
        lines=[_line(verdict.candidate, row) for row in rows],
        confounded=differs_in if len(differs_in) > 1 else [],
        plainly=_plainly(comparison, verdict.candidate),
        would_change=_would_change(comparison, verdict),
    )


def _line(candidate: str, row: RuleRow) -> RuleLine:
    cells = [_cell(device, candidate, row.quantity, result) for device, result in row.results]
    groups = []
    for state in _WORST_FIRST:
        alike = [cell for cell in cells if cell.state == state]
        if alike:
            where = devices_in_words([cell.device for cell in alike], len(cells))
            groups.append(RuleGroup(state, where, _effects_in_words(candidate, row.quantity, alike)))
    return RuleLine(row.quantity, row.rule, cells, groups)


def devices_in_words(devices: Sequence[DeviceResult], of: int) -> str | None:
    """`all 12 devices`, `9 of 12 devices`, or up to three by their names; None of one device alone."""
    if of == 1:
        return None
    if len(devices) == of and of > 2:
        return f"all {of} devices"
    if len(devices) > _MOST_NAMES:
        return f"{len(devices)} of {of} devices"
    return listed(list(dict.fromkeys(device.shown_name for device in devices)))


def _effects_in_words(candidate: str, quantity: str, cells: Sequence[RuleCell]) -> str | None:
    known = []
    for cell in cells:
        contrast = contrast_on(cell.device, candidate, quantity)
        if contrast is not None and isinstance(contrast.effect, Effect) and cell.effect is not None:
            known.append((contrast.effect.estimate, cell.effect))
    if not known:
        return None
    least, most = min(known)[1], max(known)[1]
    return least if least == most else f"{least} to {most}"


def contrast_on(device: DeviceResult, candidate: str, quantity: str) -> Contrast | None:
    """The contrast of one quantity on this device; None where it has none."""
    return next((one for one in device.contrasts if (one.candidate, one.quantity) == (candidate, quantity)), None)


def _cell(device: DeviceResult, candidate: str, quantity: str, result: RuleResult | None) -> RuleCell:
    contrast = contrast_on(device, candidate, quantity)
    effect, why_none = None, None
    if contrast is None:
        why_none = device.problem
    elif isinstance(contrast.effect, Effect):
        effect = fmt.estimate(contrast.effect, quantity)
    else:
        why_none = contrast.effect.reason
    return RuleCell(device, state_of(result), effect, None if contrast is None else two_values(contrast), why_none)


def two_values(contrast: Contrast) -> str | None:
    """Baseline and candidate: `41.23 → 28.45 ms`; None where one of them is unavailable."""
    if not (isinstance(contrast.baseline_value, Available) and isinstance(contrast.candidate_value, Available)):
        return None
    before, after = (
        fmt.measured(value, contrast.quantity) for value in (contrast.baseline_value, contrast.candidate_value)
    )
    if before.unavailable_because or after.unavailable_because:
        return None
    number, _, unit = before.text.partition(fmt.NO_BREAK_SPACE)
    is_shared = unit == after.text.partition(fmt.NO_BREAK_SPACE)[2]
    return f"{number if is_shared else before.text} → {after.text}"


def _plainly(comparison: Comparison, candidate: str) -> list[tuple[str, str | None]]:
    where: dict[str, list[DeviceResult]] = {}
    for device in comparison.devices:
        for contrast in device.contrasts:
            if contrast.candidate == candidate and contrast.plainly is not None:
                where.setdefault(contrast.plainly, []).append(device)
    return [(plainly, devices_in_words(devices, len(comparison.devices))) for plainly, devices in where.items()]


def _would_change(comparison: Comparison, verdict: Verdict) -> list[str]:
    """Rules that stand alike on several devices are one sentence, with the devices' names or their number."""
    if verdict.decision == "hold":
        return ["More measuring would not: what is broken is broken beyond what chance explains. A better build would."]
    where: dict[tuple[str, str], list[DeviceResult]] = {}
    for device in comparison.devices:
        for result in device.rules:
            if (
                result.candidate == verdict.candidate
                and (needs := _needs_of_votes(result) or _needs(result)) is not None
            ):
                where.setdefault((fmt.label(result.quantity), needs), []).append(device)
    sentences = []
    for (quantity, needs), devices in where.items():
        names = devices_in_words(devices, len(comparison.devices))
        sentences.append(f"{quantity}{'' if names is None else f' on {names}'}: {needs}.")
    sentences += [
        f"{device.shown_name}: {(device.problem or 'it gave no whole result').splitlines()[0].rstrip('.')}."
        for device in comparison.devices
        if device.status != "complete"
    ]
    return sentences


def _needs_of_votes(result: RuleResult) -> str | None:
    """Where people are what is missing; None where they are not."""
    if QUANTITIES[result.quantity].measured_in != "votes":
        return None
    if result.outcome == "unavailable":
        return "people have to be asked; `bakeoff votes` makes the page that asks"
    return None if result.doubted is None else f"more voters would tell ({result.doubted})"


def _needs(result: RuleResult) -> str | None:
    match state_of(result):
        case "not enough data" if result.more is not None:
            return result.more.words
        case "not enough data":
            return "no sensible number of repeats is known to settle it"
        case "doubted":
            return f"more of the same would not settle it, since it is doubted: {result.doubted}".rstrip(".")
        case "unavailable":
            return "it could not be had; the reason stands below"
        case _:
            return None
