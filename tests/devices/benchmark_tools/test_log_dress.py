"""One run of `benchmark_model` in every dress that a log, a terminal or a build machine gives to its lines: the numbers
are the same in each.
"""

from __future__ import annotations

import pytest

from devices.benchmark_tools.benchmark_model import parse
from devices.benchmark_tools.known_tools import read_tool_output
from devices.benchmark_tools.log_dress import undressed
from devices.benchmark_tools.printed import PrintedNumber
from devices.readings.unavailable import NotThere
from tests.devices.benchmark_tools.tool_samples import PATHS, runs_of
from tests.devices.readings.sample_files import sample

RUN = """STARTING!
Log parameter values verbosely: [0]
Num threads: [4]
Graph: [/data/local/tmp/net.tflite]
#threads used for CPU inference: [4]
Loaded model /data/local/tmp/net.tflite
The input model file size (MB): 1.5
Initialized session in 12.5ms.
Running benchmark for at least 1 iterations and at least 0.5 seconds but terminate if exceeding 150 seconds.
count=20 first=30100 curr=25000 min=24800 max=30100 avg=25500 std=1100

Running benchmark for at least 50 iterations and at least 1 seconds but terminate if exceeding 150 seconds.
count=50 first=25010 curr=25100 min=24700 max=26200 avg=25200 std=300

Inference timings in us: Init: 12500, First inference: 30100, Warmup (avg): 25500, Inference (avg): 25200
Note: as the benchmark tool itself affects memory footprint, the following is only APPROXIMATE to the actual memory.
Memory footprint delta from the start of the tool (MB): init=2.5 overall=10.25
"""

PACKAGE = "org.tensorflow.lite.benchmark"
DRESSES = {
    "threadtime": "03-04 10:11:12.000  8181  8182 I tflite  : {}",
    "threadtime, year": "2025-03-04 10:11:12.000  8181  8182 I tflite  : {}",
    "threadtime, year, zone": "2025-03-04 10:11:12.000 +0100  8181  8182 I tflite  : {}",
    "threadtime, usec": "03-04 10:11:12.000123  8181  8182 I tflite  : {}",
    "threadtime, nsec": "03-04 10:11:12.000123456  8181  8182 I tflite  : {}",
    "threadtime, uid by name": "03-04 10:11:12.000 u0_a123  8181  8182 I tflite  : {}",
    "threadtime, uid by number": "03-04 10:11:12.000 10123  8181  8182 I tflite  : {}",
    "threadtime, year, zone, uid": "2025-03-04 10:11:12.000 -0930 shell  8181  8182 I tflite  : {}",
    "threadtime, epoch": "1741083072.000  8181  8182 I tflite  : {}",
    "threadtime, epoch, uid": "         1741083072.000  root  8181  8182 I tflite  : {}",
    "threadtime, monotonic": "   98.765  8181  8182 I tflite  : {}",
    "threadtime, a tag with spaces": "03-04 10:11:12.000  8181  8182 I my own tag: {}",
    "brief": "I/tflite  ( 8181): {}",
    "brief, uid": "I/tflite  (10123: 8181): {}",
    "time": "03-04 10:11:12.000 I/tflite  ( 8181): {}",
    "time, year": "2025-03-04 10:11:12.000 I/tflite  ( 8181): {}",
    "time, epoch": "1741083072.000 I/tflite  ( 8181): {}",
    "time, uid": "03-04 10:11:12.000 I/tflite  (u0_a123: 8181): {}",
    "time of Firebase Test Lab": "03-04 10:11:12.000: I/tflite(8181): {}",
    "process": "I( 8181) {}  (tflite)",
    "process, uid": "I(shell: 8181) {}  (tflite)",
    "thread": "I( 8181: 8182) {}",
    "tag": "I/tflite  : {}",
    "long": "[ 03-04 10:11:12.000  8181: 8182 I/tflite   ]\n{}\n",
    "long, year, uid": "[ 2025-03-04 10:11:12.000 u0_a12: 8181: 8182 I/tflite   ]\n{}\n",
    "coloured": "\x1b[32m03-04 10:11:12.000  8181  8182 I tflite  : {}\x1b[0m",
    "coloured by 256 colours": "\x1b[38;5;40m03-04 10:11:12.000  8181  8182 I tflite  : {} \x1b[0m",
    "Android Studio 1": "03-04 10:11:12.000    8181-8182/? I/tflite\ufe55 {}",
    "Android Studio 3": f"03-04 10:11:12.000 8181-8182/{PACKAGE} I/tflite: {{}}",
    "Android Studio 4": f"2025-03-04 10:11:12.000 8181-8182/{PACKAGE} I/tflite: {{}}",
    "Android Studio, shell's": "2025-03-04 10:11:12.000 8181-8182/? I/tflite: {}",
    "Android Studio, new": f"2025-03-04 10:11:12.000  8181-8182  tflite                  {PACKAGE}        I  {{}}",
    "Android Studio, new, without process": "2025-03-04 10:11:12.000  tflite                  I  {}",
    "Android Studio, new, pid-8181": "2025-03-04 10:11:12.000  8181-8182  tflite         pid-8181          I  {}",
    "Android Studio, new, without thread": f"2025-03-04 10:11:12.000  8181  tflite         {PACKAGE}        I  {{}}",
    "Android Studio, new, without tag": f"2025-03-04 10:11:12.000  8181-8182  {PACKAGE}        I  {{}}",
    "Android Studio, compact": "10:11:12.000  I  {}",
    "pidcat": "                 tflite  I  {}",
    "pidcat, the same tag": "                         I  {}",
    "pidcat, coloured": "\x1b[31m                 tflite\x1b[0m \x1b[30;42m I \x1b[0m {}",
    "glog": "I0304 10:11:12.000456  8181 benchmark_tflite_model.cc:742] {}",
    "glog with a year": "I20250304 10:11:12.000456  8181 benchmark_tflite_model.cc:742] {}",
    "absl": "I0000 00:00:1741083072.000456    8181 benchmark_tflite_model.cc:742] {}",
    "Chromium": "[8181:8182:0304/101112.000456:INFO:benchmark_tflite_model.cc(742)] {}",
    "TensorFlow": "2025-03-04 10:11:12.000456: I tensorflow/lite/tools/benchmark_model.cc:742] {}",
    "severities": "INFO: {}",
    "GitHub Actions": "2025-03-04T10:11:12.0004567Z {}",
    "gh run view --log": "bench (arm64)\tRun the benchmark\t2025-03-04T10:11:12.0004567Z {}",
    "GitLab": "2025-03-04T10:11:12.000456Z 01O {}",
    "GitLab, a line that goes on": "2025-03-04T10:11:12.000456Z 01O+{}",
    "Jenkins": "[2025-03-04T10:11:12.000Z] {}",
    "Jenkins, clock": "10:11:12  {}",
    "Jenkins, a branch": "[2025-03-04T10:11:12.000Z] [arm64] {}",
    "Buildkite": "\x1b_bk;t=1741083072000\x07{}",
    "journal": "Mar 04 10:11:12 bench tflite[8181]: {}",
    "ts": "Mar 04 10:11:12 {}",
    "NSLog": "2025-03-04 10:11:12.000 TFLiteBenchmark[8181:123456] {}",
    "Python's logging": "2025-03-04 10:11:12,000 - adb - INFO - {}",
    "Kubernetes": "2025-03-04T10:11:12.000000000Z stdout F {}",
    "docker compose": "bench-1  | {}",
    "a build machine around logcat": "2025-03-04T10:11:12.0004567Z 03-04 10:11:12.000  8181  8182 I tflite  : {}",
    "a build machine around glog": "2025-03-04T10:11:12.0004567Z I0304 10:11:12.000456  8181 benchmark.cc:742] {}",
    "severities inside logcat": "03-04 10:11:12.000  8181  8182 I tflite  : INFO: {}",
    "indented": "    {}",
    "indented by a tab": "\t{}",
    "quoted": "> {}",
    "quoted, indented logcat": ">     2025-03-04 10:11:12.000  8181  8182 I tflite  : {}",
}


