"""Changes in plain sentences."""

from __future__ import annotations

import math
from collections.abc import Sequence

from harness.documents.nightly import Change, ChangedSeries
from harness.history.changes.causes import commits_in_words
from harness.history.changes.cost_moved import PARTS, absolute_change
from harness.history.changes.event import Event
from harness.history.changes.finding import Finding
from harness.history.changes.known import told_in_words
from harness.quantity import QUANTITIES
from harness.words.changes import change_in_words, value_in_words
from harness.words.printable import printable
from harness.words.sentences import counted, listed, named

_LEAST_P = 1e-300


def shown_p(p_value: float) -> str:
    """`p below 0.00001`: the next power of ten; from a thousandth of a millionth on `p below 1e-9`."""
    if p_value >= 0.1:
        return f"p = {p_value:.1f}"
    power: int = math.floor(-math.log10(max(p_value, _LEAST_P)) + 1e-9)
    return f"p below {10.0**-power:.{power}f}" if power < 9 else f"p below 1e-{power}"


def change_of(quantity: str, scale: str, ratio: float, low: float | None, high: float | None) -> str:
    """`5.2 % slower than before (between 4.1 % and 6.4 %)`, `2.4 times as long as before`."""
    known = QUANTITIES.get(quantity)
    if known is None or known.scale != scale:
        size = f"{ratio:.3g} times what it was before" if scale == "ratio" else f"{ratio:+.3g} against before"
        return size if low is None or high is None else f"{size} (between {low:.3g} and {high:.3g})"
    words = change_in_words(known, ratio, low, high)
    head, opened, rest = words.partition(" (")
    if head.startswith(("no ", "unknown")):
        return words
    than = "as before" if f" {known.as_much}" in head else "than before"
    return f"{head} {than}{opened}{rest}"


def event_sentence(event: Event, members: Sequence[ChangedSeries], kind: str, gone: Change | None) -> str:
    """One plain sentence of a whole event."""
    who = _who(members)
    if gone is not None:
        return f"{who} went back: {told_in_words(gone)} is gone again{_since(event)}"
    match kind:
        case "cost moved":
            return _cost_moved(event.findings)
        case "device changed":
            moved, of = event.moved_of or (len(members), len(members))
            where = listed([printable(device) for device in event.devices])
            return f"{moved} of {of} series on {where} moved at once{_since(event)}, and nothing of ours changed"
        case "environment changed":
            return f"{who} {_did(members)} with another environment{_since(event)}{_and_commit(event)}"
        case "drift":
            return _drift(event, members)
        case _:
            return _moved(event, members)


def _drift(event: Event, members: Sequence[ChangedSeries]) -> str:
    begin = f"since about the night of {event.first_bad_night}"
    if len(members) == 1:
        return f"{_who(members)} drifts: now {members[0].words}, {begin}"
    return f"{_who(members)} drift {_directions(members)}, {begin}"


def _moved(event: Event, members: Sequence[ChangedSeries]) -> str:
    if len(members) == 1:
        return f"{_who(members)} is {members[0].words}{_since(event)}"
    all_since = ", all since" if event.commits else " since"
    since = commits_in_words(event.commits) if event.commits else f"the night of {event.first_bad_night}"
    return f"{_who(members)} {_did(members)}{all_since} {since}"


def likely_causes(event: Event, environment: Sequence[str]) -> list[str]:
    """In words, the likeliest first."""
    causes = list(environment)
    if event.commits:
        also = ", too, so the two cannot be told apart here" if environment else ""
        causes.append(f"the model changed with {commits_in_words(event.commits)}{also}")
    return causes


def _who(members: Sequence[ChangedSeries]) -> str:
    """`36 series on 3 devices`; one series by its name."""
    if len(members) == 1:
        name = members[0].name
        return (
            f"{members[0].label} of {printable(name.candidate)} in {printable(name.experiment)} "
            f"on {printable(name.device)}"
        )
    devices = sorted({member.name.device for member in members})
    where = printable(devices[0]) if len(devices) == 1 else counted(len(devices), "device")
    return f"{len(members)} series on {where}"


def _did(members: Sequence[ChangedSeries]) -> str:
    """`got slower`, `got worse`, `got better in 3 and worse in 2`."""
    worse = sum(member.is_worse for member in members)
    if 0 < worse < len(members):
        return "changed: " + _directions(members)
    words = {_word(member) for member in members}
    if len(words) == 1:
        return f"got {words.pop()}"
    return "got worse" if worse else "got better"


def _directions(members: Sequence[ChangedSeries]) -> str:
    worse = sum(member.is_worse for member in members)
    if worse in {0, len(members)}:
        return "for the worse" if worse else "for the better"
    return f"{worse} for the worse and {len(members) - worse} for the better"


def _word(member: ChangedSeries) -> str:
    known = QUANTITIES.get(member.name.quantity)
    if known is None or known.unit != "ns":
        return "worse" if member.is_worse else "better"
    return known.words[1 if member.is_worse else 0]


def _since(event: Event) -> str:
    if event.commits and not event.environment:
        return f" since {commits_in_words(event.commits)}"
    return f" since the night of {event.first_bad_night}"


def _and_commit(event: Event) -> str:
    return f", and the model changed with {commits_in_words(event.commits)} in the same night" if event.commits else ""


def _cost_moved(findings: Sequence[Finding]) -> str:
    loads = [each for each in findings if each.track.key.quantity == PARTS[0]]
    firsts = {each.track.key.device: each for each in findings if each.track.key.quantity == PARTS[1]}
    first = min(loads, key=lambda each: each.track.key)
    load = absolute_change(first) or 0.0
    inference = absolute_change(firsts[first.track.key.device]) or 0.0
    quantity = QUANTITIES[PARTS[0]]
    key = first.track.key
    up, down = ("longer", "shorter") if load > 0.0 else ("shorter", "longer")
    also = named(sorted({printable(each.track.key.device) for each in loads}))
    of = f"{printable(key.candidate)} in {printable(key.experiment)}"
    loading, first_one = (value_in_words(quantity, abs(change)) for change in (load, inference))
    return (
        f"The cost of {of} only moved on {also}: loading takes {loading} {up}, the first inference {first_one} {down}"
    )
