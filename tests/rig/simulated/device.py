"""The simulated device: a plan in, records out, as the runners' contract has it, with every quantity known."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from harness.documents.plan import (
    EnergyStep,
    FileProbe,
    GateCondition,
    LatencyPairStep,
    MemoryStep,
    Plan,
    SoakStep,
    WarmUpStep,
)
from harness.documents.records import (
    ArmLoaded,
    Context,
    EnergyBlock,
    GateOutcome,
    LatencyBlock,
    MemoryMeasured,
    PassStopped,
    Reading,
    Record,
    RunnerFinished,
    RunnerStarted,
    SoakWindow,
    WarmUpDone,
)
from harness.models.tensor_info import TensorInfo
from tests.rig.simulated.battery import Battery, Cell
from tests.rig.simulated.noise import Noise, NoiseProcess
from tests.rig.simulated.thermal import Body, Thermal

WALL_EPOCH_NS = 1_700_000_000 * 10**9
_TENSOR = TensorInfo(name="x", dtype="float32", shape=[1, 3, 8, 8])
SUPPLY = "/sys/class/power_supply/battery"
RAILS = "/sys/bus/iio/devices/iio:device0"
ZONE = "/sys/class/thermal/thermal_zone0"
BATTERY_FILES = ("type", "status", "capacity", "voltage_now", "current_now", "charge_counter", "charge_full")
_LOOK_S = 1e-4
_CPUS = 8
_TICKS_PER_S = 100


@dataclass(frozen=True)
class Truth:
    """What is true of the device. Arms by id."""

    latency_ms: dict[str, float] = field(default_factory=lambda: {"a0": 10.0, "a1": 10.0})
    """At full speed, without noise."""
    power_w: dict[str, float] = field(default_factory=lambda: {"a0": 3.0, "a1": 3.0})
    """Of the whole device while the arm infers."""
    idle_w: float = 0.8
    noise: Noise = field(default_factory=Noise)
    thermal: Thermal = field(default_factory=Thermal)
    battery: Battery = field(default_factory=Battery)
    rss_bytes: dict[str, int] = field(default_factory=lambda: {"a0": 80_000_000, "a1": 80_000_000})
    leak_bytes_per_inference: float = 0.0
    leak_ends_at_bytes: float = math.inf
    """What looked like a leak was a cache, which is full then."""
    rail_step_uws: float | None = 1000.0
    """Resolution of the power rails behind the battery; None: there are none."""
    others_busy_cores: Callable[[float], float] = lambda _at_s: 0.05
    taken_by_others: float = 0.0
    """Each core that others keep busy makes the fixed work take this fraction longer on the clock, not in CPU time."""
    wall_jumps_at_s: float | None = None
    """The wall clock is set an hour ahead then."""
    sleeps: tuple[tuple[float, float], ...] = ()
    """(when, for how long), in seconds of the monotonic clock, which stands still meanwhile."""
    boot_id: str = "00000000-0000-0000-0000-000000000001"

    def suspended_ns(self, at_s: float) -> int:
        """How long it has slept by then."""
        return round(1e9 * sum(slept_s for begun_s, slept_s in self.sleeps if begun_s <= at_s))

    def energy_per_inference_mj(self, arm: str) -> float:
        """Above idle, at full speed and without noise."""
        return (self.power_w[arm] - self.idle_w) * self.latency_ms[arm]


class SimulatedDevice:
    """Walks a plan in virtual time. `stop_latency`, `stop_energy`: asked before each pair and each energy block, with
    all records so far, whether that file is there.
    """

    def __init__(
        self,
        truth: Truth,
        seed: int,
        *,
        stop_latency: Callable[[list[Record]], bool] | None = None,
        stop_energy: Callable[[list[Record]], bool] | None = None,
    ) -> None:
        self._truth = truth
        source = np.random.default_rng(seed)
        self._noise = NoiseProcess(truth.noise, source)
        self._body = Body(truth.thermal)
        self.cell = Cell(truth.battery, source)
        self._now_s = 100.0
        self._busy_ticks = self._total_ticks = 0.0
        self._records: list[Record] = []
        self._stop_latency, self._stop_energy = stop_latency, stop_energy
        self._first_values: dict[tuple[str, str], float | str | None] = {}

    # --- the world ---------------------------------------------------------------------------------------------------

    def _pass_time(self, seconds: float, power_w: float, own_cores: float = 0.0) -> None:
        self.cell.drain(self._now_s, seconds, power_w)
        self._body.warm(seconds, power_w)
        busy = min(_CPUS, own_cores + self._truth.others_busy_cores(self._now_s))
        self._busy_ticks += busy * seconds * _TICKS_PER_S
        self._total_ticks += _CPUS * seconds * _TICKS_PER_S
        self._now_s += seconds

    def _infer(self, arm: str, count: int) -> list[int]:
        """Latencies in ns of so many inferences in a row; time passes."""
        drawn = np.exp(self._noise.draw(count, self._now_s))
        latency_s = self._truth.latency_ms[arm] / 1e3 / self._body.speed * drawn
        self._pass_time(float(latency_s.sum()), self._truth.power_w[arm], own_cores=1.0)
        return [int(value) for value in latency_s * 1e9]

    def _infer_for(self, arm: str, seconds: float, look: Callable[[], None] | None, every_s: float) -> int:
        """Inferences without their latencies, until the time is over; `look` is called every so often."""
        until, inferences = self._now_s + seconds, 0
        while self._now_s < until - 1e-9:
            chunk = min(every_s, until - self._now_s)
            latency_s = self._truth.latency_ms[arm] / 1e3 / self._body.speed
            count = max(1, round(chunk / latency_s))
            self._infer(arm, count)
            inferences += count
            if look is not None:
                look()
        return inferences

    def _idle(self, seconds: float, look: Callable[[], None] | None = None, every_s: float = math.inf) -> None:
        until = self._now_s + seconds
        while self._now_s < until - 1e-9:
            self._pass_time(min(every_s, until - self._now_s), self._truth.idle_w)
            if look is not None:
                look()

    @property
    def _now_ns(self) -> int:
        return round(self._now_s * 1e9)

    @property
    def _wall_ns(self) -> int:
        jumped = self._truth.wall_jumps_at_s is not None and self._now_s >= self._truth.wall_jumps_at_s
        return WALL_EPOCH_NS + self._now_ns + (3600 * 10**9 if jumped else 0)

    def _context(self) -> Context:
        return Context(
            monotonic_ns=self._now_ns,
            load_1min=self._truth.others_busy_cores(self._now_s) + 1.0,
            cpu_frequency_khz=[round(2_000_000 * self._body.speed)] * _CPUS,
            governor="schedutil",
            temperature_celsius={"skin": round(self._body.celsius, 3)},
            boot_id=self._truth.boot_id,
            memory_available_bytes=2_000_000_000,
            cpu_busy_ticks=int(self._busy_ticks),
            cpu_total_ticks=int(self._total_ticks),
            suspended_ns=self._truth.suspended_ns(self._now_s),
        )

    def read(self, path: str) -> str | None:
        """What a file of /sys says now; None where there is none."""
        folder, _, name = path.rpartition("/")
        if folder == SUPPLY:
            return self.cell.file(name, self._now_s)
        if folder == ZONE:
            return {"type": "skin\n", "temp": f"{round(self._body.celsius * 1000)}\n"}.get(name)
        if folder == RAILS and self._truth.rail_step_uws is not None:
            step, at_ms = self._truth.rail_step_uws, round(self._now_s * 1000)
            counter = int(self.cell.drawn_mj * 1000 // step * step)
            files = {
                "energy_value": f"t={at_ms}\nCH0(T={at_ms})[VSYS_PWR], {counter}\n",
                "enabled_rails": "CH0[VSYS_PWR]:DISPLAY\n",
            }
            return files.get(name)
        return None

    def survey(self) -> str:
        """What `adb_scripts/find_energy.sh` would print."""
        sections = {
            "power_supply": [f"{SUPPLY}/{name}" for name in BATTERY_FILES],
            "iio_rails": [f"{RAILS}/energy_value", f"{RAILS}/enabled_rails"],
            "thermal_zones": [f"{ZONE}/type", f"{ZONE}/temp"],
        }
        text = "\n@@bakeoff sdk\n34\n"
        for heading, paths in sections.items():
            text += f"\n@@bakeoff {heading}\n"
            for path in paths:
                text += "".join(f"{path}\t{line}\n" for line in (self.read(path) or "").splitlines())
        return text

    # --- the runner --------------------------------------------------------------------------------------------------

    def run(self, plan: Plan) -> list[Record]:
        """All records of the plan, in order. Quality steps are left out: nothing here has pictures."""
        self._plan = plan
        self._write(
            RunnerStarted, runner="native", runner_version="simulated", wall_time="2023-11-14T22:15:00Z", pid=1,
            machine="aarch64", system="Linux simulated", context=self._context(),
        )  # fmt: skip
        for arm in plan.arms:
            self._write(
                ArmLoaded, arm=arm.id, pid=2, runtime=arm.runtime, runtime_version=arm.runtime_version,
                load_ns=50_000_000, inputs=[_TENSOR], outputs=[_TENSOR], threads=arm.threads, accelerator="cpu",
            )  # fmt: skip
        self._count, self._stopped, self._energy_stopped = plan.latency.block_min_inferences, False, False
        for step in plan.steps:
            match step:
                case WarmUpStep():
                    self._warm_up(step)
                case LatencyPairStep():
                    self._latency_pair(step)
                case MemoryStep():
                    self._memory(step)
                case EnergyStep():
                    self._energy(step)
                case SoakStep():
                    self._soak(step)
                case _:
                    pass
        self._write(RunnerFinished, reason="complete", context=self._context())
        return self._records

    def _write(self, kind: type[Any], **fields: Any) -> None:
        self._records.append(kind(n=len(self._records), session=0, monotonic_ns=self._now_ns, **fields))

    def _warm_up(self, step: WarmUpStep) -> None:
        slowest_ns = max(self._truth.latency_ms[arm] * 1e6 for arm in step.arms)
        options = self._plan.latency
        wanted = round(options.block_target_ns / slowest_ns)
        self._count = max(options.block_min_inferences, min(options.block_max_inferences, wanted))
        for arm in step.arms:
            self._infer(arm, 3 * self._count)
        self._write(
            WarmUpDone, step=step.step, settled=dict.fromkeys(step.arms, True), block_inferences=self._count,
            reference_bytes=1 << 20,
        )  # fmt: skip

    def _latency_pair(self, step: LatencyPairStep) -> None:
        if self._stopped:
            return
        if self._stop_latency is not None and self._stop_latency(self._records):
            self._stopped = True
            self._write(PassStopped, step=step.step, of_pass="latency")
            return
        for position, arm in enumerate(step.order):
            gate = self._gate("latency")
            reference = self._reference()
            before = self._context()
            lead_in = self._infer(arm, self._plan.latency.lead_in_inferences)
            started_ns = self._now_ns
            latency_ns = self._infer(arm, self._count)
            self._write(
                LatencyBlock, step=step.step, pair=step.pair, position=position, launch=step.launch, arm=arm,
                item=step.item,
                started_ns=started_ns, ended_ns=self._now_ns, lead_in_ns=lead_in, latency_ns=latency_ns, before=before,
                after=self._context(), cpu_ns=sum(lead_in) + sum(latency_ns), gate=gate, **reference,
            )  # fmt: skip

    def _reference(self) -> dict[str, list[int]]:
        target_ns = self._plan.latency.reference_target_ns
        durations_ns, cpu_ns = [], []
        for _ in range(3 if target_ns else 0):
            used_ns = target_ns / self._body.speed * float(np.exp(self._noise.draw(1, self._now_s)[0]))
            took_ns = used_ns * (1.0 + self._truth.taken_by_others * self._truth.others_busy_cores(self._now_s))
            self._pass_time(took_ns / 1e9, self._truth.idle_w + 1.0, own_cores=used_ns / took_ns)
            durations_ns.append(round(took_ns))
            cpu_ns.append(round(used_ns))
        return {"reference_ns": durations_ns, "reference_cpu_ns": cpu_ns}

    def _gate(self, of_pass: str) -> GateOutcome | None:
        gates = self._plan.gates.get(of_pass)  # type: ignore[call-overload]
        if gates is None:
            return None
        watched = {condition.probe for condition in gates.conditions}
        paths = {
            probe.id: probe.path for probe in self._plan.probes if isinstance(probe, FileProbe) and probe.id in watched
        }
        bounds_s = {
            condition.id: (gates.max_wait_ns if condition.max_wait_ns is None else condition.max_wait_ns) / 1e9
            for condition in gates.conditions
        }
        waited_s, holding = 0.0, None
        while True:
            # While one of them has it wait on, the others need not be looked at.
            if (
                holding is None
                or waited_s >= bounds_s[holding.id]
                or not self._looked_at(of_pass, holding, paths.get(holding.probe))[1]
            ):
                looked = {
                    condition.id: self._looked_at(of_pass, condition, paths.get(condition.probe))
                    for condition in gates.conditions
                }
                failed = [condition for condition in gates.conditions if looked[condition.id][1]]
                holding = max(failed, key=lambda condition: bounds_s[condition.id], default=None)
                if holding is None or waited_s >= bounds_s[holding.id]:
                    values = {"others_busy_cores": self._truth.others_busy_cores(self._now_s)}
                    values |= {name: value for name, (value, _) in looked.items()}
                    names = [condition.id for condition in failed]
                    return GateOutcome(waited_ns=round(waited_s * 1e9), values=values, failed=names)
            self._idle(gates.poll_ns / 1e9)
            waited_s += gates.poll_ns / 1e9

    def _looked_at(self, of_pass: str, condition: GateCondition, path: str | None) -> tuple[float | str | None, bool]:
        """What a condition is about, and whether it fails."""
        text = self.read(path) if path is not None else None
        words = text[text.find(condition.after) + len(condition.after) :].split(None, 1) if text else []
        word = words[0] if words else None
        if condition.none_of or condition.same_as_first:
            changed = word != self._first_values.setdefault((of_pass, condition.id), word)
            return word, changed if condition.same_as_first else word in condition.none_of
        number = float(word) * condition.scale if word is not None else None
        first = self._first_values.setdefault((of_pass, condition.id), number)
        if number is None:
            return None, False
        at_most = condition.at_most
        if condition.rise_at_most is not None and isinstance(first, float):
            at_most = first + condition.rise_at_most
        too_high = at_most is not None and number > at_most
        return number, too_high or (condition.at_least is not None and number < condition.at_least)

    def _memory(self, step: MemoryStep) -> None:
        rss = self._truth.rss_bytes[step.arm]
        self._idle(0.5)
        first, *_ = self._infer(step.arm, 1)
        self._infer(step.arm, step.inferences)
        self._write(
            MemoryMeasured, step=step.step, arm=step.arm, repeat=step.repeat, before_load_rss_bytes=rss // 4,
            load_ns=50_000_000, load_peak_rss_bytes=rss, first_inference_ns=first, run_peak_rss_bytes=rss,
            pss_bytes=rss * 9 // 10, inferences=step.inferences, steady_rss_bytes=rss,
        )  # fmt: skip

    def _energy(self, step: EnergyStep) -> None:
        if self._energy_stopped:
            return
        if self._stop_energy is not None and self._stop_energy(self._records):
            self._energy_stopped = True
            self._write(PassStopped, step=step.step, of_pass="energy")
            return
        options = self._plan.energy
        readings: list[Reading] = []

        def look(ids: list[str]) -> None:
            readings.extend(self._looks(ids))

        gate = self._gate("energy")
        every_s = options.sample_every_ns / 1e9
        sample = (lambda: look(options.sampled_probes)) if options.sampled_probes else None
        lead_in_s, duration_s = options.lead_in_ns / 1e9, step.duration_ns / 1e9
        if step.arm is None:
            self._idle(lead_in_s)
        else:
            self._infer_for(step.arm, lead_in_s, None, every_s)
        before = self._context()
        look([*options.boundary_probes, *options.sampled_probes])
        started_ns, wall_started_ns, inferences = self._now_ns, self._wall_ns, 0
        if step.arm is None:
            self._idle(duration_s, sample, every_s)
        else:
            inferences = self._infer_for(step.arm, duration_s, sample, every_s)
        ended_ns, wall_ended_ns = self._now_ns, self._wall_ns
        look([*options.sampled_probes, *options.boundary_probes])
        self._write(
            EnergyBlock, step=step.step, cycle=step.cycle, position=step.position, arm=step.arm, item=step.item,
            started_ns=started_ns, ended_ns=ended_ns, wall_started_ns=wall_started_ns, wall_ended_ns=wall_ended_ns,
            inferences=inferences, readings=readings, before=before, after=self._context(), gate=gate,
        )  # fmt: skip

    def _looks(self, ids: list[str]) -> list[Reading]:
        by_id = {probe.id: probe for probe in self._plan.probes}
        readings = []
        for each in ids:
            probe = by_id[each]
            text = self.read(probe.path) if isinstance(probe, FileProbe) else None
            self._pass_time(_LOOK_S, self._truth.idle_w)
            readings.append(
                Reading(
                    probe=each, monotonic_ns=self._now_ns, took_ns=100_000, text=text,
                    error="No such file or directory" if text is None else None,
                )
            )  # fmt: skip
        return readings

    def _soak(self, step: SoakStep) -> None:
        windows, done = round(step.duration_ns / step.window_ns), 0
        for index in range(windows):
            reference = self._reference()
            started_ns = self._now_ns
            latency_ns = self._truth.latency_ms[step.arm] * 1e6 / self._body.speed
            sample = np.sort(np.exp(self._noise.draw(200, self._now_s)) * latency_ns)
            count = max(1, int(step.window_ns / float(sample.mean())))
            self._pass_time(step.window_ns / 1e9, self._truth.power_w[step.arm], own_cores=1.0)
            done += count
            ended_ns = self._now_ns
            leaked = min(self._truth.leak_bytes_per_inference * done, self._truth.leak_ends_at_bytes)
            rss = self._truth.rss_bytes[step.arm] + int(leaked) // 4096 * 4096
            p50, p90, p99 = (int(value) for value in np.quantile(sample, [0.5, 0.9, 0.99]))
            self._write(
                SoakWindow, step=step.step, arm=step.arm, index=index, started_ns=started_ns, ended_ns=ended_ns,
                inferences=count, latency_p50_ns=p50, latency_p90_ns=p90, latency_p99_ns=p99,
                latency_min_ns=int(sample[0]), latency_max_ns=int(sample[-1]), rss_bytes=rss,
                rss_anon_bytes=rss - 20_000_000, pss_bytes=rss, cpu_ns=ended_ns - started_ns, **reference,
                readings=self._looks(self._plan.soak_probes), context=self._context(),
            )  # fmt: skip
