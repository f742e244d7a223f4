"""One event over many series: what changed at the same time for the same reason."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from harness.documents.nightly import ChangeKind, CommitOfModel
from harness.history.changes.causes import Difference, Explained, environment_difference, new_commits
from harness.history.changes.finding import Finding, index_of_night, look_at
from harness.history.changes.limits import MEMBER_P, MOVED_P
from harness.history.changes.noise import Noise
from harness.history.changes.track import Track

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
    """Of a device that changed: how many of its series moved, and how many it has."""

    @property
    def first_bad_night(self) -> str:
        """Of its likeliest member."""
        return min(self.findings, key=lambda each: (each.p_value, each.track.key)).first_bad_night

    @property
    def devices(self) -> list[str]:
        """In order."""
        return sorted({each.track.key.device for each in self.findings})


def gather(
    found: Sequence[Explained], tracks: Sequence[Track], noise: Mapping[str, Noise], *, joined: bool
) -> list[Event]:
    """Events of findings that stand by themselves. Where `joined`, series join that show less, at the place that the
    others show.
    """
    by_commit: dict[tuple[str, ...], list[Explained]] = {}
    by_environment: dict[tuple[str, str], list[Explained]] = {}
    plain: list[Explained] = []
    for each in found:
        if each.environment:
            by_environment.setdefault((each.finding.track.key.device, each.finding.first_bad_night), []).append(each)
        elif each.commits:
            by_commit.setdefault(each.commit_key, []).append(each)
        else:
            plain.append(each)
    events = []
    for group in _one_update(by_environment):
        # Another device without an update shows that it was the commit.
        blamed = next((each.commit_key for each in group if each.commit_key in by_commit), None)
        if blamed is not None and all(each.commit_key == blamed for each in group):
            by_commit[blamed] += group
        else:
            events.append(_of_environment(group, tracks, noise, joined=joined))
    for key, group in by_commit.items():
        events.append(_of_commit(key, group, tracks, noise, joined=joined))
    for group in _overlapping(plain):
        events.append(_of_nothing(group, tracks, noise, joined=joined))
    return events


def _one_update(groups: Mapping[tuple[str, str], list[Explained]]) -> list[list[Explained]]:
    """The same update in the same night on several devices is one."""
    together: dict[tuple[str, frozenset[Difference]], list[Explained]] = {}
    for (_, night), group in groups.items():
        together.setdefault((night, frozenset().union(*(each.environment for each in group))), []).extend(group)
    return list(together.values())


def _of_environment(
    group: list[Explained], tracks: Sequence[Track], noise: Mapping[str, Noise], *, joined: bool
) -> Event:
    changed: dict[str, frozenset[Difference]] = {}
    for each in group:
        device = each.finding.track.key.device
        changed[device] = changed.get(device, frozenset()) | each.environment
    night = group[0].finding.first_bad_night

    def place(track: Track) -> int | None:
        if track.key.device not in changed:
            return None
        index = index_of_night(track, night)
        there = index < len(track.points) and environment_difference(track, index)
        return index if there else None

    findings = _with_members(group, tracks, noise, place, joined=joined)
    commits = tuple(commit for each in group for commit in each.commits)
    return Event(findings, changed, commits, "environment changed")


def _of_commit(
    key: tuple[str, ...], group: list[Explained], tracks: Sequence[Track], noise: Mapping[str, Noise], *, joined: bool
) -> Event:
    def place(track: Track) -> int | None:
        for mark in track.marks():
            if tuple(sorted({commit.sha for commit in new_commits(track, mark)})) == key:
                return mark
        return None

    return Event(_with_members(group, tracks, noise, place, joined=joined), {}, group[0].commits)


def _of_nothing(group: list[Explained], tracks: Sequence[Track], noise: Mapping[str, Noise], *, joined: bool) -> Event:
    """Nothing of ours changed, or nothing is known of it."""
    findings = tuple(each.finding for each in group)
    if any(each.course.is_drift for each in findings):
        return Event(findings, {}, (), "drift")
    likeliest = min(findings, key=lambda each: (each.p_value, each.track.key))
    night = likeliest.first_bad_night
    devices = {each.track.key.device for each in findings}
    candidates = {(each.track.key.experiment, each.track.key.candidate) for each in findings}

    def place(track: Track) -> int | None:
        key = track.key
        if key.device not in devices and (key.experiment, key.candidate) not in candidates:
            return None
        index = index_of_night(track, night)
        return None if index == len(track.points) else index

    if joined and len(devices) == 1:
        device = next(iter(devices))
        its = [track for track in tracks if track.key.device == device]
        moved = [each for each in map(_at(noise, place), its) if each is not None and _moved(each, MOVED_P)]
        if len(its) >= _FEWEST_OF_DEVICE and 2 * len(moved) >= len(its) and _is_of_device(moved, tracks, place, noise):
            members = _merged(findings, moved)
            return Event(members, {}, (), "device changed", (len(moved), len(its)))
    return Event(_with_members(group, tracks, noise, place, joined=joined), {}, ())


def _is_of_device(
    moved: Sequence[Finding],
    tracks: Sequence[Track],
    place: Callable[[Track], int | None],
    noise: Mapping[str, Noise],
) -> bool:
    """Whether the device is to blame, and not what was measured on it: its models are known to be the same, or several
    of them moved, or another device with the same ones did not.
    """
    if all(each.track.tonight.commits for each in moved):
        return True
    candidates = {(each.track.key.experiment, each.track.key.candidate) for each in moved}
    device = moved[0].track.key.device
    elsewhere = [
        track
        for track in tracks
        if track.key.device != device and (track.key.experiment, track.key.candidate) in candidates
    ]
    also = [each for each in map(_at(noise, place), elsewhere) if each is not None and _moved(each, MOVED_P)]
    if 2 * len(also) >= len(elsewhere) > 0:
        return False
    return len(candidates) > 1 or bool(elsewhere)


def _at(noise: Mapping[str, Noise], place: Callable[[Track], int | None]) -> Callable[[Track], Finding | None]:
    def looked(track: Track) -> Finding | None:
        index = place(track)
        return None if index is None else look_at(track, noise[track.key.quantity], index)

    return looked


def _moved(finding: Finding, most_p: float) -> bool:
    return finding.p_value <= most_p and finding.is_large


def _with_members(
    group: Sequence[Explained],
    tracks: Sequence[Track],
    noise: Mapping[str, Noise],
    place: Callable[[Track], int | None],
    *,
    joined: bool,
) -> tuple[Finding, ...]:
    findings = [each.finding for each in group]
    if not joined:
        return _merged(findings, [])
    also = [each for each in map(_at(noise, place), tracks) if each is not None and _moved(each, MEMBER_P)]
    return _merged(findings, also)


def _merged(findings: Iterable[Finding], also: Iterable[Finding]) -> tuple[Finding, ...]:
    by_key = {each.track.key: each for each in also}
    by_key.update({each.track.key: each for each in findings})
    return tuple(by_key[key] for key in sorted(by_key))


def _overlapping(plain: Sequence[Explained]) -> list[list[Explained]]:
    """Findings whose likely nights overlap, of one device or of one candidate; drifts by themselves."""
    groups: list[list[Explained]] = []
    for each in sorted(plain, key=lambda one: (one.finding.p_value, one.finding.track.key)):
        near = [group for group in groups if any(_together(each.finding, other.finding) for other in group)]
        merged = [each, *(other for group in near for other in group)]
        groups = [group for group in groups if group not in near]
        groups.append(sorted(merged, key=lambda one: (one.finding.p_value, one.finding.track.key)))
    return groups


def _together(one: Finding, other: Finding) -> bool:
    key, its = one.track.key, other.track.key
    related = key.device == its.device or (key.experiment, key.candidate) == (its.experiment, its.candidate)
    if not related or one.course.is_drift != other.course.is_drift:
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
