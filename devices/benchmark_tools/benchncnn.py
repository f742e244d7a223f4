"""`benchncnn`: one line a model, in ms without saying so, after a heading of what was set."""

from __future__ import annotations

import re
from dataclasses import replace

from devices.benchmark_tools.log_lines import LogLine, log_lines, unfinished_line
from devices.benchmark_tools.printed import PrintedNumber, PrintedText, tally, time_ms
from devices.benchmark_tools.tool_run import Delegation, ToolRun, checked, without_latency
from devices.readings.unavailable import NotThere

NAME = "benchncnn"
READS = "benchncnn of ncnn"

# Columns are 7 wide and grow from 10000 ms on.
_ROW = re.compile(r"\s*(\S+)\s+min = {1,6}([\d.]+)  max = {1,6}([\d.]+)  avg = {1,6}([\d.]+)\s*")
_CUT_ROW = re.compile(r"\s*(\S+)\s+min =.*")
_SETTING = re.compile(r"\s*(loop_count|num_threads|powersave|gpu_device|cooling_down) = (-?\d{1,6})\s*")
_GPU = re.compile(r"\s*\[(\d{1,2}) ([^\]]{1,80})\]  .*")
_CALL_FAILED = re.compile(r"\s*(syscall error -?\d{1,4}|set_cpu_affinity.{0,60}|sched_setaffinity.{0,60})\s*")

_NEVER = NotThere("benchncnn never prints it")


def parse(text: str) -> tuple[ToolRun, ...]:
    """A run a model; a heading holds for the rows below it."""
    runs: list[ToolRun] = []
    heading = _Heading()
    for line in log_lines(text):
        if row := _ROW.fullmatch(line.text):
            runs.append(_run(row, line, heading))
            heading.is_closed = True
            continue
        if heading.is_closed and (_SETTING.fullmatch(line.text) or _GPU.fullmatch(line.text)):
            heading = _Heading()
        heading.read(line)
    rest = unfinished_line(text)
    if rest is not None and (row := _CUT_ROW.fullmatch(rest.text)):
        cut = heading.run(PrintedText(row[1], rest.number), rest.number)
        runs.append(without_latency(cut, "cut", f"the text ends inside line {rest.number}"))
    return tuple(runs)


class _Heading:
    """What is printed before the first model."""

    def __init__(self) -> None:
        self.is_closed = False
        self.settings: dict[str, PrintedNumber] = {}
        self.gpus: dict[int, PrintedText] = {}
        self.remarks: list[str] = []
        self.contradicted: set[str] = set()

    def read(self, line: LogLine) -> None:
        if setting := _SETTING.fullmatch(line.text):
            again = self.settings.get(setting[1])
            if again is not None and again.value != float(setting[2]):
                self.contradicted.add(setting[1])
            self.settings[setting[1]] = PrintedNumber(float(setting[2]), line.number)
        elif gpu := _GPU.fullmatch(line.text):
            self.gpus.setdefault(int(gpu[1]), PrintedText(gpu[2], line.number))
        elif failed := _CALL_FAILED.fullmatch(line.text):
            self.remarks.append(
                f"`{failed[1]}` (line {line.number}): the threads were not kept on the cores that were asked for"
            )

    def run(self, model: PrintedText, line: int) -> ToolRun:
        """A row without its latencies."""
        missing = NotThere("the heading above has no whole line of it, or two that differ")
        known = {name: value for name, value in self.settings.items() if name not in self.contradicted}
        settings = {name: value for name, value in known.items() if name not in ("loop_count", "num_threads")}
        loops = known.get("loop_count", missing)
        if isinstance(loops, PrintedNumber) and loops.value < 1:
            loops = NotThere(f"loop_count cannot be {loops.value:g}")
        return ToolRun(
            first_line=line,
            last_line=line,
            model=model,
            threads=known.get("num_threads", missing),
            count=loops,
            median_ms=_NEVER,
            std_ms=_NEVER,
            first_ms=_NEVER,
            init_ms=_NEVER,
            memory_peak_bytes=_NEVER,
            delegations=self._delegations(known),
            settings=settings,
            remarks=tuple(self.remarks),
        )

    def _delegations(self, known: dict[str, PrintedNumber]) -> tuple[Delegation, ...]:
        device = known.get("gpu_device")
        if device is None or device.value < 0:
            return ()
        gpu = self.gpus.get(int(device.value), PrintedText(f"GPU {device.value:g}", device.line))
        untold = NotThere("benchncnn does not say which layers the GPU took")
        return (Delegation(gpu.text, "unknown", untold, untold, untold, gpu.line),)


def _run(row: re.Match[str], line: LogLine, heading: _Heading) -> ToolRun:
    run = heading.run(PrintedText(row[1], line.number), line.number)
    low, high, average = (
        time_ms(text, what, line.number, 1.0) for text, what in ((row[2], "min"), (row[3], "max"), (row[4], "avg"))
    )
    count = run.count
    if isinstance(count, PrintedNumber):
        count = tally(f"{count.value:.0f}", "loop_count", count.line, 1)
    return checked(replace(run, count=count, min_ms=low, max_ms=high, avg_ms=average))
