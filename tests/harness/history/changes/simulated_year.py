"""Nights of many series with planted events: what each run of each night would have given, and what is true.

A night's value is the level, an effect of the night that both attempts share (a warm room stays warm) and that the next
nights remember, AR(1), and a part of its own that a second attempt draws anew.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Literal

import numpy as np

from harness.documents.nightly import CommitOfModel
from harness.history.rows import Environment, Point, Series, SeriesKey

EventKind = Literal["commit", "step", "drift", "device", "environment", "cost moved", "gone again"]
QUANTITIES = (
    "latency_p50",
    "latency_p90",
    "latency_mean",
    "sustained_latency",
    "load_time",
    "first_inference",
    "run_peak_memory",
    "steady_memory",
    "energy_per_inference",
    "average_power",
)
FIRST = date(2026, 1, 1)


@dataclass(frozen=True)
class Planted:
    """What is true."""

    kind: EventKind
    night: int
    series: tuple[int, ...]
    size: float
    """In logarithms of the ratio: .05 is about 5 %."""


@dataclass(frozen=True)
class YearSettings:
    nights: int = 365
    devices: int = 5
    experiments: int = 4
    noise: float = 0.02
    shared: float = 0.3
    """Share of the variance that both attempts of a night have in common."""
    memory: float = 0.4
    """AR(1) of the shared part."""
    of_device: float = 0.25
    """Share of the shared part that all series of a device have in common."""
    outliers: float = 0.01
    """Share of runs that are off by 8 to 25 %."""
    hot_nights: float = 0.001
    """Share of a device's nights in which all of it is 8 % slower, in both attempts."""
    missing: float = 0.03
    wide: float = 0.02
    """Share of runs whose interval, and scatter, is three times as wide."""
    commit_steps: int = 6
    steps: int = 30
    step_size: float = 0.05
    drifts: int = 4
    device_shifts: int = 2
    environment_changes: int = 4
    """Half of them change nothing."""
    costs_moved: int = 2
    gone_again: int = 2
    seed: int = 1


QUIET = YearSettings(
    commit_steps=0, steps=0, drifts=0, device_shifts=0, environment_changes=1, costs_moved=0, gone_again=0
)
"""Nothing happens that anybody should be told of."""


