"""The outputs of other benchmark tools in ../shared/samples, and what SOURCES.tsv says that is in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from devices.benchmark_tools.known_tools import read_tool_output
from devices.benchmark_tools.printed import PrintedNumber, PrintedText
from devices.benchmark_tools.tool_run import ToolRun
from devices.readings.unavailable import NotThere
from tests.devices.readings.sample_files import expected_rows, sample

TOPICS = ("litert_benchmark", "ncnn", "executorch", "ort_perf_test")
TOOLS = dict(
    zip(TOPICS, ("LiteRT benchmark_model", "benchncnn", "ExecuTorch runner", "onnxruntime_perf_test"), strict=True)
)
PATHS = sorted(expected_rows(TOPICS))

_FIELDS = {
    "litert_benchmark": {
        "nodes": ("nodes", 1), "avg_us": ("avg_ms", 1e3), "min_us": ("min_ms", 1e3), "max_us": ("max_ms", 1e3),
        "std_us": ("std_ms", 1e3), "median_us": ("median_ms", 1e3), "p95_us": ("p95_ms", 1e3), "count": ("count", 1),
        "init_us": ("init_ms", 1e3), "first_us": ("first_ms", 1e3), "warmup_avg_us": ("warmup_avg_ms", 1e3),
        "mem_init_MB": ("memory_init_mib", 1), "mem_overall_MB": ("memory_overall_mib", 1),
    },
    "ncnn": {
        "min_ms": ("min_ms", 1), "max_ms": ("max_ms", 1), "avg_ms": ("avg_ms", 1), "loop_count": ("count", 1),
        "num_threads": ("threads", 1),
    },
    "executorch": {"elapsed_inference_s": ("elapsed_ms", 1e-3), "etdump_bytes": ("etdump_bytes", 1)},
    "ort_perf_test": {
        "avg_ms": ("avg_ms", 1), "p50_ms": ("median_ms", 1), "p99_ms": ("p99_ms", 1), "max_ms": ("max_ms", 1),
        "first_ms": ("first_ms", 1), "session_s": ("init_ms", 1e-3), "peak_bytes": ("memory_peak_bytes", 1),
        "runs": ("count", 1), "requests": ("count", 1),
    },
}  # fmt: skip
_MOMENTS = {"first_ts_s": "first", "inputs_prepared_s": "inputs prepared", "executed_s": "executed"}


def runs_of(path: str, text: str | None = None) -> tuple[ToolRun, ...]:
    """Of a sample, or of a text instead of it; empty where nothing is recognised."""
    outputs = read_tool_output(sample(path) if text is None else text)
    return () if isinstance(outputs, NotThere) else tuple(run for output in outputs for run in output.runs)


def expected_facts(expected: str) -> Iterator[tuple[str, str, str]]:
    """`run1: a=1 b=2; run2: incomplete` and `squeezenet a=1 resnet a=2` as (of what, key, text)."""
    of_what = ""
    for word in expected.replace(";", " ").split():
        key, is_pair, text = word.partition("=")
        if key == "model":
            of_what = text
        if is_pair:
            yield of_what, key, text
        elif word.endswith(":"):
            of_what = word[:-1]
        elif word == "incomplete":
            yield of_what, word, "true"
        else:
            of_what = word


def found_fact(topic: str, runs: tuple[ToolRun, ...], of_what: str, key: str) -> Any:
    """What the parser found for a key of SOURCES.tsv. Raises KeyError for a key that nothing answers."""
    run = _run(runs, of_what)
    if key in _FIELDS[topic]:
        field, scale = _FIELDS[topic][key]
        value = getattr(run, field)
        return value.value * scale if isinstance(value, PrintedNumber) else value
    if topic == "executorch" and key in _MOMENTS:
        return run.moments_s[_MOMENTS[key]].value
    if topic == "ncnn" and key == "gpu_device":
        return run.settings[key].value
    if key == "delegated":
        (delegation,) = run.delegations
        return f"{_whole(delegation.nodes_delegated)}/{_whole(delegation.nodes_total)}"
    if operator := re.fullmatch(r"(\w+)(?:\[(\d+)\])?\.avg_ms", key):
        return [each for each in run.operators if each.kind == operator[1]][int(operator[2] or 0)].avg_ms
    finders = {
        "executed": lambda: run.outcome == "complete",
        "failed": lambda: run.outcome == "failed",
        "incomplete": lambda: run.outcome == "cut" and isinstance(run.avg_ms, NotThere),
        "delegate": lambda: run.delegations[0].name,
        "model": lambda: run.model.text if isinstance(run.model, PrintedText) else run.model,
        "ops": lambda: float(len(run.operators)),
        "cdf_last": lambda: f"{run.operators[-1].cumulative_percent:g}%",
    }
    return finders[key]()


def _whole(number: Any) -> str:
    return f"{number.value:.0f}" if isinstance(number, PrintedNumber) else "unavailable"


def _run(runs: tuple[ToolRun, ...], of_what: str) -> ToolRun:
    if not of_what:
        return runs[0]
    if numbered := re.fullmatch(r"run(\d)", of_what):
        return runs[int(numbered[1]) - 1]
    return next(run for run in runs if isinstance(run.model, PrintedText) and run.model.text == of_what)


def agrees(text: str, value: Any) -> bool:
    """Whether a value is what a cell of the table says."""
    if text == "absent" or isinstance(value, NotThere):
        return text == "absent" and isinstance(value, NotThere) and bool(value.reason)
    if isinstance(value, bool):
        return text == str(value).lower()
    if isinstance(value, float):
        return abs(float(text) - value) <= 1e-9 * abs(value)
    return bool(text == value)
