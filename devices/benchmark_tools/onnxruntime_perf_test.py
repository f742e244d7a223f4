"""`onnxruntime_perf_test`: averages in ms, the first inference in whole ms, percentiles and sessions in s."""

from __future__ import annotations

import re
from dataclasses import replace

from devices.benchmark_tools.log_lines import LogLine, log_lines
from devices.benchmark_tools.printed import Number, PrintedNumber, amount, tally, time_ms
from devices.benchmark_tools.tool_run import Delegation, ToolRun, believed, checked, without_latency
from devices.readings.unavailable import NotThere

NAME = "onnxruntime_perf_test"
READS = "onnxruntime_perf_test"

_PATTERNS = {
    "provider": r"using (\w{1,60}?)(?:ExecutionProvider)?",
    "threads": r"Setting intra_op_num_threads to (\d{1,4})",
    "session_s": r"Session creation time cost: ?(\S+) s",
    "first_ms": r"First inference time cost: ?(\S+) ms",
    "total_s": r"Total inference time cost: ?(\S+) s",
    "requests": r"Total inference requests: ?(\d+)",
    "avg_ms": r"Average inference time cost(?: total)?: ?(\S+) ms",  # "total" since late 2025; the same number
    "run_s": r"Total inference run time: ?(\S+) s",
    "per_second": r"Number of inferences per second: ?(\S+)",
    "cpu_percent": r"Avg CPU usage: ?(\d{1,6})(?: %)?",
    "peak_bytes": r"Peak working set size: ?(\d{1,15})(?: bytes)?",
    "runs": r"Runs: ?(\d+)",
    "min_s": r"Min Latency: ?(\S+) s",
    "max_s": r"Max Latency: ?(\S+) s",
    "p50_s": r"P50 Latency: ?(\S+) s",
    "p90_s": r"P90 Latency: ?(\S+) s",
    "p95_s": r"P95 Latency: ?(\S+) s",
    "p99_s": r"P99 Latency: ?(\S+) s",
    "p999_s": r"P999 Latency: ?(\S+) s",
}
_LINE = re.compile("|".join(f"(?:{pattern})" for pattern in _PATTERNS.values()))
_TWICE = {"cpu_percent", "peak_bytes"}
"""Printed in two forms each."""
_BEFORE_A_RUN = {"provider", "threads"}
_TAIL = ("runs", "min_s", "max_s", "p50_s", "p90_s", "p95_s", "p99_s", "p999_s")
"""Printed in one go."""
_FAILED = re.compile(r".{0,200}(?:\[E:onnxruntime|Load model from .{1,300} failed|terminate called|Exception[: ]).*")

_NO_MODEL = NotThere("onnxruntime_perf_test does not print the model's name")
_NEVER = NotThere("onnxruntime_perf_test never prints it")
_TORN = NotThere("lines that stand before it are not there: it may be of another run")
_NO_LINE = NotThere("the text has no whole line of it")

_Found = dict[str, list[tuple[str, int]]]


def parse(text: str) -> tuple[ToolRun, ...]:
    """A run for each session that was created."""
    found: list[_Found] = []
    failures: list[str] = []
    for line in log_lines(text):
        name, value = _recognised(line)
        if name is None:
            if found and _FAILED.fullmatch(line.text):
                failures[-1] = failures[-1] or f"line {line.number} says: {line.text.strip()[:200]}"
            continue
        if not found or _begins(name, found[-1]):
            found.append({})
            failures.append("")
        found[-1].setdefault(name, []).append((value, line.number))
    # `using …` and `Setting …` alone may be anybody's.
    runs = [(each, failure) for each, failure in zip(found, failures, strict=True) if set(each) - _BEFORE_A_RUN]
    values = [_run(each, failure) for each, failure in runs]
    # A text may begin inside an output, but a second one begins with its session.
    torn = [run for run, (each, _) in zip(values[1:], runs[1:], strict=True) if "session_s" not in each]
    if torn:
        problem = f"line {torn[0].first_line} begins in the middle of a run: two outputs ran into one"
        return tuple(without_latency(run, "mixed", problem) for run in values)
    return believed(values)


def _begins(name: str, found: _Found) -> bool:
    """Whether a line is of another run: it was there already, or lines were that come after it."""
    if name in found:
        return not (name in _TWICE and len(found[name]) < 2)
    order = list(_PATTERNS)
    return any(order.index(name) < order.index(each) for each in found if each not in _BEFORE_A_RUN)


