"""Many devices at once whose truth is known, each of which warms up, leaks and throttles: the energy steps of a plan.

One thermal resistance and one capacity, C·dT/dt = P − (T − T_ambient)/R, with P = base + leakage(T) + what the work
draws; leakage rises exponentially with temperature, and above a limit the clock goes down, and the power of the work
with its square. Vectorised over devices, each with its own order of arms, noise and waits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_STEP_S = 0.2
_POLL_S = 1.0


@dataclass(frozen=True)
class HotTruth:
    """What is true of the devices. Arms by id."""

    latency_ms: dict[str, float] = field(default_factory=lambda: {"a0": 10.0, "a1": 10.0})
    """At full speed, without noise."""
    work_w: dict[str, float] = field(default_factory=lambda: {"a0": 2.2, "a1": 2.2})
    """What the work draws at full speed, beside base and leakage."""
    base_w: float = 0.4
    leak_w: float = 0.4
    """At ambient temperature."""
    leak_per_kelvin: float = 0.025
    ambient_celsius: float = 25.0
    resistance_k_per_w: float = 12.0
    capacity_j_per_k: float = 3.3
    throttles_at_celsius: float = 65.0
    slower_per_kelvin: float = 0.0073
    block_noise: float = 0.005
    """Of a block's speed, on the logarithm; by itself."""
    slow_noise: float = 0.01
    """The same, shared by neighbouring blocks: AR(1) of .6 from block to block."""
    power_noise: float = 0.005
    """Of a block's mean power."""
    reads_temperature: bool = True

    def idle_w(self, celsius: Floats | float) -> Floats:
        """Power of idling at a temperature."""
        return np.asarray(
            self.base_w + self.leak_w * np.exp(self.leak_per_kelvin * (np.asarray(celsius) - self.ambient_celsius))
        )

    def speed(self, celsius: Floats) -> Floats:
        """Of full speed."""
        return np.clip(1.0 - self.slower_per_kelvin * (celsius - self.throttles_at_celsius), 0.3, 1.0)

    def rested_celsius(self) -> float:
        """Where a device ends that idles for long."""
        celsius = self.ambient_celsius
        for _ in range(200):
            celsius = self.ambient_celsius + self.resistance_k_per_w * float(self.idle_w(celsius))
        return celsius

    def steady_speed(self, arm: str) -> float:
        """Of an arm that works alone for long."""
        celsius = np.array([self.ambient_celsius])
        for _ in range(20_000):
            power = self.idle_w(celsius) + self.work_w[arm] * self.speed(celsius) ** 2
            leak = (celsius - self.ambient_celsius) / self.resistance_k_per_w
            celsius = celsius + _STEP_S * (power - leak) / self.capacity_j_per_k
        return float(self.speed(celsius)[0])


@dataclass(frozen=True)
class Schedule:
    """The energy steps of a plan, and the gate before each."""

    lead_in_s: float
    rest_s: float
    rise_celsius: float
    wait_s: float
    slices: int
    warmed_s: float = 60.0
    """The first arm has worked for so long before: the passes that come first."""


@dataclass
class SimulatedBlocks:
    """What happened, an array of shape (devices,) for each step."""

    started_s: list[Floats] = field(default_factory=list)
    ended_s: list[Floats] = field(default_factory=list)
    inferences: list[NDArray[np.int64]] = field(default_factory=list)
    slice_inferences: list[NDArray[np.int64]] = field(default_factory=list)
    """Of shape (slices, devices)."""
    energy_j: list[Floats] = field(default_factory=list)
    counter_j: list[Floats] = field(default_factory=list)
    """What all has drawn before the block."""
    celsius: list[Floats] = field(default_factory=list)
    """At the gate."""
    warm: list[NDArray[np.bool_]] = field(default_factory=list)
    """The gate did not hold."""


