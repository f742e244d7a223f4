"""What was told before: the same event is never told twice, and what was told may be gone again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from harness.documents.nightly import Change, ChangedSeries
from harness.history.changes.causes import commits_in_words
from harness.history.changes.event import Event, likely_nights
from harness.history.changes.finding import Finding
from harness.history.changes.limits import LONGEST_DRIFT
from harness.history.changes.track import baseline_begin
from harness.history.rows import effect_of

_NEAR: Final = timedelta(days=3)
"""Series whose likely nights are so far from an event's first still show that one."""
_BACK: Final = 1.0 / 3.0
"""What is left of a step that is gone again, at most, as a share of it."""


def event_id(suite: str, kind: str, facts: Sequence[str]) -> str:
    """16 hex digits: the same for the same facts, on whatever night or host."""
    text = json.dumps([suite, kind, *facts], ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def told_of(event: Event, told: Sequence[Change]) -> Change | None:
    """The change that an earlier night told of this event; None where it is news."""
    likely = [likely_nights(finding) for finding in event.findings]
    first = _day(min(night for night, _ in likely)) - _NEAR
    last = _day(max(night for _, night in likely)) + _NEAR
    for change in reversed(told):
        if change.confirmation != "confirmed" or change.kind == "new series":
            continue
        if event.kind == "drift" or change.kind == "drift":
            if _is_same_drift(event, change):
                return change
            continue
        if _has_same_series(event, change):
            continue
        if event.commits and {each.sha for each in event.commits} == {each.sha for each in change.commits}:
            return change
        if not first <= _day(change.first_bad_night) <= last or not _has_same_direction(event, change):
            continue
        if event.commits and change.commits:
            # The next commit of the same model, where a series lets both be.
            if _shares_candidate(event, change):
                return change
            continue
        if event.environment or event.commits:
            # The update of one phone is not that of another.
            if change.kind == "environment changed" and _shares_device(event, change):
                return change
            continue
        if _shares_device(event, change) or _shares_candidate(event, change):
            return change
    return None


def has_come_back(event: Event, told: Change) -> bool:
    """Whether the event is the one that was told, once more: another one was told of its series since, as where a
    commit was taken back and came again.
    """
    since = (finding.track.told for finding in event.findings if member_of(told, finding) is not None)
    return any(each is not None and baseline_begin(each) > baseline_begin(told) for each in since)


def gone_of(finding: Finding) -> Change | None:
    """The change that was told of its series, if the series is back where it was before it."""
    told = finding.track.told
    if told is None or told.kind in {"new series", "cost moved", "gone again"}:
        return None
    member = member_of(told, finding)
    if member is None:
        return None
    before, after = (effect_of(member.scale, number) for number in (member.before, member.after))
    step = after - before
    left = finding.after - before
    back = finding.difference * step < 0.0
    return told if back and abs(left) <= max(_BACK * abs(step), 2.0 * finding.standard_error) else None


def member_of(change: Change, finding: Finding) -> ChangedSeries | None:
    """The finding's series in a change."""
    key = finding.track.key
    names = (key.experiment, key.device, key.candidate, key.quantity)
    for member in change.members:
        name = member.name
        if (name.experiment, name.device, name.candidate, name.quantity) == names:
            return member
    return None


def _is_same_drift(event: Event, change: Change) -> bool:
    """A drift that goes on in the same direction, no faster than before; or a step that is a part of it."""
    if change.kind != "drift" or event.commits or event.environment:
        return False
    for finding in event.findings:
        member = member_of(change, finding)
        if member is None:
            continue
        drifted = effect_of(member.scale, member.after) - effect_of(member.scale, member.before)
        begun, told = _day(change.first_bad_night), _day(baseline_begin(change))
        since = _day(finding.track.tonight.night) - told
        if finding.difference * drifted <= 0.0 or since > timedelta(days=LONGEST_DRIFT):
            continue
        rate = abs(drifted) / max((told - begun).days, 1)
        if abs(finding.difference) <= 2.0 * rate * max(since.days, 1) + 3.0 * finding.standard_error:
            return True
    return False


def _has_same_direction(event: Event, change: Change) -> bool:
    """Whether all of the event went the way that most of the change did; a device or its environment goes both ways."""
    if change.kind in {"device changed", "environment changed", "mixed", "cost moved"}:
        return True
    worse = 2 * sum(member.is_worse for member in change.members) > len(change.members)
    return all(finding.is_worse == worse for finding in event.findings)


def _has_same_series(event: Event, change: Change) -> bool:
    return any(member_of(change, finding) is not None for finding in event.findings)


def _shares_device(event: Event, change: Change) -> bool:
    return bool({member.name.device for member in change.members} & set(event.devices))


def _shares_candidate(event: Event, change: Change) -> bool:
    theirs = {(member.name.experiment, member.name.candidate) for member in change.members}
    return any((each.track.key.experiment, each.track.key.candidate) in theirs for each in event.findings)


def told_in_words(change: Change) -> str:
    """Which one: `the regression since commit 1f2e3d4 (“…”)`, `the change of the device since the night of …`."""
    what = {
        "device changed": "the change of the device",
        "environment changed": "the change that came with another environment",
        "mixed": "the change",
    }.get(change.kind, f"the {change.kind}")
    since = commits_in_words(change.commits) if change.commits else f"the night of {change.first_bad_night}"
    return f"{what} since {since}"


def _day(night: str) -> date:
    return date.fromisoformat(night)
