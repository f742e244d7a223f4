"""What the python runner works out itself: gates' values, a trend, quantiles of a soak, the size of the fixed work."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from devices.python_runner.contract import REFERENCE_CHUNK_BYTES
from devices.python_runner.gate_condition import gate_holds, gate_value
from devices.python_runner.histogram import LatencyHistogram
from devices.python_runner.reference_work import calibrated_reference_bytes, reference_work
from devices.python_runner.warm_up import kendall_s
from tests.devices.runner_contract.gate_texts import NUMBERS, WORDS


@pytest.mark.parametrize(("text", "after", "value"), [*NUMBERS, (None, "", None)])
def test_a_number_follows_the_first_place_of_its_key(text: str | None, after: str, value: float | None) -> None:
    condition = {"id": "c", "probe": "p", "after": after, "at_most": 0}

    assert gate_value(condition, text) == value


@pytest.mark.parametrize(("text", "value"), WORDS)
def test_a_word_ends_at_white_space(text: str, value: str | None) -> None:
    condition = {"id": "c", "probe": "p", "after": "status:", "same_as_first": True, "at_most": None}

    assert gate_value(condition, text) == value


@pytest.mark.parametrize(
    ("bounds", "value", "holds"),
    [
        ({"at_most": 40}, 40.0, True),
        ({"at_most": 40}, 40.01, False),
        ({"at_least": 20}, 20.0, True),
        ({"at_least": 20}, 19.99, False),
        ({"rise_at_most": 2}, 32.0, True),
        ({"rise_at_most": 2}, 32.5, False),
        ({"rise_at_most": 2}, -5.0, True),
    ],
)
def test_a_bound_itself_holds_and_a_rise_is_above_the_first(bounds: dict[str, Any], value: float, holds: bool) -> None:
    assert gate_holds(bounds, value, 30.0) is holds


def test_a_trend_of_nine_is_beyond_what_13_6_percent_of_all_orders_of_six_show() -> None:
    scores = [abs(kendall_s(order)) for order in itertools.permutations(range(6))]

    # |S| ≥ 9 means at most 3 inversions, or at least 12, of 15: 1 + 5 + 14 + 29 orders of 720 each way (the Mahonian
    # numbers, OEIS A008302).
    assert sum(score >= 9 for score in scores) == 2 * 49
    assert kendall_s([1, 2, 3]) == 3
    assert kendall_s([2, 2, 1]) == -2


def test_quantiles_of_the_histogram_are_within_one_percent_of_the_true_ones() -> None:
    latencies = np.random.default_rng(0).lognormal(np.log(3e6), 0.8, 20_001).astype(np.int64)
    histogram = LatencyHistogram()
    for latency in [5, *latencies[:100]]:
        histogram.add(int(latency))
    histogram.clear()
    for latency in latencies:
        histogram.add(int(latency))

    summary = histogram.summary()

    assert summary["inferences"] == len(latencies)
    assert summary["latency_min_ns"] == latencies.min()
    assert summary["latency_max_ns"] == latencies.max()
    for name, share in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99)):
        true = np.quantile(latencies, share, method="inverted_cdf")
        assert summary[f"latency_{name}_ns"] == pytest.approx(true, rel=0.01)


@pytest.mark.parametrize("latency_ns", [0, 1, 10**18])
def test_the_histogram_takes_any_latency(latency_ns: int) -> None:
    histogram = LatencyHistogram()

    histogram.add(latency_ns)

    assert {value for name, value in histogram.summary().items() if name != "inferences"} == {latency_ns}


def test_the_fixed_work_grows_with_its_target_and_is_done_three_times() -> None:
    small, large = calibrated_reference_bytes(1), calibrated_reference_bytes(20_000_000)

    assert small == REFERENCE_CHUNK_BYTES
    assert large % REFERENCE_CHUNK_BYTES == 0
    # 20 ms of SHA-256 are megabytes on any machine: a Cortex-A53 without its instructions does 50 MB/s.
    assert large > 4 * small
    durations_ns, cpu_ns = reference_work(100_000)
    assert len(durations_ns) == len(cpu_ns) == 3
    assert all(used <= took for took, used in zip(durations_ns, cpu_ns, strict=True))
