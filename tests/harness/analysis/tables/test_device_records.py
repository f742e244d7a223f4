"""Reading records.jsonl: whole pairs, restarts, failures, and files that are damaged."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.analysis.tables.device_records import RecordsError, read_device_records
from tests.harness.simulated_records import INT8, SimulatedArm, SimulatedDevice, make_manifest, write_run

ARMS = ["a0", "a1"]


def written(
    folder: Path, device: SimulatedDevice | None = None, arms: tuple[SimulatedArm, ...] | None = None, pairs: int = 6
) -> Path:
    device, arms = device or SimulatedDevice(), arms or (SimulatedArm("fp32"), INT8)
    facts = write_run(folder, make_manifest(arms, [device], pairs=pairs), arms, [device])
    path = facts["local"].records_path
    assert path is not None
    return path


def test_a_clean_run_has_all_its_pairs_in_order(tmp_path: Path) -> None:
    records = read_device_records(written(tmp_path))
    pairs = records.complete_pairs(ARMS)
    assert [pair[0].pair for pair in pairs] == list(range(6))
    assert all([block.position for block in pair] == [0, 1] for pair in pairs)
    assert all({block.arm for block in pair} == set(ARMS) for pair in pairs)


def test_a_pair_that_was_cut_is_taken_from_the_session_that_finished_it(tmp_path: Path) -> None:
    records = read_device_records(written(tmp_path, SimulatedDevice(interrupted_after=3)))
    pairs = records.complete_pairs(ARMS)
    assert len(pairs) == 6
    assert [pair[0].session for pair in pairs] == [0, 0, 0, 1, 1, 1]
    assert sum(block.pair == 3 for block in records.blocks) == 3  # the lone block stays in the file
    assert all(len({block.session for block in pair}) == 1 for pair in pairs)


def test_of_two_whole_sessions_of_a_pair_the_last_counts(tmp_path: Path) -> None:
    records = read_device_records(written(tmp_path))
    again = [block.model_copy(update={"session": 1}) for block in records.blocks if block.pair == 2]
    pairs = replace(records, blocks=[*again, *records.blocks]).complete_pairs(ARMS)
    assert [pair[0].session for pair in pairs] == [0, 0, 1, 0, 0, 0]


def test_after_a_failure_pairs_need_only_the_arms_that_live(tmp_path: Path) -> None:
    broken = SimulatedArm("int4", fails_in="latency", fails_after_pairs=2)
    records = read_device_records(written(tmp_path, arms=(SimulatedArm("fp32"), INT8, broken)))
    pairs = records.complete_pairs(["a0", "a1", "a2"])
    assert [len(pair) for pair in pairs] == [3, 3, 2, 2, 2, 2]
    assert records.failed_arms == {"a2"}


def test_an_unfinished_last_line_was_being_written_and_is_left_out(tmp_path: Path) -> None:
    path = written(tmp_path)
    whole = read_device_records(path)
    with path.open("ab") as file:
        file.write(b'{"record":"latency_block","n":')
    assert read_device_records(path) == whole


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    path = written(tmp_path)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:6], lines[6][:40] + b"\n", *lines[7:]]))
    with pytest.raises(RecordsError, match=r"records\.jsonl, line 7: is not a record"):
        read_device_records(path)


def test_an_unknown_kind_of_record_is_named(tmp_path: Path) -> None:
    path = written(tmp_path)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:6], b'{"record":"prophecy","n":6}\n', *lines[6:]]))
    with pytest.raises(RecordsError, match="line 7"):
        read_device_records(path)


def test_a_missing_line_is_noticed(tmp_path: Path) -> None:
    path = written(tmp_path)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:6], *lines[7:]]))
    with pytest.raises(RecordsError, match="line 7: is record 7 where record 6 was expected"):
        read_device_records(path)


def test_an_empty_file_has_no_records(tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    path.write_bytes(b"")
    assert read_device_records(path).complete_pairs(ARMS) == []
