"""One event over many series: what changed at the same time for the same reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from harness.documents.nightly import ChangeKind, CommitOfModel
from harness.history.changes.causes import Difference, environment_difference, new_commits
from harness.history.changes.finding import Finding, index_of_night, look_at, shown_by_each_attempt
from harness.history.changes.limits import MEMBER_P, MOVED_P
from harness.history.changes.noise import Noise
from harness.history.changes.track import Track
from harness.history.rows import SeriesKey

_FEWEST_OF_DEVICE = 4
"""A device with fewer series has no half of them."""


@dataclass(frozen=True)
class Event:
    """Findings that belong together."""

    findings: tuple[Finding, ...]
    environment: Mapping[str, frozenset[Difference]]
    """Device → what changed there; empty where nothing did."""
    commits: tuple[CommitOfModel, ...]
    kind: ChangeKind | None = None
    """None where its members' directions say it."""
    moved_of: tuple[int, int] | None = None
    """How many series of a device that changed moved, and how many it has."""

    @property
    def first_bad_night(self) -> str:
        """The likeliest member's."""
        return min(self.findings, key=lambda each: (each.p_value, each.track.key)).first_bad_night

    @property
    def devices(self) -> list[str]:
        """In order."""
        return sorted({each.track.key.device for each in self.findings})


@dataclass(frozen=True)
class _Reason:
    """What may have caused findings: a place in each series that it reaches, and what else changed there."""

    place: Callable[[Track], int | None]
    order: int
    """The smaller of equally good reasons is taken."""
    environment: Mapping[str, frozenset[Difference]] = field(default_factory=dict)
    commits: tuple[CommitOfModel, ...] = ()
    kind: ChangeKind | None = None


def gather(
    found: Sequence[Finding], tracks: Sequence[Track], noise: Mapping[str, Noise], *, joined: bool
) -> list[Event]:
    """Events of findings that stand by themselves: the reason that the most series moved for is taken first, and takes
    the findings that it explains with it. Where `joined`, series join that show less, at the place that the others
    show.
    """
    left = {each.track.key: each for each in found if not each.course.is_drift}
    events: list[Event] = []
    while left:
        best: tuple[tuple[int, int, str], Event, set[SeriesKey]] | None = None
        for reason in _reasons(list(left.values())):
            event, explained = _event(reason, left, tracks, noise, joined=joined)
            if event is None:
                continue
            rank = (-len(event.findings), reason.order, event.first_bad_night)
            if best is None or rank < best[0]:
                best = (rank, event, explained)
        if best is None:
            break
        events.append(best[1])
        left = {key: each for key, each in left.items() if key not in best[2]}
    events += [Event(tuple(group), {}, ()) for group in _overlapping(list(left.values()))]
    drifts = [each for each in found if each.course.is_drift]
    return events + [Event(tuple(group), {}, (), "drift") for group in _overlapping(drifts)]


def _event(
    reason: _Reason,
    left: Mapping[SeriesKey, Finding],
    tracks: Sequence[Track],
    noise: Mapping[str, Noise],
    *,
    joined: bool,
) -> tuple[Event | None, set[SeriesKey]]:
    """The event that the reason makes of findings and other series, and which findings it explains; None where none."""
    members: dict[SeriesKey, Finding] = {}
    explained: set[SeriesKey] = set()
    moved: list[Finding] = []
    reached = 0
    for track in tracks:
        index = reason.place(track)
        if index is None:
            continue
        reached += 1
        there = look_at(track, noise[track.key.quantity], index)
        if there is None or not there.is_large or there.p_value > MOVED_P:
            continue
        moved.append(there)
        mine = left.get(track.key)
        if mine is not None:
            begin, end = mine.course.earliest, mine.course.latest
            if begin - 1 <= index <= end + 1 or there.p_value <= mine.p_value:
                explained.add(track.key)
                members[track.key] = replace(
                    there, p_value=mine.p_value, course=replace(mine.course, begin=index, is_drift=False)
                )
        elif joined and there.p_value <= MEMBER_P and shown_by_each_attempt(there):
            members[track.key] = there
    if not explained:
        return None, explained
    moved_of = None
    if reason.kind == "device changed":
        if reached < _FEWEST_OF_DEVICE or 2 * len(moved) < reached or not _is_of_device(moved, tracks, reason, noise):
            return None, set()
        moved_of = (len(moved), reached)
        members = {each.track.key: each for each in moved} | members
    ordered = tuple(members[key] for key in sorted(members))
    return Event(ordered, reason.environment, reason.commits, reason.kind, moved_of), explained