def _recognised(line: LogLine) -> tuple[str | None, str]:
    match = _LINE.fullmatch(line.text.strip())
    if match is None or match.lastindex is None:
        return None, ""
    return list(_PATTERNS)[match.lastindex - 1], str(match[match.lastindex])


def _run(found: _Found, failure: str) -> ToolRun:
    def seconds(name: str, what: str) -> Number:
        if name in _TAIL and not all(before in found for before in _TAIL[: _TAIL.index(name)]):
            return _TORN if name in found else _NO_LINE
        return time_ms(*_one(found, name, what), 1e3) if name in found else _NO_LINE

    lines = [line for values in found.values() for _, line in values]
    provider = found.get("provider")
    untold = NotThere("onnxruntime_perf_test does not print which nodes the provider took")
    run = ToolRun(
        first_line=min(lines),
        last_line=max(lines),
        model=_NO_MODEL,
        threads=tally(*_one(found, "threads", "the number of threads"), 1, 4096) if "threads" in found else _NO_LINE,
        count=_count(found),
        avg_ms=time_ms(*_one(found, "avg_ms", "the average"), 1.0),
        median_ms=seconds("p50_s", "P50"),
        min_ms=seconds("min_s", "the shortest latency"),
        max_ms=seconds("max_s", "the longest latency"),
        std_ms=_NEVER,
        p90_ms=seconds("p90_s", "P90"),
        p95_ms=seconds("p95_s", "P95"),
        p99_ms=seconds("p99_s", "P99"),
        p999_ms=seconds("p999_s", "P999"),
        first_ms=_first(found),
        init_ms=seconds("session_s", "the time of creating a session"),
        memory_peak_bytes=_same(found, "peak_bytes", "the peak working set", 1),
        cpu_percent=_same(found, "cpu_percent", "the CPU usage", 0),
        delegations=(Delegation(provider[0][0], "unknown", untold, untold, untold, provider[0][1]),)
        if provider
        else (),
    )
    if isinstance(run.avg_ms, NotThere):
        if failure:
            return without_latency(run, "failed", failure)
        return without_latency(run, "cut", f"no whole line of an average: {run.avg_ms.reason}")
    wrong = _disagreement(found, run)
    if wrong:
        return without_latency(run, "mixed", wrong)
    if "runs" in found and "p999_s" not in found:
        run = replace(run, remarks=("the text ends before the last of its percentiles",))
    return checked(run)


def _one(found: _Found, name: str, what: str) -> tuple[str | None, str, int]:
    text, line = found[name][0] if name in found else (None, 0)
    return text, what, line


def _first(found: _Found) -> Number:
    if "first_ms" not in found:
        return _NO_LINE
    value = amount(*_one(found, "first_ms", "the first inference"), 1e9)
    return replace(value, step=1.0) if isinstance(value, PrintedNumber) and value.value.is_integer() else value


def _same(found: _Found, name: str, what: str, low: int) -> Number:
    """A number that is printed in two forms, which must agree."""
    values = [tally(text, what, line, low) for text, line in found.get(name, [])]
    if len({value.value if isinstance(value, PrintedNumber) else None for value in values}) > 1:
        return NotThere(f"{what} is printed twice and differently")
    return values[0] if values else _NO_LINE


def _count(found: _Found) -> Number:
    counts = [tally(*_one(found, name, name), 1) for name in ("requests", "runs") if name in found]
    if len({value.value if isinstance(value, PrintedNumber) else None for value in counts}) > 1:
        return NotThere("the number of inferences is printed twice and differently")
    return counts[0] if counts else _NO_LINE


def _disagreement(found: _Found, run: ToolRun) -> str:
    """The total must be the average times the inferences."""
    total = time_ms(*_one(found, "total_s", "the total"), 1e3)
    if not all(isinstance(each, PrintedNumber) for each in (total, run.avg_ms, run.count)):
        return ""
    assert isinstance(total, PrintedNumber)
    assert isinstance(run.avg_ms, PrintedNumber)
    assert isinstance(run.count, PrintedNumber)
    product = run.avg_ms.value * run.count.value
    if abs(product - total.value) <= 1e-4 * total.value:
        return ""
    return (
        f"{run.count.value:g} inferences of {run.avg_ms.value:g} ms (line {run.avg_ms.line}) are not the total of "
        f"{total.value:g} ms (line {total.line}): two outputs ran into one"
    )
