"""What the other tools print that the samples lack; each form is from their public sources, or printed here."""

import subprocess
import sys
from pathlib import Path

import pytest

from devices.benchmark_tools import benchncnn, executorch_runner, litert_benchmark, onnxruntime_perf_test
from devices.benchmark_tools.known_tools import TOOLS, read_tool_output
from devices.benchmark_tools.printed import PrintedNumber, PrintedText
from devices.readings.unavailable import NotThere

REPOSITORY = Path(__file__).parents[3]
MODEL = REPOSITORY / "examples" / "models" / "sr_x2_int8.tflite"

EXECUTORCH = """I 00:00:00.001100 executorch:executor_runner.cpp:82] Model file model.pte is loaded.
I 00:00:00.002000 executorch:executor_runner.cpp:158] Method loaded.
I 00:00:00.003000 executorch:executor_runner.cpp:180] Inputs prepared.
I 00:00:00.030000 executorch:executor_runner.cpp:201] Model executed successfully 3 time(s) in 21.600000 ms.
"""
QNN = """I 00:00:00.3 executorch:x.cpp:1] no stamp
I 00:00:00.300000 executorch:qnn_executor_runner.cpp:213] Method loaded.
I 00:00:00.310000 executorch:qnn_executor_runner.cpp:265] Inputs prepared.
I 00:00:00.400000 executorch:qnn_executor_runner.cpp:298] 10 inference took 72.690000 ms, avg 7.269000 ms
I 00:00:00.410000 executorch:qnn_executor_runner.cpp:414] Model executed successfully.
"""
FAILED = """I 00:00:00.300000 executorch:qnn_executor_runner.cpp:213] Method loaded.
F 00:00:00.400000 executorch:runner.cpp:298] In function main(), assert failed: Execution of method forward failed
"""


@pytest.mark.parametrize(("text", "count", "average"), [(EXECUTORCH, 3, 7.2), (QNN, 10, 7.269)])
def test_a_latency_that_a_runner_of_executorch_prints_is_taken(text, count, average):
    (run,) = executorch_runner.parse(text)
    assert run.outcome == "complete"
    assert isinstance(run.count, PrintedNumber)
    assert isinstance(run.avg_ms, PrintedNumber)
    assert (run.count.value, run.avg_ms.value) == (count, pytest.approx(average))
    assert run.remarks == ()


def test_executorch_says_why_it_failed_and_a_second_start_is_a_second_run():
    failed, done = executorch_runner.parse(FAILED + EXECUTORCH)
    assert failed.outcome == "failed"
    assert "assert failed" in failed.problem
    assert done.model == PrintedText("model.pte", 3)


ORT = """using XnnpackExecutionProvider
Setting intra_op_num_threads to 2
Session creation time cost: 0.0102016 s
First inference time cost: 2 ms
Total inference time cost: 0.185739 s
Total inference requests: 100
Average inference time cost: 1.85739 ms
Total inference run time: 0.18581 s
Number of inferences per second: 538.184
Avg CPU usage: 96 %
Peak working set size: 36696064 bytes
Avg CPU usage:96
Peak working set size:36696064
Runs:100
Min Latency: 0.00183404 s
Max Latency: 0.00190312 s
P50 Latency: 0.00185674 s
"""


def test_what_perf_test_prints_twice_must_agree():
    (run,) = onnxruntime_perf_test.parse(ORT.replace("size:36696064", "size:36696065"))
    assert isinstance(run.memory_peak_bytes, NotThere)
    assert "twice" in run.memory_peak_bytes.reason
    assert run.avg_ms == PrintedNumber(1.85739, 7)
    (run,) = onnxruntime_perf_test.parse(ORT.replace("Runs:100", "Runs:99"))
    assert isinstance(run.count, NotThere)


def test_an_average_that_is_not_the_total_is_not_believed():
    (run,) = onnxruntime_perf_test.parse(ORT.replace("0.185739", "0.385739"))
    assert run.outcome == "mixed"
    assert isinstance(run.avg_ms, NotThere)


