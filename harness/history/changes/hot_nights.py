"""Nights in which most of a device was elsewhere, and was back in the next: a hot room, not a level."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from harness.documents.nightly import Change
from harness.history.changes.track import Track, tracks_of
from harness.history.rows import Series

_NIGHTS: Final = 6
"""Older nights are between others, by which lone ones are known."""
_FEWEST_NIGHTS: Final = 8
_FEWEST_SERIES: Final = 4
_HOT: Final = 1.5
"""The median of a device's series is so many of their standard deviations from their levels."""
_BACK: Final = 0.5
"""Tonight no more than this share of it is left."""


def calm_tracks(series: Sequence[Series], told: Sequence[Change], tonight: str) -> list[Track]:
    """Those of all series that have a value of tonight; hot nights of their devices lie at each series' level."""
    tracks = tracks_of(series, told, tonight)
    by_device: dict[str, list[Track]] = {}
    for track in tracks:
        if track.values.size >= _FEWEST_NIGHTS:
            by_device.setdefault(track.key.device, []).append(track)
    hot = {device: _hot_nights(its, tonight) for device, its in by_device.items() if len(its) >= _FEWEST_SERIES}
    return [_calmed(track, hot.get(track.key.device, set())) for track in tracks]


def devices_off_tonight(tracks: Sequence[Track], tonight: str) -> set[str]:
    """Devices of which most is elsewhere tonight and was not in the nights before: what their series show of earlier
    nights can wait until tomorrow.
    """
    by_device: dict[str, list[Track]] = {}
    for track in tracks:
        by_device.setdefault(track.key.device, []).append(track)
    off = set()
    for device, its in by_device.items():
        medians = _medians([track for track in its if track.values.size >= _FEWEST_NIGHTS])
        now = medians.pop(tonight, 0.0)
        if abs(now) > _HOT and all(each * np.sign(now) < _BACK * abs(now) for each in medians.values()):
            off.add(device)
    return off


def _hot_nights(tracks: Sequence[Track], tonight: str) -> set[str]:
    medians = _medians(tracks)
    now = medians.get(tonight, 0.0)
    return {
        night
        for night, median in medians.items()
        if night != tonight and abs(median) > _HOT and now * np.sign(median) < _BACK * abs(median)
    }


def _medians(tracks: Sequence[Track]) -> dict[str, float]:
    """How far the series of a device were from their levels in the last nights, in their standard deviations."""
    deviations: dict[str, list[float]] = {}
    for track in tracks:
        spread = float(track.cleaned.std())
        if spread > 0.0:
            last = (track.cleaned[-_NIGHTS:] - track.cleaned.mean()) / spread
            for point, deviation in zip(track.points[-_NIGHTS:], last.tolist(), strict=True):
                deviations.setdefault(point.night, []).append(deviation)
    return {night: float(np.median(each)) for night, each in deviations.items() if len(each) >= _FEWEST_SERIES}


def _calmed(track: Track, hot: set[str]) -> Track:
    if not hot or track.values.size < _FEWEST_NIGHTS:
        return track
    first = track.values.size - _NIGHTS
    places = [first + i for i, point in enumerate(track.points[-_NIGHTS:]) if point.night in hot]
    if not places:
        return track
    cleaned = track.cleaned.copy()
    cleaned[places] = np.delete(track.cleaned, places).mean()
    return replace(track, cleaned=cleaned)
