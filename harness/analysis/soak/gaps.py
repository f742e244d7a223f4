"""What interrupts a soak: restarts, pauses, sensors that fall silent, clocks that are set. Each is named."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from devices.power.block import slept_between
from harness.documents.soak_result import Gap
from harness.words.sentences import counted

if TYPE_CHECKING:
    from harness.analysis.soak.windows import SoakRecords
    from harness.documents.records import SoakWindow

_PAUSE_S = 5.0
"""Between two windows lie fixed work, probes and a look at the machine: parts of a second."""
_CLOCK_SET_S = 60.0
_LONG = 2.0


def find_gaps(records: SoakRecords, window_s: float) -> list[Gap]:
    """In the order of the soak."""
    gaps = [*_between_sessions(records), *_pauses(records, window_s), *_lost_sensors(records)]
    return sorted(gaps, key=lambda gap: gap.at_hours)


def count_boots(records: SoakRecords) -> int:
    """How many boots of the device the soak saw; one where the device does not tell them apart."""
    return max(1, len({started.context.boot_id for started in records.started if started.context.boot_id is not None}))


def _between_sessions(records: SoakRecords) -> list[Gap]:
    gaps = []
    hours = records.hours
    stopped = {finished.session for finished in records.finished if finished.reason == "stopped"}
    for before, after in zip(records.started, records.started[1:], strict=False):
        done = [place for place, window in enumerate(records.windows) if window.session <= before.session]
        at = float(hours[done[-1]]) if done else 0.0
        ended_ns = records.last_ns[before.session]
        worked_s = (ended_ns - before.monotonic_ns) / 1e9
        wall_s = _seconds_between(before.wall_time, after.wall_time)
        rebooted = before.context.boot_id != after.context.boot_id
        monotonic_s = None if rebooted else (after.monotonic_ns - ended_ns) / 1e9
        lasted = monotonic_s if monotonic_s is not None else wall_s - worked_s if wall_s is not None else None
        if lasted is not None and lasted < 0.0:
            gaps.append(Gap(at_hours=at, what="clock set", words="The device's clock was set back."))
            lasted = None
        elif monotonic_s is not None and wall_s is not None and abs(wall_s - worked_s - monotonic_s) > _CLOCK_SET_S:
            by = wall_s - worked_s - monotonic_s
            words = (
                f"The device's clock went {_duration(abs(by))} {'ahead' if by > 0 else 'back'}: it was set, or slept."
            )
            gaps.append(Gap(at_hours=at, what="clock set", words=words, lasted_seconds=abs(by)))
        long = "for an unknown time" if lasted is None else f"for {_duration(lasted)}"
        if rebooted:
            words = f"The device restarted; nothing ran {long}."
        elif before.session in stopped:
            words = f"The soak was stopped and gone on with; nothing ran {long}."
        else:
            words = f"The runner ended and was started again; nothing ran {long}."
        what = "device restarted" if rebooted else "runner restarted"
        gaps.append(Gap(at_hours=at, what=what, words=words, lasted_seconds=lasted))  # type: ignore[arg-type]
    return gaps


def _pauses(records: SoakRecords, window_s: float) -> list[Gap]:
    gaps = []
    hours, seconds = records.hours, records.seconds
    pause_s = max(_PAUSE_S, window_s / 2)
    for index, (before, after) in enumerate(zip(records.windows, records.windows[1:], strict=False)):
        between_s = (after.started_ns - before.ended_ns) / 1e9
        if before.session != after.session:
            continue
        slept_s = slept_between(before.context, after.context) / 1e9
        if slept_s:
            words = f"The device slept for {_duration(slept_s)}: nothing ran, and its clocks stood still."
            gaps.append(Gap(at_hours=float(hours[index]), what="slept", words=words, lasted_seconds=slept_s))
        if between_s > pause_s:
            words = f"Between two windows {_duration(between_s)} passed: the device or the runner was held up."
            gaps.append(Gap(at_hours=float(hours[index]), what="pause", words=words, lasted_seconds=between_s))
    for place in np.flatnonzero(seconds > _LONG * window_s + _PAUSE_S).tolist():
        slowest = records.windows[place].latency_max_ns / 1e9
        words = f"A window lasted {_duration(seconds[place])}; its slowest inference took {_duration(slowest)}."
        at = float(hours[place] - seconds[place] / 3600.0)
        gaps.append(Gap(at_hours=at, what="long window", words=words, lasted_seconds=float(seconds[place])))
    return gaps


def _lost_sensors(records: SoakRecords) -> list[Gap]:
    """Sensors that were read once and no longer are, at the place of the last window that had them."""
    windows = records.windows
    seen: dict[str, list[int]] = {}
    for place, window in enumerate(windows):
        for sensor in _sensors(window):
            seen.setdefault(sensor, []).append(place)
    gaps = []
    hours = records.hours
    for sensor, places in seen.items():
        missing = len(windows) - len(places)
        if missing == 0:
            continue
        last = places[-1]
        if last < len(windows) - 1:
            words = f"{sensor} was read no longer: the last {counted(len(windows) - 1 - last, 'window')} lack it."
            gaps.append(Gap(at_hours=float(hours[last]), what="sensor lost", words=words))
        else:
            first = min(set(range(len(windows))) - set(places))
            words = f"{sensor} could not be read in {counted(missing, 'window')}."
            gaps.append(Gap(at_hours=float(hours[first]), what="sensor lost", words=words))
    return gaps


def _sensors(window: SoakWindow) -> list[str]:
    found = [f"Probe {reading.probe}" for reading in window.readings if reading.text is not None]
    found += [f"Temperature {zone}" for zone in window.context.temperature_celsius]
    found += ["Clocks of the cores"] if window.context.cpu_frequency_khz else []
    sizes = {"RSS": window.rss_bytes, "RssAnon": window.rss_anon_bytes, "PSS": window.pss_bytes}
    return found + [name for name, size in sizes.items() if size is not None]


def _seconds_between(first: str, last: str) -> float | None:
    try:
        return (datetime.fromisoformat(last) - datetime.fromisoformat(first)).total_seconds()
    except (ValueError, TypeError):  # no time, or one with a zone and one without
        return None


def _duration(seconds: float) -> str:
    if seconds < 120.0:
        return f"{seconds:.1f} s" if seconds < 10.0 else f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200.0 else f"{seconds / 3600:.1f} hours"
