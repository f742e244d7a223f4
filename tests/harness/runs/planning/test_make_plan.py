"""Plans: complete, seeded, in an order that owes nothing to chance but the order of arms."""

import itertools
from collections import Counter
from dataclasses import replace

from harness.documents.manifest import Manifest, ManifestArm, ManifestDevice, ManifestItem
from harness.documents.plan import EnergyOptions, FileProbe, GateCondition, Gates, Plan
from harness.experiment.declaration import Experiment
from harness.models.tensor_info import TensorInfo
from harness.runs.planning.make_plan import Placement, make_plan
from harness.runs.planning.sensing import Sensing
from harness.tasks.image_to_image.codec import Codec

INFO = TensorInfo(name="x", dtype="float32", shape=[1, 3, None, None])
CODEC = Codec(
    input=INFO, output=INFO, input_layout="NCHW", output_layout="NCHW", channels=3, luma="studio",
    input_range=(0, 1), output_range=(0, 1),
)  # fmt: skip


def manifest(pairs=40, arms=2, seed=5, **measure):
    names = ["baseline", *(f"candidate {number}" for number in range(1, arms))]
    experiment = Experiment.model_validate(
        {
            "name": "n",
            "question": "q",
            "data": {"inputs": "a", "references": "b"},
            "arms": [
                {"name": name, "role": name.split()[0], "model": "m.onnx", "runtime": "onnxruntime"} for name in names
            ],
            "measure": {"pairs": pairs, "memory_repeats": 3, **measure},
            "rules": [{"quantity": "latency_p50", "no_worse_than": "1 %"}],
        }
    )
    return Manifest(
        bakeoff_version="0", run_id="r", created_at="now", quick=False, seed=seed, experiment=experiment,
        experiment_folder="/", latency_item="i1", devices=[ManifestDevice(name="local", folder="0-local")],
        arms=[
            ManifestArm(
                id=f"a{index}", name=name, role="baseline" if index == 0 else "candidate", model_path="/m", codec=CODEC,
                model_sha256="0" * 64, model_bytes=1, format="onnx", runtime="onnxruntime", runtime_version="1",
                accelerator="cpu", threads=1,
            )
            for index, name in enumerate(names)
        ],
        items=[
            ManifestItem(id=f"i{n}", stem=f"s{n}", scene=f"s{n}", input_path="/i", reference_path="/r")
            for n in range(3)
        ],
    )  # fmt: skip


def placement_of(run, sensing=Sensing()):  # noqa: B008 - a constant
    arms = [arm.id for arm in run.arms]
    return Placement(
        models={arm: f"/blobs/{arm}" for arm in arms},
        workers={arm: ["/python"] for arm in arms},
        libraries={},
        inputs={item.id: {arm: [f"/blobs/{item.id}"] for arm in arms} for item in run.items},
        input_shapes={arm: {} for arm in arms},
        sensing=sensing,
    )


def plan(run, device=0, sensing=Sensing()):  # noqa: B008 - a constant
    return make_plan(run, placement_of(run, sensing), device)


def test_every_item_goes_once_through_every_arm_and_every_pair_and_repeat_is_there():
    made = plan(manifest())
    kinds = Counter(step.kind for step in made.steps)
    assert kinds == {"quality": 6, "warm_up": 13, "latency_pair": 40, "memory": 6}
    assert [step.step for step in made.steps] == list(range(len(made.steps)))
    assert {(step.arm, step.item) for step in made.steps if step.kind == "quality"} == {
        (arm, item) for arm in ("a0", "a1") for item in ("i0", "i1", "i2")
    }
    assert {step.item for step in made.steps if step.kind in {"latency_pair", "memory"}} == {"i1"}


def test_the_same_seed_gives_the_same_plan_and_another_seed_or_device_another_order():
    assert plan(manifest()) == plan(manifest())
    orders = [
        [step.order for step in each.steps if step.kind == "latency_pair"]
        for each in (plan(manifest()), plan(manifest(seed=6)), plan(manifest(), device=1))
    ]
    assert orders[0] != orders[1]
    assert orders[0] != orders[2]


def test_pairs_are_spread_over_launches_each_with_a_warm_up_of_fresh_processes():
    steps = [step for step in plan(manifest()).steps if step.kind in {"warm_up", "latency_pair"}]
    assert [step.kind for step in steps[:6]] == ["warm_up", *["latency_pair"] * 4, "warm_up"]
    pairs = [step for step in steps if step.kind == "latency_pair"]
    assert [step.pair for step in pairs] == list(range(40))
    assert Counter(step.launch for step in pairs) == {0: 4, **dict.fromkeys(range(1, 13), 3)}
    warm_ups = [step for step in steps if step.kind == "warm_up"]
    assert [step.fresh for step in warm_ups] == [False] + [True] * 12
    assert {tuple(step.arms) for step in warm_ups} == {("a0", "a1"), ("a1", "a0")}


def test_one_launch_is_the_same_processes_throughout():
    steps = plan(manifest(launches=1)).steps
    assert [step.fresh for step in steps if step.kind == "warm_up"] == [False]
    assert {step.launch for step in steps if step.kind == "latency_pair"} == {None}


