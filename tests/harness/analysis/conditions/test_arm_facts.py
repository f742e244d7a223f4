"""What was asked of an arm and what was done."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest

from harness.analysis.conditions.arm_facts import (
    arm_on_device,
    asked_and_done,
    failures_of,
    in_short,
    not_as_asked,
    source_of,
)
from harness.analysis.tables.device_records import DeviceRecords, read_device_records
from harness.documents.records import ArmFailed
from tests.harness.simulated_records import make_manifest, write_run

MANIFEST = make_manifest(pairs=2)
INT8 = MANIFEST.arms[1]


@pytest.fixture
def records(tmp_path: Path) -> DeviceRecords:
    path = write_run(tmp_path, MANIFEST)["local"].records_path
    assert path is not None
    return read_device_records(path)


def with_load(records: DeviceRecords, **changed: Any) -> DeviceRecords:
    loads = [one.model_copy(update=changed) if one.arm == "a1" else one for one in records.loaded]
    return replace(records, loaded=loads)


def test_an_arm_that_did_as_asked_is_quiet(records: DeviceRecords) -> None:
    assert asked_and_done(INT8, records) == []
    assert asked_and_done(INT8, None) == []


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"runtime_version": "1.20.0"}, "int8 asked for runtime version 1.32.0 and ran with 1.20.0."),
        ({"threads": 4}, "int8 asked for threads 1 and ran with 4."),
        ({"accelerator": "xnnpack"}, "int8 asked for accelerator cpu and ran with xnnpack."),
    ],
)
def test_what_was_done_differently_is_told(records: DeviceRecords, changed: dict[str, Any], words: str) -> None:
    assert asked_and_done(INT8, with_load(records, **changed)) == [words]


def test_a_part_that_fell_back_to_the_cpu_is_told(records: DeviceRecords) -> None:
    partly = with_load(records, accelerator="gpu", delegated_nodes=31, total_nodes=40)
    assert asked_and_done(INT8.model_copy(update={"accelerator": "gpu"}), partly) == [
        "int8 ran 31 of 40 nodes on gpu; the rest fell back to the CPU."
    ]
    assert arm_on_device(INT8, partly, [], {}).delegated == "31 of 40 nodes"


@pytest.mark.parametrize(
    ("changed", "words", "delegated"),
    [
        (
            {"delegated_nodes": 0, "total_nodes": 40, "wholly_delegated": False},
            "int8 asked for qnn and ran on the CPU alone: qnn took none of its 40 nodes. This is not a measurement of "
            "qnn.",
            "0 of 40 nodes",
        ),
        (
            {"total_nodes": 40, "wholly_delegated": False},
            "int8 did not run wholly on qnn: a part of it, or all of it, fell back to the CPU. How much, the runtime "
            "does not say.",
            "not the whole model",
        ),
        ({}, "How much of int8 ran on qnn is unknown: the runtime does not say.", None),
        ({"wholly_delegated": True}, None, "the whole model"),
        ({"delegated_nodes": 40, "total_nodes": 40, "wholly_delegated": True}, None, "40 of 40 nodes"),
    ],
)
def test_how_much_an_accelerator_took_is_told_as_far_as_it_is_known(
    records: DeviceRecords, changed: dict[str, Any], words: str | None, delegated: str | None
) -> None:
    ran = with_load(records, accelerator="qnn", **changed)
    assert asked_and_done(INT8.model_copy(update={"accelerator": "qnn"}), ran) == ([] if words is None else [words])
    assert arm_on_device(INT8, ran, [], {}).delegated == delegated


@pytest.mark.parametrize(
    ("asked", "got", "words"),
    [
        ([4, 5], [4, 5], None),
        ([4, 5, 6, 7], [4], "int8 asked for core 4–7 and ran on core 4"),
        ([7], [0, 1, 2, 3, 7], "int8 asked for core 7 and ran on core 0–3, 7"),
        ([7], None, "int8 asked for core 7 and ran on cores that the device does not name"),
    ],
)
def test_cores_that_were_not_got_are_told(
    records: DeviceRecords, asked: list[int], got: list[int] | None, words: str | None
) -> None:
    ran = with_load(records, cores_asked=asked, cores=got)
    told = asked_and_done(INT8, ran)
    assert [text.split(":")[0] for text in told] == ([] if words is None else [words])


@pytest.mark.parametrize(
    ("changed", "doubt"),
    [
        ({}, None),
        ({"runtime_version": "1.30.0"}, "int8 ran in onnxruntime 1.30.0 and not, as asked, in onnxruntime 1.32.0"),
        ({"accelerator": "gpu"}, "int8 ran on gpu and not, as asked, on cpu"),
        ({"threads": 4}, "int8 ran with 4 threads and not, as asked, with 1 thread"),
        ({"cores_asked": [4], "cores": [0, 1]}, "int8 ran on core 0–1 and not, as asked, on core 4"),
        ({"cores_asked": [4], "cores": None}, None),
    ],
)
def test_an_arm_that_did_something_else_is_doubted(
    records: DeviceRecords, changed: dict[str, Any], doubt: str | None
) -> None:
    assert not_as_asked(make_manifest().arms[1], with_load(records, **changed)) == doubt


@pytest.mark.parametrize(
    ("taken", "doubt"), [(0, "int8 ran on the CPU alone and not, as asked, on gpu"), (31, None), (None, None)]
)
def test_an_accelerator_that_took_nothing_is_doubted_and_a_part_is_not(
    records: DeviceRecords, taken: int | None, doubt: str | None
) -> None:
    arm = make_manifest().arms[1].model_copy(update={"accelerator": "gpu"})
    loaded = with_load(records, accelerator="gpu", delegated_nodes=taken, total_nodes=40)
    assert not_as_asked(arm, loaded) == doubt


def test_a_source_is_what_the_device_said(records: DeviceRecords) -> None:
    assert source_of(INT8, with_load(records, runtime_version="1.20.0")) == ", python runner, onnxruntime 1.20.0"
    assert source_of(INT8, None) == ""


REASON = "Fail: the runtime says at length what it could not do with a tensor of a shape that nobody gave it " * 3


def failed(records: DeviceRecords, message: str, stage: str = "quality") -> DeviceRecords:
    record = ArmFailed.model_validate(
        {"n": 0, "session": 0, "monotonic_ns": 0, "record": "arm_failed", "arm": INT8.id, "step": 1, "stage": stage}
        | {"error": "RuntimeError", "message": message}
    )
    return replace(records, failed=[record])


@pytest.mark.parametrize("stage", get_args(ArmFailed.model_fields["stage"].annotation))
def test_a_failure_at_any_stage_is_told(records: DeviceRecords, stage: str) -> None:
    (told,) = failures_of(INT8, failed(records, "x", stage), None)
    assert told.endswith("(RuntimeError: x).")


def test_a_headline_has_the_beginning_of_a_long_failure_and_a_short_one_as_it_is() -> None:
    long = f"Failed on an image ({REASON.strip()})."
    assert in_short(long, detail_characters=40) == "Failed on an image (Fail: the runtime says at length what…)."
    assert in_short(long, detail_characters=0) == "Failed on an image."
    short = "Could not be loaded (no such file)."
    assert in_short(short, detail_characters=0) == short


def test_what_a_runtime_says_twice_is_told_once_and_without_colours(records: DeviceRecords) -> None:
    twice = failed(records, f"{REASON}| stderr: \x1b[1;31m12:46 [E] {REASON}| \x1b[m")
    assert failures_of(INT8, twice, None) == [f"Failed on an image (RuntimeError: {REASON.strip()})."]
    other = failed(records, "killed by signal 9 | stderr: \x1b[1mout of memory\x1b[m")
    assert failures_of(INT8, other, None) == [
        "Failed on an image (RuntimeError: killed by signal 9 | stderr: out of memory)."
    ]


@pytest.mark.parametrize("message", [" | stderr: out of memory", "exit 1 | stderr: exit 1: no libfoo.so"])
def test_what_only_stderr_says_is_told_beside_a_short_message_or_none(records: DeviceRecords, message: str) -> None:
    assert failures_of(INT8, failed(records, message), None) == [f"Failed on an image (RuntimeError: {message})."]


def test_failures_are_sentences() -> None:
    assert failures_of(INT8, None, "no wheel for it.") == ["Could not be prepared (no wheel for it)."]
    assert failures_of(INT8, None, None) == []
    assert arm_on_device(INT8, None, ["Could not be loaded."], {}).status == "failed"
