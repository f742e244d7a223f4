"""What should be measured again tonight, before anyone is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.documents.nightly import Change
from harness.history.changes.finding import look
from harness.history.changes.hot_nights import calm_tracks
from harness.history.changes.limits import SUSPECT_P
from harness.history.changes.noise import noise_of
from harness.history.rows import Series, SeriesKey


@dataclass(frozen=True)
class Suspect:
    """A series that seems to have changed. Effects are on the scale that changes are looked for in."""

    key: SeriesKey
    """The experiment and the device in it are what to measure again."""
    first_bad_night: str
    before: float
    after: float
    p_value: float


def find_suspects(series: Sequence[Series], told: Sequence[Change], tonight: str) -> list[Suspect]:
    """Series with a value of tonight (`2026-11-30`) that are unlikely to have stayed where they were since the last
    change that was told of them; the least likely first. It finds too many: what is told of is decided once they were
    measured again (`harness.history.changes.decide`). All series of a suite are needed, those of other suites must not
    be there.
    """
    tracks = calm_tracks(series, told, tonight)
    noise = noise_of(tracks)
    found = []
    for track in tracks:
        finding = look(track, noise[track.key.quantity], SUSPECT_P)
        if finding is not None and finding.is_large:
            found.append(Suspect(track.key, finding.first_bad_night, finding.before, finding.after, finding.p_value))
    return sorted(found, key=lambda suspect: (suspect.p_value, suspect.key))
