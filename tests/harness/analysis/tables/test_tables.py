"""Tidy tables from records, and as parquet."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from harness.analysis.compare import read_records
from harness.analysis.evidence.latency_evidence import summarise_blocks
from harness.analysis.tables.tables import Tables, make_tables
from tests.harness.simulated_records import INT8, TWO_ARMS, SimulatedArm, SimulatedDevice, make_manifest, write_run


def tables_of(
    folder: Path, devices: tuple[SimulatedDevice, ...], arms: tuple[SimulatedArm, ...] = TWO_ARMS, pairs: int = 4
) -> Tables:
    manifest = make_manifest(arms, devices, pairs=pairs)
    return make_tables(manifest, read_records(write_run(folder, manifest, arms, devices, inferences=5)))


def test_one_row_an_inference_with_the_users_names(tmp_path: Path) -> None:
    tables = tables_of(tmp_path, (SimulatedDevice("local"), SimulatedDevice("ssh://pi@bench-4")))
    assert len(tables.latency) == 2 * 4 * 2 * 5
    assert list(tables.latency.columns[:9]) == [
        "device",
        "arm",
        "pair",
        "position",
        "session",
        "launch",
        "index",
        "latency_ns",
        "block_started_ns",
    ]
    assert set(tables.latency["arm"]) == {"fp32", "int8"}
    assert list(tables.latency["device"].unique()) == ["local", "ssh://pi@bench-4"]
    assert set(tables.latency["item"]) == {"image00"}


def test_blocks_are_summarised_by_median_and_ninetieth_percentile(tmp_path: Path) -> None:
    tables = tables_of(tmp_path, (SimulatedDevice(),))
    blocks = summarise_blocks(tables.latency)
    assert len(blocks) == 4 * 2
    one = blocks.iloc[3]
    values = tables.latency[(tables.latency["pair"] == one["pair"]) & (tables.latency["arm"] == one["arm"])][
        "latency_ns"
    ]
    assert one["p50_ns"] == np.median(values)
    assert one["p90_ns"] == np.percentile(values, 90)
    assert one["inferences"] == 5


def test_memory_is_long_and_what_is_missing_says_why(tmp_path: Path) -> None:
    memory = tables_of(tmp_path, (SimulatedDevice(reports_memory=False),)).memory
    assert len(memory) == 2 * 5 * 6
    peaks = memory[memory["quantity"] == "run_peak_memory"]
    assert peaks["value"].isna().all()
    assert set(peaks["reason"]) == {"/proc is not readable"}
    loads = memory[memory["quantity"] == "load_time"]
    assert loads["value"].notna().all()
    assert loads["reason"].isna().all()


def test_telemetry_has_every_look_at_the_machine(tmp_path: Path) -> None:
    telemetry = tables_of(tmp_path, (SimulatedDevice(interrupted_after=2, boot_ids=("x", "y")),)).telemetry
    assert set(telemetry["moment"]) == {"start", "before", "after", "finish"}
    assert (telemetry["moment"] == "start").sum() == 2
    assert set(telemetry["boot_id"]) == {"x", "y"}
    assert (telemetry["cpu_khz_max"] == 1_800_000).all()
    assert (telemetry["temperature_zone"] == "cpu-thermal").all()


def test_no_records_give_empty_tables_of_the_same_shape(tmp_path: Path) -> None:
    empty = make_tables(make_manifest(), {})
    full = tables_of(tmp_path, (SimulatedDevice(),))
    for name in ("latency", "memory", "telemetry"):
        assert list(getattr(empty, name).columns) == list(getattr(full, name).columns)
        assert list(getattr(empty, name).dtypes) == list(getattr(full, name).dtypes)
        assert len(getattr(empty, name)) == 0


def test_an_arm_that_never_loaded_is_simply_not_there(tmp_path: Path) -> None:
    arms = (SimulatedArm("fp32"), INT8, SimulatedArm("int4", fails_in="load"))
    tables = tables_of(tmp_path, (SimulatedDevice(),), arms)
    assert set(tables.latency["arm"]) == {"fp32", "int8"}
    assert tables.latency["pair"].nunique() == 4


def test_parquet_gives_back_what_was_written(tmp_path: Path) -> None:
    tables = tables_of(tmp_path, (SimulatedDevice(reports_memory=False),))
    tables.write(tmp_path / "tables")
    for name in ("latency", "memory", "telemetry"):
        read = pd.read_parquet(tmp_path / "tables" / f"{name}.parquet")
        written = getattr(tables, name)
        pd.testing.assert_frame_equal(read, written, check_dtype=False)
