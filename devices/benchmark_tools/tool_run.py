"""One run of a model by a benchmark tool, in the tool's own words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from devices.benchmark_tools.printed import Number, PrintedNumber, Text
from devices.readings.unavailable import Decimal, NotThere

NOT_PRINTED = NotThere("the tool did not print it")

Outcome = Literal["complete", "failed", "cut", "mixed"]
"""`cut`: the text has no result of it. `mixed`: its figures contradict each other, where two outputs ran into one."""

Share = Literal["all", "part", "none", "failed", "unknown"]


@dataclass(frozen=True)
class Delegation:
    """What an accelerator or a delegate took of the model."""

    name: str
    """Without the runtime's own prefix: `XNNPack` of TfLiteXNNPackDelegate."""
    share: Share
    nodes_delegated: Number
    nodes_total: Number
    partitions: Number
    line: int


@dataclass(frozen=True)
class Operator:
    """One row of an operator profile."""

    kind: str
    name: str
    avg_ms: Decimal
    share_percent: Decimal
    """The share of all operators; unavailable where the table's shares do not add up to 100."""
    cumulative_percent: Decimal
    line: int


@dataclass(frozen=True)
class ToolRun:
    """Latencies are of one inference. Percentiles are as the tool counts them, `std_ms` is of single inferences."""

    first_line: int
    last_line: int
    outcome: Outcome = "complete"
    problem: str = ""
    """Why there is no result; empty where there is."""
    model: Text = NOT_PRINTED
    threads: Number = NOT_PRINTED
    count: Number = NOT_PRINTED
    """Inferences behind the average, warm-up not counted."""
    avg_ms: Number = NOT_PRINTED
    median_ms: Number = NOT_PRINTED
    min_ms: Number = NOT_PRINTED
    max_ms: Number = NOT_PRINTED
    std_ms: Number = NOT_PRINTED
    p5_ms: Number = NOT_PRINTED
    p90_ms: Number = NOT_PRINTED
    p95_ms: Number = NOT_PRINTED
    p99_ms: Number = NOT_PRINTED
    p999_ms: Number = NOT_PRINTED
    first_ms: Number = NOT_PRINTED
    """The first inference after loading."""
    init_ms: Number = NOT_PRINTED
    """From opening the model to being ready."""
    warmup_avg_ms: Number = NOT_PRINTED
    memory_init_mib: Number = NOT_PRINTED
    """What loading added to the tool's resident size; MiB, which LiteRT's tools call MB."""
    memory_overall_mib: Number = NOT_PRINTED
    """The same until the end."""
    memory_peak_bytes: Number = NOT_PRINTED
    """The process's largest resident size."""
    cpu_percent: Number = NOT_PRINTED
    """The share as printed: of all cores."""
    elapsed_ms: Number = NOT_PRINTED
    """Between two lines of a log, around an unknown number of inferences: no latency."""
    nodes: Number = NOT_PRINTED
    """That the tool's profiler saw run; a delegate is one."""
    etdump_bytes: Number = NOT_PRINTED
    delegations: tuple[Delegation, ...] = ()
    """Delegations come in the order of the text."""
    operators: tuple[Operator, ...] = ()
    """Operators come in the order they ran."""
    settings: dict[str, PrintedNumber] = field(default_factory=dict)
    """The tool's own, as printed."""
    moments_s: dict[str, PrintedNumber] = field(default_factory=dict)
    """Stamps of a log, since the program's start."""
    remarks: tuple[str, ...] = ()
    """What the text says that makes its numbers worth less, in words."""


LATENCIES = (
    "avg_ms", "median_ms", "min_ms", "max_ms", "std_ms", "p5_ms", "p90_ms", "p95_ms", "p99_ms", "p999_ms",
)  # fmt: skip


def without_latency(run: ToolRun, outcome: Outcome, problem: str) -> ToolRun:
    """The run as one that gave no result: what it says of its settings stays, unless it may be another run's."""
    gone = NotThere(problem)
    names: tuple[str, ...] = (*LATENCIES, "count", "first_ms", "warmup_avg_ms", "elapsed_ms")
    if outcome == "mixed":
        names += ("threads", "init_ms", "memory_init_mib", "memory_overall_mib", "memory_peak_bytes", "cpu_percent")
    nothing: dict[str, Any] = dict.fromkeys(names, gone)
    # What a delegate announced may still have failed, after the end of the text.
    announced = () if outcome == "failed" else tuple(_unsure(each, gone) for each in run.delegations)
    return replace(run, outcome=outcome, problem=problem, delegations=announced or run.delegations, **nothing)


def _unsure(delegation: Delegation, reason: NotThere) -> Delegation:
    return replace(delegation, share="unknown", nodes_delegated=reason, partitions=reason)


def contradiction(run: ToolRun) -> str:
    """How the run's latencies contradict each other, as no tool's do; empty where they do not.

    Figures may be rounded to six digits, or to hundredths of a millisecond.
    """
    for low, high in (
        ("min_ms", "avg_ms"), ("avg_ms", "max_ms"), ("min_ms", "median_ms"), ("median_ms", "max_ms"),
        ("p5_ms", "median_ms"), ("min_ms", "p5_ms"), ("median_ms", "p90_ms"), ("median_ms", "p95_ms"),
        ("p90_ms", "p95_ms"), ("p95_ms", "p99_ms"), ("p99_ms", "p999_ms"), ("p95_ms", "max_ms"), ("p999_ms", "max_ms"),
        ("std_ms", "max_ms"),
    ):  # fmt: skip
        lower, upper = getattr(run, low), getattr(run, high)
        if not isinstance(lower, PrintedNumber) or not isinstance(upper, PrintedNumber):
            continue
        if lower.value > upper.value * (1.0 + 1e-5) + 0.006:
            names = [name.removesuffix("_ms") for name in (low, high)]
            return (
                f"{names[0]} ({lower.value:g} ms, line {lower.line}) is above {names[1]} "
                f"({upper.value:g} ms, line {upper.line}): two outputs ran into one"
            )
    return ""


def checked(run: ToolRun) -> ToolRun:
    """The run, or, where its latencies contradict each other, the run without them."""
    wrong = contradiction(run)
    return without_latency(run, "mixed", wrong) if wrong else run


def believed(runs: Iterable[ToolRun]) -> tuple[ToolRun, ...]:
    """The runs of one text. Where the figures of one contradict each other, lines of several outputs stand among each
    other, and those that look whole may have taken lines of it: none has any.
    """
    found = tuple(runs)
    wrong = next((run.problem for run in found if run.outcome == "mixed"), None)
    return found if wrong is None else tuple(without_latency(run, "mixed", wrong) for run in found)
