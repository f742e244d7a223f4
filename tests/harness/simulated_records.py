"""Writes the folder of a run whose truth is known: manifest, and records as a runner would leave them.

Latencies are ln-normal with AR(1) noise from inference to inference and a drift over the run, both shared by the arms
(what a warming phone does), so that everything the statistics must withstand is in them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from devices.identity import Identity
from harness.analysis.compare import DeviceFacts
from harness.analysis.tables.tables import QUALITY_COLUMNS
from harness.documents.manifest import Manifest, ManifestArm, ManifestDevice, ManifestItem
from harness.documents.records import (
    ArmFailed,
    ArmLoaded,
    Context,
    GateOutcome,
    LatencyBlock,
    MemoryMeasured,
    PassStopped,
    RunnerFinished,
    RunnerStarted,
    WarmUpDone,
)
from harness.experiment.declaration import Arm, Experiment, Measure, Rule
from harness.models.tensor_info import TensorInfo
from harness.tasks.image_to_image.codec import Codec
from harness.tasks.image_to_image.options import Data

_TENSOR = TensorInfo(name="x", dtype="float32", shape=[1, 3, 8, 8])
_CODEC = Codec(
    input=_TENSOR,
    output=_TENSOR,
    input_layout="NCHW",
    output_layout="NCHW",
    channels=3,
    luma="full",
    input_range=(0.0, 1.0),
    output_range=(0.0, 1.0),
)


@dataclass(frozen=True)
class SimulatedArm:
    """One arm and its truth."""

    name: str
    latency_ms: float = 10.0
    memory_mb: float = 80.0
    load_ms: float = 50.0
    model_bytes: int = 4_000_000
    fails_in: str | None = None
    """Stage: `load` (nothing is measured), or `latency` (after `fails_after_pairs`)."""
    fails_after_pairs: int = 5
    runtime: str = "onnxruntime"
    threads: int = 1
    model_sha256: str | None = None
    stalls: float = 0.0
    """Share of inferences that take three times as long."""


FP32 = SimulatedArm("fp32")
INT8 = SimulatedArm("int8", latency_ms=7.0, memory_mb=60.0, load_ms=35.0, model_bytes=1_000_000)
TWO_ARMS = (FP32, INT8)


@dataclass(frozen=True)
class SimulatedDevice:
    """One device and how it behaves."""

    name: str = "local"
    noise: float = 0.02
    autocorrelation: float = 0.6
    drift: float = 0.03
    interrupted_after: int | None = None
    """A restart of the runner in the middle of this pair: its first block is in session 0, the whole pair in 1."""
    stops_after: int | None = None
    """The run ends after this many pairs, without a last record."""
    latency_stopped_after: int | None = None
    """The latency pass alone ends after this many pairs, as a `stop-latency` file makes it."""
    gate_failed_before: tuple[tuple[int, int], ...] = ()
    """(pair, position) of blocks that began though the temperature gate did not hold."""
    throttles_to: float = 1.0
    """Factor on the fixed work of the runner in the second half of the pairs."""
    others_busy: tuple[tuple[int, int], ...] = ()
    """(pair, position) of blocks while others kept one and a half cores busy."""
    boot_ids: tuple[str, ...] = ("boot-1",)
    load: float = 0.2
    counts_ticks: bool = True
    settled: bool = True
    slower: dict[str, float] = field(default_factory=dict)
    """Arm name → factor on its latency here."""
    reports_memory: bool = True


def make_manifest(
    arms: Sequence[SimulatedArm] = TWO_ARMS,
    devices: Sequence[SimulatedDevice] = (SimulatedDevice(),),
    *,
    rules: Sequence[dict[str, Any]] = ({"quantity": "latency_p50", "improve_by_at_least": "20 %"},),
    pairs: int = 30,
    items: int = 24,
    crops: int = 1,
    memory_repeats: int = 5,
    metrics: Sequence[str] = ("psnr", "psnr_y", "ssim", "lpips_alex"),
    seed: int = 7,
    quick: bool = False,
    design: Literal["sequential", "fixed"] = "fixed",
    min_pairs: int = 10,
    launches: int | None = 1,
) -> Manifest:
    """The manifest; the first arm is the baseline. `crops` > 1 makes every so many items one scene.

    `launches`: None for as many as an experiment has that says nothing.
    """
    stems = [
        f"scene{number // crops:02d}-{number % crops}" if crops > 1 else f"image{number:02d}" for number in range(items)
    ]
    return Manifest(
        bakeoff_version="0.1.0",
        run_id="simulated",
        experiment_folder="/experiment",
        created_at="2025-01-01T00:00:00Z",
        quick=quick,
        seed=seed,
        experiment=Experiment(
            name="simulated",
            question="Which build ships?",
            data=Data(
                inputs="in",
                references="ref",
                scale=2,
                scene_separator="-" if crops > 1 else None,
                groups="tags.csv" if any("group" in rule for rule in rules) else None,
            ),
            arms=[
                Arm(
                    name=arm.name,
                    role="candidate" if place else "baseline",
                    model=f"{arm.name}.onnx",
                    runtime=arm.runtime,
                    threads=arm.threads,
                )
                for place, arm in enumerate(arms)
            ],
            measure=Measure(
                design=design,
                min_pairs=min_pairs,
                pairs=pairs,
                launches=launches,
                memory_repeats=memory_repeats,
                metrics=list(metrics),
            ),
            rules=[Rule(**rule) for rule in rules],
        ),
        arms=[
            ManifestArm(
                id=f"a{place}",
                name=arm.name,
                role="candidate" if place else "baseline",
                model_path=f"/models/{arm.name}.onnx",
                model_sha256=arm.model_sha256 or f"{place:064x}",
                model_bytes=arm.model_bytes,
                format="onnx",
                runtime=arm.runtime,
                runtime_version="1.32.0",
                accelerator="cpu",
                threads=arm.threads,
                codec=_CODEC,
            )
            for place, arm in enumerate(arms)
        ],
        items=[
            ManifestItem(
                id=f"i{number}",
                stem=stem,
                scene=stem.split("-")[0],
                input_path=f"/in/{stem}.png",
                reference_path=f"/ref/{stem}.png",
            )
            for number, stem in enumerate(stems)
        ],
        latency_item="i0",
        devices=[ManifestDevice(name=device.name, folder=f"d{place}") for place, device in enumerate(devices)],
    )


def write_run(
    folder: Path,
    manifest: Manifest,
    arms: Sequence[SimulatedArm] = TWO_ARMS,
    devices: Sequence[SimulatedDevice] = (SimulatedDevice(),),
    *,
    seed: int = 1,
    inferences: int = 20,
) -> dict[str, DeviceFacts]:
    """Write run.json and each device's records.jsonl and identity.json below `folder`; what a host knows of them."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "run.json").write_text(manifest.model_dump_json(indent=2, by_alias=True))
    facts: dict[str, DeviceFacts] = {}
    for place, device in enumerate(devices):
        below = folder / "devices" / f"d{place}"
        below.mkdir(parents=True, exist_ok=True)
        random = np.random.default_rng([seed, place])
        records = simulate_records(manifest, arms, device, random, inferences=inferences)
        path = below / "records.jsonl"
        path.write_text("".join(record.model_dump_json(by_alias=True) + "\n" for record in records))
        identity = Identity(kind="local", model="Simulated board", cores=4, boot_id=device.boot_ids[0])
        (below / "identity.json").write_text(identity.model_dump_json())
        stopped = device.stops_after is not None
        facts[device.name] = DeviceFacts(
            identity,
            path,
            "incomplete" if stopped else "complete",
            "the cable was pulled; take the run up again with `bakeoff run --resume`" if stopped else None,
        )
    return facts


