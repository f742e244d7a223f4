"""A disk that is full when an output is kept ends the session, and fails no arm: a later session goes on."""

from __future__ import annotations

import resource
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from harness.documents.records import ArmFailed, QualityOutput, RunnerFinished, StepSkipped
from tests.devices.runner_contract.bench import Bench, of_kind
from tests.devices.runner_contract.conftest import add_all_passes
from tests.devices.runner_contract.test_restart import assert_complete
from tests.rig.small_disk import small_disk

CANNOT_WRITE = 74
OUTPUT_BYTES = 4 * 64 * 64 * 4


@pytest.fixture
def outputs(bench: Bench) -> Iterator[Path]:
    """A file system of its own for the bench's outputs, with room for two and a half of four channels of 64 by 64."""
    with small_disk(bench.folder / "outputs", OUTPUT_BYTES * 5 // 2) as folder:
        yield folder


def make_room(outputs: Path) -> None:
    subprocess.run(["mount", "-o", "remount,size=16m", str(outputs)], check=True)


def test_an_output_for_which_there_is_no_space_ends_the_session_and_fails_no_arm(bench: Bench, outputs: Path) -> None:
    bench.items.clear()
    for seed in range(3):
        bench.add_item(np.random.default_rng(seed).random((1, 1, 64, 64), dtype=np.float32))
    add_all_passes(bench, pairs=2)
    plan = bench.write_plan()

    records = bench.run(expected_exit_code=CANNOT_WRITE)

    assert [record.step for record in of_kind(records, QualityOutput)] == [0, 1]
    assert not of_kind(records, ArmFailed)
    assert not of_kind(records, StepSkipped)
    assert not of_kind(records, RunnerFinished)
    said = bench.log_path.read_text().splitlines()[-1]
    assert str(bench.records_path) in said
    assert "i1.0.npy cannot be written: No space left on device" in said
    bench.assert_no_worker_left()
    assert not list(outputs.rglob("*.part")), "what did not fit holds space"

    assert not of_kind(bench.run(expected_exit_code=CANNOT_WRITE), ArmFailed), "and again, as long as it is full"
    make_room(outputs)
    records = bench.run()

    assert_complete(records, plan)
    kept = [output.path for record in of_kind(records, QualityOutput) for output in record.outputs]
    assert len(set(kept)) == len(kept) == 6
    assert sorted(kept) == sorted(str(path.relative_to(bench.folder)) for path in outputs.rglob("*.npy"))


def test_a_folder_for_outputs_that_cannot_be_made_fails_no_arm(bench: Bench) -> None:
    (bench.folder / "outputs").write_text("in the way")
    bench.quality("a0", "i0")
    bench.write_plan()

    records = bench.run(expected_exit_code=CANNOT_WRITE)

    assert [record.record for record in records] == ["runner_started", "arm_loaded"]
    assert "cannot be" in bench.log_path.read_text().splitlines()[-1]


def test_a_disk_that_is_full_of_records_ends_the_runner_and_what_was_written_is_gone_on_from(bench: Bench) -> None:
    bench.items.clear()
    for seed in range(8):
        bench.quality("a0", bench.add_item(np.random.default_rng(seed).random((1, 1, 8, 8), dtype=np.float32)))
    bench.write_plan()
    limits = (2500, resource.RLIM_INFINITY)  # bytes a file
    with bench.log_path.open("ab") as log:
        process = subprocess.Popen(
            bench.argv,
            stderr=log,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limits),  # noqa: PLW1509 - no threads here
        )
    assert process.wait(120) == CANNOT_WRITE
    assert str(bench.records_path) in bench.log_path.read_text()
    assert not isinstance(bench.records()[-1], RunnerFinished)

    records = bench.run()

    assert [record.step for record in of_kind(records, QualityOutput)] == list(range(8))
    assert not of_kind(records, ArmFailed)
