"""Live metrics of deployed models, judged by promtool: full, empty, and of hostile names."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace

import pytest
from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics

from harness.documents.monitored import LastWindow, Monitored
from reports.monitor_metrics import MOST_LABEL_CHARACTERS, live_registry
from tests.reports.nightly.sample_night import HOSTILE

WINDOW = LastWindow(
    ended_at=1.8e9, latency_s={"0": 0.009, "0.5": 0.01, "0.9": 0.011, "0.99": 0.02, "1": 0.03},
    inferences_per_second=100.0, resident_bytes=9 << 20, anonymous_bytes=None, proportional_bytes=0,
    temperature_c=35.0, battery_percent=80.0, fixed_work_s=0.0005,
)  # fmt: skip
FULL = Monitored(
    "e", "local", "a", "measuring", "m.onnx", "f" * 64, "onnxruntime 1.32.0", 3, 300, 180.0, 90.0, 1, WINDOW
)
SILENT = Monitored("e", "adb:1", "a", "failed")
HOSTILE_ONE = replace(FULL, experiment=HOSTILE, device="x" * 5000, arm=HOSTILE, model_file=HOSTILE, runtime=HOSTILE)


def samples(*monitored: Monitored) -> dict[str, list[tuple[dict[str, str], float]]]:
    found: dict[str, list[tuple[dict[str, str], float]]] = {}
    for family in read_openmetrics(generate_openmetrics(live_registry(lambda: monitored)).decode()):
        for each in family.samples:
            found.setdefault(each.name, []).append((each.labels, each.value))
    return found


@pytest.mark.skipif(shutil.which("promtool") is None, reason="no promtool; run scripts/install_test_packages.sh")
def test_promtool_finds_nothing_to_remark():
    text = generate_latest(live_registry(lambda: [FULL, SILENT, HOSTILE_ONE]))
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, check=False, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_what_a_device_does_not_tell_has_no_sample_and_a_zero_is_a_zero():
    found = samples(FULL, SILENT)
    assert "bakeoff_monitor_anonymous_memory_bytes" not in found
    assert [value for _, value in found["bakeoff_monitor_proportional_memory_bytes"]] == [0.0]
    assert {labels["device"] for labels, _ in found["bakeoff_monitor_latency_seconds"]} == {"local"}
    assert [value for _, value in found["bakeoff_monitor_up"]] == [1.0, 0.0]
    assert found["bakeoff_monitor_battery_ratio"][0][1] == 0.8


def test_counts_are_counters_and_a_state_is_one_of_four():
    found = samples(FULL)
    assert found["bakeoff_monitor_inferences_total"][0][1] == 300
    assert [(labels["state"], value) for labels, value in found["bakeoff_monitor_state"]] == [
        ("preparing", 0.0), ("measuring", 1.0), ("waiting", 0.0), ("failed", 0.0),
    ]  # fmt: skip


def test_labels_are_bounded_and_inert():
    for values in samples(HOSTILE_ONE).values():
        for labels, _ in values:
            assert all(len(text) <= MOST_LABEL_CHARACTERS for text in labels.values())
            assert not any(character in text for text in labels.values() for character in "\x1b\u202e\n")


def test_a_scrape_sees_what_is_so_now():
    now = [SILENT]
    registry = live_registry(lambda: now)
    assert b'state="failed"} 1.0' in generate_latest(registry)
    now[0] = FULL
    assert b'state="measuring"} 1.0' in generate_latest(registry)
