"""What a monitor knows of its devices: windows add up, an old one is none, a failure is counted."""

from __future__ import annotations

import pytest

from harness.commands.monitor import live as module
from harness.commands.monitor.live import Live, last_window
from harness.documents.records import SoakWindow
from tests.rig.simulated import Truth
from tests.rig.soaked import simulated_records


@pytest.fixture(scope="module")
def windows() -> list[SoakWindow]:
    records = simulated_records(Truth(), hours=0.1, battery=True)
    return [record for record in records if isinstance(record, SoakWindow)]


def test_a_window_is_told_in_base_units(windows):
    told = last_window(windows[0], 5.0)
    assert told.ended_at == 5.0
    assert told.latency_s["0.5"] == windows[0].latency_p50_ns / 1e9
    assert told.latency_s["0"] <= told.latency_s["0.5"] <= told.latency_s["0.99"] <= told.latency_s["1"]
    assert told.resident_bytes == windows[0].rss_bytes
    assert told.battery_percent is not None
    assert 0 < told.battery_percent <= 100
    assert told.temperature_c == max(windows[0].context.temperature_celsius.values())
    assert told.fixed_work_s is not None


def test_a_zone_that_is_switched_off_is_no_temperature(windows):
    context = windows[0].context.model_copy(update={"temperature_celsius": {"a": 0.0, "b": -273.0, "c": 200.0}})
    assert last_window(windows[0].model_copy(update={"context": context}), 0.0).temperature_c is None


def test_windows_add_up_over_rounds_and_a_failure_is_counted(windows):
    live = Live(["d"], "e", "a", 60.0)
    for window in windows[:2]:
        live.take("d", window)
    live.enter("d", "failed")
    live.take("d", windows[2])
    (told,) = live.look()
    assert (told.windows, told.failures, told.state) == (3, 1, "measuring")
    assert told.inferences == sum(window.inferences for window in windows[:3])
    assert told.measured_s == pytest.approx(sum(window.ended_ns - window.started_ns for window in windows[:3]) / 1e9)


def test_an_old_window_is_none_and_so_is_one_from_before_a_failure(windows, monkeypatch):
    live = Live(["d"], "e", "a", 10.0)
    live.take("d", windows[0])
    last = live.look()[0].last
    assert last is not None
    monkeypatch.setattr(module.time, "time", lambda: last.ended_at + 31.0)
    assert live.look()[0].last is None
    monkeypatch.undo()
    live.enter("d", "failed")
    live.enter("d", "preparing")
    assert live.look()[0].last is None
