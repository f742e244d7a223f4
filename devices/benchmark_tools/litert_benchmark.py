"""`litert-benchmark`, the Python benchmark that comes with ai-edge-litert: a block of results in ms after a log."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from devices.benchmark_tools.log_lines import LogLine, log_lines
from devices.benchmark_tools.printed import Number, PrintedNumber, PrintedText, tally, time_ms
from devices.benchmark_tools.tool_run import NOT_PRINTED, Delegation, ToolRun, believed, checked, without_latency
from devices.readings.unavailable import NotThere

NAME = "litert-benchmark"
READS = "litert-benchmark of ai-edge-litert"

# Its own stamp is taken off with those of others.
_LOG = re.compile(r"\s*(\w+) benchmark_litert_model: (.*)")
_SETTING = re.compile(r"(Model|Accelerators|Num threads): +(\S.*?)\s*")
_BANNER = re.compile(r"\s*BENCHMARK RESULTS\s*")
_RESULT = re.compile(
    r"\s*(Model initialization|Warmup \((?:first|avg)\)|Inference \((?:avg|min|max|median|std|p5|p95)\)): +"
    r"([\d.]{1,20}) ms(?: \((\d{1,9}) runs\))?\s*"
)
_ACCELERATED = re.compile(r"\s*Fully accelerated: +(True|False)\s*")
_ENDS = re.compile(r"\s*=+\s*")
_FIELDS = {
    "Model initialization": "init_ms", "Warmup (first)": "first_ms", "Warmup (avg)": "warmup_avg_ms",
    "Inference (avg)": "avg_ms", "Inference (min)": "min_ms", "Inference (max)": "max_ms",
    "Inference (median)": "median_ms", "Inference (std)": "std_ms", "Inference (p5)": "p5_ms",
    "Inference (p95)": "p95_ms",
}  # fmt: skip


class _Block:
    """What was said of one run."""

    def __init__(self) -> None:
        self.lines: list[int] = []
        self.settings: dict[str, PrintedText] = {}
        self.results: dict[str, Number] = {}
        self.count: Number = NOT_PRINTED
        self.accelerated: PrintedText | None = None
        self.has_banner = self.is_closed = self.is_mixed = False
        self.failure = ""

    def read(self, line: LogLine) -> None:
        """One line, where it is this tool's."""
        log = _LOG.fullmatch(line.text)
        if log:
            self.lines.append(line.number)
            if setting := _SETTING.fullmatch(log[2]):
                self.settings.setdefault(setting[1], PrintedText(setting[2], line.number))
            elif log[1] in ("ERROR", "CRITICAL"):
                self.failure = self.failure or f"line {line.number} says: {log[2]}"
        elif _BANNER.fullmatch(line.text):
            self.lines.append(line.number)
            self.has_banner = True
        elif self.has_banner and (result := _RESULT.fullmatch(line.text)):
            self._take(result, line.number)
        elif self.has_banner and (accelerated := _ACCELERATED.fullmatch(line.text)):
            self.lines.append(line.number)
            self.accelerated = PrintedText(accelerated[1], line.number)
        elif self.accelerated and _ENDS.fullmatch(line.text):
            self.is_closed = True

    def _take(self, result: re.Match[str], line: int) -> None:
        self.lines.append(line)
        field = _FIELDS[result[1]]
        self.is_mixed = self.is_mixed or field in self.results
        value = time_ms(result[2], result[1], line, 1.0)
        if field == "std_ms" and result[2].strip("0.") == "":
            value = PrintedNumber(0.0, line, step=0.01)
        self.results.setdefault(field, value)
        if field == "avg_ms":
            self.count = tally(result[3], "the number of inferences", line, 1)


def parse(text: str) -> tuple[ToolRun, ...]:
    """A run for each block of results, or for each log without one."""
    return believed(_run(block) for block in _blocks(text) if block.lines)


def _blocks(text: str) -> Iterator[_Block]:
    block = _Block()
    for line in log_lines(text):
        log = _LOG.fullmatch(line.text)
        is_banner = bool(_BANNER.fullmatch(line.text))
        begins_log = bool(log and _SETTING.fullmatch(log[2]) and log[2].startswith("Model:"))
        # The log stands before the results, also where both went into one file: results are written when it ends.
        if (begins_log and "Model" in block.settings) or (block.has_banner and (begins_log or is_banner)):
            yield block
            block = _Block()
        block.read(line)
    yield block


def _run(block: _Block) -> ToolRun:
    threads = block.settings.get("Num threads")
    not_in_the_log = NotThere("it stands in the tool's log on stderr, which is not in the text")
    results: dict[str, Any] = {field: block.results.get(field, NOT_PRINTED) for field in _FIELDS.values()}
    run = ToolRun(
        first_line=min(block.lines),
        last_line=max(block.lines),
        model=block.settings.get("Model", not_in_the_log),
        threads=tally(threads.text, "the number of threads", threads.line, 1, 4096) if threads else not_in_the_log,
        count=block.count,
        memory_peak_bytes=NotThere("litert-benchmark never prints it"),
        delegations=_delegations(block),
        **results,
    )
    if block.is_mixed:
        return without_latency(run, "mixed", "a result stands twice in one block: two outputs ran into one")
    if not block.is_closed:
        if block.failure:
            return without_latency(run, "failed", block.failure)
        return without_latency(run, "cut", "the text ends before the end of the results")
    return checked(run)


def _delegations(block: _Block) -> tuple[Delegation, ...]:
    """The accelerators that were asked for; the tool only knows whether all of the model ran on them."""
    asked = block.settings.get("Accelerators")
    if asked is None or asked.text == "CPU":
        return ()
    untold = NotThere("litert-benchmark does not say how many nodes it took")
    whole = block.accelerated is not None and block.accelerated.text == "True"
    name = asked.text.removesuffix(" | CPU")
    return (Delegation(name, "all" if whole else "unknown", untold, untold, untold, asked.line),)