class HotDevices:
    """As many devices as `orders` has, each of which walks its own steps of equal durations."""

    def __init__(self, truth: HotTruth, count: int, seed: int) -> None:
        self._truth = truth
        self._random = np.random.default_rng(seed)
        self._celsius = np.full(count, truth.rested_celsius())
        self._now_s = np.full(count, 100.0)
        self._drawn_j = np.zeros(count)
        self._count = count
        self._latency_s = np.array([truth.latency_ms[arm] / 1e3 for arm in sorted(truth.latency_ms)])
        self._work_w = np.array([truth.work_w[arm] for arm in sorted(truth.work_w)])

    def run(self, arms: Sequence[NDArray[np.int64]], durations_s: Sequence[float], plan: Schedule) -> SimulatedBlocks:
        """`arms`: of each step which arm works (0, 1, …), −1 to idle, shape (devices,); `durations_s`: its length where
        an arm works or none does: idle and working steps alternate in every device alike.
        """
        told = SimulatedBlocks()
        first = self._sensor()
        nobody = np.full(self._count, -1)
        if plan.warmed_s:
            self._spend(np.zeros(self._count, dtype=np.int64), plan.warmed_s, np.zeros(self._count))
        self._spend(nobody, plan.rest_s, np.zeros(self._count))
        slow = self._random.normal(0.0, self._truth.slow_noise, self._count)
        for arm, duration_s in zip(arms, durations_s, strict=True):
            self._wait(first + plan.rise_celsius, plan.wait_s)
            seen = self._sensor()
            told.celsius.append(seen)
            told.warm.append(seen > first + plan.rise_celsius)
            innovation = self._random.normal(0.0, self._truth.slow_noise * 0.8, self._count)
            slow = 0.6 * slow + innovation
            noise = slow + self._random.normal(0.0, self._truth.block_noise, self._count)
            self._spend(arm, plan.lead_in_s, noise)
            told.counter_j.append(self._drawn_j.copy())
            told.started_s.append(self._now_s.copy())
            before_j = self._drawn_j.copy()
            parts = [self._spend(arm, duration_s / plan.slices, noise) for _ in range(plan.slices)]
            told.slice_inferences.append(
                np.diff(np.rint(np.cumsum([np.zeros(self._count), *parts], axis=0)), axis=0).astype(np.int64)
            )
            told.inferences.append(told.slice_inferences[-1].sum(axis=0))
            told.ended_s.append(self._now_s.copy())
            drawn = (self._drawn_j - before_j) * self._random.normal(1.0, self._truth.power_noise, self._count)
            self._drawn_j = before_j + drawn
            told.energy_j.append(drawn)
        return told

    def _sensor(self) -> Floats:
        return np.round(self._celsius, 1)

    def _spend(self, arm: NDArray[np.int64], seconds: float, noise: Floats) -> Floats:
        """Inferences done, not whole."""
        truth, done = self._truth, np.zeros(self._count)
        works = arm >= 0
        latency_s, work_w = self._latency_s[arm] * np.exp(noise), np.where(works, self._work_w[arm], 0.0)
        steps = max(1, round(seconds / _STEP_S)) if seconds else 0
        for _ in range(steps):
            step_s = seconds / steps
            speed = truth.speed(self._celsius)
            power_w = truth.idle_w(self._celsius) + work_w * speed**2
            self._heat(power_w, step_s)
            self._drawn_j += power_w * step_s
            done += np.where(works, speed / latency_s, 0.0) * step_s
        self._now_s += seconds
        return done

    def _heat(self, power_w: Floats, seconds: float | Floats) -> None:
        truth = self._truth
        lost_w = (self._celsius - truth.ambient_celsius) / truth.resistance_k_per_w
        self._celsius = self._celsius + seconds * (power_w - lost_w) / truth.capacity_j_per_k

    def _wait(self, until_celsius: Floats, most_s: float) -> None:
        waited_s = np.zeros(self._count)
        while self._truth.reads_temperature:
            waits = (self._sensor() > until_celsius) & (waited_s < most_s)
            if not waits.any():
                return
            steps = round(_POLL_S / _STEP_S)
            for _ in range(steps):
                power_w = self._truth.idle_w(self._celsius)
                step_s = np.where(waits, _STEP_S, 0.0)
                self._heat(power_w, step_s)
                self._drawn_j += power_w * step_s
            waited_s += np.where(waits, _POLL_S, 0.0)
            self._now_s += np.where(waits, _POLL_S, 0.0)


def energy_records(
    blocks: SimulatedBlocks, steps: Sequence[Any], device: int, *, reads_temperature: bool, rails: str, first_n: int
) -> list[dict[str, Any]]:
    """The records of one device's energy steps, as a runner leaves them."""
    records = []
    for at, step in enumerate(steps):
        started_ns, ended_ns = (round(times[at][device] * 1e9) for times in (blocks.started_s, blocks.ended_s))
        counts = [int(count) for count in blocks.slice_inferences[at][:, device]]
        edges = [started_ns + (ended_ns - started_ns) * part // len(counts) for part in range(len(counts) + 1)]
        before_j = blocks.counter_j[at][device]
        readings = [
            {"probe": rails, "monotonic_ns": at_ns - 1000, "took_ns": 2000, "text": _rail(at_ns, joules)}
            for at_ns, joules in ((started_ns, before_j), (ended_ns, before_j + blocks.energy_j[at][device]))
        ]
        seen = float(blocks.celsius[at][device]) if reads_temperature else None
        is_warm = reads_temperature and bool(blocks.warm[at][device])
        context = {"boot_id": "b", "suspended_ns": 0}
        records.append(
            {
                "record": "energy_block", "n": first_n + at, "session": 0, "monotonic_ns": ended_ns + 1000,
                "step": step.step, "cycle": step.cycle, "position": step.position, "arm": step.arm, "item": step.item,
                "started_ns": started_ns, "ended_ns": ended_ns, "wall_started_ns": started_ns + 10**18,
                "wall_ended_ns": ended_ns + 10**18, "inferences": sum(counts) if step.arm else 0, "readings": readings,
                "before": {"monotonic_ns": started_ns, **context}, "after": {"monotonic_ns": ended_ns, **context},
                "gate": {"waited_ns": 0, "values": {"temperature": seen}, "failed": ["temperature"] * is_warm},
                "slice_inferences": counts if step.arm else [],
                "slice_ns": list(np.diff(edges).tolist()) if step.arm else [],
            }
        )  # fmt: skip
    return records


def _rail(at_ns: int, joules: float) -> str:
    return f"t={at_ns // 10**6}\nCH0(T={at_ns // 10**6})[VSYS_PWR], {int(joules * 1e6)}\n"