def simulate_records(
    manifest: Manifest,
    arms: Sequence[SimulatedArm],
    device: SimulatedDevice,
    random: np.random.Generator,
    *,
    inferences: int = 20,
) -> list[Any]:
    """The records of one device, in order."""
    log = _Log(device)
    alive = {f"a{place}": arm for place, arm in enumerate(arms)}
    log.write(RunnerStarted, runner="python", runner_version="1", wall_time="2025-01-01T00:00:00Z", pid=1,
              machine="aarch64", system="Linux 6.1", context=log.context())  # fmt: skip
    for arm_id, arm in list(alive.items()):
        if arm.fails_in == "load":
            log.write(ArmFailed, arm=arm_id, step=0, stage="load", error="RuntimeError", message="unsupported operator")
            del alive[arm_id]
        else:
            log.loaded(arm_id, arm)
    log.write(WarmUpDone, step=1, settled=dict.fromkeys(alive, device.settled), block_inferences=inferences)
    pairs = manifest.experiment.measure.pairs if device.stops_after is None else device.stops_after
    disturbance = _disturbance(device, random, pairs * len(alive) * inferences)
    sizes = manifest.experiment.measure.launch_sizes
    launch_of = [launch for launch, size in enumerate(sizes) for _ in range(size)] if len(sizes) > 1 else [None] * pairs
    for pair in range(pairs):
        log.launch = launch_of[pair]
        if pair == device.latency_stopped_after:
            log.write(PassStopped, step=2 + pair, of_pass="latency")
            break
        log.reference_ns = 5e6 * (device.throttles_to if pair >= pairs / 2 else 1.0)
        order = list(random.permutation(sorted(alive)))
        if pair == device.interrupted_after:
            log.block(pair, 0, order[0], np.full(inferences, 5.0))  # a lone block with an absurd time
            log.restart()
            for arm_id, arm in alive.items():
                log.loaded(arm_id, arm)
        for position, arm_id in enumerate(order):
            arm = alive[arm_id]
            if arm.fails_in == "latency" and pair >= arm.fails_after_pairs:
                log.write(
                    ArmFailed, arm=arm_id, step=2 + pair, stage="latency", error="signal 11 (SIGSEGV)", message=""
                )
                del alive[arm_id]
                continue
            factor = np.exp([next(disturbance) for _ in range(inferences)])
            if arm.stalls:
                factor = factor * np.where(random.random(inferences) < arm.stalls, 3.0, 1.0)
            log.block(pair, position, arm_id, arm.latency_ms * device.slower.get(arm.name, 1.0) * factor)
    if device.stops_after is not None:
        return log.records
    for repeat in range(manifest.experiment.measure.memory_repeats):
        for arm_id in random.permutation(sorted(alive)):
            arm = alive[arm_id]
            peak = int(arm.memory_mb * 1e6 * random.normal(1, 0.002))
            log.write(
                MemoryMeasured,
                step=100,
                arm=str(arm_id),
                repeat=repeat,
                before_load_rss_bytes=20_000_000,
                load_ns=int(arm.load_ms * 1e6 * random.normal(1, 0.03)),
                load_peak_rss_bytes=peak if device.reports_memory else None,
                first_inference_ns=int(arm.latency_ms * 2e6 * random.normal(1, 0.03)),
                run_peak_rss_bytes=peak + 1_000_000 if device.reports_memory else None,
                pss_bytes=peak - 5_000_000 if device.reports_memory else None,
                steady_rss_bytes=peak - 1_000_000 if device.reports_memory else None,
                inferences=10,
                notes=[] if device.reports_memory else ["/proc is not readable"],
            )
    log.write(RunnerFinished, reason="complete", context=log.context())
    return log.records


