"""What one part of a start got dearer by, another got cheaper by: the cost only moved."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from harness.history.changes.event import Event, with_findings
from harness.history.changes.finding import Finding

PARTS: Final = ("load_time", "first_inference")
_ABOUT: Final = 0.3
"""What is left of the larger one, at most, as a share of it."""


def apart(event: Event) -> list[Event]:
    """The event, and one of its series whose cost moved, where there are such; what is left of neither is not there."""
    if event.kind not in {None, "device changed"}:
        return [event]
    moved = _moved(event.findings)
    if not moved:
        return [event]
    rest = [each for each in event.findings if each not in moved]
    events = [with_findings(event, moved, "cost moved")]
    return [with_findings(event, rest, event.kind), *events] if rest else events


def absolute_change(finding: Finding) -> float | None:
    """After − before in the quantity's unit, by the pinned baseline's own value; None where that is not known."""
    reference = finding.track.tonight.reference
    if reference is None or finding.track.series.scale != "ratio":
        return None
    return reference * (math.exp(finding.after) - math.exp(finding.before))


def _moved(findings: Sequence[Finding]) -> list[Finding]:
    by_part = {
        (each.track.key.experiment, each.track.key.device, each.track.key.candidate, each.track.key.quantity): each
        for each in findings
    }
    moved = []
    for (experiment, device, candidate, quantity), first in by_part.items():
        second = by_part.get((experiment, device, candidate, PARTS[1]))
        if quantity != PARTS[0] or second is None:
            continue
        changes = (absolute_change(first), absolute_change(second))
        if changes[0] is None or changes[1] is None or changes[0] * changes[1] >= 0.0:
            continue
        if abs(changes[0] + changes[1]) <= _ABOUT * max(abs(changes[0]), abs(changes[1])):
            moved += [first, second]
    return moved
