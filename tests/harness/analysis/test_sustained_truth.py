"""Whole experiments on devices that warm up, leak and throttle, from records to verdict: what heat does to each number.

`BAKEOFF_EXPERIMENTS=400` makes as many of each kind as docs/check-the-statistics.md has; without it there are fewer.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.analysis.compare import DeviceFacts, compare
from harness.documents.comparison import Comparison, Contrast, Effect
from harness.documents.plan import EnergyStep
from harness.experiment.declaration import Experiment
from harness.quantity import Available
from harness.runs.planning.sensing import make_sensing
from tests.harness.experiments import experiments
from tests.harness.runs.planning.test_make_plan import manifest, plan
from tests.harness.warning_texts import texts
from tests.rig.simulated import SimulatedDevice, Truth
from tests.rig.simulated.hot_devices import HotDevices, HotTruth, Schedule, energy_records

EXPERIMENTS = experiments(12)
CYCLES, REST_S = 6, 20.0
BLOCK_S, SHORT_BLOCK_S = 300.0, 60.0
"""The devices come half the way to their final temperature in a minute: the second half of five minutes is steady, of
one minute it is not.
"""
EQUAL = HotTruth(slower_per_kelvin=0.00527)
HOTTER = replace(EQUAL, work_w={"a0": 2.2, "a1": 3.49})
"""The same work, 35 % more power of the whole device."""
LESS_WORK = replace(EQUAL, latency_ms={"a0": 10.0, "a1": 9.0}, work_w={"a0": 2.2, "a1": 3.3})
"""10 % less work an inference, for which the device draws 30 % more."""
ENERGY, SUSTAINED = "energy_per_inference", "sustained_latency"
RULES = [
    {"quantity": "latency_p50", "no_worse_than": "3 %"},
    {"quantity": "sustained_latency", "no_worse_than": "5 %"},
]


@dataclass(frozen=True)
class Found:
    """What a kind of experiment gave."""

    comparisons: list[Comparison]
    true_ratio: float
    """Of sustained latency, by devices without noise that do the same."""
    true_energy_mj: dict[str, float]
    """Above the idling of the cooled device, by the same."""

    def contrasts(self, quantity: str) -> list[Contrast]:
        return [
            next(each for each in one.devices[0].contrasts if each.quantity == quantity) for one in self.comparisons
        ]

    def effects(self, quantity: str) -> list[Effect]:
        return [one.effect for one in self.contrasts(quantity) if isinstance(one.effect, Effect)]

    def mean(self, quantity: str) -> float:
        """Geometric, of the estimates."""
        return float(np.exp(np.mean(np.log([one.estimate for one in self.effects(quantity)]))))

    def holds(self, quantity: str, ratio: float) -> float:
        ends = [one.interval for one in self.effects(quantity)]
        return float(np.mean([end is not None and end.low <= ratio <= end.high for end in ends]))

    def outcomes(self, quantity: str) -> Counter[str]:
        return Counter(one.outcome for one in self.contrasts(quantity))

    def rules(self, quantity: str) -> Counter[str]:
        return Counter(
            rule.outcome for one in self.comparisons for rule in one.devices[0].rules if rule.quantity == quantity
        )

    def energy_off(self, arm: str) -> tuple[float, float]:
        """By how much the arm's own energy is off, in %, and the share of the ratio's intervals that hold the truth."""
        values = [one.baseline_value if arm == "a0" else one.candidate_value for one in self.contrasts(ENERGY)]
        known = [one.value for one in values if isinstance(one, Available)]
        ratio = self.true_energy_mj["a1"] / self.true_energy_mj["a0"]
        return 100.0 * (float(np.mean(known)) / self.true_energy_mj[arm] - 1.0), self.holds(ENERGY, ratio)


def simulate(truth: HotTruth, folder: Path, *, cools: bool = True, block_s: float = BLOCK_S, seed: int = 1) -> Found:
    """`cools`: as plans are made now; else as they were: idling right before each block, and no wait for the device."""
    gates = {} if cools else {"cool_wait_s": 0.0, "cool_first_s": 0.0}
    measure = {
        "pairs": 10, "memory_repeats": 0, "design": "fixed", "gates": gates,
        "sustained": {"cycles": CYCLES, "block_s": block_s, "rest_s": REST_S},
        "energy": {"cycles": CYCLES, "block_s": 20.0, "idle_s": 10.0},
    }  # fmt: skip
    count = EXPERIMENTS
    survey = SimulatedDevice(Truth(), 1).survey()
    runs = [_with_rules(manifest(seed=1000 * seed + at, **measure)) for at in range(count)]
    plans = [plan(run, sensing=make_sensing(survey, run.experiment)) for run in runs]
    steps = [[step for step in one.steps if isinstance(step, EnergyStep)] for one in plans]
    arms = [
        np.array([-1 if (arm := own[at].arm) is None else int(arm[1:]) for own in steps]) for at in range(len(steps[0]))
    ]
    durations_s = [step.duration_ns / 1e9 for step in steps[0]]
    bounds, options = runs[0].experiment.measure.gates, plans[0].energy
    schedule = Schedule(
        options.lead_in_ns / 1e9, options.rest_ns / 1e9, bounds.cool_rise_celsius, bounds.cool_wait_s, options.slices
    )
    (rails,) = [name for name in [*options.boundary_probes, *options.sampled_probes] if name.startswith("rails")]
    blocks = HotDevices(truth, count, seed).run(arms, durations_s, schedule)
    comparisons = []
    random = np.random.default_rng(seed)
    for at, run in enumerate(runs):
        records = _before(truth, plans[at].steps, random)
        reads = truth.reads_temperature and cools
        records += energy_records(blocks, steps[at], at, reads_temperature=reads, rails=rails, first_n=len(records))
        records.append(_record("runner_finished", len(records), reason="complete", context=CONTEXT))
        path = folder / "records.jsonl"
        path.write_text("".join(json.dumps(one) + "\n" for one in records))
        comparisons.append(compare(run, {"local": DeviceFacts(None, path, "complete", survey_text=survey)}, None))
    ratio, energy = _true(truth, arms, durations_s, schedule)
    return Found(comparisons, ratio, energy)


def _with_rules(run: Any) -> Any:
    told = run.experiment.model_dump(by_alias=True) | {"rules": RULES}
    return run.model_copy(update={"experiment": Experiment.model_validate(told)})


CONTEXT = {"monotonic_ns": 1, "boot_id": "b"}


def _record(kind: str, n: int, **fields: Any) -> dict[str, Any]:
    return {"record": kind, "n": n, "session": 0, "monotonic_ns": 10**9 + n, **fields}


def _before(truth: HotTruth, steps: list[Any], random: np.random.Generator) -> list[dict[str, Any]]:
    """What comes before the long blocks: pairs, both arms of which work on a device in one state."""
    info = {"name": "x", "dtype": "float32", "shape": [1]}
    records = [_record("runner_started", 0, schema="bakeoff.records/1", runner="native", runner_version="1",
                       wall_time="2026-01-01T00:00:00Z", pid=1, machine="x", system="x", context=CONTEXT)]  # fmt: skip
    for arm in ("a0", "a1"):
        records.append(_record("arm_loaded", len(records), arm=arm, pid=2, runtime="onnxruntime", runtime_version="1",
                               load_ns=1, inputs=[info], outputs=[info], threads=1, accelerator="cpu"))  # fmt: skip
    started_ns = 2 * 10**9
    for step in (each for each in steps if each.kind == "latency_pair"):
        for position, arm in enumerate(step.order):
            took = truth.latency_ms[arm] * 1.05 * np.exp(random.normal(0.0, 0.02, 10))
            latency_ns = [int(one * 1e6) for one in took]
            ended_ns = started_ns + sum(latency_ns)
            records.append(_record("latency_block", len(records), step=step.step, pair=step.pair, position=position,
                                   arm=arm, item="i1", started_ns=started_ns, ended_ns=ended_ns, lead_in_ns=[],
                                   latency_ns=latency_ns, before=CONTEXT, after=CONTEXT))  # fmt: skip
            started_ns = ended_ns + 10**7
    return records


def _true(truth: HotTruth, arms: Any, durations_s: list[float], schedule: Schedule) -> tuple[float, dict[str, float]]:
    """The ratio of sustained latency, and what an inference takes above the idling of the cooled device."""
    silent = replace(truth, block_noise=0.0, slow_noise=0.0, power_noise=0.0)
    count = min(40, arms[0].size)
    blocks = HotDevices(silent, count, 1).run([each[:count] for each in arms], durations_s, schedule)
    idle_w = float(truth.idle_w(truth.rested_celsius()))
    latency: dict[str, list[float]] = {"a0": [], "a1": []}
    energy: dict[str, list[float]] = {"a0": [], "a1": []}
    half = schedule.slices // 2
    for at, duration_s in enumerate(durations_s):
        for device in range(count):
            arm = int(arms[at][device])
            if arm < 0:
                continue
            latency[f"a{arm}"].append(np.log(duration_s / 2 / blocks.slice_inferences[at][half:, device].sum()))
            above_mj = 1e3 * (blocks.energy_j[at][device] - idle_w * duration_s)
            energy[f"a{arm}"].append(above_mj / blocks.inferences[at][device])
    ratio = float(np.exp(np.mean(latency["a1"]) - np.mean(latency["a0"])))
    return ratio, {arm: float(np.mean(values)) for arm, values in energy.items()}


ERROR = (0.95 * 0.05 / EXPERIMENTS) ** 0.5
"""The standard error of a share of 95 %."""


def row(name: str, truth: HotTruth, found: Found) -> str:
    """Of the table in docs/check-the-statistics.md."""
    outcomes, steady = found.outcomes(SUSTAINED), {arm: truth.steady_speed(arm) for arm in ("a0", "a1")}
    alone = steady["a0"] / steady["a1"] * truth.latency_ms["a1"] / truth.latency_ms["a0"]
    rules, verdicts = found.rules(SUSTAINED), Counter(one.verdicts[0].decision for one in found.comparisons)
    return (
        f"| {name} | {alone:.3f} | {found.mean('latency_p50'):.3f} | {found.mean(SUSTAINED):.3f} "
        f"({found.true_ratio:.3f}) | {found.holds(SUSTAINED, found.true_ratio):.1%} | "
        f"{(outcomes['better'] + outcomes['worse']) / EXPERIMENTS:.1%} | {shares(rules)} | {shares(verdicts)} |"
    )


def shares(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count / EXPERIMENTS:.0%}" for name, count in sorted(counts.items()))


def test_of_the_same_model_twice_long_blocks_find_no_difference(tmp_path: Path) -> None:
    found = simulate(EQUAL, tmp_path)
    print(f"\n{EXPERIMENTS} experiments\n{row('the same model twice', EQUAL, found)}")
    assert found.holds(SUSTAINED, 1.0) >= 0.95 - 3 * ERROR
    assert found.rules(SUSTAINED)["broken"] == 0


def test_what_pairs_hide_long_blocks_find(tmp_path: Path) -> None:
    assert EQUAL.steady_speed("a0") / HOTTER.steady_speed("a1") == pytest.approx(1.089, abs=0.001)
    found = simulate(HOTTER, tmp_path)
    print(f"\n{EXPERIMENTS} experiments\n{row('the same work, 35 % more power', HOTTER, found)}")
    assert found.mean("latency_p50") == pytest.approx(1.0, abs=0.01)
    assert found.mean(SUSTAINED) == pytest.approx(1.089, abs=0.005)
    assert found.holds(SUSTAINED, found.true_ratio) >= 0.95 - 3 * ERROR
    assert found.rules("latency_p50")["broken"] == 0
    assert found.rules(SUSTAINED)["met"] == 0
    assert found.outcomes(SUSTAINED)["worse"] >= 0.9 * EXPERIMENTS


def test_less_work_for_more_power_gains_less_alone(tmp_path: Path) -> None:
    found = simulate(LESS_WORK, tmp_path)
    print(f"\n{EXPERIMENTS} experiments\n{row('10 % less work, 30 % more power', LESS_WORK, found)}")
    assert found.mean("latency_p50") == pytest.approx(0.9, abs=0.01)
    assert found.mean(SUSTAINED) > 0.95
    assert found.holds(SUSTAINED, found.true_ratio) >= 0.95 - 3 * ERROR


def test_blocks_too_short_for_the_heat_meet_no_rule(tmp_path: Path) -> None:
    """The work is the same, and one minute from a cool device shows a third of what a long session does."""
    found = simulate(HOTTER, tmp_path, block_s=SHORT_BLOCK_S)
    print(f"\n{EXPERIMENTS} experiments\n{row('35 % more power, blocks of a minute', HOTTER, found)}")
    assert found.rules(SUSTAINED)["met"] == 0
    reasons = {rule.reason for one in found.comparisons for rule in one.devices[0].rules if rule.quantity == SUSTAINED}
    assert all("still slowed down as its blocks ended" in reason for reason in reasons)


def test_where_no_temperature_can_be_read_no_rule_is_met(tmp_path: Path) -> None:
    found = simulate(replace(EQUAL, reads_temperature=False), tmp_path)
    print(f"\n{EXPERIMENTS} experiments\n{row('the same model twice, no temperature', EQUAL, found)}")
    assert found.rules(SUSTAINED) == {"open": EXPERIMENTS}
    (device,) = found.comparisons[0].devices
    assert any("the temperature that blocks begin from could not be read" in rule.reason for rule in device.rules)


def test_what_an_inference_takes_is_told_against_the_idling_of_the_cooled_device(tmp_path: Path) -> None:
    before = simulate(HOTTER, tmp_path, cools=False, block_s=SHORT_BLOCK_S)
    after = simulate(HOTTER, tmp_path, block_s=SHORT_BLOCK_S)
    for name, found in (("right before each block", before), ("once it has cooled", after)):
        (one, held), (other, _) = found.energy_off("a0"), found.energy_off("a1")
        doubted = float(np.mean(["Energy: " in "".join(texts(run.devices[0].warnings)) for run in found.comparisons]))
        print(f"\n| {name} | {one:+.1f} % | {other:+.1f} % | {held:.1%} | {doubted:.1%} |")
    assert all(before.energy_off(arm)[0] < -8.0 for arm in ("a0", "a1"))
    assert all(abs(after.energy_off(arm)[0]) < 3.0 for arm in ("a0", "a1"))
