"""What is told of a night, once its suspects were measured again."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import stdtrit

from harness.documents.nightly import Change, ChangedSeries, ChangeKind, CommitOfModel, Confirmation
from harness.history.changes.causes import environment_in_words
from harness.history.changes.cost_moved import apart
from harness.history.changes.event import Event, gather, with_findings
from harness.history.changes.finding import Finding, look, shown_by_each_attempt, stands_without_farthest, tested
from harness.history.changes.hot_nights import calm_tracks, devices_off_tonight
from harness.history.changes.known import event_id, gone_of, has_come_back, told_of
from harness.history.changes.limits import MEMBER_P, SHUFFLED_P, SUSPECT_P, TOLD_Q
from harness.history.changes.new_series import new_series
from harness.history.changes.noise import Noise, noise_of
from harness.history.changes.suspects import Suspect
from harness.history.changes.track import Track, before_second_measurement, name_of
from harness.history.changes.words import change_of, event_sentence, likely_causes, shown_p
from harness.history.rows import Series, SeriesKey
from harness.quantity import QUANTITIES
from harness.statistics.energy_divisive import split_test
from harness.statistics.false_discovery import adjusted_p_values
from harness.words.sentences import sentence

_NIGHTS_SHUFFLED: Final = 60
_LEVEL: Final = 0.95


@dataclass(frozen=True)
class _Judged:
    """A suspect after its second measurement."""

    suspect: Suspect
    finding: Finding | None
    confirmation: Confirmation | None
    """None where there is nothing to tell."""
    was_measured_again: bool


def decide(series: Sequence[Series], suspects: Sequence[Suspect], told: Sequence[Change], tonight: str) -> list[Change]:
    """Events of tonight, confirmed and new ones first; those that were told of in an earlier night and have more
    series now are not new. `series` are all of the suite, with the second attempts of those that were measured again;
    `suspects` are what `find_suspects` gave before; `told` are the changes in the history. The same input gives the
    same changes, with the same ids.
    """
    asked = {each.key.quantity for each in suspects}
    tracks = calm_tracks([each for each in series if each.key.quantity in asked], told, tonight)
    noise = noise_of(tracks)
    by_key = {track.key: track for track in tracks}
    known_suspects = [each for each in suspects if each.key in by_key]
    judged = _judge(known_suspects, by_key, noise, _series_tested(series, tracks, tonight))
    judged += _not_seen(judged, series, told, tonight, noise)
    if any(each.confirmation == "confirmed" for each in judged):
        # Series that are no suspects themselves may show the same event.
        tracks = calm_tracks(series, told, tonight)
        noise = noise_of(tracks)
    suite = tracks[0].key.suite if tracks else ""
    off = devices_off_tonight(tracks, tonight)
    judged = [each for each in judged if each.finding is None or not _waits(each.finding, off)]
    changes = new_series(series, told, tonight)
    for confirmation in ("confirmed", "suspected", "not confirmed"):
        found = [each.finding for each in judged if each.confirmation == confirmation and each.finding is not None]
        firsts = {each.suspect.key: each.suspect.p_value for each in judged}
        for event, gone in _events(found, tracks, noise, joined=confirmation == "confirmed"):
            known = told_of(event, told)
            change = _change(suite, event, gone, confirmation, firsts, told, tonight)
            if known is None:
                changes.append(change)
            elif confirmation == "confirmed":
                changes.append(_more_of(known, change, tonight))
    changes = _merged(changes)
    ids = {change.id for change in changes}
    # A night that is run once more still knows what it told.
    changes += [
        change.model_copy(update={"is_new": False})
        for change in told
        if change.told_night == tonight and change.id not in ids
    ]
    order: dict[Confirmation, int] = {"confirmed": 0, "suspected": 1, "not confirmed": 2}
    return sorted(changes, key=lambda each: (order[each.confirmation], not each.is_new, -len(each.members), each.id))


def _judge(
    suspects: Sequence[Suspect], tracks: Mapping[SeriesKey, Track], noise: Mapping[str, Noise], series_tested: int
) -> list[_Judged]:
    findings = [look(tracks[each.key], noise[each.key.quantity], SUSPECT_P) for each in suspects]
    adjusted = _adjusted([1.0 if each is None else each.p_value for each in findings], series_tested)
    return [
        _Judged(
            suspect,
            finding,
            None
            if finding is None
            else _confirmation(suspect, finding, p_value, tracks[suspect.key], noise[suspect.key.quantity]),
            was_measured_again=tracks[suspect.key].was_measured_again,
        )
        for suspect, finding, p_value in zip(suspects, findings, adjusted, strict=True)
    ]


def _series_tested(series: Sequence[Series], tracks: Sequence[Track], tonight: str) -> int:
    """How many series were looked at: of the quantities that are asked about by their nights, of others all that have a
    value of tonight.
    """
    asked = {track.key for track in tracks}
    others = sum(each.key not in asked and bool(each.points) and each.points[-1].night == tonight for each in series)
    return others + sum(map(tested, tracks))


def _not_seen(
    judged: Sequence[_Judged],
    series: Sequence[Series],
    told: Sequence[Change],
    tonight: str,
    noise: Mapping[str, Noise],
) -> list[_Judged]:
    """What stood out in the first measurement and was gone in the second, as it seemed to be."""
    gone = {
        each.suspect.key: each.suspect
        for each in judged
        if each.finding is None and each.was_measured_again and each.suspect.p_value <= MEMBER_P
    }
    if not gone:
        return []
    its = before_second_measurement([each for each in series if each.key in gone], tonight)
    seemed = [(track, look(track, noise[track.key.quantity], SUSPECT_P)) for track in calm_tracks(its, told, tonight)]
    return [
        _Judged(gone[track.key], finding, "not confirmed", was_measured_again=True)
        for track, finding in seemed
        if finding is not None
    ]


def _adjusted(p_values: Sequence[float], series_tested: int) -> list[float]:
    """For the number of all series that were tested; what was no suspect is far from being told."""
    if not p_values:
        return []
    all_of_them = np.ones(max(series_tested, len(p_values)))
    all_of_them[: len(p_values)] = p_values
    return [float(each) for each in adjusted_p_values(all_of_them)[: len(p_values)]]


def _confirmation(
    suspect: Suspect, finding: Finding, adjusted: float, track: Track, noise: Noise
) -> Confirmation | None:
    likely = adjusted <= TOLD_Q and finding.is_large and stands_without_farthest(finding, noise)
    if not track.was_measured_again:
        return "suspected" if likely else None
    stood_out = suspect.p_value <= MEMBER_P
    if not finding.is_large:
        return "not confirmed" if stood_out else None
    if not shown_by_each_attempt(finding):
        return "not confirmed" if stood_out else None
    if not likely or not _stands_shuffled(finding):
        return None
    return "confirmed"


def _can_stand(event: Event) -> bool:
    """One night may be a hot room, and one run of one series may be far off twice: what only tonight shows is told at
    once where two series show it and a commit or the environment changed, or nobody knows the models' commits. All
    else is told once the next night shows it too.
    """
    if max(finding.nights_after for finding in event.findings) > 1:
        return True
    if event.kind == "device changed" or len(event.findings) < 2:
        return False
    unknown = not any(finding.track.tonight.commits for finding in event.findings)
    return bool(event.environment or event.commits) or unknown


def _waits(finding: Finding, off: set[str]) -> bool:
    """A device that is off as a whole tonight says nothing of the nights before."""
    return finding.track.key.device in off and finding.nights_after > 1


def _stands_shuffled(finding: Finding) -> bool:
    """Whether E-divisive, which asks for no distribution, finds it as unlikely as so few nights can be."""
    if finding.course.is_drift:
        return True
    begin = max(0, finding.course.begin - _NIGHTS_SHUFFLED)
    values = finding.track.cleaned[begin:]
    seed = zlib.crc32(repr((finding.track.key, finding.track.tonight.night)).encode())
    test = split_test(values, seed)
    after = finding.nights_after
    # A night at either end can always be the farthest one.
    least = 3.0 * max(test.smallest, 2.0 / values.size if after == 1 else test.smallest)
    return test.p_value <= max(SHUFFLED_P, least)


def _events(
    found: Sequence[Finding], tracks: Sequence[Track], noise: Mapping[str, Noise], *, joined: bool
) -> list[tuple[Event, Change | None]]:
    """Each with the told change that it undoes: what a new environment brings about undoes nothing."""
    events: list[tuple[Event, Change | None]] = []
    for event in gather(found, tracks, noise, joined=joined):
        if joined and not _can_stand(event):
            continue
        back: dict[str, list[Finding]] = {}
        undone: dict[str, Change] = {}
        for finding in event.findings if not event.environment else ():
            gone = gone_of(finding)
            if gone is not None:
                back.setdefault(gone.id, []).append(finding)
                undone[gone.id] = gone
        # One event is one alert, also where a few of its series happen to lie where they once were.
        id_ = max(back, key=lambda each: (len(back[each]), each), default=None)
        if id_ is not None and 2 * len(back[id_]) >= len(event.findings):
            # What got better and is lost again is worse than it was last night, and no good news.
            kind: ChangeKind | None = None if undone[id_].kind == "improvement" else "gone again"
            events.append((with_findings(event, event.findings, kind), undone[id_]))
        else:
            events += [(part, None) for part in apart(event)]
    return events


def _change(
    suite: str,
    event: Event,
    gone: Change | None,
    confirmation: Confirmation,
    firsts: Mapping[SeriesKey, float],
    told: Sequence[Change],
    tonight: str,
) -> Change:
    members = [_member(finding) for finding in event.findings]
    kind = event.kind or _kind(members)
    causes = [
        words
        for device, differences in sorted(event.environment.items())
        for words in environment_in_words(differences, device)
    ]
    likeliest = min(event.findings, key=lambda each: (each.p_value, each.track.key))
    facts = _facts(event, gone)
    id_ = event_id(suite, kind, facts)
    before = next((each for each in told if each.id == id_), None)
    if before is not None and has_come_back(event, before):
        id_ = event_id(suite, kind, [*facts, event.first_bad_night])
        before = next((each for each in told if each.id == id_), None)
    is_known = before is not None and before.confirmation in {"confirmed", confirmation}
    return Change(
        id=id_,
        kind=kind,
        confirmation=confirmation,
        sentence=sentence(event_sentence(event, members, kind, gone)),
        last_good_night=likeliest.last_good_night,
        first_bad_night=event.first_bad_night,
        commits=_distinct(event.commits),
        causes=likely_causes(event, causes),
        members=members,
        is_new=confirmation != "not confirmed" and not is_known,
        baseline_from=tonight if kind == "drift" else None,
        told_night=tonight,
        how_sure=_how_sure(confirmation, likeliest, firsts),
    )


def _more_of(known: Change, change: Change, tonight: str) -> Change:
    """What was told, with the series that show it since."""
    fresh = {str(member.name): member for member in change.members}
    members = [fresh.pop(str(member.name), member) for member in known.members]
    return known.model_copy(
        update={
            "members": members + list(fresh.values()),
            "baseline_from": tonight if known.kind == "drift" else known.baseline_from,
            "is_new": False,
        }
    )


def _merged(changes: Sequence[Change]) -> list[Change]:
    """Events of one id are one, where several of tonight belong to what was told."""
    merged: dict[str, Change] = {}
    for change in changes:
        there = merged.get(change.id)
        if there is None:
            merged[change.id] = change
            continue
        names = {str(member.name) for member in there.members}
        more = [member for member in change.members if str(member.name) not in names]
        if there.confirmation == change.confirmation or there.confirmation != "confirmed":
            merged[change.id] = there.model_copy(update={"members": [*there.members, *more]})
    return list(merged.values())


def _facts(event: Event, gone: Change | None) -> list[str]:
    """What makes the event that one."""
    if gone is not None:
        return [gone.id, event.first_bad_night]
    if event.commits and not event.environment:
        return sorted({commit.sha for commit in event.commits})
    likeliest = min(event.findings, key=lambda each: (each.p_value, each.track.key))
    key = likeliest.track.key
    where = event.devices if event.environment else [key.device, key.experiment, key.candidate]
    return [event.first_bad_night, *where]


def _kind(members: Sequence[ChangedSeries]) -> ChangeKind:
    worse = sum(member.is_worse for member in members)
    if worse == len(members):
        return "regression"
    return "improvement" if worse == 0 else "mixed"


def _member(finding: Finding) -> ChangedSeries:
    series = finding.track.series
    half = float(stdtrit(finding.degrees, (1.0 + _LEVEL) / 2.0)) * finding.standard_error
    ends = (finding.difference - half, finding.difference + half)
    difference, before, after = finding.difference, finding.before, finding.after
    if series.scale == "ratio":
        difference, before, after, low, high = (float(np.exp(each)) for each in (difference, before, after, *ends))
    else:
        low, high = ends
    known = QUANTITIES.get(series.key.quantity)
    return ChangedSeries(
        name=name_of(series.key),
        label=series.key.quantity if known is None else known.label,
        scale=series.scale,
        unit="" if series.scale == "ratio" else series.unit,
        before=before,
        after=after,
        low=low,
        high=high,
        p_value=finding.p_value,
        is_worse=finding.is_worse,
        words=change_of(series.key.quantity, series.scale, difference, low, high),
    )


def _how_sure(confirmation: Confirmation, likeliest: Finding, firsts: Mapping[SeriesKey, float]) -> str:
    first = shown_p(firsts.get(likeliest.track.key, likeliest.p_value))
    if confirmation == "suspected":
        return f"not measured a second time; {first} in the first"
    if confirmation == "not confirmed":
        return f"not seen when it was measured a second time; {first} before that"
    both = shown_p(likeliest.p_value)
    return f"seen again when it was measured a second time; {first} before that, {both} with it"


def _distinct(commits: Sequence[CommitOfModel]) -> list[CommitOfModel]:
    return list({(commit.arm, commit.sha, commit.path): commit for commit in commits}.values())
