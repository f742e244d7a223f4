"""Heat and clocks over the latency pass, thinned out for drawing."""

from __future__ import annotations

from pathlib import Path

from tests.harness.analysis.test_compare import run


def test_readings_are_on_the_time_axis_of_the_blocks(tmp_path: Path) -> None:
    result = run(tmp_path).devices[0]
    begun = {started for one in result.latency for started in one.block_started_s}
    assert result.readings
    for reading in result.readings:
        assert len(reading.at_s) == len(reading.values) == len(begun)
        assert reading.at_s == sorted(reading.at_s)
        assert reading.at_s[0] >= 0.0
        assert reading.at_s[-1] <= max(begun) + 0.001
