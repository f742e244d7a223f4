"""An arm runs on the cores that it asked for; where it does not, that is on record."""

from __future__ import annotations

import os

import pytest

from harness.documents.records import ArmLoaded
from tests.devices.runner_contract import models
from tests.devices.runner_contract.bench import Bench, of_kind
from tests.devices.runner_contract.conftest import add_latency_pass

HERE = sorted(os.sched_getaffinity(0))
NOWHERE = 1000
"""A core that no machine of ours has."""


def loads(bench: Bench) -> list[ArmLoaded]:
    for arm in bench.arms:
        bench.quality(arm.id, "i0")
    bench.write_plan()
    return of_kind(bench.run(), ArmLoaded)


def with_arms(bench: Bench, *cores: list[int] | None, **fields: int) -> Bench:
    bench.arms = []
    for k, wanted in enumerate(cores):
        bench.add_arm(bench.folder / f"conv{k}.onnx", cores=wanted, **fields)
    return bench


def test_an_arm_is_kept_on_its_cores_and_the_other_arm_is_not(bench: Bench) -> None:
    with_arms(bench, [HERE[-1]], None)
    add_latency_pass(bench, pairs=2)
    bench.hold("latency", before_block=2)
    bench.write_plan()
    process = bench.start()

    records = bench.wait_until_held()
    pids = {record.arm: record.pid for record in of_kind(records, ArmLoaded)}
    meanwhile = {arm: sorted(os.sched_getaffinity(pid)) for arm, pid in pids.items()}
    bench.let_go()

    assert process.wait(120) == 0
    assert meanwhile == {"a0": [HERE[-1]], "a1": HERE}
    kept, free = of_kind(records, ArmLoaded)
    assert (kept.cores_asked, kept.cores) == ([HERE[-1]], [HERE[-1]])
    assert (free.cores_asked, free.cores) == (None, None)


def test_threads_that_the_runtime_makes_are_kept_there_too(bench: Bench) -> None:
    (loaded,) = loads(with_arms(bench, [HERE[0]], threads=3))

    assert loaded.threads == 3
    assert loaded.cores == [HERE[0]]


def test_the_runtimes_own_threads_share_the_cores_in_litert(empty_bench: Bench) -> None:
    pytest.importorskip("ai_edge_litert", reason="pip install ai-edge-litert: its schema writes the test's models")
    import numpy as np

    bench = empty_bench
    model = models.conv_tflite(bench.folder / "conv.tflite")
    shapes = {"image": [1, 8, 8, 1]}
    bench.add_arm(model, "ai-edge-litert", input_shapes=shapes, cores=[HERE[0]], threads=3)
    bench.add_item(np.zeros((1, 8, 8, 1), np.float32))

    (loaded,) = loads(bench)

    assert loaded.cores == [HERE[0]]


def test_cores_that_are_not_there_are_no_failure_and_what_was_got_is_said(bench: Bench) -> None:
    some, none = loads(with_arms(bench, [HERE[0], NOWHERE], [NOWHERE]))

    assert (some.cores_asked, some.cores) == ([HERE[0], NOWHERE], [HERE[0]])
    assert "affinity" not in some.settings
    assert (none.cores_asked, none.cores) == ([NOWHERE], HERE)
    assert "Invalid argument" in none.settings["affinity"]