class _Log:
    def __init__(self, device: SimulatedDevice) -> None:
        self.records: list[Any] = []
        self._device, self._session, self._now = device, 0, 1_000_000_000
        self._ticks, self._random = 1000, np.random.default_rng(5)
        self.reference_ns = 5e6
        self.launch: int | None = None

    def write(self, kind: Any, **fields: Any) -> None:
        self._now += 1_000_000
        self.records.append(
            kind(n=len(self.records), session=self._session, monotonic_ns=self._now, **{"notes": [], **fields})
        )

    def context(self) -> Context:
        boots = self._device.boot_ids
        return Context(
            monotonic_ns=self._now,
            load_1min=self._device.load,
            cpu_frequency_khz=[1_800_000, 1_200_000],
            governor="schedutil",
            temperature_celsius={"cpu-thermal": 45.0},
            boot_id=boots[min(self._session, len(boots) - 1)],
            cpu_busy_ticks=self._ticks if self._device.counts_ticks else None,
            cpu_total_ticks=self._now // 2_500_000,
        )

    def loaded(self, arm_id: str, arm: SimulatedArm) -> None:
        self.write(ArmLoaded, arm=arm_id, pid=2, runtime=arm.runtime, runtime_version="1.32.0", load_ns=50_000_000,
                   inputs=[_TENSOR], outputs=[_TENSOR], threads=arm.threads, accelerator="cpu")  # fmt: skip

    def block(self, pair: int, position: int, arm_id: str, latencies_ms: np.ndarray) -> None:
        latency_ns = [int(value * 1e6) for value in latencies_ms]
        before, started = self.context(), self._now
        self._now += sum(latency_ns)
        cores = 1.02 + (1.5 if (pair, position) in self._device.others_busy else 0.0)
        self._ticks += round(sum(latency_ns) / 1e7 * cores)
        failed = ["temperature"] if (pair, position) in self._device.gate_failed_before else []
        self.write(LatencyBlock, step=2 + pair, pair=pair, position=position, launch=self.launch, arm=str(arm_id),
                   item="i0",
                   started_ns=started, ended_ns=self._now, lead_in_ns=[], latency_ns=latency_ns, before=before,
                   after=self.context(), cpu_ns=sum(latency_ns),
                   reference_ns=[int(self.reference_ns * self._random.normal(1, 0.01)) for _ in range(3)],
                   gate=GateOutcome(waited_ns=0, values={"temperature": 45.0}, failed=failed))  # fmt: skip

    def restart(self) -> None:
        self._session += 1
        if len(self._device.boot_ids) > 1:
            self._now = 1_000_000_000
        self.write(RunnerStarted, runner="python", runner_version="1", wall_time="2025-01-01T01:00:00Z", pid=9,
                   machine="aarch64", system="Linux 6.1", context=self.context())  # fmt: skip