def test_each_arm_goes_first_about_equally_often_and_without_a_pattern():
    orders = [tuple(step.order) for step in plan(manifest(pairs=2000)).steps if step.kind == "latency_pair"]
    first = Counter(order[0] for order in orders)
    assert abs(first["a0"] - 1000) < 4 * 22.4  # four standard deviations of a fair coin over 2000
    repeats = sum(one == two for one, two in itertools.pairwise(orders))
    assert abs(repeats - 999.5) < 4 * 22.4


def test_with_three_arms_a_pair_holds_a_block_of_each():
    for step in plan(manifest(arms=3)).steps:
        if step.kind == "latency_pair":
            assert sorted(step.order) == ["a0", "a1", "a2"]


def test_what_an_arm_runs_on_is_in_the_plan():
    run = manifest()
    asks = {"accelerator": "qnn", "accelerator_options": {"backend_path": "/x y"}, "cores": "big"}
    run = run.model_copy(update={"arms": [run.arms[0], run.arms[1].model_copy(update=asks)]})
    placement = placement_of(run)
    cpu, qnn = make_plan(run, replace(placement, cores={"a1": [4, 5]}, accelerator_libraries={"a1": "/lib"}), 0).arms
    assert (cpu.accelerator, cpu.accelerator_options, cpu.accelerator_library, cpu.cores) == ("cpu", {}, None, None)
    assert (qnn.accelerator, qnn.accelerator_options) == ("qnn", {"backend_path": "/x y"})
    assert (qnn.accelerator_library, qnn.cores) == ("/lib", [4, 5])


def test_a_plan_survives_its_json():
    made = plan(manifest())
    text = made.model_dump_json(by_alias=True)
    assert '"schema":"bakeoff.plan/1"' in text
    assert Plan.model_validate_json(text) == made


def test_energy_has_idle_right_before_each_arm_in_an_order_drawn_for_every_two_cycles():
    made = plan(manifest(energy={"cycles": 20, "block_s": 30, "idle_s": 5}), sensing=Sensing(measures_energy=True))
    blocks = [step for step in made.steps if step.kind == "energy"]
    assert [step.step for step in made.steps] == list(range(len(made.steps)))
    orders = []
    for cycle in range(20):
        idle, first, idle_again, second = [step for step in blocks if step.cycle == cycle]
        assert idle.arm is idle_again.arm is None
        assert [step.position for step in (idle, first, idle_again, second)] == [0, 1, 2, 3]
        assert {first.arm, second.arm} == {"a0", "a1"}
        assert (idle.duration_ns, first.duration_ns) == (5_000_000_000, 30_000_000_000)
        orders.append(first.arm)
    assert set(orders[::2]) == {"a0", "a1"}
    assert all(one != other for one, other in zip(orders[::2], orders[1::2], strict=True))


def test_sustained_use_has_long_blocks_of_its_own_where_energy_is_not_measured():
    run = manifest(
        sustained={"cycles": 3, "block_s": 90, "rest_s": 15}, energy={"cycles": 5, "block_s": 30, "idle_s": 20}
    )
    for measures_energy, cycles, lasting_s in (
        (False, 3, {None: 15, "a0": 90, "a1": 90}),
        (True, 5, {None: 20, "a0": 90, "a1": 90}),
    ):
        blocks = [
            step for step in plan(run, sensing=Sensing(measures_energy=measures_energy)).steps if step.kind == "energy"
        ]
        assert len(blocks) == 4 * cycles
        assert {step.arm: step.duration_ns / 1e9 for step in blocks} == lasting_s


def test_a_rule_on_sustained_latency_asks_for_six_cycles():
    told = manifest().experiment.model_dump(by_alias=True) | {
        "rules": [{"quantity": "sustained_latency", "no_worse_than": "5 %"}]
    }
    asked = Experiment.model_validate(told)
    assert (asked.sustained_cycles, asked.long_blocks(measures_energy=False).cycles) == (6, 6)
    assert manifest().experiment.long_blocks(measures_energy=True).cycles == 0


def test_energy_is_not_measured_where_no_source_says_it():
    made = plan(manifest(energy={"cycles": 20}))
    assert not any(step.kind == "energy" for step in made.steps)


def test_what_the_device_can_be_asked_stands_in_the_plan_as_it_is():
    cool = GateCondition(id="temperature", probe="zone", scale=0.001, at_most=40.0)
    sensing = Sensing(
        probes=[FileProbe(id="zone", path="/sys/zone")],
        gates={"latency": Gates(conditions=[cool], max_wait_ns=3_000_000_000)},
        energy=EnergyOptions(lead_in_ns=5, sampled_probes=["zone"]),
        memory_probes=["zone"],
    )
    made = plan(manifest(), sensing=sensing)
    assert made.probes == sensing.probes
    assert made.gates == sensing.gates
    assert made.energy == sensing.energy
    assert (made.memory_probes, made.soak_probes) == (["zone"], [])
