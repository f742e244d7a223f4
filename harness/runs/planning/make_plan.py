"""Making the plan of one device: every step in order, the order of arms within a pair drawn from the run's seed."""

from __future__ import annotations

import posixpath
import random
from dataclasses import dataclass, field
from itertools import islice

from harness.documents.manifest import Manifest, ManifestArm
from harness.documents.plan import (
    EnergyStep,
    LatencyOptions,
    LatencyPairStep,
    MemoryStep,
    PageStep,
    Plan,
    PlanArm,
    PlanItem,
    QualityStep,
    Step,
    WarmUpStep,
    WebArm,
)
from harness.experiment.declaration import LongBlocks, Measure
from harness.experiment.launches import launch_pairs_most
from harness.runs.planning.sensing import Sensing

_WARM_UP_AGAIN = 0.125
"""A block of a fresh warm-up, as a share of a block that counts."""


@dataclass(frozen=True)
class Placement:
    """Where on the device the things of a run lie."""

    models: dict[str, str]
    """Arm id → path of its model."""
    workers: dict[str, list[str]]
    """Arm id → argv prefix of its worker."""
    libraries: dict[str, str]
    """Arm id → its runtime's shared library, for the native runner; empty for the python runner."""
    inputs: dict[str, dict[str, list[str]]]
    """Id of one of the plan's items → arm id → paths of its input tensors; relative to the run's folder for what an
    inference before it will have put out.
    """
    input_shapes: dict[str, dict[str, list[int]]]
    """Arm id → tensor → shape to load it with."""
    sensing: Sensing = field(default_factory=Sensing)
    """What the device can be asked beside."""
    accelerator_libraries: dict[str, str] = field(default_factory=dict)
    """Arm id → the library that drives its accelerator, where there is one."""
    cores: dict[str, list[int]] = field(default_factory=dict)
    """Arm id → cores that it may run on, where it asks for some."""
    web: dict[str, WebArm] = field(default_factory=dict)
    """Arm id → what a tab of a browser is given for it, where it runs in one."""
    run_folder: str = ""
    """Absolute path of the run's folder."""

    def inputs_of(self, inference: str) -> dict[str, list[str]]:
        """Arm id → absolute paths of the input tensors of one of the plan's items."""
        return {
            arm: [posixpath.join(self.run_folder, path) for path in paths]
            for arm, paths in self.inputs[inference].items()
        }


def make_plan(manifest: Manifest, placement: Placement, device_index: int) -> Plan:
    """Quality first (it shows early whether an arm works at all), then latency, memory, pages, and long blocks, which
    heat.
    """
    measure = manifest.experiment.measure
    arm_ids = [arm.id for arm in manifest.arms]
    # A string seeds the same sequence on every Python version; each device gets an order of its own.
    orders = random.Random(f"{manifest.seed}/{device_index}")
    steps: list[Step] = []

    for item in manifest.items:
        for arm in arm_ids:
            steps += [
                QualityStep(step=len(steps) + place, arm=arm, item=inference)
                for place, inference in enumerate(item.inferences_of(arm))
            ]
    steps += _latency_steps(manifest, device_index, _orders(arm_ids, measure.pairs, orders), first_step=len(steps))
    for repeat, order in enumerate(_orders(arm_ids, measure.memory_repeats, orders)):
        for arm in order:
            steps.append(
                MemoryStep(
                    step=len(steps),
                    arm=arm,
                    item=manifest.timed,
                    repeat=repeat,
                    inferences=measure.memory_inferences,
                )
            )
    in_pages = [arm for arm in arm_ids if arm in placement.web]
    for repeat, order in enumerate(_orders(in_pages, manifest.experiment.page_repeats, orders)):
        for arm in order:
            steps.append(
                PageStep(
                    step=len(steps),
                    arm=arm,
                    item=manifest.timed,
                    repeat=repeat,
                    duration_ns=round(measure.page.work_s * 1e9),
                )
            )
    long_blocks = manifest.experiment.long_blocks(measures_energy=placement.sensing.measures_energy)
    for cycle, order in enumerate(_balanced_orders(arm_ids, long_blocks.cycles, orders)):
        steps += _energy_cycle(manifest, long_blocks, cycle, order, first_step=len(steps))
    return Plan(
        run_id=manifest.run_id,
        seed=manifest.seed,
        arms=[plan_arm(arm, placement) for arm in manifest.arms],
        items=[
            PlanItem(id=inference, inputs=placement.inputs_of(inference))
            for item in manifest.items
            for inference in dict.fromkeys(each for arm in arm_ids for each in item.inferences_of(arm))
        ],
        steps=steps,
        latency=latency_options(measure),
        energy=placement.sensing.energy,
        probes=placement.sensing.probes,
        gates=dict(placement.sensing.gates),
        memory_probes=placement.sensing.memory_probes,
        soak_probes=placement.sensing.soak_probes,
        step_timeout_ns=round(measure.step_timeout_s * 1e9),
    )


