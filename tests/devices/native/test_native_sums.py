"""What the native runner works out itself, as the python runner does: gates' values, a trend, quantiles of a soak."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

from devices.build.native_build import sources
from tests.devices.runner_contract.gate_texts import NUMBERS, WORDS
from tests.devices.runner_contract.native import compile_sanitized


def sums(*argv: str) -> str:
    files = [str(path) for path in sources() if path.name != "main.c"]
    program = compile_sanitized("sums", [str(Path(__file__).parent / "native_sums.c"), *files])
    done = subprocess.run([str(program), *argv], check=False, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout.removesuffix("\n")


@pytest.mark.parametrize(("text", "after", "value"), NUMBERS)
def test_a_number_follows_the_first_place_of_its_key(text: str, after: str, value: float | None) -> None:
    assert sums("number", after, text) == ("none" if value is None else f"{value:.17g}")


@pytest.mark.parametrize(("text", "value"), WORDS)
def test_a_word_ends_at_white_space(text: str, value: str | None) -> None:
    assert sums("word", "status:", text) == ("none" if value is None else f"[{value}]")


@pytest.mark.parametrize(
    ("medians", "settled"),
    [
        ([9, 100, 101, 100], True),
        ([100, 101, 109], False),
        ([100, 100], False),
        ([100, 200, 300, 400, 500, 600], False),
        ([600, 500, 400, 300, 200, 100], False),
        # Of the 15 pairs three fall: S = 12 − 3 = 9. Where four do: S = 7.
        ([200, 100, 400, 300, 600, 500], False),
        ([200, 100, 400, 600, 300, 500], True),
        # Only the last six count, and pairs of equals do not: S = 8 − 6.
        ([1, 2, 3, 200, 100, 400, 600, 300, 200], True),
    ],
)
def test_medians_that_agree_or_show_no_trend_are_settled(medians: list[float], settled: bool) -> None:
    assert sums("settled", "0.05", *map(str, medians)) == str(int(settled))


def test_quantiles_of_the_histogram_are_within_one_percent_of_the_true_ones(tmp_path: Path) -> None:
    latencies = np.random.default_rng(0).lognormal(np.log(3e6), 0.8, 20_001).astype(np.int64)
    (tmp_path / "latencies").write_text("\n".join(map(str, latencies)))

    summary = json.loads(sums("histogram", str(tmp_path / "latencies")))

    assert summary["inferences"] == len(latencies)
    assert summary["latency_min_ns"] == latencies.min()
    assert summary["latency_max_ns"] == latencies.max()
    for name, share in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99)):
        true = np.quantile(latencies, share, method="inverted_cdf")
        assert summary[f"latency_{name}_ns"] == pytest.approx(true, rel=0.01)


@pytest.mark.parametrize("latency_ns", [0, 1, 10**18])
def test_the_histogram_takes_any_latency(tmp_path: Path, latency_ns: int) -> None:
    (tmp_path / "latencies").write_text(str(latency_ns))

    summary = json.loads(sums("histogram", str(tmp_path / "latencies")))

    assert summary.pop("inferences") == 1
    assert set(summary.values()) == {latency_ns}
