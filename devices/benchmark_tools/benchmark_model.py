"""`benchmark_model` of TensorFlow Lite and LiteRT, from a terminal or from logcat; times in µs, memory in MiB."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from devices.benchmark_tools.count_line import Counted, count_line, disagreement
from devices.benchmark_tools.delegation_lines import delegations
from devices.benchmark_tools.log_lines import LogLine, lines_by_process
from devices.benchmark_tools.operator_profile import BANNER, TITLE, OperatorProfile, operator_profile
from devices.benchmark_tools.printed import Number, PrintedNumber, PrintedText, amount, tally, time_ms
from devices.benchmark_tools.tool_run import NOT_PRINTED, ToolRun, believed, checked, without_latency
from devices.readings.unavailable import NotThere

NAME = "LiteRT benchmark_model"
READS = "benchmark_model of TensorFlow Lite and LiteRT (also out of logcat)"

_US, _MS = 1e-3, 1.0
_NUMBER = r"([\d.]{1,20}(?:e\+\d\d)?)"
_STARTING = re.compile(r"STARTING!")
_PARAMETER = re.compile(r"(Log parameter values verbosely|Graph|[A-Z#][\w #()/-]{1,60}?) ?: \[(.*)\]")
_LOADED = re.compile(r"Loaded model (\S.{0,1000}?)\s*")
_INITIALISED = re.compile(rf"Initialized session in {_NUMBER} ?ms\.?")
_RUNNING = re.compile(r"Running benchmark for at least \d+ iterations?\b.*")
_SUMMARY = re.compile(
    rf"Inference timings in us: Init: {_NUMBER}, First inference: {_NUMBER}, Warmup \(avg\): {_NUMBER}, "
    rf"Inference \(avg\): {_NUMBER}\s*"
)
# 2019: `no stats`; 2020: `Inference`.
_OLD_SUMMARY = re.compile(
    rf"Average inference timings in us: Warmup: {_NUMBER}, Init: {_NUMBER}, (?:no stats|Inference): {_NUMBER}\s*"
)
_MEMORY = re.compile(
    r"(?:Memory footprint delta from the start of the tool|Peak memory footprint) \(MB\): "
    r"init=([\d.]{1,12}) overall=([\d.]{1,12})\s*"
)
_PEAK = re.compile(r"Overall peak memory footprint \(MB\) via periodic monitoring: ([\d.]{1,12})\s*")
_FAILED = re.compile(
    r"(?:ERROR: )?(Benchmarking failed(?=\.?$)|"
    r"Failed to (?:apply|load|initialize|allocate|invoke|build|resize)\b.{0,200})\.?"
)


@dataclass
class _Lines:
    """The lines of one run by what they are; each kind but `counts` once."""

    all: list[LogLine] = field(default_factory=list)
    kinds: dict[str, tuple[re.Match[str], int]] = field(default_factory=dict)
    parameters: dict[str, tuple[str, int]] = field(default_factory=dict)
    counts: list[Counted] = field(default_factory=list)
    is_over: bool = False
    has_run_order: bool = False
    """Since the last title of a profile: each profile has one."""


_KINDS = {
    "starting": _STARTING, "loaded": _LOADED, "initialised": _INITIALISED, "summary": _SUMMARY, "old": _OLD_SUMMARY,
    "memory": _MEMORY, "peak": _PEAK, "running": _RUNNING, "failed": _FAILED,
    "title": TITLE, "profile": BANNER,
}  # fmt: skip
_LAST_WORDS = "Benchmarking failed"
_ONCE = {"starting", "loaded", "initialised", "summary", "old", "memory", "peak"}
_LATE = {"loaded", "initialised", "running", "summary", "old", "memory", "failed", "profile"}
_BEFORE_A_PROFILE = {"starting", "loaded", "initialised", "running"}


def parse(text: str) -> tuple[ToolRun, ...]:
    """In the order they began; the processes of a logcat are kept apart."""
    found: list[ToolRun] = []
    for lines in lines_by_process(text):
        runs = [_run(part) for part in _split(lines)]
        found += believed(run for run in runs if run is not None)
    return tuple(sorted(found, key=lambda run: run.first_line))


def _split(lines: list[LogLine]) -> Iterator[_Lines]:
    """A run begins where something is said that was said already, or that is said before all that was said."""
    run = _Lines()
    for line in lines:
        counted = count_line(line.text, line.number)
        kind, match = next(
            ((name, hit) for name, each in _KINDS.items() if (hit := each.fullmatch(line.text))), ("", None)
        )
        parameter = _PARAMETER.fullmatch(line.text)
        begins = (
            (kind == "starting" and bool(run.kinds or run.parameters or run.counts))
            or (kind in _ONCE and kind in run.kinds)
            or (parameter is not None and (bool(_LATE & set(run.kinds)) or bool(run.counts)))
            or (kind == "running" and bool({"summary", "old"} & set(run.kinds)))
            or (run.is_over and bool(kind or parameter or counted))
            or (kind in _BEFORE_A_PROFILE and "profile" in run.kinds)
            or (match is not None and kind == "profile" and match[1] == "Run Order" and run.has_run_order)
        )
        if begins:
            yield run
            run = _Lines()
        run.all.append(line)
        if counted is not None:
            run.counts.append(counted)
        elif match is not None:
            run.kinds.setdefault(kind, (match, line.number))
            run.is_over = kind == "failed" and match[1] == _LAST_WORDS
            if kind in ("title", "profile"):
                run.has_run_order = kind == "profile" and (run.has_run_order or match[1] == "Run Order")
        elif parameter is not None:
            run.parameters.setdefault(parameter[1], (parameter[2], line.number))
    yield run


def _run(lines: _Lines) -> ToolRun | None:
    """None where nothing in the lines is this tool's."""
    profile = operator_profile(lines.all)
    own = (
        set(lines.kinds) - {"failed", "loaded", "title", "profile"}
        or lines.counts
        or profile
        or "Graph" in lines.parameters
    )
    if not own:
        return None
    told = [number for _, number in (*lines.kinds.values(), *lines.parameters.values())]
    told += [each.line for each in lines.counts] + [each.line for each in (profile.operators if profile else ())]
    run = _with_what_was_set(lines, profile, ToolRun(first_line=min(told), last_line=max(told)) if told else None)
    if run is None:
        return None
    if "summary" in lines.kinds or "old" in lines.kinds:
        return _with_summary(run, lines)
    if "failed" in lines.kinds:
        failed, number = _telling_failure(lines)
        return without_latency(run, "failed", f"line {number} says: {failed}")
    if profile is not None and not lines.counts and not set(lines.kinds) - {"starting", "title", "profile"}:
        return _of_profile_alone(run, profile)
    return without_latency(run, "cut", "the text ends before the tool's summary (`Inference timings in us`)")