def _latency_steps(
    manifest: Manifest, device_index: int, orders: list[list[str]], first_step: int
) -> list[WarmUpStep | LatencyPairStep]:
    """Launches, each a warm-up of fresh processes and its pairs; the first has those of the quality pass.

    In which order arms are started is drawn too: what comes first takes the memory and the core that it finds.
    """
    sizes = manifest.experiment.measure.launch_sizes
    starts = _orders(
        [arm.id for arm in manifest.arms], len(sizes), random.Random(f"{manifest.seed}/{device_index}/starts")
    )
    steps: list[WarmUpStep | LatencyPairStep] = []
    pairs = iter(enumerate(orders))
    for launch, (size, start) in enumerate(zip(sizes, starts, strict=True)):
        steps.append(WarmUpStep(step=first_step + len(steps), arms=start, item=manifest.timed, fresh=launch > 0))
        for pair, order in islice(pairs, size):
            steps.append(
                LatencyPairStep(
                    step=first_step + len(steps),
                    pair=pair,
                    order=order,
                    item=manifest.timed,
                    launch=launch if len(sizes) > 1 else None,
                )
            )
    return steps


def plan_arm(arm: ManifestArm, placement: Placement) -> PlanArm:
    """An arm as a device sees it."""
    return PlanArm(
        id=arm.id,
        model=placement.models[arm.id],
        model_sha256=arm.model_sha256 if arm.static_copy is None else arm.static_copy.sha256,
        format=arm.format,
        runtime=arm.runtime,
        runtime_version=arm.runtime_version,
        worker=placement.workers[arm.id],
        library=placement.libraries.get(arm.id),
        accelerator=arm.accelerator,
        accelerator_options=arm.accelerator_options,
        accelerator_library=placement.accelerator_libraries.get(arm.id),
        cores=placement.cores.get(arm.id),
        threads=arm.threads,
        input_shapes=placement.input_shapes[arm.id],
        web=placement.web.get(arm.id),
    )


def latency_options(measure: Measure) -> LatencyOptions:
    """How blocks are made, from what the experiment says."""
    return LatencyOptions(
        block_target_ns=round(measure.block_ms * 1e6),
        block_min_inferences=measure.block_min_inferences,
        block_max_inferences=max(measure.block_max_inferences, measure.block_min_inferences),
        lead_in_inferences=measure.lead_in_inferences,
        settle_ns=round(measure.settle_ms * 1e6),
        warm_up_min_blocks=3,
        warm_up_max_blocks=measure.warm_up_max_blocks,
        launch_pairs_most=launch_pairs_most(measure.pairs, measure.launches),
        warm_up_again_ns=round(measure.block_ms * 1e6 * _WARM_UP_AGAIN),
        warm_up_tolerance=0.02,
        max_ns=round(measure.max_minutes * 60e9),
        reference_target_ns=round(measure.reference_ms * 1e6),
    )


def _energy_cycle(
    manifest: Manifest, long_blocks: LongBlocks, cycle: int, order: list[str], first_step: int
) -> list[EnergyStep]:
    """Idle right before each arm: its power is what the arm's is compared with, and the device cools."""
    return [
        EnergyStep(
            step=first_step + position,
            cycle=cycle,
            position=position,
            arm=arm,
            item=manifest.timed,
            duration_ns=round((long_blocks.idle_s if arm is None else long_blocks.block_s) * 1e9),
        )
        for position, arm in enumerate(arm for each in order for arm in (None, each))
    ]


def _orders(arms: list[str], count: int, source: random.Random) -> list[list[str]]:
    """`count` orders of the arms, each drawn on its own: a fixed ABBA pattern lets neighbouring blocks of one arm share
    their noise (twice the false alarms at an autocorrelation of 0.9).
    """
    return [source.sample(arms, len(arms)) for _ in range(count)]


def _balanced_orders(arms: list[str], count: int, source: random.Random) -> list[list[str]]:
    """`count` orders of the arms, drawn for every two of them, the second the first one backwards: ABBA or BAAB.

    A long block leaves heat behind, and long blocks are few: each arm has to follow the others as often as it is
    followed, which orders that are drawn each on their own make likely among many only.
    """
    orders = _orders(arms, (count + 1) // 2, source)
    return [order[:: 1 - 2 * turn] for order in orders for turn in (0, 1)][:count]