def _reasons(found: Sequence[Finding]) -> list[_Reason]:
    """Everything that changed in a likely night of any of them, and their devices."""
    reasons: dict[tuple[object, ...], _Reason] = {}
    for finding in found:
        track, course = finding.track, finding.course
        device = track.key.device
        for mark in track.marks():
            if not course.earliest <= mark <= course.latest:
                continue
            night = track.points[mark].night
            differences = environment_difference(track, mark)
            if differences:
                key: tuple[object, ...] = ("environment", night, differences)
                devices = {**(reasons[key].environment if key in reasons else {}), device: differences}
                commits = new_commits(track, mark)
                commits += reasons[key].commits if key in reasons else ()
                reasons[key] = _Reason(_of_environment(devices, night), 0, devices, commits, "environment changed")
                continue
            commits = new_commits(track, mark)
            if commits:
                shas = tuple(sorted({commit.sha for commit in commits}))
                reasons["commit", shas] = _Reason(_of_commit(shas), 1, {}, commits)
        night = finding.first_bad_night
        reasons["device", device, night] = _Reason(_of_device(device, night), 2, {}, (), "device changed")
        model = (track.key.experiment, track.key.candidate)
        reasons["model", *model, night] = _Reason(_of_model(*model, night), 3)
    return list(reasons.values())


def _of_environment(devices: Mapping[str, frozenset[Difference]], night: str) -> Callable[[Track], int | None]:
    def place(track: Track) -> int | None:
        if track.key.device not in devices:
            return None
        index = index_of_night(track, night)
        return index if index < len(track.points) and environment_difference(track, index) else None

    return place


def _of_commit(shas: tuple[str, ...]) -> Callable[[Track], int | None]:
    def place(track: Track) -> int | None:
        for mark in track.marks():
            if tuple(sorted({commit.sha for commit in new_commits(track, mark)})) == shas:
                return mark
        return None

    return place


def _of_device(device: str, night: str) -> Callable[[Track], int | None]:
    def place(track: Track) -> int | None:
        if track.key.device != device:
            return None
        index = index_of_night(track, night)
        return index if index < len(track.points) else None

    return place


def _of_model(experiment: str, candidate: str, night: str) -> Callable[[Track], int | None]:
    """Where nothing is known of why, a model's series on whatever device."""

    def place(track: Track) -> int | None:
        if (track.key.experiment, track.key.candidate) != (experiment, candidate):
            return None
        index = index_of_night(track, night)
        return index if index < len(track.points) else None

    return place


def _is_of_device(
    moved: Sequence[Finding], tracks: Sequence[Track], reason: _Reason, noise: Mapping[str, Noise]
) -> bool:
    """Whether the device is to blame, and not what was measured on it: half of its series whose models are known to be
    the same moved; or where none is known, several models moved, or another device with the same ones did not.
    """
    if all(each.track.tonight.commits for each in moved):
        its = [(track, index) for track in tracks if (index := reason.place(track)) is not None]
        same = {track.key for track, index in its if not new_commits(track, index)}
        return len(same) >= _FEWEST_OF_DEVICE and 2 * sum(each.track.key in same for each in moved) >= len(same)
    candidates = {(each.track.key.experiment, each.track.key.candidate) for each in moved}
    device, night = moved[0].track.key.device, moved[0].first_bad_night
    elsewhere = [
        track
        for track in tracks
        if track.key.device != device and (track.key.experiment, track.key.candidate) in candidates
    ]
    also = 0
    for track in elsewhere:
        there = look_at(track, noise[track.key.quantity], index_of_night(track, night))
        also += there is not None and there.is_large and there.p_value <= MOVED_P
    if 2 * also >= len(elsewhere) > 0:
        return False
    return len(candidates) > 1 or bool(elsewhere)


def _overlapping(found: Sequence[Finding]) -> list[list[Finding]]:
    """Findings whose likely nights overlap, of one device or of one candidate."""
    groups: list[list[Finding]] = []
    for each in sorted(found, key=lambda one: (one.p_value, one.track.key)):
        near = [group for group in groups if any(_together(each, other) for other in group)]
        groups = [group for group in groups if group not in near]
        groups.append([*(other for group in near for other in group), each])
    return [sorted(group, key=lambda one: one.track.key) for group in groups]


def _together(one: Finding, other: Finding) -> bool:
    key, its = one.track.key, other.track.key
    if key.device != its.device and (key.experiment, key.candidate) != (its.experiment, its.candidate):
        return False
    first, last = likely_nights(one)
    begin, end = likely_nights(other)
    return first <= end and begin <= last


def likely_nights(finding: Finding) -> tuple[str, str]:
    """The first and the last night that the change may have begun in."""
    points, course = finding.track.points, finding.course
    return points[course.earliest].night, points[min(course.latest, len(points) - 1)].night


def with_findings(event: Event, findings: Sequence[Finding], kind: ChangeKind | None) -> Event:
    """The same event of some of its findings."""
    return replace(event, findings=tuple(findings), kind=kind)