def dressed(dress: str, text: str) -> str:
    return "".join(f"{dress.format(line)}\n" for line in text.splitlines())


def value(number: object) -> float:
    assert isinstance(number, PrintedNumber), number
    return number.value


@pytest.mark.parametrize("name", DRESSES)
def test_the_numbers_of_a_run_are_the_same_in_every_dress(name: str) -> None:
    found = read_tool_output(dressed(DRESSES[name], RUN))
    assert not isinstance(found, NotThere), found.reason
    ((run,),) = [output.runs for output in found]
    assert (run.outcome, run.problem) == ("complete", "")
    assert [value(each) for each in (run.avg_ms, run.init_ms, run.first_ms)] == [25.2, 12.5, 30.1]
    assert [value(each) for each in (run.count, run.threads, run.memory_overall_mib)] == [50, 4, 10.25]


OF_ANY_PROGRAM = ("GitHub", "gh ", "GitLab", "Jenkins", "Buildkite", "coloured by", "quoted", "Kubernetes", "docker")
OTHERS = [path for path in PATHS if not path.startswith("litert_benchmark")]


@pytest.mark.parametrize("name", [name for name in DRESSES if name.startswith(OF_ANY_PROGRAM)])
@pytest.mark.parametrize("path", OTHERS)
def test_what_other_tools_print_is_read_out_of_a_build_machine_s_log_too(name: str, path: str) -> None:
    text = sample(path).rpartition("\n")[0]
    plain, out_of_a_log = runs_of(path), runs_of(path, dressed(DRESSES[name], text))
    assert [(run.outcome, run.avg_ms, run.count) for run in out_of_a_log] == [
        (run.outcome, run.avg_ms, run.count) for run in plain
    ]


@pytest.mark.parametrize("name", ["brief, uid", "threadtime, year", "glog", "thread", "Android Studio, new", "long"])
def test_two_processes_in_one_log_are_kept_apart(name: str) -> None:
    first = [DRESSES[name].format(line) + "\n" for line in RUN.splitlines()]
    other = RUN.replace("25200", "35200").replace("max=26200", "max=36200").replace("min=24700", "min=34700")
    second = [(DRESSES[name].replace("8181", "9191").format(line)) + "\n" for line in other.splitlines()]
    mixed = "".join(line for pair in zip(first, second, strict=True) for line in pair)
    runs = parse(mixed)
    assert [(run.outcome, value(run.avg_ms)) for run in runs] == [("complete", 25.2), ("complete", 35.2)]


@pytest.mark.parametrize(
    "line",
    [
        "count=50 first=25010 curr=25100 min=24700 max=26200 avg=25200 std=300",
        "ELU, 0.203215, 0.001, 0.000868238, 0.419001%, 98.2914%, 0, 1, [sequential_11/conv2d_35/Elu]:7",
        "          squeezenet  min =    3.60  max =    3.70  avg =    3.64",
        "[0 Mali-G77]  queueC=0[2]  queueG=0[2]  queueT=0[2]",
        "I 00:00:00.000123 executorch:executor_runner.cpp:62] Method loaded.",
        "Inference (avg):          25.20 ms (50 runs)",
        "Average inference time cost: 3.1 ms",
    ],
)
def test_a_line_without_a_dress_stays_as_it_is(line: str) -> None:
    assert undressed(line) == ("", line)