def _telling_failure(lines: _Lines) -> tuple[str, int]:
    """What failed rather than that something did."""
    failures = [(found[1], line.number) for line in lines.all if (found := _FAILED.fullmatch(line.text))]
    return next((each for each in failures if each[0] != _LAST_WORDS), failures[0])


def _with_what_was_set(lines: _Lines, profile: OperatorProfile | None, run: ToolRun | None) -> ToolRun | None:
    if run is None:
        return None
    threads = lines.parameters.get("Num threads") or lines.parameters.get("#threads used for CPU inference")
    profiled = profile is not None or lines.parameters.get("Enable op profiling", ("0", 0))[0] == "1"
    slow = "operator profiling was on, which takes time itself"
    changed = replace(
        run,
        model=_model(lines),
        threads=tally(threads[0], "the number of threads", threads[1], 1, 4096) if threads else NOT_PRINTED,
        delegations=delegations(lines.all),
        operators=profile.operators if profile else (),
        nodes=profile.nodes if profile else NotThere("no operator profile of measured runs was printed"),
        init_ms=_time(lines, "initialised", 1, "init", _MS),
        remarks=(slow,) if profiled else (),
    )
    if "memory" in lines.kinds:
        memory, number = lines.kinds["memory"]
        # The differences of resident sizes can be nothing, or less where the system took pages back.
        changed = replace(
            changed,
            memory_init_mib=amount(memory[1], "memory after loading", number, 1e7),
            memory_overall_mib=amount(memory[2], "memory", number, 1e7),
        )
    if "peak" in lines.kinds:
        peak, number = lines.kinds["peak"]
        value = amount(peak[1], "the peak of memory", number, 1e7)
        changed = replace(
            changed,
            memory_peak_bytes=PrintedNumber(value.value * 2**20, number) if isinstance(value, PrintedNumber) else value,
        )
    return changed


