"""What was asked of an arm and what was done."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.analysis.arm_facts import arm_on_device, asked_and_done, failures_of, source_of
from harness.analysis.device_records import DeviceRecords, read_device_records
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


def test_a_source_is_what_the_device_said(records: DeviceRecords) -> None:
    assert source_of(INT8, with_load(records, runtime_version="1.20.0")) == ", python runner, onnxruntime 1.20.0"
    assert source_of(INT8, None) == ""


def test_failures_are_sentences() -> None:
    assert failures_of(INT8, None, "no wheel for it.") == ["Could not be prepared (no wheel for it)."]
    assert failures_of(INT8, None, None) == []
    assert arm_on_device(INT8, None, ["Could not be loaded."], {}).status == "failed"