def test_two_sessions_are_two_runs_each_with_its_own_provider():
    runs = onnxruntime_perf_test.parse(ORT + ORT.replace("Xnnpack", "QNN"))
    assert [run.delegations[0].name for run in runs] == ["Xnnpack", "QNN"]
    assert [run.outcome for run in runs] == ["complete", "complete"]


def test_a_session_that_failed_is_no_run_that_was_cut():
    text = ORT.partition("First")[0]
    (cut,) = onnxruntime_perf_test.parse(text)
    assert cut.outcome == "cut"
    (failed,) = onnxruntime_perf_test.parse(
        text + "2026-01-01 00:00:00.0 [E:onnxruntime:, x.cc:1 Run] Non-zero status\n"
    )
    assert failed.outcome == "failed"
    assert "Non-zero status" in failed.problem


NCNN = """loop_count = 4
num_threads = 2
powersave = 0
gpu_device = -1
cooling_down = 0
          squeezenet  min =    0.00  max =    0.61  avg =    0.31
                 two  min =    9.50  max =    0.61  avg =    0.31
"""


def test_ncnn_rows_of_0_and_rows_that_contradict_themselves():
    fast, wrong = benchncnn.parse(NCNN)
    assert isinstance(fast.min_ms, NotThere)
    assert fast.avg_ms == PrintedNumber(0.31, 6)
    assert wrong.outcome == "mixed"
    assert isinstance(wrong.avg_ms, NotThere)


def test_two_headings_of_ncnn_before_one_row_give_no_settings():
    both = benchncnn.parse("loop_count = 8\nnum_threads = 2\n" + NCNN)
    assert isinstance(both[0].count, NotThere)
    assert both[0].threads == PrintedNumber(2.0, 4)


def test_a_row_of_ncnn_that_was_cut_is_named():
    *_, cut = benchncnn.parse(NCNN + "               vgg16  min =   59.34  max =   60.6")
    assert cut.outcome == "cut"
    assert cut.model == PrintedText("vgg16", 8)
    assert "inside line 8" in cut.problem


@pytest.fixture(scope="module")
def printed() -> tuple[str, str]:
    """stdout and stderr of the real tool."""
    pytest.importorskip("ai_edge_litert", reason="ai-edge-litert is not installed: no litert-benchmark to read")
    command = [sys.executable, "-m", "ai_edge_litert.tools.benchmark_litert_model"]
    done = subprocess.run(
        [*command, "--model", str(MODEL), "--num_runs", "12", "--num_threads", "1"],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return done.stdout, done.stderr


def test_litert_benchmark_itself_is_read(printed):
    stdout, stderr = printed
    outputs = read_tool_output(stderr + stdout)
    assert not isinstance(outputs, NotThere)
    (output,) = outputs
    (run,) = output.runs
    assert output.tool == "litert-benchmark"
    assert run.outcome == "complete"
    assert run.model == PrintedText(str(MODEL), 1)
    assert isinstance(run.count, PrintedNumber)
    assert run.count.value == 12
    for name in ("avg_ms", "median_ms", "min_ms", "max_ms", "std_ms", "p5_ms", "p95_ms", "init_ms", "first_ms"):
        value = getattr(run, name)
        assert isinstance(value, PrintedNumber), name
        line = (stderr + stdout).split("\n")[value.line - 1]
        assert f"{value.value:.2f} ms" in line


def test_results_of_litert_benchmark_without_its_log_name_no_model(printed):
    stdout, stderr = printed
    alone, other = litert_benchmark.parse(stdout + stderr + stdout)
    assert isinstance(alone.model, NotThere)
    assert isinstance(other.model, PrintedText)
    assert alone.outcome == other.outcome == "complete"


def test_litert_benchmark_cut_anywhere_has_no_average(printed):
    stdout, _ = printed
    for length in range(len(stdout)):
        assert all(isinstance(run.avg_ms, NotThere) for run in litert_benchmark.parse(stdout[:length]))


def test_every_tool_says_what_is_read_of_it():
    assert len(TOOLS) == 5
    assert len({tool.name for tool in TOOLS}) == 5
    assert all(tool.reads for tool in TOOLS)