def _model(lines: _Lines) -> PrintedText | NotThere:
    graph = lines.parameters.get("Graph")
    if "loaded" in lines.kinds:
        match, number = lines.kinds["loaded"]
        return PrintedText(match[1], number)
    return PrintedText(*graph) if graph and graph[0] else NotThere("the text does not name the model")


def _time(lines: _Lines, kind: str, group: int, what: str, unit_ms: float) -> Number:
    if kind not in lines.kinds:
        return NOT_PRINTED
    match, number = lines.kinds[kind]
    return time_ms(match[group], what, number, unit_ms)


def _with_summary(run: ToolRun, lines: _Lines) -> ToolRun:
    """The summary's averages, and the line of statistics that belongs to each; where they contradict, nothing."""
    if "summary" in lines.kinds:
        init, first, warmup, average = (_time(lines, "summary", at, "a time", _US) for at in (1, 2, 3, 4))
    else:
        warmup, init, average = (_time(lines, "old", at, "a time", _US) for at in (1, 2, 3))
        first = NOT_PRINTED
    wrong = _other_init(run.init_ms, init)
    init = run.init_ms if isinstance(run.init_ms, PrintedNumber) else init
    measured = next((each for each in reversed(lines.counts) if not disagreement(each, "", average, "avg")), None)
    others = [each for each in lines.counts if each is not measured]
    if len(lines.counts) > 1 and measured is None:
        wrong = wrong or disagreement(lines.counts[-1], "the average", average, "avg")
    for each in others:
        wrong = wrong or disagreement(each, "the average of the warm-up", warmup, "avg")
        wrong = wrong or disagreement(each, "the first inference", first, "first")
    if wrong or len(others) > 1:
        return without_latency(run, "mixed", wrong or "there are more lines of statistics than a run has")
    if isinstance(first, NotThere) and others and isinstance(warmup, PrintedNumber):
        first = others[0].first_ms
    no_line = NotThere("the text has no line of statistics (`count=…`) of the measured inferences")
    missing = dict.fromkeys(("count", "median_ms", "min_ms", "max_ms", "std_ms"), no_line)
    figures = {"count": measured.count, **measured.figures} if measured else missing
    changed: dict[str, Any] = {
        **figures,
        "avg_ms": average,
        "init_ms": init,
        "first_ms": first,
        "warmup_avg_ms": warmup,
    }
    return checked(replace(run, **changed))


def _other_init(own: Number, told: Number) -> str:
    if not isinstance(own, PrintedNumber) or not isinstance(told, PrintedNumber):
        return ""
    if abs(own.value - told.value) <= 1e-4 * told.value + 0.001:
        return ""
    return (
        f"init is {own.value:g} ms in line {own.line} and {told.value:g} ms in line {told.line}: "
        "two outputs ran into one"
    )


def _of_profile_alone(run: ToolRun, profile: OperatorProfile) -> ToolRun:
    if profile.timings is None:
        return without_latency(run, "cut", "the text is a profile without the line of its timings")
    timings = profile.timings
    figures: dict[str, Any] = {"count": timings.count, **timings.figures}
    remark = "this is the sum of the operators: what lies between them is not in it"
    return checked(
        replace(
            run,
            **figures,
            last_line=max(run.last_line, timings.line),
            remarks=(*run.remarks, remark),
        )
    )
