"""ExecuTorch's runners (`executor_runner`, `qnn_executor_runner`): a log with stamps since the program's start.

Some print a latency ("3 inference took 21.8 ms, avg 7.27 ms", "executed successfully 3 time(s) in 21.8 ms"), older ones
none: then only the log's stamps are known, and what passed between two lines of a log is not called a latency.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from devices.benchmark_tools.log_lines import LogLine, log_lines
from devices.benchmark_tools.printed import Number, PrintedNumber, PrintedText, tally, time_ms
from devices.benchmark_tools.tool_run import ToolRun, checked, without_latency
from devices.readings.unavailable import NotThere

NAME = "ExecuTorch runner"
READS = "ExecuTorch's executor_runner and qnn_executor_runner"

_LINE = re.compile(r"\s*([DIEF]) (\d{2,4}):([0-5]\d):([0-5]\d)\.(\d{6}) executorch:[\w.+-]{1,80}:\d{1,6}\] (.*?)\s*")
_MODEL = re.compile(r"Model file (\S+) is loaded\.?")
_TOOK = re.compile(r"(?:Total )?(\d{1,9}) inference took ([\d.]+) ms, avg ([\d.]+) ms")
_EXECUTED = re.compile(r"Model executed successfully(?:\.| (\d{1,9}) time\(s\)(?: in ([\d.]+) ms)?\.)")
_ETDUMP = re.compile(r"Write etdump to .{1,300}, Size = (\d{1,15})")
_FAILED = re.compile(r"Execution of method .{1,80} failed with status 0x[0-9a-fA-F]+.*|.{0,80}[Ff]ailed to .{1,200}")

_LOADED, _PREPARED = "method loaded", "inputs prepared"
_NO_ETDUMP = NotThere("no line of the log says that one was written")
_UNTOLD = NotThere("the runner printed no latency, only the stamps of its log")


@dataclass
class _Run:
    """What is known of a run on the way through its log."""

    first_line: int
    last_line: int
    moments_s: dict[str, PrintedNumber] = field(default_factory=dict)
    model: PrintedText | None = None
    averages: list[tuple[PrintedNumber, Number]] = field(default_factory=list)
    executed: bool = False
    etdump_bytes: Number = _NO_ETDUMP
    failure: str = ""


def parse(text: str) -> tuple[ToolRun, ...]:
    """A run for each time that a method was loaded."""
    runs: list[_Run] = []
    for line in log_lines(text):
        found = _LINE.fullmatch(line.text)
        if not found:
            continue
        moment = PrintedNumber(_seconds(found), line.number)
        before = runs[-1].moments_s if runs else {}
        restarted = bool(before) and moment.value < max(each.value for each in before.values())
        if not runs or restarted or (found[6] == "Method loaded." and (_LOADED in before or runs[-1].executed)):
            runs.append(_Run(line.number, line.number, {"first": moment}))
        _read(runs[-1], LogLine(line.number, found[6]), moment, found[1])
    return tuple(_value(run) for run in runs)


def _seconds(found: re.Match[str]) -> float:
    """As printed: to the microsecond."""
    whole = int(found[2]) * 3600 + int(found[3]) * 60 + int(found[4])
    return float(f"{whole}.{found[5]}")


def _read(run: _Run, line: LogLine, moment: PrintedNumber, severity: str) -> None:
    run.last_line = line.number
    if line.text == "Method loaded.":
        run.moments_s[_LOADED] = moment
    elif line.text == "Inputs prepared.":
        run.moments_s[_PREPARED] = moment
    elif model := _MODEL.fullmatch(line.text):
        run.model = PrintedText(model[1], line.number)
    elif took := _TOOK.fullmatch(line.text):
        count, average = tally(took[1], "inferences", line.number, 1), time_ms(took[3], "avg", line.number, 1.0)
        if isinstance(count, PrintedNumber):
            run.averages.append((count, average))
    elif done := _EXECUTED.fullmatch(line.text):
        run.executed = True
        run.moments_s["executed"] = moment
        count, total = tally(done[1], "inferences", line.number, 1), time_ms(done[2], "total", line.number, 1.0)
        if isinstance(count, PrintedNumber) and isinstance(total, PrintedNumber):
            run.averages.append((count, PrintedNumber(total.value / count.value, line.number)))
    elif dump := _ETDUMP.fullmatch(line.text):
        run.etdump_bytes = tally(dump[1], "the size of the etdump", line.number, 1)
    elif (severity in "EF" and not run.failure) or _FAILED.fullmatch(line.text):
        run.failure = f"line {line.number} says: {line.text}"


def _value(found: _Run) -> ToolRun:
    run = ToolRun(
        first_line=found.first_line,
        last_line=found.last_line,
        model=found.model or NotThere("the runner did not print the model's name"),
        count=NotThere("the runner did not print how many inferences it did"),
        avg_ms=_UNTOLD,
        median_ms=_UNTOLD,
        min_ms=_UNTOLD,
        max_ms=_UNTOLD,
        std_ms=_UNTOLD,
        elapsed_ms=_elapsed(found),
        etdump_bytes=found.etdump_bytes,
        moments_s=found.moments_s,
    )
    if not found.executed:
        if found.failure:
            return without_latency(run, "failed", found.failure)
        return without_latency(run, "cut", "the text has no line that says that the model was executed")
    if len(found.averages) == 1:
        count, average = found.averages[0]
        return checked(replace(run, count=count, avg_ms=average))
    if found.averages:
        several = NotThere(f"the runner printed {len(found.averages)} averages, one an input")
        return replace(run, count=several, avg_ms=several)
    if isinstance(run.elapsed_ms, PrintedNumber):
        stamps = " and ".join(str(found.moments_s[name].line) for name in (_PREPARED, "executed"))
        remark = f"{run.elapsed_ms.value:.3f} ms passed between lines {stamps} of its log, around an unknown number of "
        return replace(run, remarks=(remark + "inferences: that is no latency",))
    return run


def _elapsed(found: _Run) -> Number:
    begin, end = (found.moments_s.get(name) for name in (_PREPARED, "executed"))
    if begin is None or end is None or end.value < begin.value:
        return NotThere("the log has no stamps of both ends of executing")
    return PrintedNumber(round((end.value - begin.value) * 1e6) / 1e3, end.line)
