"""What `bakeoff monitor` knows of a deployed model on a device by now: what its metrics say. Never a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

MonitorState = Literal["preparing", "measuring", "waiting", "failed"]
"""`preparing`: pushed, and no window yet. `waiting`: something else is at work there, such as a night. `failed`: it
could not be measured, and is tried again.
"""


@dataclass(frozen=True)
class LastWindow:
    """The last window of continuous inference. What a device does not tell is None."""

    ended_at: float
    """Seconds since 1970, when it came home."""
    latency_s: dict[str, float]
    """Quantile → seconds: `0` is the fastest inference, `0.5` the median, `1` the slowest."""
    inferences_per_second: float
    resident_bytes: int | None
    anonymous_bytes: int | None
    proportional_bytes: int | None
    temperature_c: float | None
    """The hottest zone's."""
    battery_percent: float | None
    fixed_work_s: float | None
    """CPU time of the runner's fixed work: where it rises, the device is slower."""


@dataclass(frozen=True)
class Monitored:
    """One deployed model on one device. Counts are since the monitor began."""

    experiment: str
    device: str
    arm: str
    state: MonitorState
    model_file: str = ""
    model_sha256: str = ""
    runtime: str = ""
    windows: int = 0
    inferences: int = 0
    measured_s: float = 0.0
    """Sum of the windows' lengths."""
    cpu_s: float = 0.0
    """CPU time of the worker's threads, over those windows that tell it."""
    failures: int = 0
    """Rounds that ended before their time."""
    last: LastWindow | None = None
    """None until there is one, and again when it has become old."""
