"""Numbers that a tool's own figures speak against are said to be so, with the figures; sound ones are left alone."""

import pytest

from devices.benchmark_tools.cautions import cautions
from devices.benchmark_tools.printed import PrintedNumber
from devices.benchmark_tools.tool_run import ToolRun
from tests.devices.benchmark_tools.tool_samples import PATHS, runs_of

# Each of SOURCES.tsv's remarks on numbers that should not be taken as they are.
SAID = {
    "litert_benchmark/logcat-oppo-cph2641-noisy.txt": [
        "the average (74.90 ms) is 27 % above the median (58.96 ms)",
        "the standard deviation (38.50 ms) is 51 % of the average",
        "the warm-up (126.6 ms on average) was 69 % slower",
        "XNNPack took 233 of 263 nodes in 58 parts",
    ],
    "litert_benchmark/tflite-2019-old-timings-line-two-runs-cut.txt": ["two speeds", "566.9 ms", "232.4 ms"],
    "litert_benchmark/hexagon-delegate-failed.txt": ["Hexagon failed to be applied"],
    "litert_benchmark/qemu-riscv-scientific-notation.txt": ["operator profiling was on"],
    "ncnn/snapdragon675-violet-old-header.txt": ["(61.55 ms) took 2.6 times as long as the fastest (23.24 ms)"],
    "ncnn/th1520-syscall-error.txt": ["`syscall error -1` (line 2)"],
    "ort_perf_test/vivo-x300-new-total-wording.txt": ["P90 to P999 are the slowest of 5 inferences"],
    "ort_perf_test/acl-embedded-trailing-space.txt": ["the average (17.73 ms) is 6 % above the median (16.71 ms)"],
    "executorch/qnn-runner-android-htp.txt": ["7.269 ms passed between lines 4 and 5 of its log", "no latency"],
}


@pytest.mark.parametrize("path", SAID)
def test_what_is_odd_about_a_sample_is_said(path):
    said = "\n".join(each for run in runs_of(path) for each in cautions(run))
    assert [part for part in SAID[path] if part not in said] == []


def test_a_sound_sample_is_not_spoken_against():
    (run,) = runs_of("ort_perf_test/cobalt100-older-average-wording.txt")
    assert cautions(run) == ("P99 to P999 are the slowest of 100 inferences: too few to tell a percentile so high",)


@pytest.mark.parametrize(
    ("figures", "words"),
    [
        ({"avg_ms": 100.0, "median_ms": 95.0}, "5 % above the median"),
        ({"avg_ms": 90.0, "median_ms": 100.0}, "10 % below the median"),
        ({"avg_ms": 100.0, "std_ms": 10.6}, "11 % of the average"),
        ({"avg_ms": 100.0, "min_ms": 90.0, "max_ms": 135.0}, "1.5 times as long"),
        ({"avg_ms": 100.0, "warmup_avg_ms": 130.0}, "30 % slower"),
        ({"count": 9.0, "avg_ms": 100.0}, "9 inferences are few"),
        ({"avg_ms": 150.0, "min_ms": 100.0, "max_ms": 200.0, "std_ms": 45.0}, "two speeds: about 50 %"),
    ],
)
def test_what_is_beyond_a_bound_is_said(figures, words):
    assert words in " | ".join(cautions(run_of(figures)))


@pytest.mark.parametrize(
    "figures",
    [
        {"avg_ms": 100.0, "median_ms": 95.5},
        {"avg_ms": 100.0, "std_ms": 9.9},
        {"avg_ms": 100.0, "min_ms": 90.0, "max_ms": 134.0},
        {"avg_ms": 100.0, "warmup_avg_ms": 129.0},
        {"count": 10.0, "avg_ms": 100.0},
    ],
)
def test_what_is_within_the_bounds_is_not_spoken_against(figures):
    assert cautions(run_of(figures)) == ()


def test_one_outlier_in_twenty_is_no_second_speed():
    run = run_of({"avg_ms": 105.0, "min_ms": 100.0, "max_ms": 200.0, "std_ms": 21.8})
    assert "two speeds" not in " | ".join(cautions(run))


def run_of(figures: dict[str, float]) -> ToolRun:
    return ToolRun(1, 1, **{name: PrintedNumber(value, 1) for name, value in figures.items()})


@pytest.mark.parametrize("path", PATHS)
def test_no_caution_has_a_number_that_cannot_be_read(path):
    for run in runs_of(path):
        for each in cautions(run):
            assert "e+" not in each
            assert "nan" not in each.lower().split()
            assert "Unavailable" not in each
