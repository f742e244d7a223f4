"""What is known by now of every device that is watched. Threads write, scrapes read."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from harness.analysis.soak.battery import BATTERY_READERS
from harness.analysis.soak.heat import plausible_celsius
from harness.documents.monitored import LastWindow, Monitored, MonitorState
from harness.documents.records import SoakWindow

STALE_WINDOWS: Final = 3.0
STALE_AT_LEAST_S: Final = 15.0
"""A last window is old when so many others, and so many seconds, should have come since."""


class Live:
    """Every device that is watched, by its name."""

    def __init__(self, devices: Sequence[str], experiment: str, arm: str, window_s: float) -> None:
        self._lock = threading.Lock()
        self._stale_s = max(STALE_AT_LEAST_S, STALE_WINDOWS * window_s)
        self._devices = {name: Monitored(experiment, name, arm, "preparing") for name in devices}

    def look(self) -> list[Monitored]:
        """What is known now, without windows that have become old."""
        now = time.time()
        with self._lock:
            return [
                replace(each, last=None) if each.last is not None and now - each.last.ended_at > self._stale_s else each
                for each in self._devices.values()
            ]

    def enter(self, device: str, state: MonitorState) -> None:
        """It does something else now. A failure is counted; then, and while it waits, the last window is no news."""
        with self._lock:
            before = self._devices[device]
            failures = before.failures + (state == "failed")
            last = before.last if state == "measuring" else None
            self._devices[device] = replace(before, state=state, failures=failures, last=last)

    def has_measured(self, device: str) -> bool:
        """Whether a window ever came home from it."""
        with self._lock:
            return self._devices[device].windows > 0

    def name_model(self, device: str, model_file: str, model_sha256: str, runtime: str) -> None:
        """What is deployed there."""
        with self._lock:
            self._devices[device] = replace(
                self._devices[device], model_file=model_file, model_sha256=model_sha256, runtime=runtime
            )

    def take(self, device: str, window: SoakWindow) -> None:
        """A window came home."""
        seconds = max(0, window.ended_ns - window.started_ns) / 1e9
        last = last_window(window, time.time())
        with self._lock:
            before = self._devices[device]
            self._devices[device] = replace(
                before,
                state="measuring",
                windows=before.windows + 1,
                inferences=before.inferences + window.inferences,
                measured_s=before.measured_s + seconds,
                cpu_s=before.cpu_s + (window.cpu_ns or 0) / 1e9,
                last=last,
            )


def last_window(window: SoakWindow, ended_at: float) -> LastWindow:
    """A window as metrics tell it."""
    seconds = max(0, window.ended_ns - window.started_ns) / 1e9
    work_ns = window.reference_cpu_ns or window.reference_ns
    texts = [reading.text for reading in window.readings if reading.text]
    looks = [look for text in texts for read in BATTERY_READERS if (look := read(text)) is not None]
    levels = [look.level_percent for look in looks if look.level_percent is not None]
    zones = [celsius for celsius in window.context.temperature_celsius.values() if plausible_celsius(celsius)]
    return LastWindow(
        ended_at=ended_at,
        latency_s={
            "0": window.latency_min_ns / 1e9,
            "0.5": window.latency_p50_ns / 1e9,
            "0.9": window.latency_p90_ns / 1e9,
            "0.99": window.latency_p99_ns / 1e9,
            "1": window.latency_max_ns / 1e9,
        },
        inferences_per_second=window.inferences / seconds if seconds > 0 else 0.0,
        resident_bytes=window.rss_bytes,
        anonymous_bytes=window.rss_anon_bytes,
        proportional_bytes=window.pss_bytes,
        temperature_c=max(zones, default=None),
        battery_percent=levels[0] if levels else None,
        fixed_work_s=statistics.median(work_ns) / 1e9 if work_ns else None,
    )