@dataclass
class Year:
    settings: YearSettings
    planted: list[Planted] = field(default_factory=list)

    @cached_property
    def keys(self) -> list[SeriesKey]:
        return [
            SeriesKey("suite", f"experiment{e}", f"adb:DEVICE{d}", "new", quantity)
            for d in range(self.settings.devices)
            for e in range(self.settings.experiments)
            for quantity in QUANTITIES
        ]

    def run_of(self, series: int) -> int:
        """Number of the (experiment, device) that measures it."""
        return series // len(QUANTITIES)

    def build(self) -> Year:
        """Draw everything, from the seed."""
        it, source = self.settings, np.random.default_rng(self.settings.seed)
        n, count = it.nights, len(self.keys)
        runs = count // len(QUANTITIES)
        of_run = np.arange(count) // len(QUANTITIES)
        of_device = np.arange(count) // (len(QUANTITIES) * it.experiments)
        shared_sd = it.noise * np.sqrt(it.shared)
        nightly = np.sqrt(1.0 - it.of_device) * _wandering(source, n, count, it.memory)
        nightly += np.sqrt(it.of_device) * _wandering(source, n, it.devices, it.memory)[:, of_device]
        shared = shared_sd * nightly
        hot = source.random((n, it.devices)) < it.hot_nights
        shared += 0.08 * hot[:, of_device]
        own_sd = it.noise * np.sqrt(1.0 - it.shared)
        self.attempts = []
        self.errors = []
        for _ in range(2):
            wide = np.where(source.random((n, runs)) < it.wide, 3.0, 1.0)[:, of_run]
            values = own_sd * wide * source.normal(size=(n, count))
            # A run that is off is so in half of its quantities.
            far = (source.random((n, runs)) < it.outliers)[:, of_run] & (source.random((n, count)) < 0.5)
            sizes = (source.uniform(0.08, 0.25, (n, runs)) * source.choice([-1.0, 1.0, 1.0], (n, runs)))[:, of_run]
            self.attempts.append(shared + values + far * sizes)
            # An interval of ten launches knows its own width to a fifth.
            self.errors.append(own_sd * wide * np.sqrt(source.chisquare(9, (n, count)) / 9))
        self.missing = (source.random((n, it.devices)) < it.missing)[:, of_device]
        self.level = np.zeros((n, count))
        self.environments = np.zeros((n, it.devices), dtype=int)
        # Half of the experiments have a new commit every few nights, the others one a month.
        self.commit_numbers = np.zeros((n, it.experiments), dtype=int)
        for e in range(it.experiments):
            changes = source.random(n) < (0.4 if e % 2 == 0 else 1.0 / 30.0)
            self.commit_numbers[:, e] = np.cumsum(changes)
        self._plant(source)
        self.attempts = [attempt + self.level for attempt in self.attempts]
        return self

    def _plant(self, source: np.random.Generator) -> None:
        it = self.settings
        n, count, each = it.nights, len(self.keys), len(QUANTITIES)
        per_device = each * it.experiments
        free = list(source.permutation(count))

        def night() -> int:
            return int(source.integers(30, n - 15))

        for i in range(it.commit_steps):
            experiment, when = i % it.experiments, night()
            size = (1 if i % 3 else -1) * it.step_size
            members = tuple(d * per_device + experiment * each + q for d in range(it.devices) for q in range(3))
            self.commit_numbers[when:, experiment] += 1
            self._add("commit", when, members, size)
        for i in range(it.steps):
            self._add("step", night(), (int(free.pop()),), (1 if i % 3 else -1) * it.step_size)
        for _ in range(it.gone_again):
            series, when = int(free.pop()), int(source.integers(30, n - 60))
            self._add("step", when, (series,), 0.08)
            self._add("gone again", when + 25, (series,), -0.08)
        for _ in range(it.drifts):
            series, when = int(free.pop()), int(source.integers(30, n - 70))
            ramp = np.clip((np.arange(n) - when) / 50.0, 0.0, 1.0)
            self.level[:, series] += 0.08 * ramp
            self.planted.append(Planted("drift", when, (series,), 0.08))
        for i in range(it.device_shifts):
            device, when = int(source.integers(it.devices)), night()
            members = tuple(range(device * per_device, (device + 1) * per_device))
            self._add("device", when, members, 0.05 if i % 2 else -0.05)
        for i in range(it.environment_changes):
            device, when = int(source.integers(it.devices)), night()
            self.environments[when:, device] += 1
            if i % 2:
                start = device * per_device
                self._add("environment", when, tuple(range(start, start + per_device // 2)), 0.06)
        for _ in range(it.costs_moved):
            device, experiment, when = int(source.integers(it.devices)), int(source.integers(it.experiments)), night()
            start = device * per_device + experiment * each
            self._add("cost moved", when, (start + 4,), 0.1)
            self._add("cost moved", when, (start + 5,), float(np.log(2.0 - np.exp(0.1))))

    def _add(self, kind: EventKind, night: int, members: tuple[int, ...], size: float) -> None:
        self.level[night:, list(members)] += size
        self.planted.append(Planted(kind, night, members, size))

    def point(self, night: int, series: int, attempt: int) -> Point | None:
        """What a run of it gave; None where the device was not there."""
        if self.missing[night, series]:
            return None
        per_device = len(QUANTITIES) * self.settings.experiments
        device, experiment = series // per_device, series % per_device // len(QUANTITIES)
        return Point(
            night=night_name(night),
            measured_at=_MEASURED_AT,
            run_id=f"{night}-{self.run_of(series)}-{attempt}",
            attempt=attempt,
            effect=float(self.attempts[attempt - 1][night, series]),
            standard_error=float(self.errors[attempt - 1][night, series]),
            environment=_environment(int(self.environments[night, device])).fingerprint,
            design="d",
            commits=_commits(experiment, int(self.commit_numbers[night, experiment])),
            reference=1e8,
        )

    def empty_series(self) -> list[Series]:
        """Without points, with all environments."""
        kinds = [_environment(i) for i in range(int(self.environments.max()) + 1)]
        facts = {each.fingerprint: each for each in kinds}
        return [Series(key, "ratio", "ns", "lower", (), facts) for key in self.keys]


def with_points(series: Series, points: list[Point], most: int = 160) -> Series:
    """The last points of a series and new ones."""
    return replace(series, points=(*series.points[-most:], *points))


_NIGHTS = [(FIRST + timedelta(days=i)).isoformat() for i in range(2000)]
_MEASURED_AT = datetime(2026, 1, 1, 3, tzinfo=UTC)
_COMMITS: dict[tuple[int, int], tuple[CommitOfModel, ...]] = {}
_ENVIRONMENTS: dict[int, Environment] = {}


def night_name(night: int) -> str:
    return _NIGHTS[night]


def _wandering(source: np.random.Generator, n: int, count: int, memory: float) -> np.ndarray:
    """AR(1) of variance 1, shape (n, count)."""
    values = source.normal(size=(n, count))
    for i in range(1, n):
        values[i] = memory * values[i - 1] + np.sqrt(1.0 - memory**2) * values[i]
    return values


def _environment(number: int) -> Environment:
    return _ENVIRONMENTS.setdefault(number, Environment({"os": f"Android {14 + number}", "model": "Pixel"}))


def _commits(experiment: int, number: int) -> tuple[CommitOfModel, ...]:
    key = (experiment, number)
    if key not in _COMMITS:
        sha = f"{experiment + 1:x}{number:06x}{0:033x}"
        _COMMITS[key] = (
            CommitOfModel(
                arm="new",
                repository="models",
                ref="main",
                sha=sha,
                path=f"model{experiment}.onnx",
                message=f"commit {number} of model {experiment}",
                author="A. Author",
                committed_at="2026-01-01T00:00:00Z",
            ),
        )
    return _COMMITS[key]
