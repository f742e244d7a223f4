"""A device whose power is known at every moment, and the sensors that a runner would have read on it.

The blocks are real records (`harness.documents.records.EnergyBlock`), as a runner writes them.
"""

from __future__ import annotations

import bisect
import math
import random
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import accumulate

from harness.documents.records import Context, EnergyBlock, Reading

STEP_S = 0.01
WALL_START_NS = 1_700_000_000 * 10**9
BOOT = "6a1f"
TextAt = Callable[[float], "str | None"]


@dataclass
class Device:
    """Power over time: levels per arm, with ripple and noise; energy is its exact integral."""

    levels_mw: Mapping[str | None, float]
    cycles: int = 2
    block_s: float = 20.0
    lead_in_s: float = 2.0
    seed: int = 1
    voltage_v: float = 3.85
    slept_s: dict[int, float] = field(default_factory=dict)
    """Block → for how long the device slept in it, while its clock stood still."""
    spans: list[tuple[str | None, float, float]] = field(default_factory=list)
    energy_mj: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        draw = random.Random(self.seed)
        now = 5.0
        levels = [(0.0, self.levels_mw[None])]
        for _ in range(self.cycles):
            arms = list(self.levels_mw)
            draw.shuffle(arms)
            for arm in arms:
                levels.append((now, self.levels_mw[arm]))
                self.spans.append((arm, now + self.lead_in_s, now + self.lead_in_s + self.block_s))
                now += self.lead_in_s + self.block_s + 0.3
        self.end_s = now + 5.0
        starts = [start for start, _ in levels]
        powers = []
        for step in range(round(self.end_s / STEP_S)):
            at = step * STEP_S
            level = levels[bisect.bisect_right(starts, at) - 1][1]
            powers.append(level * (1 + 0.05 * math.sin(4.4 * at) + draw.gauss(0, 0.05)))
        self.powers_mw = powers
        self.energy_mj = [0.0, *accumulate(power * STEP_S for power in powers)]

    def energy_at(self, at_s: float) -> float:
        """mJ since the beginning."""
        place = min(max(at_s / STEP_S, 0.0), len(self.powers_mw) - 1.0)
        whole = int(place)
        return self.energy_mj[whole] + (place - whole) * self.powers_mw[whole] * STEP_S

    def power_at(self, at_s: float, window_s: float = 0.02) -> float:
        """mW, mean over a window that ends then."""
        return (self.energy_at(at_s) - self.energy_at(at_s - window_s)) / window_s

    def truth_mj(self, at: int) -> float:
        """Of block `at`."""
        _, begin, end = self.spans[at]
        return self.energy_at(end) - self.energy_at(begin)

    def blocks(self, sensors: Mapping[str, TextAt], *, sample_s: float = 0.25, seed: int = 2) -> list[EnergyBlock]:
        """Records of all blocks, each sensor read at both ends and every `sample_s`."""
        draw = random.Random(seed)
        records = []
        for at, (arm, begin, end) in enumerate(self.spans):
            count = int((end - begin) / sample_s)
            times = [begin - 0.004, *(begin + sample_s * (k + 0.3) for k in range(count)), end + 0.001]
            readings = []
            for time in times:
                for probe, text_at in sensors.items():
                    took = draw.uniform(0.0002, 0.002)
                    text = text_at(time + took / 2)
                    error = "EIO" if text is None else None
                    stamp, took_ns = round(time * 1e9), round(took * 1e9)
                    readings.append(Reading(probe=probe, monotonic_ns=stamp, took_ns=took_ns, text=text, error=error))
            context = Context(monotonic_ns=round(begin * 1e9), boot_id=BOOT, suspended_ns=0)
            slept_ns = round(self.slept_s.get(at, 0.0) * 1e9)
            woken = context.model_copy(update={"suspended_ns": slept_ns})
            records.append(
                EnergyBlock(
                    n=at, session=0, monotonic_ns=round(end * 1e9), step=at, cycle=at // len(self.levels_mw),
                    position=at % len(self.levels_mw), arm=arm, item="i0",
                    started_ns=round(begin * 1e9), ended_ns=round(end * 1e9),
                    wall_started_ns=WALL_START_NS + round(begin * 1e9), wall_ended_ns=WALL_START_NS + round(end * 1e9),
                    inferences=0 if arm is None else 400, readings=readings, before=context, after=woken,
                )
            )  # fmt: skip
        return records


@dataclass(frozen=True)
class Gauge:
    """A fuel gauge: brought up to date every `update_s`, with steps, a sign and a unit of its own."""

    device: Device
    update_s: float = 1.0
    counter_step_uah: int = 1
    sign: int = -1
    units_per_ua: float = 1.0
    averaging: bool = True
    """The current is the mean since the last update; else that of the moment."""
    full_uah: float = 3_000_000.0
    status: str = "Discharging"
    charge_direction: int = -1
    current_step_ua: int = 1

    def _updated(self, at_s: float) -> float:
        return math.floor((at_s + 0.37) / self.update_s) * self.update_s - 0.37

    def counter(self, at_s: float) -> str:
        drained_uah = self.device.energy_at(self._updated(at_s)) / self.device.voltage_v / 3.6
        charge = self.full_uah + self.charge_direction * drained_uah
        return f"{int(charge // self.counter_step_uah) * self.counter_step_uah}\n"

    def current(self, at_s: float) -> str:
        window = self.update_s if self.averaging else 0.1
        ua = self.device.power_at(self._updated(at_s), window) / self.device.voltage_v * 1e3
        return f"{round(self.sign * round(ua / self.current_step_ua) * self.current_step_ua * self.units_per_ua)}\n"

    def voltage(self, at_s: float) -> str:
        return f"{round(self.device.voltage_v * 1e6)}\n"

    def sensors(self) -> dict[str, TextAt]:
        """Under the ids of the battery's probes."""
        return {
            "battery_status": lambda _: f"{self.status}\n",
            "battery_voltage_now": self.voltage,
            "battery_current_now": self.current,
            "battery_charge_counter": self.counter,
        }


def float32(value: float) -> float:
    """As C's float has it."""
    return float(struct.unpack("f", struct.pack("f", value))[0])