def _disturbance(device: SimulatedDevice, random: np.random.Generator, count: int) -> Any:
    """ln of the factor on each inference in turn: AR(1) of the given stationary spread, plus the drift."""
    state = random.normal(0, device.noise)
    spread = device.noise * np.sqrt(1 - device.autocorrelation**2)
    for step in range(2 * count + 10):
        yield state + device.drift * step / max(count, 1)
        state = device.autocorrelation * state + random.normal(0, spread)


def make_quality(
    manifest: Manifest,
    losses: dict[str, dict[str, float]] | None = None,
    *,
    spread: float = 0.04,
    seed: int = 3,
) -> pd.DataFrame:
    """A quality table. `losses`: candidate → quantity → mean loss, in the unit (> 0 is worse), on every device.

    Images differ by about 3.9 dB, paired differences by `spread` (the ratio seen on a real pair of models).
    """
    random = np.random.default_rng(seed)
    rows = []
    typical = {
        "psnr": (30.0, 3.9, 1),
        "psnr_y": (32.0, 3.9, 1),
        "ssim": (0.9, 0.04, 0.01),
        "lpips_alex": (0.1, 0.03, 0.01),
    }
    for device in manifest.devices:
        for quantity in manifest.experiment.measure.metrics:
            mean, between, scale = typical[quantity]
            better = -1.0 if quantity.startswith("lpips") else 1.0
            levels = random.normal(mean, between, len(manifest.items))
            for arm in manifest.arms:
                loss = (losses or {}).get(arm.name, {}).get(quantity, 0.0)
                noise = random.normal(0, spread * scale, len(levels)) if arm.role == "candidate" else 0.0 * levels
                for item, value in zip(manifest.items, levels - better * loss + noise, strict=True):
                    rows.append((device.name, arm.name, item.stem, item.scene, quantity, float(value), None))
    return pd.DataFrame(rows, columns=list(QUALITY_COLUMNS))
