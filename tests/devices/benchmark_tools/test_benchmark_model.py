"""What `benchmark_model` prints that the samples lack; each form is from its public sources or from logs of others."""

import pytest

from devices.benchmark_tools.benchmark_model import parse
from devices.benchmark_tools.printed import PrintedNumber
from devices.readings.unavailable import NotThere

# A GPU delegate and the CPU's delegate for the rest, every line with its severity.
GPU = """INFO: STARTING!
INFO: Num threads: [4]
INFO: Graph: [/data/local/tmp/a.tflite]
INFO: Use gpu: [1]
INFO: Loaded model /data/local/tmp/a.tflite
INFO: Created TensorFlow Lite delegate for GPU.
VERBOSE: Replacing 50 out of 58 node(s) with delegate (TfLiteGpuDelegateV2) node, yielding 3 partitions for subgraph 0.
INFO: Explicitly applied GPU delegate, and the model graph will be partially executed by the delegate w/ 1 kernels.
INFO: Though NNAPI delegate is explicitly applied, the model graph will not be executed by the delegate.
INFO: Initialized session in 842.225ms.
INFO: Running benchmark for at least 1 iterations and at least 0.5 seconds but terminate if exceeding 150 seconds.
INFO: count=13 first=115098 curr=36666 min=32079 max=115098 avg=40199.8 std=21694

INFO: Running benchmark for at least 50 iterations and at least 1 seconds but terminate if exceeding 150 seconds.
INFO: count=1694 first=35688 curr=33419 min=30394 max=42335 avg=35134.9 std=1733

INFO: Inference timings in us: Init: 842225, First inference: 115098, Warmup (avg): 40199.8, Inference (avg): 35134.9
INFO: Memory footprint delta from the start of the tool (MB): init=55.4961 overall=0
INFO: Overall peak memory footprint (MB) via periodic monitoring: 60.5
"""


def test_delegates_are_told_apart_and_severities_are_no_part_of_a_line():
    (run,) = parse(GPU)
    assert [(each.name, each.share) for each in run.delegations] == [("GpuV2", "part"), ("NNAPI", "none")]
    assert run.delegations[0].nodes_delegated == PrintedNumber(50.0, 7)
    assert run.avg_ms == PrintedNumber(35.1349, 17)
    assert run.threads == PrintedNumber(4.0, 2)
    assert run.memory_peak_bytes == PrintedNumber(60.5 * 2**20, 19)


@pytest.mark.parametrize("tool", ["Inference", "no stats"])
def test_the_summary_alone_is_what_people_grep(tool):
    (run,) = parse(f"... tflite  : x\nAverage inference timings in us: Warmup: 91471, Init: 4108, {tool}: 80660.1\n")
    assert run.outcome == "complete"
    assert run.avg_ms == PrintedNumber(80.6601, 2)
    assert run.init_ms == PrintedNumber(4.108, 2)
    assert isinstance(run.count, NotThere)
    assert isinstance(run.first_ms, NotThere)


@pytest.mark.parametrize("prefix", ["I/tflite  (22838): ", "07-14 13:14:52.097 I/tflite (22838): "])
def test_other_forms_of_logcat(prefix):
    text = "".join(f"{prefix}{line.removeprefix('INFO: ')}\n" for line in GPU.splitlines() if line.startswith("INFO"))
    (run,) = parse(text)
    assert run.outcome == "complete"
    assert isinstance(run.avg_ms, PrintedNumber)
    assert run.avg_ms.value == 35.1349


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("avg=35134.9", "avg=45134.9"),
        ("Warmup (avg): 40199.8", "Warmup (avg): 50199.8"),
        ("First inference: 115098", "First inference: 15098"),
        ("Init: 842225", "Init: 42225"),
        ("min=30394 max=42335", "min=40394 max=42335"),
    ],
)
def test_figures_that_contradict_each_other_are_not_believed(old, new):
    assert old in GPU
    (run,) = parse(GPU.replace(old, new))
    assert run.outcome == "mixed"
    assert "two outputs ran into one" in run.problem
    for value in (run.avg_ms, run.min_ms, run.init_ms, run.memory_overall_mib, run.threads):
        assert isinstance(value, NotThere)
        assert value.reason == run.problem


def test_beside_a_run_that_is_mixed_none_is_believed():
    first, second = parse(GPU.replace("Init: 842225", "Init: 42225") + GPU)
    assert first.outcome == second.outcome == "mixed"


def test_a_delegate_that_failed_while_the_model_ran_on_is_no_delegate():
    restored = "INFO: Initialized session"
    text = GPU.replace(
        restored, "ERROR: Restored original execution plan after delegate application failure.\n" + restored
    )
    text = "\n".join(line for line in text.split("\n") if "Explicitly" not in line and "NNAPI" not in line)
    (run,) = parse(text)
    assert run.outcome == "complete"
    (delegation,) = run.delegations
    assert delegation.share == "failed"
    assert isinstance(delegation.nodes_delegated, NotThere)
    assert "50 of 58 nodes" in delegation.nodes_delegated.reason


def test_a_time_of_0_is_no_time_and_a_spread_of_0_is_under_a_microsecond():
    (run,) = parse(
        "count=10 first=3 curr=0 min=0 max=3 avg=1.2 std=0\n"
        "Inference timings in us: Init: 842, First inference: 9, Warmup (avg): 8, Inference (avg): 1.2\n"
    )
    assert isinstance(run.min_ms, NotThere)
    assert run.std_ms == PrintedNumber(0.0, 1, step=1e-3)


def test_a_run_of_one_inference_has_no_spread():
    (run,) = parse(
        "count=1 curr=9000\ncount=1 curr=8000\n"
        "Inference timings in us: Init: 842, First inference: 9000, Warmup (avg): 9000, Inference (avg): 8000\n"
    )
    assert run.outcome == "complete"
    assert run.median_ms == run.avg_ms or isinstance(run.median_ms, PrintedNumber)
    assert isinstance(run.std_ms, NotThere)
